//! What context-svc counts: one handle, cheap to clone, for whoever decides something worth counting.
//!
//! No label names a user, a session or a conversation, and each has few values.

mod names;

use std::time::Duration;

use kit::error::Classify;
use kit::telemetry::metrics::{Counter, Gauge, Histogram, Level, Raised, Registry};

use crate::domain::converse::End;
use crate::domain::model::{Appended, Cause, Committed, ContextOutcome, Fate, JobState, Outcome, SessionContext};
use crate::domain::operate::QueueStatus;
use crate::domain::search::Freshness;

pub use names::ALL;

/// What became of a trigger for which there was no room; the others are [`Outcome`]s.
const REFUSED: &str = "REFUSED";

/// Stands for a lease that was lost, where something else was to be recorded.
const LOST: &str = "LEASE_LOST";

/// A reply that is stored as the model ended it.
const REPLIED: &str = "STORED";

/// A reply that was cut and is stored.
const CUT: &str = "CUT";

/// Stands for the reason of an item that was not dropped.
const KEPT: &str = "NONE";

/// Everything that context-svc counts. Clones count into the same place.
#[derive(Clone)]
pub struct Metrics {
    depth: Gauge,
    limit: Gauge,
    jobs: Gauge,
    oldest_ready_age: Gauge,
    slots: Gauge,
    running: Level,
    triggers: Counter,
    rejects: Counter,
    sweep_finds: Counter,
    claims: Counter,
    completes: Counter,
    failures: Counter,
    dead: Counter,
    snoozes: Counter,
    poison: Counter,
    lease_lost: Counter,
    releases: Counter,
    heartbeats_failed: Counter,
    cancelled: Counter,
    redriven: Counter,
    summaries: Counter,
    trigger_to_done: Histogram,
    extractions: Counter,
    items: Counter,
    model_calls: Histogram,
    replies: Counter,
    first_word: Histogram,
    messages: Counter,
    searches: Counter,
    search_cache: Gauge,
    store_errors: Counter,
}

impl Metrics {
    /// Counts on the page of `registry`.
    pub fn new(registry: &Registry) -> Self {
        let metrics = Self {
            depth: registry.gauge(&names::DEPTH),
            limit: registry.gauge(&names::LIMIT),
            jobs: registry.gauge(&names::JOBS),
            oldest_ready_age: registry.gauge(&names::OLDEST_READY_AGE),
            slots: registry.gauge(&names::SLOTS),
            running: registry.level(&names::RUNNING),
            triggers: registry.counter(&names::TRIGGERS),
            rejects: registry.counter(&names::REJECTS),
            sweep_finds: registry.counter(&names::SWEEP_FINDS),
            claims: registry.counter(&names::CLAIMS),
            completes: registry.counter(&names::COMPLETES),
            failures: registry.counter(&names::FAILURES),
            dead: registry.counter(&names::DEAD),
            snoozes: registry.counter(&names::SNOOZES),
            poison: registry.counter(&names::POISON),
            lease_lost: registry.counter(&names::LEASE_LOST),
            releases: registry.counter(&names::RELEASES),
            heartbeats_failed: registry.counter(&names::HEARTBEATS_FAILED),
            cancelled: registry.counter(&names::CANCELLED),
            redriven: registry.counter(&names::REDRIVEN),
            summaries: registry.counter(&names::SUMMARIES),
            trigger_to_done: registry.histogram(&names::TRIGGER_TO_DONE),
            extractions: registry.counter(&names::EXTRACTIONS),
            items: registry.counter(&names::ITEMS),
            model_calls: registry.histogram(&names::MODEL_CALLS),
            replies: registry.counter(&names::REPLIES),
            first_word: registry.histogram(&names::FIRST_WORD),
            messages: registry.counter(&names::MESSAGES),
            searches: registry.counter(&names::SEARCHES),
            search_cache: registry.gauge(&names::SEARCH_CACHE),
            store_errors: registry.counter(&names::STORE_ERRORS),
        };
        metrics.begin();
        metrics
    }

