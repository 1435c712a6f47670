//! The durable job that rolls a user's session contexts up. It has no watermark: it is due while enough are unsummarised.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kit::id::UserId;
use serde::{Deserialize, Serialize};

use super::{ConversationId, Incarnation, JobState, LastError, SessionContext, Summary, Verdicts, WorkerId};

/// One session context, of which a later extraction makes another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Covered {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The claim that its context was extracted under.
    pub extract_fence: i64,
}

/// A session context that no summary covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsummarised {
    /// Which it is.
    pub covered: Covered,
    /// What it says.
    pub context: SessionContext,
    /// When the last message of its conversation was said.
    pub last_at: Timestamp,
}

/// A summary that is saved, while what it covers is being marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marking {
    /// The summary.
    pub epoch: i64,
    /// What it covers.
    pub covered: BTreeSet<Covered>,
}

/// The right to write for one claim of a summary job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SummaryLease {
    /// Whose summary.
    pub user_id: UserId,
    /// Number of the claim.
    pub fence: i64,
    /// Who claimed it.
    pub owner: WorkerId,
}

/// A claimed summary job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryJob {
    /// The right to finish it.
    pub lease: SummaryLease,
    /// Number of this attempt: 1, 2, 3 …
    pub attempt: u32,
    /// When it became due: how old the job is.
    pub first_at: Timestamp,
}

/// What a claim finds: the summary so far and what is to go into the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// Whose memory it is.
    pub user_id: UserId,
    /// The summary so far; before the first and after an erasure like [`Summary::empty`]. Its epoch is the number of the last
    /// one saved, also of one that was erased.
    pub summary: Summary,
    /// What an earlier claim saved and did not finish marking. It comes before anything else, and needs no model.
    pub marking: Option<Marking>,
    /// Everything that no summary covers.
    pub open: BTreeSet<Covered>,
    /// Of that the oldest, with what they say.
    pub oldest: Vec<Unsummarised>,
    /// What the user has said about items: whoever rolls up is told nothing that was rejected.
    pub said: Verdicts,
    /// Where the user's memory stood when it was read: a summary made of it is saved only if it still stands there.
    pub stand: Stand,
}

/// What makes a pick stale when it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Raised by an erasure.
    pub era: i64,
    /// Raised when a conversation is deleted.
    pub deletions: i64,
}

/// A new summary, and what it covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Summarised {
    /// The summary.
    pub summary: Summary,
    /// What it covers that the one before did not; never empty.
    pub covered: BTreeSet<Covered>,
}

/// What became of a new summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Saved, with what is to be marked.
    Saved,
    /// Not saved: something was deleted, erased or saved since the pick. Pick again.
    Stale,
    /// Not saved: the job was claimed by another or cancelled meanwhile.
    LeaseLost,
}

/// What became of asking for a summary. All of them are success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryAsked {
    /// A job was queued.
    Queued,
    /// A job waits or runs already.
    Live,
    /// Too little is unsummarised.
    NotDue,
    /// The last job gave up on just these contexts, or on more of them.
    GivenUp,
}

/// The summary job of a user as it stands, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryStanding {
    /// Where the job is.
    pub state: JobState,
    /// Number of the last summary; 0 before the first.
    pub epoch: i64,
    /// Whether what it covers is still being marked.
    pub is_marking: bool,
    /// Not to be tried before then, after a failure or a snooze.
    pub not_before: Option<Timestamp>,
    /// Attempts that counted since it was queued.
    pub attempts: u32,
    /// Number of its last claim, or of what took the claim away; only grows.
    pub fence: i64,
    /// Who has leased it.
    pub owner: Option<WorkerId>,
    /// Why the last attempt did not succeed.
    pub last_error: Option<LastError>,
}
