//! All that is held of a user, in the order of its keys.

use async_trait::async_trait;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::columns::{MESSAGE, message, optional, parsed};
use super::conversations::{CONVERSATION, conversation};
use crate::domain::model::{ConversationId, Held, Incarnation, Life, Message};
use crate::store::{ExportStore, StoreError};

#[async_trait]
impl ExportStore for SqliteStore {
    async fn find_era(&self, user: &UserId) -> Result<i64, StoreError> {
        let user = user.clone();
        let find = move |db: &Connection| {
            db.prepare_cached("SELECT era FROM user_memory WHERE user_id = ?1")?
                .query_row([user.as_str()], |row| row.get(0))
                .optional()
        };
        // Whoever is not known has not been erased.
        Ok(self.database.read(find).await?.unwrap_or(0))
    }

    async fn list_held(
        &self,
        user: &UserId,
        after: Option<&ConversationId>,
        limit: usize,
    ) -> Result<Vec<Held>, StoreError> {
        let (user, after) = (user.clone(), after.cloned());
        let list = move |db: &Connection| {
            let after = after.as_ref().map_or("", ConversationId::as_str);
            db.prepare_cached(&held_query())?.query_map(params![user.as_str(), after, limit as i64], held)?.collect()
        };
        Ok(self.database.read(list).await?)
    }

    async fn list_said(&self, life: &Life, after_seq: i64, limit: usize) -> Result<Vec<Message>, StoreError> {
        let life = life.clone();
        let list = move |db: &Connection| {
            let (user, conversation) = (life.key.user_id.as_str(), life.key.conversation_id.as_str());
            db.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM message
                 WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND seq > ?4 AND EXISTS
                     (SELECT 1 FROM living_conversation
                      WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3)
                 ORDER BY seq LIMIT ?5"
            ))?
            .query_map(params![user, conversation, life.incarnation.as_str(), after_seq, limit as i64], message)?
            .collect()
        };
        Ok(self.database.read(list).await?)
    }
}

/// A piece of the conversations, in the order of the key.
pub(super) fn held_query() -> String {
    format!(
        "SELECT {CONVERSATION}, incarnation, context FROM living_conversation
         WHERE user_id = ?1 AND conversation_id > ?2 ORDER BY conversation_id LIMIT ?3"
    )
}

fn held(row: &Row<'_>) -> rusqlite::Result<Held> {
    Ok(Held {
        conversation: conversation(row)?,
        incarnation: parsed::<String, _>(row, "incarnation", Incarnation::parse)?,
        context: optional(row, "context", |json: String| serde_json::from_str(&json).ok())?,
    })
}
