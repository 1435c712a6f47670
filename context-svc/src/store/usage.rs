//! What is promised about the record of model calls and what they consumed.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use kit::id::UserId;

use super::StoreError;
use crate::domain::model::{CallRecord, ConversationKey, DayUsage, Spent, Usage};

/// Calls of models, and sums of them by day in UTC. Nothing of it holds a word of what was said.
///
/// An erasure takes the calls and the days of its user, whose count begins anew; the sum of all users stays. Deleting a
/// conversation takes its name off its calls.
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Puts a call on record, and adds what it consumed to the day that it ended on, for its user and for all. All of it or
    /// nothing.
    ///
    /// A call that began before its user was last erased, or of a user whose account is closed, counts for all users only.
    async fn record_call(&self, call: &CallRecord) -> Result<(), StoreError>;

    /// What has been consumed on `day`, by the user and by all.
    async fn spent(&self, user: &UserId, day: Date) -> Result<Spent, StoreError>;

    /// What the calls for the extraction of a conversation consumed that ended at `since` or later, as far as they are still on
    /// record.
    async fn usage_of_job(&self, key: &ConversationKey, since: Timestamp) -> Result<Usage, StoreError>;

    /// The days from `first` to `last` on which the user consumed anything, the latest first.
    async fn list_usage(&self, user: &UserId, first: Date, last: Date) -> Result<Vec<DayUsage>, StoreError>;
}
