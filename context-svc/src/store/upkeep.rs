//! What is promised about cleaning up. Everything in small steps, so that nobody waits long behind one.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::domain::model::{ConversationKey, Life};

/// What nobody needs any more.
#[async_trait]
pub trait UpkeepStore: Send + Sync {
    /// Looks at the messages of at most `limit` lives of conversations after the place `after`, and says which of those
    /// lives are over, and where to look on; `None` at the end.
    async fn find_orphans(&self, after: Option<&Life>, limit: usize) -> Result<(Vec<Life>, Option<Life>), StoreError>;

    /// Removes at most `limit` messages of a life that is over. Of one that is not, none.
    async fn remove_orphans(&self, life: &Life, limit: usize) -> Result<usize, StoreError>;

    /// Removes at most `limit` conversations of an era that is gone.
    async fn remove_gone_eras(&self, limit: usize) -> Result<usize, StoreError>;

    /// Forgets why at most `limit` jobs were asked for, what went wrong, and raw answers: of those done since before `done_before`, and
    /// of those that ended badly before `ended_badly_before`. Says how many.
    ///
    /// How far a conversation is extracted, its fence, and the reason of a dead job are kept.
    async fn forget_details(
        &self,
        done_before: Timestamp,
        ended_badly_before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Forgets at most `limit` calls of models that ended at `ended_before` or earlier, the oldest first. Says how many. The
    /// sums of days stay.
    async fn forget_calls(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Forgets at most `limit` erasures that were done before `done_before`. An account stays closed.
    async fn forget_erasures(&self, done_before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Conversations to which nothing was added, and whose job has not moved, since before `silent_since`; none that is
    /// dirty or has a live job.
    async fn list_silent(&self, silent_since: Timestamp, limit: usize) -> Result<Vec<ConversationKey>, StoreError>;

    /// Deletes a conversation, as its user could, if it is still one of [`UpkeepStore::list_silent`].
    async fn delete_silent(&self, key: &ConversationKey, silent_since: Timestamp) -> Result<bool, StoreError>;
}
