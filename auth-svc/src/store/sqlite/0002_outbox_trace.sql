-- The W3C trace context of the request that ended the session, while its outbox entry is kept.
ALTER TABLE login_session ADD COLUMN outbox_trace TEXT;
