use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rusqlite_migration::{M, Migrations};

use super::*;

fn schema() -> Migrations<'static> {
    Migrations::new(vec![M::up("CREATE TABLE word (text TEXT PRIMARY KEY) STRICT;")])
}

fn add(text: &'static str) -> impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static {
    move |db| db.execute("INSERT INTO word VALUES (?1)", [text]).map(drop)
}

fn add_another(db: &Connection) -> rusqlite::Result<()> {
    db.execute("INSERT INTO word VALUES (hex(randomblob(8)))", []).map(drop)
}

async fn words(database: &Database) -> Vec<String> {
    let list =
        |db: &Connection| db.prepare("SELECT text FROM word ORDER BY text")?.query_map([], |r| r.get(0))?.collect();
    database.read(list).await.expect("the table can be read")
}

#[tokio::test]
async fn a_write_is_seen_by_the_next_read() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();

    database.write(add("one")).await.unwrap();

    assert_eq!(words(&database).await, ["one"]);
}

#[tokio::test]
async fn another_limit_does_not_compile_a_statement_again() {
    let directory = tempfile::tempdir().unwrap();
    let on_disk = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();
    let in_memory = Database::in_memory(schema()).await.unwrap();
    let with_two_limits = |db: &Connection| {
        let mut statement = db.prepare("SELECT text FROM word LIMIT ?1")?;
        for limit in [1, 2] {
            statement.query_map([limit], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        }
        Ok(statement.get_status(rusqlite::StatementStatus::RePrepare))
    };

    assert_eq!(on_disk.write(with_two_limits).await.unwrap(), 0);
    assert_eq!(on_disk.read(with_two_limits).await.unwrap(), 0);
    assert_eq!(in_memory.read(with_two_limits).await.unwrap(), 0);
}

#[tokio::test]
async fn a_failed_write_undoes_itself_and_not_its_neighbours() {
    let database = Database::in_memory(schema()).await.unwrap();
    database.write(add("one")).await.unwrap();

    let good = database.write(add("two"));
    let bad = database.write(|db| {
        add("three")(db)?;
        add("one")(db)
    });
    let panics = database.write(|db| -> rusqlite::Result<()> {
        add("four")(db)?;
        panic!("a bug in a statement")
    });
    let (good, bad, panics) = tokio::join!(good, bad, panics);

    assert!(good.is_ok() && bad.is_err() && panics.is_err());
    assert_eq!(panics.unwrap_err().reason(), "STORE_FAILED");
    assert_eq!(words(&database).await, ["one", "two"]);
}

#[tokio::test]
async fn a_write_whose_caller_left_is_still_made() {
    let database = Database::in_memory(schema()).await.unwrap();
    let (leave, left) = std::sync::mpsc::channel();
    let mut abandoned = Box::pin(database.write(move |db| {
        left.recv().unwrap();
        add("one")(db)
    }));
    assert!(futures::poll!(&mut abandoned).is_pending());

    drop(abandoned);
    leave.send(()).unwrap();

    assert_eq!(words(&database).await, ["one"]);
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let _first = Database::open(&path, schema()).await.unwrap();

    let second = Database::open(&path, schema()).await.err().expect("the second is refused");

    assert!(second.to_string().contains("is in use by another process"), "{second}");
}

#[tokio::test]
async fn those_who_share_a_file_see_each_others_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let (first, second) = tokio::join!(Database::open_shared(&path, schema()), Database::open_shared(&path, schema()));
    let (first, second) = (first.unwrap(), second.unwrap());

    first.write(add("one")).await.unwrap();
    second.write(add("two")).await.unwrap();

    assert_eq!(words(&first).await, ["one", "two"]);
    assert_eq!(words(&second).await, ["one", "two"]);
}

#[tokio::test]
async fn whoever_wants_a_shared_file_for_himself_is_refused_and_the_other_way_round() {
    let directory = tempfile::tempdir().unwrap();
    let (shared, own) = (directory.path().join("shared.db"), directory.path().join("own.db"));
    let _sharing = Database::open_shared(&shared, schema()).await.unwrap();
    let _alone = Database::open(&own, schema()).await.unwrap();

    assert!(matches!(Database::open(&shared, schema()).await, Err(Error::InUse { .. })));
    assert!(matches!(Database::open_shared(&own, schema()).await, Err(Error::InUse { .. })));
}

/// SQLite keeps no queue of those who wait: whoever asks at the wrong moments is passed over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_shares_a_file_is_passed_over_for_long() {
    // Beside the test program: a temporary directory may be in memory, where commits cost nothing.
    let program = std::env::current_exe().unwrap();
    let directory = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
    let path = directory.path().join("a.db");
    let busy = Database::open_shared(&path, schema()).await.unwrap();
    let seldom = Database::open_shared(&path, schema()).await.unwrap();
    assert!(seldom.truncate_wal().await.unwrap(), "nobody reads yet");
    let (is_over, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let never_idle = (0..16).map(async |_| {
        while !is_over.load(Ordering::SeqCst) {
            busy.write(add_another).await.unwrap();
            written.fetch_add(1, Ordering::SeqCst);
        }
    });

    let now_and_then = async {
        let mut passed_over = 0;
        for _ in 0..50 {
            let before = written.load(Ordering::SeqCst);
            seldom.write(add_another).await.unwrap();
            passed_over += written.load(Ordering::SeqCst) - before;
        }
        is_over.store(true, Ordering::SeqCst);
        passed_over
    };
    let (passed_over, _) = tokio::join!(now_and_then, futures::future::join_all(never_idle));

    assert!(passed_over < 2000, "{passed_over} writes of the other came first");
}

