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

/// The latest of the last entries of the audit log: not of the last one only, since the clock may have gone back before it.
fn newest(db: &Connection) -> rusqlite::Result<Option<i64>> {
    let latest = "SELECT max(at) FROM (SELECT at FROM audit ORDER BY entry DESC LIMIT 1000)";
    db.query_row(latest, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_entry_of_before_the_clock_went_back_is_still_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("auth.db");
        let store = SqliteStore::open(&file).await.unwrap();
        let entries = "INSERT INTO audit (user_id, event, at) VALUES ('u', 'LOGIN', 9000000), ('u', 'LOGIN', 4000000)";
        store.database.write(move |db| db.execute_batch(entries)).await.unwrap();

        let seen = SqliteStore::inspect(&file).await.unwrap();

        assert_eq!(seen.content.unwrap().newest.map(|at| at.as_second()), Some(9));
    }
}
