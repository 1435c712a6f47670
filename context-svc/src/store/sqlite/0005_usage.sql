-- What each call of a model took, without a word of what was said. One without a conversation was made for a summary, or
-- the conversation has been deleted since.
CREATE TABLE model_call (
    call_id             INTEGER PRIMARY KEY,
    user_id             TEXT    NOT NULL,
    era                 INTEGER NOT NULL,
    conversation_id     TEXT,
    operation           TEXT    NOT NULL CHECK (operation IN ('EXTRACT', 'SUMMARISE')),
    provider            TEXT    NOT NULL,
    model               TEXT    NOT NULL,
    ended_at            INTEGER NOT NULL,
    took                INTEGER NOT NULL,         -- microseconds
    calls               INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cost_micro_usd      INTEGER NOT NULL,
    error               TEXT                      -- stable reason
) STRICT;

CREATE INDEX model_call_of_job ON model_call (user_id, conversation_id, ended_at);
CREATE INDEX model_call_by_age ON model_call (ended_at);

-- The same summed by day in UTC, and kept when the calls themselves are forgotten.
CREATE TABLE usage_day (
    user_id             TEXT    NOT NULL,
    era                 INTEGER NOT NULL,
    day                 TEXT    NOT NULL,         -- YYYY-MM-DD
    calls               INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cost_micro_usd      INTEGER NOT NULL,
    PRIMARY KEY (user_id, era, day)
) STRICT, WITHOUT ROWID;

-- All users together, also those who are erased: it names nobody.
CREATE TABLE usage_of_all (
    day                 TEXT    PRIMARY KEY,
    calls               INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cost_micro_usd      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
