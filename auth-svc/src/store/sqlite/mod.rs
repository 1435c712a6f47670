//! The store in one SQLite file, for one process.

mod accounts;
mod audit;
mod inspect;
mod keys;
mod outbox;
mod sessions;
mod trust;

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::{SessionId, UserId};
use kit::sqlite::{Database, Error};
use rusqlite::types::Type;
use rusqlite_migration::{M, Migrations};

use super::{Store, StoreError};

/// Everything auth-svc keeps, in one file.
#[derive(Clone)]
pub struct SqliteStore {
    database: Database,
}

impl SqliteStore {
    /// Opens or creates the file.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { database: Database::open(path, migrations()).await? })
    }

    /// An empty store that is gone when dropped, for tests.
    pub async fn in_memory() -> Result<Self, Error> {
        Ok(Self { database: Database::in_memory(migrations()).await? })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn close(&self) {
        self.database.close().await;
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        StoreError::of(error)
    }
}

fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("0001_accounts_and_sessions.sql")),
        M::up(include_str!("0002_outbox_trace.sql")),
    ])
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A time column.
fn time(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    parsed(row, column, |micros: i64| Timestamp::from_microsecond(micros).ok())
}

/// A time column that may be null.
fn optional_time(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => time(row, column).map(Some),
    }
}

fn user_id(row: &rusqlite::Row<'_>) -> rusqlite::Result<UserId> {
    parsed(row, "user_id", |text: String| UserId::parse(text))
}

/// A column that holds a session's id.
fn session_id(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<SessionId> {
    parsed(row, column, |text: String| SessionId::parse(text))
}

/// A column that holds a session's id, or null.
fn optional_session_id(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<SessionId>> {
    match row.get::<_, Option<String>>(column)? {
        None => Ok(None),
        Some(_) => session_id(row, column).map(Some),
    }
}

/// A column that holds what `parse` understands; anything else means that something else wrote the file.
fn parsed<T: rusqlite::types::FromSql, U>(
    row: &rusqlite::Row<'_>,
    column: &str,
    parse: impl FnOnce(T) -> Option<U>,
) -> rusqlite::Result<U> {
    parse(row.get(column)?).ok_or_else(|| {
        let index = row.as_ref().column_index(column).unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(index, Type::Null, format!("{column} holds no such value").into())
    })
}

#[cfg(test)]
mod tests;