    /// Counts for nobody, for use cases that stand alone in a test or a benchmark.
    pub fn unread() -> Self {
        Self::new(&Registry::new("context-svc"))
    }

    /// Puts on the page what has not happened yet, so that its first time is seen as a rise.
    fn begin(&self) {
        let plain = [
            &self.rejects,
            &self.sweep_finds,
            &self.claims,
            &self.snoozes,
            &self.poison,
            &self.lease_lost,
            &self.releases,
            &self.heartbeats_failed,
            &self.cancelled,
            &self.redriven,
            &self.messages,
        ];
        plain.into_iter().for_each(|counter| counter.add(0, []));
        for committed in [Committed::Done, Committed::Rearmed, Committed::LeaseLost] {
            self.completes.add(0, [committed_name(committed).into()]);
        }
        for outcome in Outcome::ALL.iter().map(|outcome| outcome.as_str()).chain([REFUSED]) {
            self.triggers.add(0, [Cause::Logout.as_str().into(), outcome.into()]);
        }
        for outcome in ContextOutcome::ALL {
            self.extractions.add(0, [outcome.as_str().into()]);
        }
        for found in Freshness::ALL {
            self.searches.add(0, [found.as_str().into()]);
        }
        self.items.add(0, [KEPT.into()]);
        self.dead.add(0, ["MODEL_OUTPUT_UNGROUNDED".into()]);
        self.summaries.add(0, ["SAVED".into()]);
        for outcome in [REPLIED, "REPLY_FAILED"] {
            self.replies.add(0, [outcome.into()]);
        }
    }

    /// The bounds that the settings give the queue.
    pub(crate) fn bounds(&self, depth: u64, slots: usize) {
        self.limit.set(depth as f64);
        self.slots.set(slots as f64);
    }

    /// The queue as a whole, as it was just read.
    pub(crate) fn queue_is(&self, status: &QueueStatus) {
        self.depth.set(status.counts.depth() as f64);
        self.oldest_ready_age.set(status.oldest_ready_age.unwrap_or_default().as_secs_f64());
        for state in JobState::ALL.iter().filter(|state| **state != JobState::Idle) {
            self.jobs.set_as(status.counts.of(*state) as f64, [state.as_str().into()]);
        }
    }

    /// A trigger was accepted, or had nothing to do.
    pub(crate) fn triggered(&self, cause: Cause, outcome: Outcome) {
        self.triggers.count_as([cause.as_str().into(), outcome.as_str().into()]);
    }

    /// For so many conversations there was no room.
    pub(crate) fn refused(&self, cause: Cause, conversations: usize) {
        self.triggers.add(conversations as u64, [cause.as_str().into(), REFUSED.into()]);
        self.rejects.add(conversations as u64, []);
    }

    /// The sweep made so many jobs.
    pub(crate) fn swept(&self, queued: usize) {
        self.sweep_finds.add(queued as u64, []);
    }

    /// A job was taken. It runs for as long as what is returned is held.
    pub(crate) fn claimed(&self) -> Raised {
        self.claims.count();
        self.running.raise()
    }

    /// A result was recorded, or dropped.
    pub(crate) fn completed(&self, committed: Committed, since_trigger: Duration) {
        self.completes.count_as([committed_name(committed).into()]);
        match committed {
            Committed::Done | Committed::Rearmed => self.trigger_to_done.record(since_trigger, []),
            Committed::LeaseLost => self.lease_lost.count(),
        }
    }

    /// A session context was saved; `items` of it are new.
    pub(crate) fn context_saved(&self, context: &SessionContext) {
        self.extractions.count_as([context.outcome.as_str().into()]);
        let kept = context.changes.added.len() + context.changes.updated.len();
        self.items.add(kept as u64, [KEPT.into()]);
        for (reason, dropped) in &context.items_dropped {
            self.items.add(u64::try_from(*dropped).unwrap_or(0), [reason.clone().into()]);
        }
    }

