-- Times are microseconds since 1970 in UTC. Watermarks are generation * 2^40 + seq.

-- The era is raised by an erasure: whatever was written in an older one is gone for every reader at once.
CREATE TABLE user_memory (
    user_id   TEXT    PRIMARY KEY,
    era       INTEGER NOT NULL DEFAULT 0,
    deletions INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A conversation, what was extracted from it, and the job that extracts it: saving a result and ending the job is one write.
CREATE TABLE conversation (
    user_id         TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL,
    incarnation     TEXT    NOT NULL,
    era             INTEGER NOT NULL,
    deleting        INTEGER NOT NULL DEFAULT 0,
    session_id      TEXT    NOT NULL,             -- of the last append
    time_zone       TEXT,
    created_at      INTEGER NOT NULL,
    last_seq        INTEGER NOT NULL DEFAULT 0,
    last_user_seq   INTEGER NOT NULL DEFAULT 0,
    last_at         INTEGER NOT NULL,             -- when the last message was said
    appended_at     INTEGER NOT NULL,             -- when it arrived
    dirty           INTEGER NOT NULL DEFAULT 0,

    job_state         TEXT    NOT NULL DEFAULT 'IDLE'
                      CHECK (job_state IN ('IDLE', 'PENDING', 'RUNNING', 'DONE', 'DEAD', 'CANCELLED')),
    job_want          INTEGER NOT NULL DEFAULT 0,
    job_done          INTEGER NOT NULL DEFAULT 0,
    job_bound         INTEGER NOT NULL DEFAULT 0,   -- job_want at the last claim
    job_run_at        INTEGER,
    job_not_before    INTEGER,
    job_due_at        INTEGER GENERATED ALWAYS AS (max(job_run_at, coalesce(job_not_before, job_run_at))) VIRTUAL,
    job_first_at      INTEGER,
    job_attempts      INTEGER NOT NULL DEFAULT 0,
    job_deliveries    INTEGER NOT NULL DEFAULT 0,
    job_snoozes       INTEGER NOT NULL DEFAULT 0,
    job_merges        INTEGER NOT NULL DEFAULT 0,
    job_fence         INTEGER NOT NULL DEFAULT 0,
    job_owner         TEXT,
    job_lease_until   INTEGER,
    job_causes        TEXT    NOT NULL DEFAULT '',  -- words, each once, in the order they came
    job_error_reason  TEXT,
    job_error_message TEXT,
    job_error_at      INTEGER,
    job_created_at    INTEGER,
    job_updated_at    INTEGER,

    extracted_to  INTEGER NOT NULL DEFAULT 0,
    extract_fence INTEGER NOT NULL DEFAULT 0,
    unsummarised  INTEGER NOT NULL DEFAULT 0,
    summarised_in INTEGER,
    context       TEXT,                           -- JSON

    PRIMARY KEY (user_id, conversation_id),
    CHECK (extracted_to = job_done),
    CHECK ((job_state = 'RUNNING') = (job_owner IS NOT NULL)),
    CHECK ((job_state = 'RUNNING') = (job_lease_until IS NOT NULL))
) STRICT;

CREATE INDEX conversation_by_time ON conversation (user_id, last_at, conversation_id);
CREATE INDEX conversation_dirty_of_session ON conversation (user_id, session_id, conversation_id) WHERE dirty = 1;
CREATE INDEX conversation_dirty ON conversation (appended_at) WHERE dirty = 1;
CREATE INDEX conversation_unsummarised ON conversation (user_id, last_at, conversation_id) WHERE unsummarised = 1;
CREATE INDEX job_due ON conversation (job_due_at, user_id) WHERE job_state = 'PENDING';
CREATE INDEX job_leased ON conversation (job_lease_until, user_id) WHERE job_state = 'RUNNING';

-- What its user can see.
CREATE VIEW living_conversation AS
    SELECT c.* FROM conversation c JOIN user_memory m ON m.user_id = c.user_id
    WHERE c.era = m.era AND c.deleting = 0;

CREATE TABLE message (
    user_id         TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL,
    incarnation     TEXT    NOT NULL,
    seq             INTEGER NOT NULL,
    era             INTEGER NOT NULL,
    client_id       TEXT    NOT NULL,
    role            TEXT    NOT NULL CHECK (role IN ('USER', 'ASSISTANT', 'SYSTEM', 'TOOL')),
    name            TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    time_zone       TEXT,
    PRIMARY KEY (user_id, conversation_id, incarnation, seq),
    UNIQUE (user_id, conversation_id, incarnation, client_id)
) STRICT, WITHOUT ROWID;

-- The number of live jobs, counted as they come and go: asking for it must not cost more the fuller the queue is.
CREATE TABLE queue_depth (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    live INTEGER NOT NULL
) STRICT;

INSERT INTO queue_depth VALUES (1, 0);

CREATE TRIGGER job_went_live AFTER UPDATE OF job_state ON conversation
WHEN old.job_state NOT IN ('PENDING', 'RUNNING') AND new.job_state IN ('PENDING', 'RUNNING')
BEGIN
    UPDATE queue_depth SET live = live + 1;
END;

CREATE TRIGGER job_ended AFTER UPDATE OF job_state ON conversation
WHEN old.job_state IN ('PENDING', 'RUNNING') AND new.job_state NOT IN ('PENDING', 'RUNNING')
BEGIN
    UPDATE queue_depth SET live = live - 1;
END;

CREATE TRIGGER job_removed AFTER DELETE ON conversation
WHEN old.job_state IN ('PENDING', 'RUNNING')
BEGIN
    UPDATE queue_depth SET live = live - 1;
END;
