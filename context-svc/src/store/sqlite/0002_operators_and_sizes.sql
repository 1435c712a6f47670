-- When the job last changed, for whoever lists jobs; one that was never asked for has never changed.
ALTER TABLE conversation
    ADD COLUMN job_changed_at INTEGER GENERATED ALWAYS AS (coalesce(job_updated_at, 0)) VIRTUAL;

-- The state under another name: an index on job_state itself would tempt the planner away from the indexes of a claim.
ALTER TABLE conversation
    ADD COLUMN job_listed_as TEXT GENERATED ALWAYS AS (job_state || '') VIRTUAL;

CREATE INDEX job_by_change ON conversation (job_listed_as, job_changed_at, user_id, conversation_id);

-- When the size of what is not extracted last asked for an extraction.
ALTER TABLE conversation ADD COLUMN sized_at INTEGER;

-- Jobs by state, counted as they change it, for the same reason as queue_depth. IDLE is not counted.
CREATE TABLE job_count (
    job_state TEXT    PRIMARY KEY,
    jobs      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO job_count
SELECT column1, (SELECT count(*) FROM conversation WHERE job_state = column1)
FROM (VALUES ('PENDING'), ('RUNNING'), ('DONE'), ('DEAD'), ('CANCELLED'));

CREATE TRIGGER job_changed_state AFTER UPDATE OF job_state ON conversation
WHEN old.job_state <> new.job_state
BEGIN
    UPDATE job_count SET jobs = jobs - 1 WHERE job_state = old.job_state;
    UPDATE job_count SET jobs = jobs + 1 WHERE job_state = new.job_state;
END;

CREATE TRIGGER job_removed_from_state AFTER DELETE ON conversation
BEGIN
    UPDATE job_count SET jobs = jobs - 1 WHERE job_state = old.job_state;
END;
