-- Calls are made for replies in a talk, too. A constraint cannot be changed in its place, so the table is written anew.
ALTER TABLE model_call RENAME TO model_call_before;

CREATE TABLE model_call (
    call_id             INTEGER PRIMARY KEY,
    user_id             TEXT    NOT NULL,
    era                 INTEGER NOT NULL,
    conversation_id     TEXT,
    operation           TEXT    NOT NULL CHECK (operation IN ('EXTRACT', 'SUMMARISE', 'REPLY')),
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

INSERT INTO model_call SELECT * FROM model_call_before;
DROP TABLE model_call_before;

CREATE INDEX model_call_of_job ON model_call (user_id, conversation_id, ended_at);
CREATE INDEX model_call_by_age ON model_call (ended_at);
