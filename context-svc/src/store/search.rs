//! What a backend promises to whoever searches a user's memory.

use async_trait::async_trait;
use kit::id::UserId;

use super::StoreError;
use crate::domain::model::{ConversationId, MemoryStand, Message, StandingContext, Stretch};

/// Reads a user's memory in pieces, so that what is made of it can be brought up to date without reading all of it again.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// How the user's memory stands. Reads no message, no session context and no summary, so that it may be asked for before
    /// every search. An unknown user has an empty one.
    async fn memory_stand(&self, user: &UserId) -> Result<MemoryStand, StoreError>;

    /// The messages of each stretch in the order they were said, in the order of `stretches`; none of a life that has ended, is
    /// erased, or is another's.
    async fn list_stretches(&self, user: &UserId, stretches: &[Stretch]) -> Result<Vec<Vec<Message>>, StoreError>;

    /// The session context that each conversation has now, in the order of `conversations`; `None` where there is none.
    async fn list_contexts_of(
        &self,
        user: &UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<StandingContext>>, StoreError>;
}
