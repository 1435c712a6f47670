//! Session contexts, which are a column of their conversation.

use async_trait::async_trait;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::columns::context;
use super::summaries::unsummarised;
use crate::domain::model::{ConversationKey, SessionContext, Unsummarised};
use crate::store::{ContextStore, StoreError};

const ALL: &str = "
    SELECT context FROM living_conversation WHERE user_id = ?1 AND context IS NOT NULL
    ORDER BY last_at DESC, conversation_id DESC LIMIT ?2";

pub(super) const UNSUMMARISED: &str = "
    SELECT conversation_id, incarnation, extract_fence, last_at, context FROM living_conversation WHERE user_id = ?1 AND unsummarised = 1
    ORDER BY last_at DESC, conversation_id DESC LIMIT ?2";

#[async_trait]
impl ContextStore for SqliteStore {
    async fn find_context(&self, key: &ConversationKey) -> Result<Option<SessionContext>, StoreError> {
        let key = key.clone();
        let find = move |db: &Connection| {
            db.prepare_cached(
                "SELECT context FROM living_conversation
                 WHERE user_id = ?1 AND conversation_id = ?2 AND context IS NOT NULL",
            )?
            .query_row(params![key.user_id.as_str(), key.conversation_id.as_str()], context)
            .optional()
        };
        Ok(self.database.read(find).await?)
    }

    async fn list_contexts(&self, user: &UserId, limit: usize) -> Result<Vec<SessionContext>, StoreError> {
        self.list(user, limit, ALL, context).await
    }

    async fn list_unsummarised(&self, user: &UserId, limit: usize) -> Result<Vec<Unsummarised>, StoreError> {
        self.list(user, limit, UNSUMMARISED, unsummarised).await
    }
}

impl SqliteStore {
    async fn list<T: Send + 'static>(
        &self,
        user: &UserId,
        limit: usize,
        query: &'static str,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let user = user.clone();
        let list = move |db: &Connection| {
            db.prepare_cached(query)?.query_map(params![user.as_str(), limit as i64], read)?.collect()
        };
        Ok(self.database.read(list).await?)
    }
}
