//! What stands in the stores, as a witness sees it who trusts no service.
//!
//! Nothing here knows how the services write. The witness only notes, in the very transaction of each write, what changed.

pub(crate) mod sqlite;

/// Everything of interest that stands in the stores.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witnessed {
    pub(crate) conversations: Vec<Kept>,
    pub(crate) messages: Vec<Heard>,
    /// In the order in which they were committed.
    pub(crate) commits: Vec<Commit>,
    /// In the order in which they were committed.
    pub(crate) claims: Vec<Claim>,
    pub(crate) summarised: Vec<Summarised>,
    /// How many summaries were saved.
    pub(crate) summaries: i64,
    /// How many of them do not say what they cover.
    pub(crate) summaries_of_nothing: i64,
    /// User and conversation, as often as the summaries tell of them.
    pub(crate) told: Vec<(String, String)>,
    pub(crate) depth_counted: i64,
    pub(crate) depth_most: i64,
    pub(crate) endings: Vec<Ending>,
}

/// What has not come to rest yet.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    /// Conversations that a job or the sweep has still to come to.
    pub(crate) conversations: Vec<Kept>,
    /// Summaries that are due or being made with what they have to cover, and messages that are deleted or erased and
    /// still there.
    pub(crate) in_memories: i64,
    /// Outbox entries.
    pub(crate) unsent: i64,
}

/// One life of a conversation: a deleted one that comes again is another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    pub(crate) user: String,
    pub(crate) conversation: String,
    pub(crate) incarnation: String,
}

/// A conversation and its job. Watermarks are those of the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) life: Life,
    /// Neither being deleted nor erased.
    pub(crate) is_visible: bool,
    pub(crate) is_dirty: bool,
    pub(crate) last_seq: i64,
    pub(crate) state: String,
    pub(crate) want: i64,
    pub(crate) done: i64,
    pub(crate) extracted_to: i64,
    /// How far the saved context says that it reaches.
    pub(crate) context_seq: Option<i64>,
    pub(crate) reason: Option<String>,
    /// How long ago the lease ended, if the job is running; negative while it lasts.
    pub(crate) overdue_ms: Option<i64>,
}

impl Kept {
    /// The `seq` that is covered by what is remembered.
    pub(crate) fn done_seq(&self) -> i64 {
        self.done & SEQ
    }

    /// Whether the job has ended without a result and said why.
    pub(crate) fn is_given_up(&self) -> bool {
        (self.state == "DEAD" && self.reason.is_some()) || self.state == "CANCELLED"
    }

    /// Whether that was also about this message.
    pub(crate) fn gives_up_on(&self, seq: i64) -> bool {
        self.is_given_up() && self.want & SEQ >= seq
    }

    /// Whether a job, or the sweep, has still to come.
    pub(crate) fn is_unsettled(&self) -> bool {
        let is_live = matches!(self.state.as_str(), "PENDING" | "RUNNING");
        is_live || !self.is_visible || (self.is_dirty && !self.gives_up_on(self.last_seq))
    }
}

const SEQ: i64 = (1 << 40) - 1;

/// A message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    pub(crate) life: Life,
    pub(crate) seq: i64,
    pub(crate) client_id: String,
    pub(crate) text: String,
}

/// A write that saved what was extracted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Commit {
    pub(crate) life: Life,
    pub(crate) upto: i64,
    pub(crate) fence: i64,
    /// The fence and the state of the job just before.
    pub(crate) fence_before: i64,
    pub(crate) state_before: String,
}

impl Commit {
    pub(crate) fn seq(&self) -> i64 {
        self.upto & SEQ
    }
}

/// A write that gave a job to a worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claim {
    pub(crate) life: Life,
    pub(crate) fence: i64,
    /// What was left of the lease of the worker before, if there was one.
    pub(crate) lease_left_ms: Option<i64>,
}

/// A write that saved a summary of a session context.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Summarised {
    pub(crate) life: Life,
    pub(crate) fence: i64,
}

/// A login session that has ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    pub(crate) session: String,
    pub(crate) asks_for_extraction: bool,
    /// `pending` or `sent`, if there is an outbox entry.
    pub(crate) outbox: Option<String>,
}
