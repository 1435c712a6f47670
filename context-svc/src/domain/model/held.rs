//! Everything that is held of one conversation but its messages.

use super::{Conversation, Incarnation, SessionContext};

/// A conversation and what was extracted from it, as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The conversation.
    pub conversation: Conversation,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// Its session context, once it is extracted.
    pub context: Option<SessionContext>,
}
