//! Asking for an extraction, and what comes of asking.

use std::time::Duration;

use jiff::Timestamp;
use kit::telemetry::trace::TraceContext;

use super::{ConversationId, Watermark, spelled};

/// Why an extraction is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The login session ended.
    Logout,
    /// The chat stream ended, for whatever reason.
    Disconnect,
    /// Nothing was said for a while.
    Idle,
    /// Much is waiting to be extracted.
    Size,
    /// A user or an operator asked.
    Manual,
}

spelled!(Cause {
    Logout => "LOGOUT",
    Disconnect => "DISCONNECT",
    Idle => "IDLE",
    Size => "SIZE",
    Manual => "MANUAL",
});

/// Why an extraction is asked for, and by which request, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// Why.
    pub cause: Cause,
    /// The trace of the request. What nobody requested, such as the sweep, has none.
    pub trace: Option<TraceContext>,
}

impl From<Cause> for Occasion {
    fn from(cause: Cause) -> Self {
        Self { cause, trace: None }
    }
}

/// One request for an extraction, and the terms on which the queue takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Why.
    pub cause: Cause,
    /// The trace of the request it comes from; the job's work is linked to it.
    pub trace: Option<TraceContext>,
    /// When.
    pub at: Timestamp,
    /// How long a job waits from now on, so that more can be said before it runs.
    pub wait: Duration,
    /// How long a job waits at most from its first trigger.
    pub wait_max: Duration,
    /// How many jobs may be live. Beyond it only a trigger that needs a new one is refused.
    pub depth_limit: u64,
}

impl Trigger {
    /// When a job is due by this trigger, if its first trigger came at `first_at`.
    pub fn due(&self, first_at: Timestamp) -> Timestamp {
        let by_this = self.at + self.wait;
        by_this.min(first_at + self.wait_max).max(first_at)
    }
}

/// What the queue did with a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It is on record, and whatever follows from it survives a crash.
    Accepted(Ticket),
    /// It needs a new job, and as many as there may be are live. Nothing was written.
    Full,
}

/// How much of a conversation no session context covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// How many messages.
    pub messages: u64,
    /// How many characters they have; of many messages, only of as many as were asked for.
    pub chars: u64,
    /// How many bytes those are in UTF-8.
    pub bytes: u64,
    /// When the size of the conversation last asked for an extraction.
    pub sized_at: Option<Timestamp>,
}

impl Backlog {
    /// About as many tokens as a model would count: four letters each in ASCII, about one each in Chinese.
    pub fn tokens(&self) -> u64 {
        (self.chars + self.bytes.saturating_sub(self.chars) * 3 / 2) / 4
    }
}

/// What became of a trigger. All of them are success: nobody needs to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A job was queued. Of any number of concurrent triggers exactly one gets this.
    Queued,
    /// A job was waiting already and covers these messages too.
    Merged,
    /// A job is running on older messages and goes on to these when done.
    Rearmed,
    /// A job is running that covers all messages.
    AlreadyRunning,
    /// All messages have been extracted before.
    AlreadyExtracted,
    /// The last job gave up on these messages.
    DeadLettered,
    /// The last job on these messages was cancelled.
    Cancelled,
    /// The user has said nothing since the last extraction: no job, no model call.
    Empty,
    /// There is no such conversation, or it has been erased.
    Unknown,
}

spelled!(Outcome {
    Queued => "QUEUED",
    Merged => "MERGED",
    Rearmed => "REARMED",
    AlreadyRunning => "ALREADY_RUNNING",
    AlreadyExtracted => "ALREADY_EXTRACTED",
    DeadLettered => "DEAD_LETTERED",
    Cancelled => "CANCELLED",
    Empty => "EMPTY",
    Unknown => "UNKNOWN",
});

/// The answer to one trigger for one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What became of the trigger.
    pub outcome: Outcome,
    /// Up to where it is, or will be, extracted; [`Watermark::ZERO`] if unknown.
    pub watermark: Watermark,
}
