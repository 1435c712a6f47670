-- The W3C trace contexts of the triggers that merged into the job, JSON: its work is linked to each of them.
ALTER TABLE conversation ADD COLUMN job_traces TEXT;

-- Dead because the model could not be reached for too long, and not for a fault of its own: tried again when it can.
ALTER TABLE conversation ADD COLUMN job_died_of_outage INTEGER NOT NULL DEFAULT 0;

CREATE INDEX job_died_of_outage ON conversation (job_updated_at) WHERE job_died_of_outage = 1;

-- Ended jobs that still say why they were asked for: what the janitor has not been at yet.
CREATE INDEX job_detailed ON conversation (job_listed_as, job_changed_at)
    WHERE job_causes <> '' AND job_state NOT IN ('PENDING', 'RUNNING');
