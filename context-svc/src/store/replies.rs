//! What is promised to whoever answers in a talk.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::domain::model::{AppendedMessage, ConversationKey, Incarnation, NewMessage, TalkSoFar};

/// Talks that are answered in.
#[async_trait]
pub trait ReplyStore: Send + Sync {
    /// The newest `limit` messages of a conversation, and which life of it they are of. `None`: there is no such conversation.
    async fn talk_so_far(&self, key: &ConversationKey, limit: usize) -> Result<Option<TalkSoFar>, StoreError>;

    /// Adds an answer to that very life of a conversation. Where the message is answered already, by an assistant and later
    /// than it was said, that answers its client id and `seq`, and its text stays as it was. Where the client id is taken by
    /// anything else, the answer gets a spare one. Once this returns, the answer is durable.
    ///
    /// Nobody speaks by it: the conversation stays with the login session that it was last held under. `None`: that life is
    /// over, by a deletion or an erasure, and nothing was written.
    async fn append_reply(
        &self,
        key: &ConversationKey,
        incarnation: &Incarnation,
        reply: &NewMessage,
        now: Timestamp,
    ) -> Result<Option<AppendedMessage>, StoreError>;
}
