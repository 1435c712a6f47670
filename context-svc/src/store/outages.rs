//! What is promised about jobs that died because whoever does the work could not be reached.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::domain::model::ConversationKey;

/// Jobs that died of an outage, and how they come back. One that died of its own content never does by itself.
#[async_trait]
pub trait OutageStore: Send + Sync {
    /// Makes the job that died of an outage longest ago due at once. `None`: there is none.
    ///
    /// It keeps its age, so that it dies again at once if the outage goes on; then another is the next probe.
    async fn probe_outage(&self, now: Timestamp) -> Result<Option<ConversationKey>, StoreError>;

    /// Makes at most `limit` jobs that died of an outage due at once, as if they had never been tried. Says how many.
    ///
    /// They are let in beyond the depth limit: each was let in once.
    async fn redrive_after_outage(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError>;
}
