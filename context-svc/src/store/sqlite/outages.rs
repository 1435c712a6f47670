//! Bringing back what died of an outage.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::columns::{key, micros};
use crate::domain::model::ConversationKey;
use crate::store::{OutageStore, StoreError};

/// What died of an outage, the longest dead first.
pub(super) const DEAD_OF_OUTAGE: &str = "
    SELECT c.rowid FROM conversation c JOIN user_memory m ON m.user_id = c.user_id
    WHERE c.job_died_of_outage = 1 AND c.era = m.era AND c.deleting = 0 ORDER BY c.job_updated_at LIMIT ?2";

/// What both set. A probe keeps its age and its error besides.
const ANEW: &str = "job_state = 'PENDING', job_died_of_outage = 0, job_run_at = ?1, job_not_before = NULL,
                    job_attempts = 0, job_deliveries = 0, job_snoozes = 0, job_updated_at = ?1";

#[async_trait]
impl OutageStore for SqliteStore {
    async fn probe_outage(&self, now: Timestamp) -> Result<Option<ConversationKey>, StoreError> {
        let probe = move |db: &Connection| {
            let sql = format!(
                "UPDATE conversation SET {ANEW} WHERE rowid IN ({DEAD_OF_OUTAGE}) RETURNING user_id, conversation_id"
            );
            db.prepare_cached(&sql)?.query_row(params![micros(now), 1], key).optional()
        };
        Ok(self.database.write(probe).await?)
    }

    async fn redrive_after_outage(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let redrive = move |db: &Connection| {
            let sql = format!(
                "UPDATE conversation
                 SET {ANEW}, job_first_at = ?1, job_merges = 0, job_error_reason = NULL, job_error_message = NULL,
                     job_error_at = NULL
                 WHERE rowid IN ({DEAD_OF_OUTAGE})"
            );
            db.prepare_cached(&sql)?.execute(params![micros(now), limit as i64])
        };
        Ok(self.database.write(redrive).await?)
    }
}
