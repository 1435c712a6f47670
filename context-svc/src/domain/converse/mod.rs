//! Answering in talks, where a model is configured to.
//!
//! A reply is asked for by what is stored: the newest message of the user is answered unless its answer is there. So it does not
//! matter how often one asks, nor whether whoever asked first is still there. It is made beside the talk, and nobody who listens
//! holds it up.

mod following;
mod prompt;
mod settings;
mod under_way;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kit::clock::SharedClock;
use kit::error::{Classify, Kind};
use kit::lifecycle::Lifecycle;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use self::following::Progress;
use self::under_way::UnderWay;
use super::append::Append;
use super::model::ConversationKey;
use super::recall::Recall;
use super::spend::BUDGET;
use crate::llm::{Coach, ModelError};
use crate::metrics::Metrics;
use crate::store::Store;

pub use following::{Answered, End, Following, Heard};
pub use settings::{ChatSettings, Terms};

/// What answering in talks needs.
pub struct Converse {
    /// Where talks are read.
    pub store: Arc<dyn Store>,
    /// By whom replies are stored.
    pub append: Append,
    /// What is remembered.
    pub recall: Recall,
    /// Who answers.
    pub coach: Arc<dyn Coach>,
    /// On what terms.
    pub terms: Terms,
    /// The time.
    pub clock: SharedClock,
    /// The life of this process.
    pub lifecycle: Lifecycle,
    /// Where replies are counted.
    pub metrics: Metrics,
}

/// Answers in talks. Clones share the replies under way.
#[derive(Clone)]
pub struct Replies {
    shared: Arc<Shared>,
}

struct Shared {
    converse: Converse,
    turns: Arc<Semaphore>,
    under_way: Mutex<HashMap<ConversationKey, watch::Receiver<Progress>>>,
}

impl Replies {
    /// Answers by means of `converse`.
    pub fn new(converse: Converse) -> Self {
        let turns = Arc::new(Semaphore::new(converse.terms.concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        Self { shared: Arc::new(Shared { converse, turns, under_way: Mutex::default() }) }
    }

    /// Has the newest message of the user answered, unless its answer is there; joins a reply to the same conversation that is
    /// under way already.
    ///
    /// The reply goes on when nobody follows it any more. It is given up, and nothing of it stored, once `unless` completes.
    pub fn reply(&self, key: &ConversationKey, unless: BoxFuture<'static, ()>) -> Following {
        let mut under_way = self.shared.under_way.lock();
        if let Some(progress) = under_way.get(key) {
            return Following::of(progress.clone(), true);
        }
        let (progress, follower) = watch::channel(Progress::default());
        under_way.insert(key.clone(), follower.clone());
        drop(under_way);
        let reply = UnderWay::new(self.shared.clone(), key.clone(), progress);
        // A task of its own: whoever asked for it may leave.
        self.shared.converse.lifecycle.spawn("reply", reply.make(unless));
        Following::of(follower, false)
    }

    /// Whether one more reply may still be asked for after another. Not during a drain: each would hold it up anew.
    pub fn go_on(&self) -> bool {
        !self.shared.converse.lifecycle.draining().is_cancelled()
    }

    /// The reply to a conversation that is under way here, if there is one.
    pub fn under_way(&self, key: &ConversationKey) -> Option<Following> {
        self.shared.under_way.lock().get(key).map(|progress| Following::of(progress.clone(), true))
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The model failed, took too long, or said nothing; or the reply was given up.
    #[error("there is no reply; send the message again, with the same client id, to have another try")]
    Failed,
    /// The model is asked too much already.
    #[error("too many replies are asked for; send the message again, with the same client id, in {} s", retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// What may be spent today is spent.
    #[error(
        "what may be spent on replies today is spent; send the message again, with the same client id, tomorrow (UTC)"
    )]
    Budget,
}

impl Classify for ReplyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Failed => Kind::Unavailable,
            Self::Busy { .. } | Self::Budget => Kind::Busy,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Failed => "REPLY_FAILED",
            Self::Busy { .. } => "REPLY_BUSY",
            Self::Budget => "BUDGET",
        }
    }
}

impl ReplyError {
    /// What a failure of the model means to whoever waits for the reply.
    fn of_model(error: &ModelError, clock: &SharedClock) -> Self {
        match error {
            ModelError::NotNow { reason: BUDGET, .. } => Self::Budget,
            ModelError::NotNow { until, .. } => {
                let wait = until.duration_since(clock.now());
                Self::Busy { retry_after: Duration::try_from(wait).unwrap_or_default().max(Duration::from_secs(1)) }
            }
            ModelError::Temporary { .. }
            | ModelError::Unusable { .. }
            | ModelError::TooMuch { .. }
            | ModelError::Unreachable { .. }
            | ModelError::Permanent { .. } => Self::Failed,
        }
    }
}