#[tokio::test]
async fn after_close_the_file_can_be_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let first = Database::open(&path, schema()).await.unwrap();
    first.write(add("one")).await.unwrap();

    first.close().await;

    assert!(matches!(first.write(add("two")).await, Err(Error::Closed)));
    assert!(matches!(first.read(|_| Ok(())).await, Err(Error::Closed)));
    let second = Database::open(&path, schema()).await.unwrap();
    assert_eq!(words(&second).await, ["one"]);
}

#[tokio::test]
async fn the_settings_that_durability_rests_on_are_in_force() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();
    let read = |db: &Connection| {
        let value = |name| db.pragma_query_value(None, name, |r| r.get::<_, rusqlite::types::Value>(0));
        let names = ["journal_mode", "synchronous", "busy_timeout", "foreign_keys"];
        names.into_iter().map(|name| value(name).map(|v| format!("{v:?}"))).collect::<Result<Vec<_>, _>>()
    };

    let writer = database.write(read).await.unwrap();
    let reader = database.read(read).await.unwrap();

    // The writer waits by a handler of its own, of which SQLite says 0.
    assert_eq!(writer, ["Text(\"wal\")", "Integer(2)", "Integer(0)", "Integer(1)"]);
    assert_eq!((&reader[0], reader[2].as_str(), &reader[3]), (&writer[0], "Integer(5000)", &writer[3]));
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let refused = Database::open(Path::new("/proc/nowhere/a.db"), schema()).await.err().expect("refused");

    assert!(refused.to_string().starts_with("cannot write to /proc/nowhere"), "{refused}");
}

#[tokio::test]
async fn a_full_disk_refuses_the_write_and_keeps_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();
    database.write(add("kept")).await.unwrap();
    database.write(|db| db.pragma_update(None, "max_page_count", 8)).await.unwrap();

    let large = database.write(|db| db.execute("INSERT INTO word VALUES (hex(zeroblob(100000)))", [])).await;

    assert!(matches!(large, Err(Error::Full)), "{large:?}");
    assert_eq!(words(&database).await, ["kept"]);
    database.write(add("after")).await.unwrap();
}

/// SQLite gives up the whole transaction when the disk is full, and with it the writes that share it.
#[tokio::test]
async fn whoever_shares_a_commit_with_a_full_disk_is_told_to_try_again() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();
    database.write(|db| db.pragma_update(None, "max_page_count", 8)).await.unwrap();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel();
    let first = database.write(move |_| {
        started.send(()).unwrap();
        may_go_on.recv().unwrap();
        Ok(())
    });

    // While the first is at work, alone, the other two queue up: the next commit is theirs together.
    let others = async {
        has_started.await.unwrap();
        let neighbour = database.write(add("lost"));
        let large = database.write(|db| db.execute("INSERT INTO word VALUES (hex(zeroblob(100000)))", []));
        tokio::join!(biased; neighbour, large, async { go_on.send(()).unwrap() })
    };
    let (_, (neighbour, large, ())) = tokio::join!(first, others);

    let neighbour = neighbour.unwrap_err();
    assert_eq!(large.unwrap_err().reason(), "STORE_FULL");
    assert_eq!((neighbour.kind(), neighbour.reason()), (Kind::Unavailable, "STORE_UNAVAILABLE"));
    assert!(words(&database).await.is_empty());
}

#[tokio::test]
async fn a_bug_in_a_statement_is_no_outage() {
    let database = Database::in_memory(schema()).await.unwrap();

    let failed = database.read(|db| db.execute("SELECT nonsense", [])).await.unwrap_err();

    assert_eq!((failed.kind(), failed.reason()), (Kind::Internal, "STORE_FAILED"));
}

#[tokio::test]
async fn an_emptied_log_holds_nothing_of_what_was_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();
    let log = || std::fs::read(directory.path().join("a.db-wal")).unwrap();
    database.write(add("something secret")).await.unwrap();
    database.write(|db| db.execute("DELETE FROM word", []).map(drop)).await.unwrap();
    assert!(log().windows(16).any(|bytes| bytes == b"something secret"));

    let emptied = database.truncate_wal().await.unwrap();

    let file = std::fs::read(directory.path().join("a.db")).unwrap();
    assert!(emptied && log().is_empty());
    assert!(!file.windows(16).any(|bytes| bytes == b"something secret"));
}

#[tokio::test]
async fn a_log_that_somebody_reads_is_emptied_another_time() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("a.db"), schema()).await.unwrap();
    database.write(add("one")).await.unwrap();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (end, ends) = std::sync::mpsc::channel();
    let reading = tokio::spawn({
        let database = database.clone();
        async move {
            let read = move |db: &Connection| {
                db.execute_batch("BEGIN; SELECT * FROM word")?;
                begun.send(()).ok();
                ends.recv().ok();
                db.execute_batch("COMMIT")
            };
            database.read(read).await
        }
    });
    begins.await.unwrap();
    database.write(add("two")).await.unwrap();

    assert!(!database.truncate_wal().await.unwrap());
    end.send(()).unwrap();
    reading.await.unwrap().unwrap();

    assert!(database.truncate_wal().await.unwrap());
    assert_eq!(words(&database).await, ["one", "two"]);
}

#[tokio::test]
async fn a_claim_keeps_out_even_those_who_share_and_is_kept_out_by_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let shared = Database::open_shared(&path, schema()).await.unwrap();

    let refused = Claim::lay(&path);
    shared.close().await;
    let claim = Claim::lay(&path).unwrap();
    let kept_out = Database::open_shared(&path, schema()).await;

    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    assert!(matches!(kept_out.err(), Some(Error::InUse { .. })));
    drop(claim);
    Database::open_shared(&path, schema()).await.expect("the claim is given up");
}
