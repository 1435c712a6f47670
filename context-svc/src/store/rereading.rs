//! What is promised about reading again what was read before.

use async_trait::async_trait;

use super::StoreError;
use crate::domain::model::{ConversationKey, Outdated, Reread, Trigger};

/// Raising the extractor's generation of conversations, so that all their messages are read again.
#[async_trait]
pub trait RereadingStore: Send + Sync {
    /// At most `limit` of the conversations that are outdated; of those read with the same prompt the longest ago first.
    async fn list_outdated(&self, which: &Outdated, limit: usize) -> Result<Vec<ConversationKey>, StoreError>;

    /// Asks for at most `limit` of [`RereadingStore::list_outdated`], in that order, up to their last message under the next
    /// generation: like [`super::JobStore::enqueue`], merging with a job that waits and re-arming one that runs.
    ///
    /// What is asked for is outdated no longer, so of any number of callers one raises the generation. Stops where the queue
    /// has no room; those accepted stay accepted. What is remembered stays until the new result is saved.
    async fn reread(&self, which: &Outdated, limit: usize, trigger: &Trigger) -> Result<Reread, StoreError>;
}
