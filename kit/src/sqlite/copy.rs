//! A copy of a database as it is at one moment, while a service works with it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::Error;
use super::inspect::{Health, as_it_is, is_damage};
use super::open::{BUSY, directory_of};

/// Copies the database at `from` into the new file `to`, which only its owner can read, and reads the copy from end to end.
///
/// It holds what one moment held, without the space of what was deleted. Whoever writes to `from` meanwhile is not held up.
pub async fn copy(from: &Path, to: &Path) -> Result<Health, Error> {
    let (from, to) = (from.to_owned(), to.to_owned());
    tokio::task::spawn_blocking(move || {
        copy_into(&from, &to)?;
        health(&to)
    })
    .await
    .map_err(|_| Error::Closed)?
}

fn copy_into(from: &Path, to: &Path) -> Result<(), Error> {
    let not_writable = |source| Error::NotWritable { path: to.to_owned(), source };
    // SQLite takes an empty file for a new one, and leaves its rights as they are.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(not_writable)?;
    // To read along with a writer, and after one that was killed, takes the right to write.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.busy_timeout(BUSY)?;
    let name = to.to_str().ok_or_else(|| not_writable(std::io::ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    // SQLite does not wait until such a copy is on disk.
    File::open(to).and_then(|file| file.sync_all()).map_err(not_writable)?;
    File::open(directory_of(to)).and_then(|directory| directory.sync_all()).map_err(not_writable)
}

fn health(copy: &Path) -> Result<Health, Error> {
    let checked = as_it_is(copy)?.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match checked {
        Ok(word) if word == "ok" => Ok(Health::Whole),
        Ok(problem) => Ok(Health::Damaged(problem.replace('\n', " "))),
        Err(error) if is_damage(&error) => Ok(Health::Damaged(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rusqlite_migration::{M, Migrations};

    use super::super::Database;
    use super::*;

    fn migrations() -> Migrations<'static> {
        Migrations::new(vec![M::up("CREATE TABLE word (text TEXT)")])
    }

    async fn words(database: &Database) -> i64 {
        database.read(|db| db.query_row("SELECT count(*) FROM word", [], |row| row.get(0))).await.unwrap()
    }

    async fn says(database: &Database, text: &'static str) {
        database.write(move |db| db.execute("INSERT INTO word VALUES (?1)", [text])).await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_holds_all_that_was_acknowledged_while_the_writer_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("a.db"), directory.path().join("b.db"));
        let database = Database::open(&from, migrations()).await.unwrap();
        says(&database, "before").await;

        let health = copy(&from, &to).await.unwrap();
        says(&database, "after").await;

        assert_eq!((health, words(&database).await), (Health::Whole, 2));
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        let copied = Database::open(&to, migrations()).await.unwrap();
        assert_eq!(words(&copied).await, 1, "its schema is known, and nothing is to be migrated");
    }

    #[tokio::test]
    async fn what_was_deleted_is_not_copied() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("a.db"), directory.path().join("b.db"));
        let database = Database::open(&from, migrations()).await.unwrap();
        says(&database, "a word of which nothing stays").await;
        database.write(|db| db.execute("DELETE FROM word", [])).await.unwrap();

        copy(&from, &to).await.unwrap();

        let bytes = std::fs::read(&to).unwrap();
        assert!(!bytes.windows(15).any(|window| window == b"a word of which"));
    }

    #[tokio::test]
    async fn nothing_is_overwritten_and_what_is_not_there_is_not_copied() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("a.db"), directory.path().join("b.db"));
        std::fs::write(&to, "precious").unwrap();

        assert!(matches!(copy(&from, &to).await, Err(Error::NotWritable { .. })), "it is there");
        assert!(matches!(copy(&from, &directory.path().join("c.db")).await, Err(Error::Away(_))));
        assert_eq!(std::fs::read(&to).unwrap(), b"precious");
    }
}
