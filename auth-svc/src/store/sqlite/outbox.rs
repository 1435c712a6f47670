//! The outbox, which is columns of the session that was ended.

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::SessionId;
use kit::telemetry::trace::TraceContext;
use rusqlite::{Connection, params};

use super::{SqliteStore, micros, optional_time, session_id, user_id};
use crate::relay::outbox::{OutboxEntry, Pending};
use crate::store::{OutboxStore, StoreError};

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn claim_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let claim = move |db: &Connection| {
            // RETURNING has no order of its own; among so few it does not matter.
            db.prepare_cached(
                "UPDATE login_session SET outbox_next_at = ?2, outbox_attempts = outbox_attempts + 1
                 WHERE session_id IN (SELECT session_id FROM login_session
                                      WHERE outbox_state = 'pending' AND outbox_next_at <= ?1
                                      ORDER BY outbox_next_at LIMIT ?3)
                 RETURNING session_id, user_id, outbox_attempts, outbox_trace",
            )?
            .query_map(params![micros(now), micros(hidden_until), limit as i64], entry)?
            .collect()
        };
        Ok(self.database.write(claim).await?)
    }

    async fn mark_sent(&self, sessions: &[SessionId], now: Timestamp) -> Result<(), StoreError> {
        let sessions = sessions.to_vec();
        let mark = move |db: &Connection| {
            let mut update = db.prepare_cached(
                "UPDATE login_session SET outbox_state = 'sent', outbox_sent_at = ?2, outbox_next_at = NULL
                 WHERE session_id = ?1 AND outbox_state = 'pending'",
            )?;
            for session in &sessions {
                update.execute(params![session.as_str(), micros(now)])?;
            }
            Ok(())
        };
        Ok(self.database.write(mark).await?)
    }

    async fn put_off(&self, session: &SessionId, until: Timestamp) -> Result<(), StoreError> {
        let session = session.clone();
        let put_off = move |db: &Connection| {
            db.prepare_cached(
                "UPDATE login_session SET outbox_next_at = ?2 WHERE session_id = ?1 AND outbox_state = 'pending'",
            )?
            .execute(params![session.as_str(), micros(until)])
        };
        self.database.write(put_off).await?;
        Ok(())
    }

    async fn pending(&self, counted_max: usize) -> Result<Pending, StoreError> {
        let count = move |db: &Connection| {
            db.prepare_cached(
                "SELECT count(*) AS entries, min(revoked_at) AS oldest
                 FROM (SELECT revoked_at FROM login_session WHERE outbox_state = 'pending'
                       ORDER BY outbox_next_at LIMIT ?1)",
            )?
            .query_row([counted_max as i64], |row| {
                Ok(Pending {
                    entries: row.get::<_, i64>("entries")?.unsigned_abs(),
                    oldest: optional_time(row, "oldest")?,
                })
            })
        };
        Ok(self.database.read(count).await?)
    }

    async fn purge_sent(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let purge = move |db: &Connection| {
            db.prepare_cached(
                "UPDATE login_session SET outbox_state = NULL, outbox_sent_at = NULL, outbox_attempts = NULL,
                                          outbox_trace = NULL
                 WHERE session_id IN (SELECT session_id FROM login_session
                                      WHERE outbox_state = 'sent' AND outbox_sent_at < ?1 LIMIT ?2)",
            )?
            .execute(params![micros(before), limit as i64])
        };
        Ok(self.database.write(purge).await?)
    }
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<OutboxEntry> {
    Ok(OutboxEntry {
        session: session_id(row, "session_id")?,
        user: user_id(row)?,
        attempts: row.get("outbox_attempts")?,
        // What cannot be read is no reason not to deliver.
        trace: row.get::<_, Option<String>>("outbox_trace")?.and_then(|text| TraceContext::parse(&text)),
    })
}
