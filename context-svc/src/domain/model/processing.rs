//! What the queue asks of whoever does the work.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Job, Pick, RawAnswer, SessionContext, Summarised};

/// Does the work of a claimed job. The queue leases, renews, commits and retries around it.
#[async_trait]
pub trait Processor: Send + Sync + 'static {
    /// Whether jobs may be claimed at all: a provider is configured and its key can be read.
    fn is_ready(&self) -> bool {
        true
    }

    /// Reads the messages after `job.done` up to at most `job.want` and returns what to remember of the conversation.
    ///
    /// [`SessionContext::extracted_seq`] says how far it got; stopping early is fine, the job is then re-armed for the rest.
    /// The future is dropped when the lease is lost or the pass takes too long, and the same job may be processed twice,
    /// so it must have no effect of its own.
    async fn process(&self, job: &Job) -> Result<SessionContext, Failure>;
}

/// Rolls up what a claimed summary job picked. The queue leases, renews, commits, marks and retries around it.
#[async_trait]
pub trait Summariser: Send + Sync + 'static {
    /// Whether jobs may be claimed at all.
    fn is_ready(&self) -> bool {
        true
    }

    /// Makes the summary that follows [`Pick::summary`] of the oldest of what is unsummarised.
    ///
    /// It may cover less than it is given, but never nothing. On the same terms as [`Processor::process`]: it may be dropped,
    /// and asked the same twice.
    async fn summarise(&self, pick: &Pick) -> Result<Summarised, Failure>;
}

/// Why a job could not be processed, and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Failure {
    /// What is to become of the job.
    pub next: WhatNext,
    /// Stable reason in upper snake case.
    pub reason: &'static str,
    /// The same for people, without any text of the conversation.
    pub message: String,
    /// What the model answered, if that was the fault.
    pub raw: Option<RawAnswer>,
}

/// What is to become of a job that could not be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhatNext {
    /// Try again, not before the given time or else after the usual backoff. Counts as an attempt.
    Retry {
        /// When whoever refused said to come back.
        not_before: Option<Timestamp>,
    },
    /// Whoever does the work cannot be reached: try again as above, but give up by age and not by the number of attempts,
    /// so that an outage costs no job.
    Outage {
        /// When whoever refused said to come back.
        not_before: Option<Timestamp>,
    },
    /// Try again at that time, as if it had not been tried: a rate limit, an open circuit breaker, a budget.
    Snooze {
        /// When.
        until: Timestamp,
    },
    /// Never try again by itself.
    GiveUp,
}

impl Failure {
    /// A fault that may pass.
    pub fn retry(reason: &'static str, message: impl Into<String>) -> Self {
        Self { next: WhatNext::Retry { not_before: None }, reason, message: message.into(), raw: None }
    }

    /// A fault of the way to whoever does the work.
    pub fn outage(reason: &'static str, message: impl Into<String>) -> Self {
        Self { next: WhatNext::Outage { not_before: None }, reason, message: message.into(), raw: None }
    }

    /// A fault that passes at a known time.
    pub fn retry_at(not_before: Timestamp, reason: &'static str, message: impl Into<String>) -> Self {
        Self { next: WhatNext::Retry { not_before: Some(not_before) }, reason, message: message.into(), raw: None }
    }

    /// Not a fault of this job: it is not its turn.
    pub fn snooze(until: Timestamp, reason: &'static str, message: impl Into<String>) -> Self {
        Self { next: WhatNext::Snooze { until }, reason, message: message.into(), raw: None }
    }

    /// A fault that stays.
    pub fn give_up(reason: &'static str, message: impl Into<String>) -> Self {
        Self { next: WhatNext::GiveUp, reason, message: message.into(), raw: None }
    }

    /// The same, with what the model had answered.
    pub fn with_raw(self, answer: impl Into<String>) -> Self {
        Self { raw: Some(RawAnswer::of(answer)), ..self }
    }
}
