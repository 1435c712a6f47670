//! The erasure of everything that is stored about one user.

use jiff::Timestamp;
use kit::id::UserId;
use serde::{Deserialize, Serialize};

use super::{RequestId, WorkerId, spelled};

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureState {
    /// Nothing can be read any more; removing goes on.
    Running,
    /// Everything is removed, verified by a read.
    Done,
}

spelled!(ErasureState { Running => "RUNNING", Done => "DONE" });

/// How much of each kind there was when an erasure began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCounts {
    /// Conversations.
    pub conversations: i64,
    /// Messages.
    pub messages: i64,
    /// Session contexts.
    pub session_contexts: i64,
    /// Items in them and in the summary.
    pub items: i64,
    /// Edits, confirmations and rejections.
    pub verdicts: i64,
    /// Summaries, 0 or 1.
    pub summaries: i64,
    /// Jobs that were waiting or running.
    pub jobs_cancelled: i64,
}

/// An erasure as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// How far it is.
    pub state: ErasureState,
    /// What there was when it began.
    pub counts: ErasureCounts,
    /// When it began.
    pub started_at: Timestamp,
}

/// The wish to erase one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Whom.
    pub user_id: UserId,
    /// What the caller calls it; the same id is the same erasure, also when it is long done.
    pub request_id: Option<RequestId>,
    /// Whether the account is gone, so that nothing is ever accepted for this user again.
    pub closes_account: bool,
    /// When.
    pub at: Timestamp,
    /// When whatever was being written at that time has been written.
    pub again_at: Timestamp,
}

/// The right to work on an erasure. Every write of it names this; an old one matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureLease {
    /// Who is erased.
    pub user_id: UserId,
    /// Which erasure of that user.
    pub request_id: RequestId,
    /// Everything of an older era goes.
    pub era: i64,
    /// Number of the claim.
    pub fence: i64,
    /// Who claimed it.
    pub owner: WorkerId,
}

/// What became of the attempt to end an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureEnd {
    /// A read found nothing, and that is on record.
    Done,
    /// Something is still there: go on removing.
    Remains,
    /// Whatever was being written when it began may still arrive. The job is given back until that is over.
    TooEarly,
    /// Another worker has it.
    LeaseLost,
}
