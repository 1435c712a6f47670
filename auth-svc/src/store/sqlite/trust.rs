//! What the trust feed reads.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{SqliteStore, micros, optional_session_id, session_id, time, user_id};
use crate::domain::feed::{Ended, Ending};
use crate::store::{StoreError, TrustStore};

#[async_trait]
impl TrustStore for SqliteStore {
    async fn ended_since(&self, since: Timestamp) -> Result<Vec<Ending>, StoreError> {
        let since = micros(since);
        let list = move |db: &Connection| {
            let mut entries = db
                .prepare_cached(
                    "SELECT session_id, revoked_at FROM login_session WHERE revoked_at >= ?1 ORDER BY revoked_at",
                )?
                .query_map([since], ended_session)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let raised = db
                .prepare_cached(
                    "SELECT user_id, generation, kept_sid, generation_at FROM account WHERE generation_at >= ?1",
                )?
                .query_map([since], raised_generation)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            entries.extend(raised);
            Ok(entries)
        };
        Ok(self.database.read(list).await?)
    }
}

fn ended_session(row: &rusqlite::Row<'_>) -> rusqlite::Result<Ending> {
    Ok(Ending { what: Ended::Session(session_id(row, "session_id")?), at: time(row, "revoked_at")? })
}

fn raised_generation(row: &rusqlite::Row<'_>) -> rusqlite::Result<Ending> {
    let what = Ended::Generations {
        user: user_id(row)?,
        below: row.get("generation")?,
        kept: optional_session_id(row, "kept_sid")?,
    };
    Ok(Ending { what, at: time(row, "generation_at")? })
}
