//! Looking after the queue: what an operator sees of it, and how one moves a job by hand.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kit::clock::SharedClock;
use kit::error::{Classify, Kind};
use tokio::sync::Notify;

use super::conversations::Page;
use super::model::{ConversationKey, Extraction, ExtractionCursor, ExtractionFilter, JobState, Moved, QueueCounts};
use crate::llm::Readers;
use crate::llm::measured::Streak;
use crate::metrics::Metrics;
use crate::store::{OperatorStore, StoreError};

/// An operator's view of the queue. Clones share the store.
#[derive(Clone)]
pub struct Operate {
    jobs: Arc<dyn OperatorStore>,
    clock: SharedClock,
    bell: Arc<Notify>,
    limits: Limits,
    metrics: Metrics,
}

/// What is still called well.
#[derive(Clone)]
pub struct Limits {
    /// How long a due job may wait.
    pub ready_age_max: Duration,
    /// How many calls of the model in a row may fail.
    pub model_failures_max: u32,
    /// Who is asked.
    pub readers: Readers,
    /// How many calls in a row have failed.
    pub streak: Streak,
}

/// Why somebody should look, though work is still taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Degradation {
    /// Jobs have given up.
    #[error(
        "{jobs} extractions have given up; list them with `afterword jobs list --state dead`, mend the cause, redrive them"
    )]
    DeadLetters {
        /// How many.
        jobs: u64,
    },
    /// Due jobs are not taken.
    #[error("the oldest due extraction has been waiting for {} s", age.as_secs())]
    OldJobs {
        /// How long.
        age: Duration,
    },
    /// Nobody can be asked.
    #[error("no model is configured; extractions wait for it")]
    NoModel,
    /// The model does not answer.
    #[error("the last {failures} calls of the model failed")]
    ModelDown {
        /// How many in a row.
        failures: u32,
    },
}

impl Degradation {
    /// The stable reason.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::DeadLetters { .. } => "DEAD_LETTERS",
            Self::OldJobs { .. } => "OLD_JOBS",
            Self::NoModel => "NO_MODEL",
            Self::ModelDown { .. } => "MODEL_DOWN",
        }
    }

    /// Whether the model is to blame, and not the queue.
    pub fn is_of_the_model(&self) -> bool {
        matches!(self, Self::NoModel | Self::ModelDown { .. })
    }
}

/// The queue at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStatus {
    /// The jobs, counted.
    pub counts: QueueCounts,
    /// How long the job that is due for longest has been waiting; `None` if none is due.
    pub oldest_ready_age: Option<Duration>,
    /// Why somebody should look; empty if all is well.
    pub degraded: Vec<Degradation>,
}

impl Operate {
    /// `bell` is rung whenever a job may have become due.
    pub fn new(jobs: Arc<dyn OperatorStore>, clock: SharedClock, bell: Arc<Notify>, limits: Limits) -> Self {
        Self { jobs, clock, bell, limits, metrics: Metrics::unread() }
    }

    /// The same, counting what operators do.
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// When something is that has not changed for `age`.
    pub fn unchanged_since(&self, age: Duration) -> Timestamp {
        self.clock.now().checked_sub(age).unwrap_or(Timestamp::MIN)
    }

    /// Extractions of all users, the longest unchanged first.
    pub async fn list(
        &self,
        filter: &ExtractionFilter,
        after: Option<&ExtractionCursor>,
        size: usize,
    ) -> Result<Page<Extraction, ExtractionCursor>, OperateError> {
        let found = self.jobs.list_extractions(filter, after, size + 1).await?;
        Ok(Page::cut(found, size, ExtractionCursor::of))
    }

    /// How full the queue is and whether it moves.
    pub async fn status(&self) -> Result<QueueStatus, OperateError> {
        let now = self.clock.now();
        let counts = self.jobs.count_jobs(now).await?;
        let oldest_ready_age = counts.due_since.map(|since| now.duration_since(since).unsigned_abs());
        let degraded = self.limits.exceeded(&counts, oldest_ready_age);
        Ok(QueueStatus { counts, oldest_ready_age, degraded })
    }

    /// Ends a live job without a result: what a running one would still deliver is dropped. Once is as good as twice.
    pub async fn cancel(&self, key: &ConversationKey) -> Result<Extraction, OperateError> {
        let moved = self.jobs.cancel(key, self.clock.now()).await?;
        match moved.ok_or(OperateError::ConversationNotFound)? {
            Moved::To(extraction) => {
                self.metrics.cancelled();
                Ok(*extraction)
            }
            Moved::Stays(state) => Err(OperateError::NotCancellable { state }),
        }
    }

    /// Queues a job that gave up or was cancelled again, as if it had never been tried. Takes no notice of the depth limit.
    pub async fn redrive(&self, key: &ConversationKey) -> Result<Extraction, OperateError> {
        let moved = self.jobs.redrive(key, self.clock.now()).await?;
        match moved.ok_or(OperateError::ConversationNotFound)? {
            Moved::To(extraction) => {
                self.metrics.redriven();
                self.bell.notify_one();
                Ok(*extraction)
            }
            Moved::Stays(state) => Err(OperateError::NotRedrivable { state }),
        }
    }
}

impl Limits {
    fn exceeded(&self, counts: &QueueCounts, oldest_ready_age: Option<Duration>) -> Vec<Degradation> {
        let (dead, failures) = (counts.of(JobState::Dead), self.streak.failures());
        let dead = (dead > 0).then_some(Degradation::DeadLetters { jobs: dead });
        let old = oldest_ready_age.filter(|age| *age > self.ready_age_max).map(|age| Degradation::OldJobs { age });
        let missing = (!self.readers.are_ready()).then_some(Degradation::NoModel);
        let down = (failures >= self.model_failures_max).then_some(Degradation::ModelDown { failures });
        [dead, old, missing, down].into_iter().flatten().collect()
    }
}

/// Why an operator's wish could not be met.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// That user has no such conversation.
    #[error("there is no such conversation")]
    ConversationNotFound,
    /// It is not live.
    #[error("the extraction is {state}; only one that is PENDING or RUNNING can be cancelled")]
    NotCancellable {
        /// Where it is.
        state: JobState,
    },
    /// It has not ended badly.
    #[error("the extraction is {state}; only one that is DEAD or CANCELLED can be redriven")]
    NotRedrivable {
        /// Where it is.
        state: JobState,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for OperateError {
    fn kind(&self) -> Kind {
        match self {
            Self::ConversationNotFound => Kind::NotFound,
            Self::NotCancellable { .. } | Self::NotRedrivable { .. } => Kind::Precondition,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::ConversationNotFound => "CONVERSATION_NOT_FOUND",
            Self::NotCancellable { .. } => "NOT_CANCELLABLE",
            Self::NotRedrivable { .. } => "NOT_REDRIVABLE",
            Self::Store(error) => error.reason(),
        }
    }
}
