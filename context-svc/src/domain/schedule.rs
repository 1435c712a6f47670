//! Asking for extractions. Every request becomes a durable job and returns; a worker does it later.

mod size;

use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;
use kit::config::Period;
use kit::error::{Classify, Kind};
use kit::id::{SessionId, UserId};
use kit::telemetry::trace::TraceContext;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::model::{Cause, ConversationKey, Enqueued, Occasion, Outcome, Ticket, Trigger};
use crate::metrics::Metrics;
use crate::store::{JobStore, StoreError};

/// How many idle conversations one read of the sweep may bring.
const SWEPT_AT_ONCE: usize = 500;

/// When a job is due, and how many there may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleSettings {
    /// How many jobs may be live, at least 1. Beyond it a trigger that needs a new job is answered `RESOURCE_EXHAUSTED`.
    /// What comes back after an outage is let in beyond it.
    pub depth: u64,
    /// What a caller that found the queue full is told to wait, at least 1s.
    pub retry_after: Period,
    /// How long a job waits after the chat stream ended, since many clients come back at once; 0s to `debounce_max`.
    pub debounce: Period,
    /// How long a job waits at most after its first trigger.
    pub debounce_max: Period,
    /// After how much silence a conversation is extracted unasked, at least 1s.
    pub idle_after: Period,
    /// How many messages that nothing was extracted from yet are extracted before the talk is over, at least 1.
    pub size_messages: u64,
    /// How many tokens of such messages are as good a reason, counted roughly, at least 1.
    pub size_tokens: u64,
    /// How long the size of one conversation is not a reason again, at least 1s.
    pub size_pause: Period,
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        Self {
            depth: 10_000,
            retry_after: Period::secs(5),
            debounce: Period::secs(20),
            debounce_max: Period::secs(30),
            idle_after: Period::mins(30),
            size_messages: 100,
            size_tokens: 8_000,
            size_pause: Period::mins(5),
        }
    }
}

/// Puts extractions into the queue and wakes whoever works on it. Clones share both.
#[derive(Clone)]
pub struct Schedule {
    jobs: Arc<dyn JobStore>,
    clock: SharedClock,
    bell: Arc<Notify>,
    settings: ScheduleSettings,
    metrics: Metrics,
}

impl Schedule {
    /// `bell` is rung whenever a job may have become due.
    pub fn new(jobs: Arc<dyn JobStore>, clock: SharedClock, bell: Arc<Notify>, settings: ScheduleSettings) -> Self {
        Self { jobs, clock, bell, settings, metrics: Metrics::unread() }
    }

    /// The same, counting what is asked for.
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// A trigger on this occasion, now, on the terms of the settings.
    pub fn trigger(&self, occasion: impl Into<Occasion>) -> Trigger {
        let Occasion { cause, trace } = occasion.into();
        let wait = match cause {
            Cause::Disconnect => self.settings.debounce.0,
            Cause::Logout | Cause::Idle | Cause::Size | Cause::Manual => Duration::ZERO,
        };
        Trigger {
            cause,
            trace,
            at: self.clock.now(),
            wait,
            wait_max: self.settings.debounce_max.0,
            depth_limit: self.settings.depth,
        }
    }

    /// Asks for one conversation, up to its last message. One that does not exist is an outcome, not an error: a caller
    /// that repeats errors for ever must not repeat this.
    pub async fn conversation(
        &self,
        key: &ConversationKey,
        occasion: impl Into<Occasion>,
    ) -> Result<Ticket, ScheduleError> {
        self.ask(key, &self.trigger(occasion)).await
    }

    /// The same for somebody who can wait: as long as half the queue is empty, so that there is room for those who talk now.
    pub async fn patiently(
        &self,
        key: &ConversationKey,
        occasion: impl Into<Occasion>,
    ) -> Result<Ticket, ScheduleError> {
        let trigger = self.trigger(occasion);
        let depth_limit = (trigger.depth_limit / 2).max(1);
        self.ask(key, &Trigger { depth_limit, ..trigger }).await
    }

