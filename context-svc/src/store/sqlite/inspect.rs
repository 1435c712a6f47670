//! A look at the store without opening it for work.

use std::path::Path;

use kit::sqlite::{Claim, Error, Health, Inspection};
use rusqlite::Connection;

use super::{SqliteStore, migrations};

impl SqliteStore {
    /// Looks at the file and changes nothing.
    pub async fn inspect(path: &Path) -> Result<Inspection, Error> {
        kit::sqlite::inspect(path, migrations(), newest).await
    }

    /// Copies the file into a new one, as it is at one moment and whoever works with it.
    pub async fn copy(path: &Path, into: &Path) -> Result<Health, Error> {
        kit::sqlite::copy(path, into).await
    }

    /// The version of the schema in the file, and the one that is known.
    pub async fn schema(path: &Path) -> Result<(usize, usize), Error> {
        kit::sqlite::schema(path, migrations()).await
    }

    /// Keeps everybody from opening the file, if nobody has.
    pub fn claim(path: &Path) -> Result<Claim, Error> {
        Claim::lay(path)
    }
}

/// When a message came, a job changed or a model was called last. Every part is the end of an index.
const NEWEST: &str = "SELECT max(at) FROM (
     SELECT max(appended_at) AS at FROM conversation WHERE dirty = 1
     UNION ALL SELECT max(ended_at) FROM model_call
     UNION ALL SELECT max(job_changed_at) FROM conversation WHERE job_listed_as = 'PENDING'
     UNION ALL SELECT max(job_changed_at) FROM conversation WHERE job_listed_as = 'RUNNING'
     UNION ALL SELECT max(job_changed_at) FROM conversation WHERE job_listed_as = 'DONE'
     UNION ALL SELECT max(job_changed_at) FROM conversation WHERE job_listed_as = 'DEAD'
     UNION ALL SELECT max(job_changed_at) FROM conversation WHERE job_listed_as = 'CANCELLED'
)";

fn newest(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.query_row(NEWEST, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asks, claims, completes, execute, says};
    use super::*;

    async fn newest_in(directory: &Path) -> Option<i64> {
        let seen = SqliteStore::inspect(&directory.join("context.db")).await.unwrap();
        seen.content.unwrap().newest.map(|at| at.as_second())
    }

    #[tokio::test]
    async fn whatever_was_written_last_is_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("context.db")).await.unwrap();
        assert_eq!(newest_in(directory.path()).await, None);

        says(&store, "hello").await;
        execute(&store, "UPDATE conversation SET appended_at = 5000000").await;
        assert_eq!(newest_in(directory.path()).await, Some(5));

        asks(&store).await;
        let job = claims(&store).await.unwrap();
        completes(&store, &job).await;
        execute(&store, "UPDATE conversation SET job_updated_at = 7000000").await;
        assert_eq!(newest_in(directory.path()).await, Some(7));

        let call =
            "INSERT INTO model_call SELECT 1, 'u1', 0, NULL, 'EXTRACT', 'p', 'm', 9000000, 1, 1, 1, 0, 1, 0, NULL";
        execute(&store, call).await;
        assert_eq!(newest_in(directory.path()).await, Some(9));
    }

    #[tokio::test]
    async fn the_newest_is_found_by_index() {
        let store = SqliteStore::in_memory().await.unwrap();
        let explain = |db: &Connection| -> rusqlite::Result<Vec<String>> {
            db.prepare(&format!("EXPLAIN QUERY PLAN {NEWEST}"))?.query_map([], |row| row.get("detail"))?.collect()
        };

        let steps = store.database.read(explain).await.unwrap();

        let of_tables: Vec<_> =
            steps.iter().filter(|step| step.contains("conversation") || step.contains("model_call")).collect();
        assert_eq!(of_tables.len(), 7, "{steps:?}");
        assert!(of_tables.iter().all(|step| step.starts_with("SEARCH") && step.contains("INDEX")), "{steps:?}");
    }
}
