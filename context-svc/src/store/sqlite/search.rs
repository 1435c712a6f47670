//! What a search reads.

use async_trait::async_trait;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::columns::{MESSAGE, context, conversation_id, message, parsed};
use crate::domain::model::{
    ConversationId, ConversationStand, Incarnation, MemoryStand, Message, StandingContext, Stretch, SummaryStand,
};
use crate::store::{SearchStore, StoreError};

pub(super) const SUMMARY_STAND: &str = "
    SELECT era, deletions, CASE WHEN summary IS NULL THEN 0 ELSE epoch END AS epoch FROM user_memory WHERE user_id = ?1";

pub(super) const STANDS: &str = "
    SELECT conversation_id, incarnation, last_seq, extract_fence FROM living_conversation
    WHERE user_id = ?1 ORDER BY conversation_id";

const LIVING_CONTEXT: &str = "
    SELECT incarnation, extract_fence, context FROM living_conversation
    WHERE user_id = ?1 AND conversation_id = ?2 AND context IS NOT NULL";

/// The messages of a stretch, if its life goes on.
pub(super) fn said() -> String {
    format!(
        "SELECT {MESSAGE} FROM message
         WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND seq > ?4 AND seq <= ?5 AND incarnation =
             (SELECT incarnation FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2)
         ORDER BY seq"
    )
}

#[async_trait]
impl SearchStore for SqliteStore {
    async fn memory_stand(&self, user: &UserId) -> Result<MemoryStand, StoreError> {
        let user = user.clone();
        let read = move |db: &Connection| {
            // The summary first: one that changes in between is seen to have changed the next time.
            let summary = db.prepare_cached(SUMMARY_STAND)?.query_row([user.as_str()], summary_stand).optional()?;
            let conversations =
                db.prepare_cached(STANDS)?.query_map([user.as_str()], stand)?.collect::<rusqlite::Result<_>>()?;
            Ok(MemoryStand { summary: summary.unwrap_or_default(), conversations })
        };
        Ok(self.database.read(read).await?)
    }

    async fn list_stretches(&self, user: &UserId, stretches: &[Stretch]) -> Result<Vec<Vec<Message>>, StoreError> {
        let (user, stretches) = (user.clone(), stretches.to_vec());
        let read = move |db: &Connection| {
            let mut said = db.prepare_cached(&said())?;
            let of = |stretch: &Stretch| {
                let (id, life) = (stretch.conversation_id.as_str(), stretch.incarnation.as_str());
                let bounds = params![user.as_str(), id, life, stretch.after_seq, stretch.upto_seq];
                said.query_map(bounds, message)?.collect::<rusqlite::Result<Vec<_>>>()
            };
            stretches.iter().map(of).collect()
        };
        Ok(self.database.read(read).await?)
    }

    async fn list_contexts_of(
        &self,
        user: &UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<StandingContext>>, StoreError> {
        let (user, conversations) = (user.clone(), conversations.to_vec());
        let read = move |db: &Connection| {
            let mut living = db.prepare_cached(LIVING_CONTEXT)?;
            let of = |id: &ConversationId| living.query_row([user.as_str(), id.as_str()], standing).optional();
            conversations.iter().map(of).collect()
        };
        Ok(self.database.read(read).await?)
    }
}

fn summary_stand(row: &Row<'_>) -> rusqlite::Result<SummaryStand> {
    Ok(SummaryStand { era: row.get("era")?, deletions: row.get("deletions")?, epoch: row.get("epoch")? })
}

fn stand(row: &Row<'_>) -> rusqlite::Result<ConversationStand> {
    Ok(ConversationStand {
        conversation_id: conversation_id(row)?,
        incarnation: incarnation(row)?,
        last_seq: row.get("last_seq")?,
        extract_fence: row.get("extract_fence")?,
    })
}

fn standing(row: &Row<'_>) -> rusqlite::Result<StandingContext> {
    Ok(StandingContext {
        incarnation: incarnation(row)?,
        extract_fence: row.get("extract_fence")?,
        context: context(row)?,
    })
}

fn incarnation(row: &Row<'_>) -> rusqlite::Result<Incarnation> {
    parsed::<String, _>(row, "incarnation", Incarnation::parse)
}
