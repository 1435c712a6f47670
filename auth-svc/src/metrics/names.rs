//! What auth-svc counts, by name. `docs/metrics.md` is written from these.

use kit::telemetry::metrics::Declared;

pub(super) const LOGINS: Declared = Declared::counter(
    "afterword.auth.logins",
    "Attempts to log in with a password, by result: OK, or the stable reason of the refusal.",
)
.by(&["result"]);
pub(super) const LOGOUTS: Declared = Declared::counter(
    "afterword.auth.logouts",
    "Calls of Logout, by result: ENDED, NOTHING_TO_DO if there was no live session to end, or FAILED if the store did.",
)
.by(&["result"]);
pub(super) const HASHING_RUNNING: Declared =
    Declared::gauge("afterword.auth.hashing.running", "Passwords that are being hashed.");
pub(super) const HASHING_WAITING: Declared = Declared::gauge(
    "afterword.auth.hashing.waiting",
    "Passwords that wait for their turn; at the limit of the settings logins are refused with LOGIN_BUSY.",
);

pub(super) const PENDING: Declared = Declared::gauge(
    "afterword.outbox.pending",
    "Ended sessions that context-svc has not acknowledged yet, counted up to 10000.",
);
pub(super) const OLDEST_AGE: Declared = Declared::gauge(
    "afterword.outbox.oldest.age",
    "How long the oldest of them has been waiting, of the 10000 that are due first; 0 if none waits.",
)
.in_seconds();
pub(super) const DELIVERIES: Declared = Declared::counter(
    "afterword.outbox.deliveries",
    "Answers to deliveries: ACCEPTED, REFUSED for now, ALARMING, or UNREACHABLE if there was none; all but ACCEPTED are repeated.",
)
.by(&["result"]);
pub(super) const ALARMS: Declared = Declared::counter(
    "afterword.outbox.alarms",
    "Answers that repeating cannot mend, by gRPC status: a version or a setting is wrong. No entry is lost by it.",
)
.by(&["rpc.response.status_code"]);
pub(super) const ALARM: Declared = Declared::gauge(
    "afterword.outbox.alarm",
    "1 while the last answer of context-svc was one that repeating cannot mend.",
);
pub(super) const BREAKER_OPEN: Declared = Declared::gauge(
    "afterword.outbox.breaker.open",
    "1 while context-svc cannot be reached and only single probes go out.",
);

pub(super) const STORE_ERRORS: Declared = Declared::counter(
    "afterword.store.errors",
    "Failures of the store in what goes on by itself, by what was tried; failed calls show among the RPCs.",
)
.by(&["operation"]);

/// All of them, in the order of the documents.
pub const ALL: &[&Declared] = &[
    &LOGINS,
    &LOGOUTS,
    &HASHING_RUNNING,
    &HASHING_WAITING,
    &PENDING,
    &OLDEST_AGE,
    &DELIVERIES,
    &ALARMS,
    &ALARM,
    &BREAKER_OPEN,
    &STORE_ERRORS,
];
