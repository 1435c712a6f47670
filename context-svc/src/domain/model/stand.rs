//! How a user's memory stands, for whoever keeps something made of it and must know whether it is still true.

use super::{ConversationId, Incarnation, SessionContext};

/// A user's memory at a glance: equal to what it was before if nothing was said, extracted, rolled up, deleted or erased since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStand {
    /// Which summary there is.
    pub summary: SummaryStand,
    /// Every conversation of the user, in the order of their ids.
    pub conversations: Vec<ConversationStand>,
}

/// Which summary there is: another one whenever it was made anew, or lost what it had from a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SummaryStand {
    /// Raised by every erasure.
    pub era: i64,
    /// Raised by every deletion of a conversation.
    pub deletions: i64,
    /// Number of the summary; 0 if there is none.
    pub epoch: i64,
}

/// How one conversation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationStand {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The `seq` of its last message, which is also their number.
    pub last_seq: i64,
    /// The claim that its session context was extracted under; 0 if there is none.
    pub extract_fence: i64,
}

/// Some messages of one life of a conversation that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The message before the first.
    pub after_seq: i64,
    /// The last message.
    pub upto_seq: i64,
}

/// A session context, and which one it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingContext {
    /// Which life of its conversation it is about.
    pub incarnation: Incarnation,
    /// The claim that it was extracted under.
    pub extract_fence: i64,
    /// What it says.
    pub context: SessionContext,
}