    async fn ask(&self, key: &ConversationKey, trigger: &Trigger) -> Result<Ticket, ScheduleError> {
        match self.jobs.enqueue(key, trigger).await? {
            Enqueued::Accepted(ticket) => {
                self.metrics.triggered(trigger.cause, ticket.outcome);
                self.bell.notify_one();
                Ok(ticket)
            }
            Enqueued::Full => {
                self.metrics.refused(trigger.cause, 1);
                Err(self.full())
            }
        }
    }

    /// Asks for every conversation last held under a login session that is not fully extracted.
    ///
    /// When the queue is too full for some, the others stay accepted: repeat the call as it was.
    pub async fn session(
        &self,
        user: &UserId,
        session: &SessionId,
        occasion: impl Into<Occasion>,
    ) -> Result<Vec<Ticket>, ScheduleError> {
        let trigger = self.trigger(occasion);
        let enqueued = self.jobs.enqueue_session(user, session, &trigger).await?;
        enqueued.tickets.iter().for_each(|ticket| self.metrics.triggered(trigger.cause, ticket.outcome));
        self.metrics.refused(trigger.cause, enqueued.refused);
        if !enqueued.tickets.is_empty() {
            self.bell.notify_one();
        }
        if enqueued.refused > 0 { Err(self.full()) } else { Ok(enqueued.tickets) }
    }

    /// Its user says that the talk is over, by the request of this trace.
    pub async fn end(&self, key: &ConversationKey, trace: Option<TraceContext>) -> Result<Ticket, ScheduleError> {
        let ticket = self.conversation(key, Occasion { cause: Cause::Manual, trace }).await?;
        match ticket.outcome {
            Outcome::Unknown => Err(ScheduleError::ConversationNotFound),
            _ => Ok(ticket),
        }
    }

    /// Asks for whatever fell silent without anybody asking: the client vanished, or its trigger was refused. Says how many
    /// jobs that made.
    pub async fn sweep(&self) -> Result<usize, ScheduleError> {
        let silent_since = self.clock.now() - self.settings.idle_after.0;
        let mut queued = 0;
        loop {
            let idle = self.jobs.list_idle(silent_since, SWEPT_AT_ONCE).await?;
            let mut progress = false;
            for key in &idle {
                let outcome = self.conversation(key, Cause::Idle).await?.outcome;
                let is_queued = outcome == Outcome::Queued;
                self.metrics.swept(usize::from(is_queued));
                queued += usize::from(is_queued);
                progress |= matches!(outcome, Outcome::Queued | Outcome::AlreadyExtracted | Outcome::Empty);
            }
            if idle.len() < SWEPT_AT_ONCE || !progress {
                return Ok(queued);
            }
        }
    }

    /// Jobs have been asked for that are now on record.
    pub(super) fn accepted(&self, trigger: &Trigger, outcomes: impl Iterator<Item = Outcome>) {
        outcomes.for_each(|outcome| self.metrics.triggered(trigger.cause, outcome));
        self.bell.notify_one();
    }

    /// There was no room for the first of what was asked for.
    pub(super) fn refuse(&self, trigger: &Trigger) -> ScheduleError {
        self.metrics.refused(trigger.cause, 1);
        self.full()
    }

    fn full(&self) -> ScheduleError {
        ScheduleError::QueueFull { retry_after: self.settings.retry_after.0 }
    }
}

/// Why an extraction could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A new job does not fit.
    #[error("the extraction queue is full; retry in {} s", retry_after.as_secs())]
    QueueFull {
        /// When to try again.
        retry_after: Duration,
    },
    /// The caller has no such conversation.
    #[error("there is no such conversation")]
    ConversationNotFound,
    /// The job could not be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for ScheduleError {
    fn kind(&self) -> Kind {
        match self {
            Self::QueueFull { .. } => Kind::Busy,
            Self::ConversationNotFound => Kind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "QUEUE_FULL",
            Self::ConversationNotFound => "CONVERSATION_NOT_FOUND",
            Self::Store(error) => error.reason(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QueueFull { retry_after } => Some(*retry_after),
            Self::ConversationNotFound | Self::Store(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
