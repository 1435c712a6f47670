//! The store in one SQLite file, for one process.

mod append;
mod claim;
mod columns;
mod contexts;
mod conversations;
mod enqueue;
mod jobs;
mod operators;
mod settle;

use std::path::Path;

use async_trait::async_trait;
use kit::sqlite::{Database, Error};
use rusqlite_migration::{M, Migrations};

use super::{Store, StoreError};

/// Everything context-svc keeps, in one file.
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
        M::up(include_str!("0001_conversations_and_jobs.sql")),
        M::up(include_str!("0002_operators_and_sizes.sql")),
        M::up(include_str!("0003_summaries_and_erasures.sql")),
        M::up(include_str!("0004_traces_and_outages.sql")),
    ])
}

#[cfg(test)]
mod tests;
