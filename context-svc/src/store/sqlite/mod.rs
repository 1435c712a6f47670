//! The store in one SQLite file, for one process or for a few of one machine.

mod append;
mod claim;
mod columns;
mod contexts;
mod conversations;
mod enqueue;
mod erasures;
mod exports;
mod inspect;
mod jobs;
mod operators;
mod outages;
mod replies;
mod rereading;
mod search;
mod settle;
mod summaries;
mod summary_claim;
mod summary_settle;
mod upkeep;
mod usage;
mod verdicts;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use kit::sqlite::{Database, Error};
use rusqlite_migration::{M, Migrations};

use super::{Store, StoreError};

/// Everything context-svc keeps, in one file.
#[derive(Clone)]
pub struct SqliteStore {
    database: Database,
    poisoned: Arc<AtomicU64>,
}

impl SqliteStore {
    /// Opens or creates the file, for this process alone.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { database: Database::open(path, migrations()).await?, poisoned: Arc::default() })
    }

    /// Opens or creates the file, together with others that share it.
    pub async fn open_shared(path: &Path) -> Result<Self, Error> {
        Ok(Self { database: Database::open_shared(path, migrations()).await?, poisoned: Arc::default() })
    }

    /// For stories in which the database misbehaves, or is looked at.
    #[cfg(test)]
    pub(crate) async fn execute(&self, sql: &'static str) {
        self.database.write(move |db| db.execute_batch(sql)).await.expect("the statement of a story is right");
    }

    /// An empty store that is gone when dropped, for tests.
    pub async fn in_memory() -> Result<Self, Error> {
        Ok(Self { database: Database::in_memory(migrations()).await?, poisoned: Arc::default() })
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
        M::up(include_str!("0005_usage.sql")),
        M::up(include_str!("0006_rereading_and_raw_answers.sql")),
        M::up(include_str!("0007_verdicts.sql")),
        M::up(include_str!("0008_replies.sql")),
    ])
}

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod erasure_tests;
#[cfg(test)]
mod tests;
