//! What context-svc keeps, as promises. Each backend in its own module; nothing above knows which one it talks to.
//!
//! Time comes in as an argument, absent is `Ok(None)`, and every write that is acknowledged is durable. Whatever belongs to
//! a user is asked for by user id first: a wrong one finds nothing.

mod decision;
mod erasures;
mod exports;
pub mod open;
mod outages;
mod replies;
mod rereading;
mod search;
mod sqlite;
mod summaries;
mod upkeep;
mod usage;
mod verdicts;

#[cfg(test)]
mod contract;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::{SessionId, UserId};

use crate::domain::model::{
    Addition, Appended, Backlog, Committed, Conversation, ConversationCursor, ConversationKey, Enqueued, Extraction,
    ExtractionCursor, ExtractionFilter, Fate, Job, LastError, Lease, Message, Moved, QueueCounts, RawAnswer,
    SessionContext, TailMessage, Ticket, Trigger, Unsummarised, Watermark, WorkerId,
};

pub use erasures::ErasureStore;
pub use exports::ExportStore;
pub use outages::OutageStore;
pub use replies::ReplyStore;
pub use rereading::RereadingStore;
pub use search::SearchStore;
pub use sqlite::SqliteStore;
pub use summaries::SummaryStore;
pub use upkeep::UpkeepStore;
pub use usage::UsageStore;
pub use verdicts::VerdictStore;

/// Everything context-svc keeps.
#[async_trait]
pub trait Store:
    ConversationStore
    + ReplyStore
    + JobStore
    + OperatorStore
    + RereadingStore
    + ContextStore
    + ErasureStore
    + ExportStore
    + UpkeepStore
    + SummaryStore
    + UsageStore
    + VerdictStore
    + SearchStore
{
    /// Gives the store up once everything accepted so far is durable. Later calls fail.
    async fn close(&self);
}

/// What was said.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Adds messages to a conversation, creating it with the first ones. All of them or none.
    ///
    /// A client id that is there already answers its `seq`, and its text stays as it was. Once this returns, every message
    /// is durable, and if the user said something the conversation is dirty or its context covers it. If the last append
    /// came under another login session, what that one left unextracted is first enqueued on the terms of `handover`,
    /// as far as the queue has room. `None`: an earlier conversation of that id is still being deleted or erased, or the user's
    /// account is closed.
    async fn append(
        &self,
        key: &ConversationKey,
        addition: &Addition,
        handover: &Trigger,
    ) -> Result<Option<Appended>, StoreError>;

    /// Removes a conversation with its messages, its session context, its job, the verdicts on its items, and what the
    /// user's summary has from it. `false`: there is none.
    ///
    /// Once this returns it can no longer be read, what a worker still makes of it is dropped, and the id is free for
    /// another.
    async fn delete_conversation(&self, key: &ConversationKey) -> Result<bool, StoreError>;

    /// The conversation, without its messages.
    async fn find_conversation(&self, key: &ConversationKey) -> Result<Option<Conversation>, StoreError>;

    /// The user's conversations, the last spoken in first, from the place after `after`.
    async fn list_conversations(
        &self,
        user: &UserId,
        after: Option<&ConversationCursor>,
        limit: usize,
    ) -> Result<Vec<Conversation>, StoreError>;

    /// The messages with a `seq` above `after_seq`, in the order they were said; none if there is no such conversation.
    async fn list_messages(
        &self,
        key: &ConversationKey,
        after_seq: i64,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;

    /// The messages above `after_seq` up to `upto_seq` of the very conversation that was claimed, not of a later one of
    /// the same id.
    async fn transcript(&self, lease: &Lease, after_seq: i64, upto_seq: i64) -> Result<Vec<Message>, StoreError>;

    /// The newest `limit` messages of the user that no session context covers, the oldest of them first.
    async fn raw_tail(&self, user: &UserId, limit: usize) -> Result<Vec<TailMessage>, StoreError>;
}

/// Durable jobs, at most one a conversation.
#[async_trait]
pub trait JobStore: OutageStore {
    /// Asks for an extraction up to the last message, merging with a live job.
    ///
    /// Of any number of concurrent callers, exactly one gets [`crate::domain::model::Outcome::Queued`]. Once this returns,
    /// the request survives a crash of the process.
    async fn enqueue(&self, key: &ConversationKey, trigger: &Trigger) -> Result<Enqueued, StoreError>;

    /// Asks for every conversation last held under that login session that is not fully extracted.
    ///
    /// Those accepted stay accepted when the queue is too full for the others.
    async fn enqueue_session(
        &self,
        user: &UserId,
        session: &SessionId,
        trigger: &Trigger,
    ) -> Result<SessionEnqueued, StoreError>;

    /// How much of a conversation waits to be extracted; the length of its first `measured` messages is measured.
    ///
    /// Remembers the last accepted trigger for [`crate::domain::model::Cause::Size`]. `None`: there is no such conversation.
    async fn backlog(&self, key: &ConversationKey, measured: u64) -> Result<Option<Backlog>, StoreError>;

