//! Reading again what was read before, by a better prompt or model.

use jiff::Timestamp;
use kit::id::UserId;

use super::{ConversationId, ConversationKey, Outcome};

/// Which conversations are to be read again. Only such as a model has read before, and that nobody has asked to read again since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// Only this user's.
    pub user_id: Option<UserId>,
    /// Of these only this one.
    pub conversation_id: Option<ConversationId>,
    /// What they were read with.
    pub read_with: ReadWith,
    /// Only those that were read before then: what has been read again is not read once more.
    pub extracted_before: Timestamp,
}

/// The prompt version that a session context was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadWith {
    /// Just this one.
    Version(String),
    /// Any but this one.
    AnyBut(String),
}

/// What became of the wish to read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reread {
    /// The conversations that will be, each with what became of its job.
    pub accepted: Vec<(ConversationKey, Outcome)>,
    /// Whether the next one needs a new job for which there was no room.
    pub is_full: bool,
}
