//! Names of things.

use kit::id::{UserId, is_id};
use kit::id_type;

id_type! {
    /// A conversation, as its client chose to call it. Unique among one user's conversations only.
    ConversationId, is_id
}

id_type! {
    /// A message, as its client chose to call it; unique in its conversation, which makes a repeated append harmless.
    ClientId, is_id
}

id_type! {
    /// One life of a conversation: deleted and created again under the same id, it is a different one.
    Incarnation, is_id
}

id_type! {
    /// One run of one process that works on jobs. A restart is another worker, also on the same host.
    WorkerId, is_id
}

id_type! {
    /// A request that may come twice, as its caller chose to call it.
    RequestId, is_id
}

impl ClientId {
    /// A fresh random id, for a message whose client gave it none.
    pub fn random() -> Self {
        Self(kit::id::random())
    }
}

impl Incarnation {
    /// A life that has not been lived before.
    pub fn random() -> Self {
        Self(kit::id::random())
    }
}

impl WorkerId {
    /// The worker of a process that has just started.
    pub fn random() -> Self {
        Self(kit::id::random())
    }
}

impl RequestId {
    /// A fresh random id, for a request whose caller gave it none.
    pub fn random() -> Self {
        Self(kit::id::random())
    }
}

/// A conversation among those of all users.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConversationKey {
    /// Whose it is.
    pub user_id: UserId,
    /// What that user's client calls it.
    pub conversation_id: ConversationId,
}

impl ConversationKey {
    /// The conversation that `user_id` knows as `conversation_id`.
    pub fn new(user_id: UserId, conversation_id: ConversationId) -> Self {
        Self { user_id, conversation_id }
    }
}

/// One life of a conversation among those of all users, for whoever cleans up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The conversation.
    pub key: ConversationKey,
    /// Which life of it.
    pub incarnation: Incarnation,
}
