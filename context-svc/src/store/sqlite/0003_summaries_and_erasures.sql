-- Summaries are large: without rowids every search would read those of all the users it passes.
DROP VIEW living_conversation;

CREATE TABLE user_memory_by_row (
    user_id   TEXT    PRIMARY KEY NOT NULL,
    era       INTEGER NOT NULL DEFAULT 0,
    deletions INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO user_memory_by_row SELECT user_id, era, deletions FROM user_memory;

DROP TABLE user_memory;

ALTER TABLE user_memory_by_row RENAME TO user_memory;

CREATE VIEW living_conversation AS
    SELECT c.* FROM conversation c JOIN user_memory m ON m.user_id = c.user_id
    WHERE c.era = m.era AND c.deleting = 0;

-- What is remembered across a user's conversations, and the job that makes it. It has no watermark: it is due while enough
-- conversations are unsummarised.
ALTER TABLE user_memory ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;              -- number of the summary
ALTER TABLE user_memory ADD COLUMN job_state TEXT NOT NULL DEFAULT 'IDLE'
    CHECK (job_state IN ('IDLE', 'PENDING', 'RUNNING', 'DONE', 'DEAD', 'CANCELLED'));
ALTER TABLE user_memory ADD COLUMN job_run_at INTEGER;
ALTER TABLE user_memory ADD COLUMN job_not_before INTEGER;
ALTER TABLE user_memory ADD COLUMN job_first_at INTEGER;
ALTER TABLE user_memory ADD COLUMN job_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_memory ADD COLUMN job_deliveries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_memory ADD COLUMN job_snoozes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_memory ADD COLUMN job_fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_memory ADD COLUMN job_owner TEXT;
ALTER TABLE user_memory ADD COLUMN job_lease_until INTEGER;
ALTER TABLE user_memory ADD COLUMN job_error_reason TEXT;
ALTER TABLE user_memory ADD COLUMN job_error_message TEXT;
ALTER TABLE user_memory ADD COLUMN job_error_at INTEGER;
ALTER TABLE user_memory ADD COLUMN job_updated_at INTEGER;

CREATE INDEX summary_due ON user_memory (job_run_at) WHERE job_state = 'PENDING';
CREATE INDEX summary_leased ON user_memory (job_lease_until) WHERE job_state = 'RUNNING';

-- Users whose account is gone: nothing is ever accepted for them again.
ALTER TABLE user_memory ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;

-- Last, because what stands behind them is read through them.
ALTER TABLE user_memory ADD COLUMN summary TEXT;        -- JSON
ALTER TABLE user_memory ADD COLUMN marking TEXT;        -- JSON: the epoch and what it covers, while that is being marked
ALTER TABLE user_memory ADD COLUMN job_failed_on TEXT;  -- JSON: what a dead job failed on

CREATE INDEX summary_marking ON user_memory (user_id) WHERE marking IS NOT NULL;

-- The erasure of everything of the eras before: a job of its own that runs until a read finds nothing.
CREATE TABLE erasure (
    user_id     TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,              -- as the caller named it, or made up
    era         INTEGER NOT NULL,              -- everything older goes
    state       TEXT    NOT NULL CHECK (state IN ('RUNNING', 'DONE')),
    counts      TEXT    NOT NULL,              -- JSON: what there was when it began
    started_at  INTEGER NOT NULL,
    again_at    INTEGER NOT NULL,              -- when to remove once more what a request of then may still have written
    finished_at INTEGER,
    fence       INTEGER NOT NULL DEFAULT 0,
    owner       TEXT,
    due_at      INTEGER NOT NULL,              -- when anybody may take it: nobody has it, or that lease has expired
    PRIMARY KEY (user_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasure_due ON erasure (due_at) WHERE state = 'RUNNING';
CREATE INDEX erasure_done ON erasure (finished_at) WHERE state = 'DONE';

-- Whom a janitor looks at for rows that an erasure should have removed.
CREATE INDEX user_erased ON user_memory (user_id) WHERE era > 0;