    /// A failure was recorded, unless the lease was lost.
    pub(crate) fn failed(&self, reason: &'static str, fate: Fate, is_recorded: bool) {
        self.failures.count_as([reason.into(), fate_name(fate, is_recorded).into()]);
        match fate {
            _ if !is_recorded => self.lease_lost.count(),
            Fate::Snooze { .. } => self.snoozes.count(),
            Fate::Dead | Fate::DeadOfOutage => self.dead.count_as([reason.into()]),
            Fate::Retry { .. } => {}
        }
    }

    /// A summary was saved.
    pub(crate) fn summary_saved(&self) {
        self.summaries.count_as(["SAVED".into()]);
    }

    /// A summary failed; that was recorded, unless the lease was lost.
    pub(crate) fn summary_failed(&self, fate: Fate, is_recorded: bool) {
        self.summaries.count_as([fate_name(fate, is_recorded).into()]);
    }

    /// A pass was abandoned because its lease is, or may be, another's.
    pub(crate) fn lost(&self) {
        self.lease_lost.count();
    }

    /// So many more jobs were given up as poison.
    pub(crate) fn poisoned(&self, jobs: u64) {
        self.poison.add(jobs, []);
    }

    /// A running job was given back.
    pub(crate) fn released(&self) {
        self.releases.count();
    }

    /// A heartbeat did not get through.
    pub(crate) fn heartbeat_failed(&self) {
        self.heartbeats_failed.count();
        self.store_failed("heartbeat");
    }

    /// An operator cancelled a job.
    pub(crate) fn cancelled(&self) {
        self.cancelled.count();
    }

    /// An operator redrove a job.
    pub(crate) fn redriven(&self) {
        self.redriven.count();
    }

    /// The model was asked.
    pub(crate) fn model_asked(&self, call: ModelCall) {
        let error = call.error.unwrap_or("NONE");
        self.model_calls.record(call.took, [call.operation.into(), call.provider.into(), error.into()]);
    }

    /// A reply is over.
    pub(crate) fn replied(&self, end: &End) {
        match end {
            End::Stored { is_cut, .. } => self.replies.count_as([if *is_cut { CUT } else { REPLIED }.into()]),
            End::Failed(error) => self.replies.count_as([error.reason().into()]),
            End::Nothing => {}
        }
    }

    /// A reply begins to be heard, so long after it was asked for.
    pub(crate) fn first_word(&self, took: Duration) {
        self.first_word.record(took, []);
    }

    /// Messages were stored.
    pub(crate) fn appended(&self, appended: &Appended) {
        let new = appended.messages.iter().filter(|message| !message.duplicate).count();
        self.messages.add(new as u64, []);
    }

    /// A memory was searched.
    pub(crate) fn searched(&self, found: Freshness) {
        self.searches.count_as([found.as_str().into()]);
    }

    /// What the indexes of all users take.
    pub(crate) fn search_cache_is(&self, bytes: usize) {
        self.search_cache.set(bytes as f64);
    }

    /// The store failed at `operation`.
    pub(crate) fn store_failed(&self, operation: &'static str) {
        self.store_errors.count_as([operation.into()]);
    }
}

/// One call of the model.
pub(crate) struct ModelCall {
    /// What was asked for.
    pub(crate) operation: &'static str,
    /// Who was asked.
    pub(crate) provider: &'static str,
    /// How long it took.
    pub(crate) took: Duration,
    /// The stable reason why there was no answer.
    pub(crate) error: Option<&'static str>,
}

fn fate_name(fate: Fate, is_recorded: bool) -> &'static str {
    match fate {
        _ if !is_recorded => LOST,
        Fate::Retry { .. } => "RETRY",
        Fate::Snooze { .. } => "SNOOZE",
        Fate::Dead | Fate::DeadOfOutage => "DEAD",
    }
}

fn committed_name(committed: Committed) -> &'static str {
    match committed {
        Committed::Done => "DONE",
        Committed::Rearmed => "REARMED",
        Committed::LeaseLost => LOST,
    }
}

#[cfg(test)]
mod tests;
