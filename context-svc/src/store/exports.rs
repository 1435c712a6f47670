//! What is promised about reading all that is held of a user, piece by piece.

use async_trait::async_trait;
use kit::id::UserId;

use super::StoreError;
use crate::domain::model::{ConversationId, Held, Life, Message};

/// Everything of a user in an order that nothing said meanwhile changes: whoever reads page after page misses nothing that was
/// there when they began.
#[async_trait]
pub trait ExportStore: Send + Sync {
    /// Grows with each erasure of the user: what was read before and after is of one piece only if it did not.
    async fn find_era(&self, user: &UserId) -> Result<i64, StoreError>;

    /// The user's conversations in the order of their ids, from the one after `after`.
    async fn list_held(
        &self,
        user: &UserId,
        after: Option<&ConversationId>,
        limit: usize,
    ) -> Result<Vec<Held>, StoreError>;

    /// The messages of that life of a conversation with a `seq` above `after_seq`, in the order they were said; none once it is
    /// over.
    async fn list_said(&self, life: &Life, after_seq: i64, limit: usize) -> Result<Vec<Message>, StoreError>;
}
