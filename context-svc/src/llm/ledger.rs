//! What a model needs to know of money: on whose behalf it is called, whether it may be, and where to say what it took.

use async_trait::async_trait;
use kit::id::UserId;

use super::ModelError;
use crate::domain::model::{CallRecord, ConversationId};

/// On whose behalf a model is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The user.
    pub user_id: UserId,
    /// The conversation that is read; `None` for a summary over several.
    pub conversation_id: Option<ConversationId>,
}

#[cfg(test)]
impl Asker {
    /// Somebody, in a test where it does not matter who.
    pub(crate) fn somebody() -> Self {
        Self { user_id: UserId::parse("u1").expect("a user id"), conversation_id: None }
    }
}

/// Knows what has been spent.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Whether one more call may be made on behalf of `user`: [`ModelError::NotNow`] with the reason `BUDGET` if what may be
    /// spent today is spent.
    async fn may_call(&self, user: &UserId) -> Result<(), ModelError>;

    /// Puts a call that has ended on record, whether it was of use or not. Never fails: what cannot be written is logged.
    async fn record(&self, call: CallRecord);
}
