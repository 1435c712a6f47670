//! Answering in a talk: what it looks like before, and what the answer is called.

use super::{ClientId, Incarnation, Message, Role};

/// What the id of an answer begins with; the `seq` that it answers follows.
const PREFIX: &str = "reply-";

/// The end of a conversation, as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkSoFar {
    /// Which life of the conversation it is of.
    pub incarnation: Incarnation,
    /// The newest messages, at least one, the oldest of them first.
    pub messages: Vec<Message>,
}

/// The client id of the answer to the message `seq`: always the same, so that a message has one answer however often it is
/// answered.
pub fn reply_id(seq: i64) -> Option<ClientId> {
    ClientId::parse(format!("{PREFIX}{seq}"))
}

/// Another client id for the answer to the message `seq`, one that nobody has used: for where [`reply_id`] is taken by what is none.
pub fn spare_reply_id(seq: i64) -> Option<ClientId> {
    ClientId::parse(format!("{PREFIX}{seq}-{}", kit::id::random()))
}

/// The `seq` of the message that whatever is called `client_id` answers, if it is an answer of ours.
pub fn answered_by(client_id: &ClientId) -> Option<i64> {
    let named = client_id.as_str().strip_prefix(PREFIX)?;
    named.split_once('-').map_or(named, |(seq, _)| seq).parse().ok()
}

/// The `seq` of the message that `message` answers, if it is an answer of ours.
pub fn replies_to(message: &Message) -> Option<i64> {
    let seq = answered_by(&message.client_id)?;
    (message.role == Role::Assistant && seq < message.seq).then_some(seq)
}
