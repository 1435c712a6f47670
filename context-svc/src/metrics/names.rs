//! What context-svc counts, by name. `docs/metrics.md` is written from these.

use kit::telemetry::metrics::Declared;

/// Model calls last seconds: from a tenth of a second to two minutes.
const MODEL_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0, 120.0];

/// From a message to the first word of its reply: a tenth of a second where it is fast, half a minute where it is slow.
const FIRST_WORD_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0];

/// From a trigger to its result: seconds on a good day, hours after an outage, a day at most.
const WAITING_SECONDS: &[f64] =
    &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

pub(super) const DEPTH: Declared = Declared::gauge(
    "afterword.queue.depth",
    "Jobs that wait or run, in all processes; at the limit new ones are refused.",
);
pub(super) const LIMIT: Declared =
    Declared::gauge("afterword.queue.limit", "The depth at which triggers that need a new job are refused.");
pub(super) const JOBS: Declared = Declared::gauge(
    "afterword.queue.jobs",
    "Jobs in each state, in all processes; those that are DEAD wait for an operator.",
)
.by(&["state"]);
pub(super) const OLDEST_READY_AGE: Declared = Declared::gauge(
    "afterword.queue.oldest.ready.age",
    "How long the job that is due for longest has been waiting; 0 if none is due.",
)
.in_seconds();
pub(super) const SLOTS: Declared =
    Declared::gauge("afterword.queue.slots", "How many jobs this process works on at once.");
pub(super) const RUNNING: Declared = Declared::gauge(
    "afterword.queue.running",
    "Jobs that this process is working on; at the number of slots it is busy.",
);

pub(super) const TRIGGERS: Declared = Declared::counter(
    "afterword.queue.triggers",
    "Triggers by what caused them and what became of them; REFUSED found the queue full and will be repeated.",
)
.by(&["cause", "outcome"]);
pub(super) const REJECTS: Declared =
    Declared::counter("afterword.queue.rejects", "Conversations whose trigger found the queue full.");
pub(super) const SWEEP_FINDS: Declared = Declared::counter(
    "afterword.queue.sweep.finds",
    "Jobs made by the sweep for conversations that fell silent without any other trigger.",
);
pub(super) const CLAIMS: Declared = Declared::counter("afterword.queue.claims", "Jobs that this process has taken.");
pub(super) const COMPLETES: Declared = Declared::counter(
    "afterword.queue.completes",
    "Results by what became of them: DONE, REARMED for newer messages, or dropped because of LEASE_LOST.",
)
.by(&["outcome"]);
pub(super) const FAILURES: Declared = Declared::counter(
    "afterword.queue.failures",
    "Passes that failed, by stable reason and by what became of the job: RETRY, SNOOZE, DEAD or LEASE_LOST.",
)
.by(&["reason", "fate"]);
pub(super) const DEAD: Declared =
    Declared::counter("afterword.queue.dead", "Jobs that have given up after a failure, by stable reason.")
        .by(&["reason"]);
pub(super) const SNOOZES: Declared = Declared::counter(
    "afterword.queue.snoozes",
    "Jobs put off without an attempt being counted: a rate limit, an open breaker, a budget.",
);
pub(super) const POISON: Declared = Declared::counter(
    "afterword.queue.poison",
    "Jobs given up because their workers died or lost them too often in a row.",
);
pub(super) const LEASE_LOST: Declared = Declared::counter(
    "afterword.queue.lease.lost",
    "Passes in vain: another worker took the job, or it was cancelled or deleted meanwhile.",
);
pub(super) const RELEASES: Declared =
    Declared::counter("afterword.queue.releases", "Running jobs given back because this process was stopped.");
pub(super) const HEARTBEATS_FAILED: Declared =
    Declared::counter("afterword.queue.heartbeats.failed", "Heartbeats that the store did not take.");
pub(super) const CANCELLED: Declared = Declared::counter(
    "afterword.queue.cancelled",
    "Requests of operators to cancel a job that were met, repeated ones included.",
);
pub(super) const REDRIVEN: Declared =
    Declared::counter("afterword.queue.redriven", "Dead or cancelled jobs made due again by an operator.");
pub(super) const SUMMARIES: Declared = Declared::counter(
    "afterword.queue.summaries",
    "Summaries by what became of them: SAVED, or not made for now: RETRY, SNOOZE, DEAD or LEASE_LOST.",
)
.by(&["outcome"]);
pub(super) const TRIGGER_TO_DONE: Declared = Declared::duration(
    "afterword.queue.trigger.to.done.duration",
    WAITING_SECONDS,
    "From the first trigger of a job to its saved result.",
);

pub(super) const EXTRACTIONS: Declared = Declared::counter(
    "afterword.extraction.saved",
    "Session contexts saved, by how they came out: EXTRACTED, NOTHING_SAID or EMPTY.",
)
.by(&["outcome"]);
pub(super) const ITEMS: Declared = Declared::counter(
    "afterword.extraction.items.proposed",
    "Items that saved session contexts were proposed, by the stable reason why one was dropped; NONE if it was kept.",
)
.by(&["reason"]);

pub(super) const MODEL_CALLS: Declared = Declared::duration(
    "gen_ai.client.operation.duration",
    MODEL_SECONDS,
    "How long the model took, by its stable reason if it failed; NONE if it answered.",
)
.by(&["gen_ai.operation.name", "gen_ai.provider.name", "error.type"]);

pub(super) const REPLIES: Declared = Declared::counter(
    "afterword.chat.replies",
    "Replies in talks by what became of them: STORED, CUT at the most tokens and stored, or none: REPLY_FAILED, REPLY_BUSY, BUDGET.",
)
.by(&["outcome"]);
pub(super) const FIRST_WORD: Declared = Declared::duration(
    "afterword.chat.first.word.duration",
    FIRST_WORD_SECONDS,
    "From a message of the user to the first word of its reply.",
);

pub(super) const MESSAGES: Declared = Declared::counter(
    "afterword.messages.appended",
    "Messages stored; those that a client repeated are not counted again.",
);

pub(super) const SEARCHES: Declared = Declared::counter(
    "afterword.searches",
    "Searches by how the index of their user was found: FRESH, OUTDATED, or MISSING, so that all was read.",
)
.by(&["index"]);
pub(super) const SEARCH_CACHE: Declared = Declared::gauge(
    "afterword.search.cache.bytes",
    "How much memory the indexes take that this process keeps for searches, about.",
);

pub(super) const STORE_ERRORS: Declared = Declared::counter(
    "afterword.store.errors",
    "Failures of the store in what goes on by itself, by what was tried; failed calls show among the RPCs.",
)
.by(&["operation"]);

/// All of them, in the order of the documents.
pub const ALL: &[&Declared] = &[
    &DEPTH,
    &LIMIT,
    &JOBS,
    &OLDEST_READY_AGE,
    &SLOTS,
    &RUNNING,
    &TRIGGERS,
    &REJECTS,
    &SWEEP_FINDS,
    &CLAIMS,
    &COMPLETES,
    &FAILURES,
    &DEAD,
    &SNOOZES,
    &POISON,
    &LEASE_LOST,
    &RELEASES,
    &HEARTBEATS_FAILED,
    &CANCELLED,
    &REDRIVEN,
    &SUMMARIES,
    &TRIGGER_TO_DONE,
    &EXTRACTIONS,
    &ITEMS,
    &MODEL_CALLS,
    &REPLIES,
    &FIRST_WORD,
    &MESSAGES,
    &SEARCHES,
    &SEARCH_CACHE,
    &STORE_ERRORS,
];