    /// Leases a job until `now + lease`: one whose lease has expired, else the one that is due for longest; none of a user
    /// in `capped`.
    ///
    /// A lease that expires makes the job due again, so running a job twice must be harmless. One that expired
    /// `deliveries_max` times in a row without a verdict is given up with the reason `POISON`.
    async fn claim(&self, worker: &WorkerId, capped: &[UserId], terms: &ClaimTerms) -> Result<Option<Job>, StoreError>;

    /// Leases it for longer, until `lease_until`. `false`: the lease is lost, and whatever is being done for it is in vain.
    async fn heartbeat(&self, lease: &Lease, lease_until: Timestamp) -> Result<bool, StoreError>;

    /// Saves the result and ends the job in one write, or makes it pending again if more is asked for by now.
    async fn complete(
        &self,
        lease: &Lease,
        upto: Watermark,
        context: &SessionContext,
        now: Timestamp,
    ) -> Result<Committed, StoreError>;

    /// Records why an attempt did not succeed, and what becomes of the job. `false`: the lease was lost before.
    ///
    /// The last `answer` that could not be used is kept until one could; or until [`UpkeepStore::forget_details`].
    async fn fail(
        &self,
        lease: &Lease,
        fate: Fate,
        error: &LastError,
        answer: Option<&RawAnswer>,
    ) -> Result<bool, StoreError>;

    /// Gives the job back as if it had not been claimed. `false`: the lease was lost before.
    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError>;

    /// Conversations that are dirty, were last appended to at or before `silent_since`, and have no job that is live or has
    /// ended badly on these very messages. The longest silent first.
    async fn list_idle(&self, silent_since: Timestamp, limit: usize) -> Result<Vec<ConversationKey>, StoreError>;

    /// The job of a conversation as it stands.
    async fn find_extraction(&self, key: &ConversationKey) -> Result<Option<Extraction>, StoreError>;

    /// How many jobs [`JobStore::claim`] has given up as `POISON` since this store was opened here.
    fn poisoned(&self) -> u64;

    /// How many jobs are live, of all users.
    async fn depth(&self) -> Result<u64, StoreError>;
}

/// What became of a trigger for a whole login session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEnqueued {
    /// One for each conversation accepted.
    pub tickets: Vec<Ticket>,
    /// Conversations that need a new job for which there was no room.
    pub refused: usize,
}

/// On what terms a job is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimTerms {
    /// The present.
    pub now: Timestamp,
    /// For how long it is leased.
    pub lease: Duration,
    /// How many claims in a row may end without a verdict.
    pub deliveries_max: u32,
}

/// The jobs of all users, as an operator sees and moves them.
#[async_trait]
pub trait OperatorStore: Send + Sync {
    /// The jobs that `filter` is about, the longest unchanged first, from the place after `after`.
    ///
    /// One that changes while it is being paged through comes again, later; none is passed over.
    async fn list_extractions(
        &self,
        filter: &ExtractionFilter,
        after: Option<&ExtractionCursor>,
        limit: usize,
    ) -> Result<Vec<Extraction>, StoreError>;

    /// How many jobs there are, and since when one has been due.
    async fn count_jobs(&self, now: Timestamp) -> Result<QueueCounts, StoreError>;

    /// Ends a live job without a result. Its worker can do nothing more for it; one that is cancelled already stays so.
    /// `None`: there is no such conversation.
    async fn cancel(&self, key: &ConversationKey, now: Timestamp) -> Result<Option<Moved>, StoreError>;

    /// Makes a job that is dead or cancelled due at once, as if it had never been tried. `None`: there is no such conversation.
    async fn redrive(&self, key: &ConversationKey, now: Timestamp) -> Result<Option<Moved>, StoreError>;
}

/// What is remembered.
#[async_trait]
pub trait ContextStore: Send + Sync {
    /// The session context of a conversation.
    async fn find_context(&self, key: &ConversationKey) -> Result<Option<SessionContext>, StoreError>;

    /// The user's session contexts, those of the conversations last spoken in first.
    async fn list_contexts(&self, user: &UserId, limit: usize) -> Result<Vec<SessionContext>, StoreError>;

    /// Those of them that no summary covers yet, in the same order. Whoever wants all that is remembered reads these before the
    /// summary: what is rolled up in between is then seen twice rather than not at all.
    async fn list_unsummarised(&self, user: &UserId, limit: usize) -> Result<Vec<Unsummarised>, StoreError>;
}

/// The store could not do what it was asked, and nothing was written.
#[derive(Debug, thiserror::Error)]
#[error("the store is unavailable; try again")]
pub struct StoreError {
    kind: Kind,
    reason: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// The failure of a backend.
    pub(crate) fn of(error: impl Classify + Send + Sync) -> Self {
        Self { kind: error.kind(), reason: error.reason(), source: Box::new(error) }
    }
}

impl Classify for StoreError {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn reason(&self) -> &'static str {
        self.reason
    }
}
