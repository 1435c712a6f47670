//! Conversations and their messages.

use async_trait::async_trait;
use kit::id::{SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::append::Append;
use super::columns::{MESSAGE, conversation_id, message, micros, parsed, time, watermark};
use super::upkeep::life;
use super::{SqliteStore, summaries, usage, verdicts};
use crate::domain::model::{
    Addition, Appended, Conversation, ConversationCursor, ConversationKey, Incarnation, Lease, Life, Message,
    TailMessage, Trigger,
};
use crate::store::{ConversationStore, StoreError, UpkeepStore};

/// How many messages one write removes: a long conversation must not hold up everybody else.
const PIECE: usize = 500;

/// The columns of [`conversation`].
pub(super) const CONVERSATION: &str =
    "conversation_id, session_id, time_zone, last_seq, last_at, created_at, extracted_to,
                            coalesce(json_extract(context, '$.title'), '') AS title";

/// From the dirty conversations to their messages, in this order: the other way would read everything the user ever said.
pub(super) const RAW_TAIL: &str = "
    SELECT said.conversation_id, said.seq, said.client_id, said.role, said.name, said.text, said.at, said.time_zone
    FROM living_conversation c CROSS JOIN message said
    WHERE c.user_id = ?1 AND c.dirty = 1 AND said.user_id = ?1 AND said.conversation_id = c.conversation_id
      AND said.incarnation = c.incarnation AND said.seq > (c.extracted_to & ((1 << 40) - 1))
    ORDER BY said.at DESC, said.conversation_id DESC, said.seq DESC LIMIT ?2";

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn append(
        &self,
        key: &ConversationKey,
        addition: &Addition,
        handover: &Trigger,
    ) -> Result<Option<Appended>, StoreError> {
        let append = Append {
            key: key.clone(),
            addition: addition.clone(),
            handover: handover.clone(),
            newborn: Incarnation::random(),
        };
        Ok(self.database.write(move |db| append.run(db)).await?)
    }

    async fn delete_conversation(&self, key: &ConversationKey) -> Result<bool, StoreError> {
        let key = key.clone();
        let ended = self.database.write(move |db| delete(db, &key)).await?;
        self.remove_rest(ended.as_ref()).await;
        Ok(ended.is_some())
    }

    async fn find_conversation(&self, key: &ConversationKey) -> Result<Option<Conversation>, StoreError> {
        let key = key.clone();
        let find = move |db: &Connection| {
            db.prepare_cached(&format!(
                "SELECT {CONVERSATION} FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2"
            ))?
            .query_row(params![key.user_id.as_str(), key.conversation_id.as_str()], conversation)
            .optional()
        };
        Ok(self.database.read(find).await?)
    }

    async fn list_conversations(
        &self,
        user: &UserId,
        after: Option<&ConversationCursor>,
        limit: usize,
    ) -> Result<Vec<Conversation>, StoreError> {
        let (user, after) = (user.clone(), after.cloned());
        let list = move |db: &Connection| {
            let (last_at, id) = match &after {
                None => (i64::MAX, ""),
                Some(cursor) => (micros(cursor.last_at), cursor.id.as_str()),
            };
            db.prepare_cached(&format!(
                "SELECT {CONVERSATION} FROM living_conversation
                 WHERE user_id = ?1 AND (last_at, conversation_id) < (?2, ?3)
                 ORDER BY last_at DESC, conversation_id DESC LIMIT ?4"
            ))?
            .query_map(params![user.as_str(), last_at, id, limit as i64], conversation)?
            .collect()
        };
        Ok(self.database.read(list).await?)
    }

    async fn list_messages(
        &self,
        key: &ConversationKey,
        after_seq: i64,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let key = key.clone();
        let list = move |db: &Connection| {
            let (user, conversation) = (key.user_id.as_str(), key.conversation_id.as_str());
            db.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM message
                 WHERE user_id = ?1 AND conversation_id = ?2 AND seq > ?3 AND incarnation =
                     (SELECT incarnation FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2)
                 ORDER BY seq LIMIT ?4"
            ))?
            .query_map(params![user, conversation, after_seq, limit as i64], message)?
            .collect()
        };
        Ok(self.database.read(list).await?)
    }

    async fn transcript(&self, lease: &Lease, after_seq: i64, upto_seq: i64) -> Result<Vec<Message>, StoreError> {
        let (key, incarnation) = (lease.key.clone(), lease.incarnation.clone());
        let list = move |db: &Connection| {
            let (user, conversation) = (key.user_id.as_str(), key.conversation_id.as_str());
            db.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM message
                 WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND seq > ?4 AND seq <= ?5
                   AND era = (SELECT era FROM user_memory WHERE user_id = ?1)
                 ORDER BY seq"
            ))?
            .query_map(params![user, conversation, incarnation.as_str(), after_seq, upto_seq], message)?
            .collect()
        };
        Ok(self.database.read(list).await?)
    }

    async fn raw_tail(&self, user: &UserId, limit: usize) -> Result<Vec<TailMessage>, StoreError> {
        let user = user.clone();
        let list = move |db: &Connection| {
            let mut tail = db
                .prepare_cached(RAW_TAIL)?
                .query_map(params![user.as_str(), limit as i64], |row| {
                    Ok(TailMessage { conversation_id: conversation_id(row)?, message: message(row)? })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            tail.reverse();
            Ok(tail)
        };
        Ok(self.database.read(list).await?)
    }
}

impl SqliteStore {
    /// Removes what a life that has ended left behind, in pieces. What this does not reach is the janitor's.
    pub(super) async fn remove_rest(&self, ended: Option<&Life>) {
        let Some(life) = ended else { return };
        while matches!(self.remove_orphans(life, PIECE).await, Ok(PIECE)) {}
    }
}

/// Ends the life of a conversation and says which it was; its messages are left for [`SqliteStore::remove_rest`].
///
/// The worker that holds the job finds nothing at its next heartbeat: the row, its fence and its incarnation are gone.
pub(super) fn delete(db: &Connection, key: &ConversationKey) -> rusqlite::Result<Option<Life>> {
    let (user, conversation) = (key.user_id.as_str(), key.conversation_id.as_str());
    let ended = db
        .prepare_cached(
            "DELETE FROM conversation
             WHERE user_id = ?1 AND conversation_id = ?2
               AND EXISTS (SELECT 1 FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2)
             RETURNING user_id, conversation_id, incarnation",
        )?
        .query_row([user, conversation], life)
        .optional()?;
    if ended.is_some() {
        summaries::forget(db, key)?;
        usage::disown(db, key)?;
        verdicts::forget(db, key)?;
    }
    Ok(ended)
}

/// A conversation from the columns [`CONVERSATION`].
pub(super) fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: conversation_id(row)?,
        session_id: parsed::<String, _>(row, "session_id", SessionId::parse)?,
        time_zone: row.get("time_zone")?,
        last_seq: row.get("last_seq")?,
        last_at: time(row, "last_at")?,
        created_at: time(row, "created_at")?,
        extracted_seq: watermark(row, "extracted_to")?.seq(),
        title: row.get("title")?,
    })
}
