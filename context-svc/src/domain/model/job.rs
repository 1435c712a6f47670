//! The durable job that turns the messages of one conversation into its session context.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Cause, ContextOutcome, ConversationKey, Incarnation, RawAnswer, Traces, Watermark, WorkerId, spelled};

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Never asked for.
    Idle,
    /// Waits for its time and a free worker.
    Pending,
    /// A worker has leased it.
    Running,
    /// Everything asked for is extracted.
    Done,
    /// It has given up and says why.
    Dead,
    /// An operator, a deletion or an erasure cancelled it.
    Cancelled,
}

spelled!(JobState {
    Idle => "IDLE",
    Pending => "PENDING",
    Running => "RUNNING",
    Done => "DONE",
    Dead => "DEAD",
    Cancelled => "CANCELLED",
});

impl JobState {
    /// Whether the job waits or runs, and so counts towards the depth of the queue.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}

/// The right to write the outcome of one claim. Every write of a running job names it; an old one matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The conversation.
    pub key: ConversationKey,
    /// Which life of it was claimed.
    pub incarnation: Incarnation,
    /// Number of the claim; each claim of a job has a higher one.
    pub fence: i64,
    /// Who claimed it.
    pub owner: WorkerId,
}

/// A claimed job: what a [`super::Processor`] is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The right to finish it.
    pub lease: Lease,
    /// Up to where extraction is asked for.
    pub want: Watermark,
    /// Up to where the saved session context covers the messages.
    pub done: Watermark,
    /// Number of this attempt: 1, 2, 3 …
    pub attempt: u32,
    /// Times it was put off without an attempt being counted.
    pub snoozes: u32,
    /// Why it was asked for, each cause once.
    pub causes: Vec<Cause>,
    /// By which requests.
    pub traces: Traces,
    /// When the first trigger since the last completion came: how old the job is.
    pub first_at: Timestamp,
}

impl Job {
    /// The conversation.
    pub fn key(&self) -> &ConversationKey {
        &self.lease.key
    }

    /// The last message the result is to cover. A result may stop earlier, after [`Job::done`]; the rest follows in another pass.
    pub fn upto_seq(&self) -> i64 {
        self.want.seq()
    }
}

/// Why an attempt did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// Stable reason in upper snake case.
    pub reason: String,
    /// The same for people, without any text of the conversation.
    pub message: String,
    /// When it happened.
    pub at: Timestamp,
}

/// What becomes of a claimed job that was not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits until then for its next attempt.
    Retry {
        /// When it may run again.
        not_before: Timestamp,
    },
    /// It waits until then, and the attempt is given back.
    Snooze {
        /// When it may run again.
        until: Timestamp,
    },
    /// It has given up.
    Dead,
    /// It has given up because whoever does the work could not be reached for too long. Not its own fault: it is redriven
    /// when they can be.
    DeadOfOutage,
}

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Saved, and nothing more is asked for.
    Done,
    /// Saved, and the job is pending again because more is asked for.
    Rearmed,
    /// Dropped: the job was claimed by another, cancelled or deleted meanwhile.
    LeaseLost,
}

/// The job of a conversation as it stands, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The conversation.
    pub key: ConversationKey,
    /// Where the job is.
    pub state: JobState,
    /// Up to where extraction was asked for; only grows.
    pub want: Watermark,
    /// Up to where the saved session context covers the messages; only grows.
    pub done: Watermark,
    /// When it is due by its triggers.
    pub run_at: Option<Timestamp>,
    /// Not to be tried before then, after a failure or a snooze.
    pub not_before: Option<Timestamp>,
    /// When the first trigger since the last completion came.
    pub first_at: Option<Timestamp>,
    /// Attempts that counted since it was queued.
    pub attempts: u32,
    /// Claims in a row that ended without a verdict.
    pub deliveries: u32,
    /// Times it was put off without an attempt being counted.
    pub snoozes: u32,
    /// Triggers that were merged into it.
    pub merges: u32,
    /// Number of its last claim, or of what took the claim away; only grows.
    pub fence: i64,
    /// Who has leased it.
    pub owner: Option<WorkerId>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// Why it was asked for, each cause once, in the order they came.
    pub causes: Vec<Cause>,
    /// Why the last attempt did not succeed.
    pub last_error: Option<LastError>,
    /// The last answer that could not be used, kept until one could. Only read for whoever lists jobs and asks for it.
    pub raw_answer: Option<RawAnswer>,
    /// How the last finished extraction came out.
    pub outcome: Option<ContextOutcome>,
    /// Proposed items that the last finished extraction dropped, by stable reason.
    pub items_dropped: BTreeMap<String, i64>,
    /// When it was first asked for.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}
