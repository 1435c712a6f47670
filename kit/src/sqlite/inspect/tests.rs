use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;

use rusqlite_migration::M;

use super::super::Database;
use super::*;

fn migrations(steps: usize) -> Migrations<'static> {
    let all = ["CREATE TABLE note (at INTEGER NOT NULL, text TEXT NOT NULL) STRICT;", "CREATE TABLE more (a);"];
    Migrations::new(all.into_iter().take(steps).map(M::up).collect())
}

fn newest(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.query_row("SELECT max(at) FROM note", [], |row| row.get(0))
}

async fn looked_at(file: &Path) -> Inspection {
    inspect(file, migrations(1), newest).await.expect("it could be opened")
}

/// A store with some pages in which something was noted at the second `at`.
async fn store(file: &Path, steps: usize, at: i64) -> Database {
    let store = Database::open(file, migrations(steps)).await.unwrap();
    let note = move |db: &Connection| {
        let mut insert = db.prepare("INSERT INTO note VALUES (?1, hex(randomblob(500)))")?;
        (0..20).try_for_each(|_| insert.execute([at * 1_000_000]).map(drop))
    };
    store.write(note).await.unwrap();
    store
}

fn files_in(directory: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(directory).unwrap();
    names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn a_store_that_is_not_there_can_be_made_and_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("deep/down/a.db");

    let seen = looked_at(&file).await;

    assert_eq!((seen.content, seen.is_in_use), (None, false));
    assert!(seen.free_bytes > 0);
    assert_eq!(files_in(directory.path()), BTreeSet::new());
}

#[tokio::test]
async fn a_store_at_rest_is_seen_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("100%?#.db");
    store(&file, 1, 1000).await.close().await;
    let before = files_in(directory.path());

    let seen = looked_at(&file).await;

    let newest = Some(Timestamp::from_second(1000).unwrap());
    assert_eq!(seen.content, Some(Content { schema: 1, schema_known: 1, health: Health::Whole, newest }));
    assert!(!seen.is_in_use);
    assert_eq!(files_in(directory.path()), before);
    Database::open(&file, migrations(1)).await.expect("nobody holds it");
}

#[tokio::test]
async fn a_store_at_work_is_seen_as_far_as_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let at_work = store(&file, 1, 1000).await;

    let seen = looked_at(&file).await;

    assert!(seen.is_in_use);
    assert_eq!(seen.content.unwrap().newest, Some(Timestamp::from_second(1000).unwrap()));
    at_work.write(|db| db.execute("DELETE FROM note", []).map(drop)).await.expect("the look is over");
}

#[tokio::test]
async fn an_older_and_a_newer_schema_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    store(&file, 1, 1).await.close().await;

    let as_seen_by = async |steps| {
        let content = inspect(&file, migrations(steps), newest).await.unwrap().content.unwrap();
        (content.schema, content.schema_known, content.newest.is_some())
    };

    assert_eq!(as_seen_by(2).await, (1, 2, false));
    assert_eq!(as_seen_by(0).await, (1, 0, false));
}

#[tokio::test]
async fn a_schema_is_read_where_nothing_may_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    store(&file, 1, 1).await.close().await;
    let folder = std::fs::File::open(directory.path()).unwrap();
    folder.set_modified(std::time::UNIX_EPOCH).unwrap();

    let found = schema(&file, migrations(2)).await.unwrap();

    assert_eq!(found, (1, 2));
    assert_eq!(folder.metadata().unwrap().modified().unwrap(), std::time::UNIX_EPOCH, "nothing was tried there");
}

#[tokio::test]
async fn damage_and_what_is_no_database_at_all_are_seen() {
    let directory = tempfile::tempdir().unwrap();
    let (torn, foreign) = (directory.path().join("torn.db"), directory.path().join("foreign.db"));
    store(&torn, 1, 1).await.close().await;
    let file = OpenOptions::new().write(true).open(&torn).unwrap();
    file.write_all_at(&[0xFF; 2000], 8192).unwrap();
    std::fs::write(&foreign, "a shopping list\n".repeat(100)).unwrap();

    for file in [torn, foreign] {
        let content = looked_at(&file).await.content.unwrap();
        assert!(matches!(content.health, Health::Damaged(_)), "{content:?}");
        assert_eq!(content.newest, None);
    }
}

#[tokio::test]
async fn where_nothing_can_be_written_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let occupied = directory.path().join("occupied");
    std::fs::write(&occupied, "").unwrap();

    for file in [Path::new("/proc/nowhere/a.db"), &occupied.join("a.db"), directory.path()] {
        let refused = inspect(file, migrations(1), newest).await.expect_err("refused");
        assert!(matches!(refused, Error::NotWritable { .. }), "{refused:?}");
    }
}
