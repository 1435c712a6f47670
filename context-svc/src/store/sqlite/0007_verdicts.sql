-- What users said about items, laid over what was extracted when it is read: no extraction touches it.
CREATE TABLE verdict (
    user_id         TEXT    NOT NULL,
    item_id         TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL,
    era             INTEGER NOT NULL,
    opinion         TEXT    NOT NULL CHECK (opinion IN ('CONFIRMED', 'EDITED', 'REJECTED')),
    at              INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    marks           TEXT    NOT NULL,             -- JSON
    statement       TEXT    NOT NULL,             -- as it was extracted
    edit            TEXT    NOT NULL,             -- JSON
    revisions       TEXT    NOT NULL,             -- JSON
    PRIMARY KEY (user_id, item_id)
) STRICT;

CREATE INDEX verdict_of_conversation ON verdict (user_id, conversation_id);

-- What is left of rejections whose conversation is deleted: digests, without a word of what was said.
CREATE TABLE forgotten_rejection (
    user_id TEXT    NOT NULL,
    era     INTEGER NOT NULL,
    mark    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, era, mark)
) STRICT, WITHOUT ROWID;
