//! The audit log. Other modules append to it inside their own transaction.

use async_trait::async_trait;
use kit::id::{SessionId, UserId};
use rusqlite::{Connection, params};

use super::{SqliteStore, micros, optional_session_id, parsed, time, user_id};
use crate::domain::audit::{AuditEntry, AuditEvent};
use crate::store::{AuditStore, StoreError};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn list_audit(&self, user: &UserId, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let user = user.clone();
        let list = move |db: &Connection| {
            db.prepare_cached("SELECT * FROM audit WHERE user_id = ?1 ORDER BY entry DESC LIMIT ?2")?
                .query_map(params![user.as_str(), limit as i64], entry)?
                .collect()
        };
        Ok(self.database.read(list).await?)
    }
}

/// Appends within the transaction under way.
pub(super) fn record(db: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO audit (user_id, session_id, event, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            entry.user.as_str(),
            entry.session.as_ref().map(SessionId::as_str),
            entry.event.as_str(),
            micros(entry.at),
        ])
        .map(drop)
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        user: user_id(row)?,
        session: optional_session_id(row, "session_id")?,
        event: parsed(row, "event", |text: String| AuditEvent::parse(&text))?,
        at: time(row, "at")?,
    })
}
