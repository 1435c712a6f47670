-- Times are microseconds since 1970 in UTC.

CREATE TABLE account (
    user_id       TEXT    PRIMARY KEY,
    email         TEXT    NOT NULL,           -- as registered, for display
    display_name  TEXT    NOT NULL,
    time_zone     TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    generation    INTEGER NOT NULL,
    generation_at INTEGER,                    -- when it was last raised
    kept_sid      TEXT,                       -- the session that outlives the last raise
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX account_raised ON account (generation_at) WHERE generation_at IS NOT NULL;

-- Apart from the account, so that a deleted one can stay while its address becomes free.
CREATE TABLE email (
    address TEXT PRIMARY KEY,                 -- lower case
    user_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Revocation and outbox entry are columns of the session, so that ending it is one write.
CREATE TABLE login_session (
    session_id      TEXT    PRIMARY KEY,
    user_id         TEXT    NOT NULL,
    born            INTEGER NOT NULL,         -- the account's generation at login
    device          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    refresh_key     TEXT    NOT NULL,
    current_hash    BLOB    NOT NULL,
    previous_hash   BLOB,
    rotations       INTEGER NOT NULL,
    rotated_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    revoked_reason  TEXT,
    outbox_state    TEXT CHECK (outbox_state IN ('pending', 'sent')),
    outbox_next_at  INTEGER,
    outbox_attempts INTEGER,
    outbox_sent_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX login_session_of_user ON login_session (user_id, rotated_at, session_id);
CREATE INDEX login_session_revoked ON login_session (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX outbox_due ON login_session (outbox_next_at) WHERE outbox_state = 'pending';
CREATE INDEX outbox_done ON login_session (outbox_sent_at) WHERE outbox_state = 'sent';

CREATE TABLE signing_key (
    kid        TEXT    PRIMARY KEY,
    state      TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retired', 'withdrawn')),
    public     BLOB    NOT NULL,
    sealed     BLOB    NOT NULL,              -- PKCS #8 under the master key
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_active_signing_key ON signing_key (state) WHERE state = 'active';

CREATE TABLE refresh_key (
    key_id     TEXT    PRIMARY KEY,
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    entry      INTEGER PRIMARY KEY,
    user_id    TEXT    NOT NULL,
    session_id TEXT,
    event      TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_of_user ON audit (user_id, entry);
