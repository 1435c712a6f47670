//! What an erasure leaves in the file, and what can only be brought about behind the back of the store.

use jiff::Timestamp;
use kit::id::UserId;
use rusqlite::Connection;

use super::tests::{asks, claims, completes, execute, key, open, says};
use super::*;
use crate::domain::model::*;
use crate::store::{ErasureStore, UpkeepStore, UsageStore};

const LIMIT: usize = 100;

fn t(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

async fn begin(store: &SqliteStore) -> Erasure {
    let user_id = UserId::parse("u1").unwrap();
    let request = ErasureRequest { user_id, request_id: None, closes_account: false, at: t(0), again_at: t(100) };
    store.begin_erasure(&request).await.unwrap()
}

async fn claim(store: &SqliteStore, second: i64) -> ErasureLease {
    let worker = WorkerId::parse("e1").unwrap();
    store.claim_erasure(&worker, t(second), t(second + 60)).await.unwrap().expect("an erasure is due")
}

async fn remove_all(store: &SqliteStore, lease: &ErasureLease) {
    while store.erase_some(lease, LIMIT, t(60)).await.unwrap().expect("the lease holds") > 0 {}
}

async fn count(store: &SqliteStore, sql: &'static str) -> i64 {
    store.database.read(move |db: &Connection| db.query_row(sql, [], |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn a_row_that_comes_late_is_removed_by_the_second_pass() {
    let store = open().await;
    says(&store, "I want to swim").await;
    begin(&store).await;
    let first = claim(&store, 0).await;
    remove_all(&store, &first).await;
    assert_eq!(store.finish_erasure(&first, t(1)).await.unwrap(), ErasureEnd::TooEarly);
    let late = "INSERT INTO message (user_id, conversation_id, incarnation, seq, era, client_id, role, name, text, at)
                VALUES ('u1', 'c1', 'i1', 2, 0, 'm2', 'USER', '', 'still swimming', 1)";
    execute(&store, late).await;

    let second = claim(&store, 100).await;
    assert_eq!(store.finish_erasure(&second, t(100)).await.unwrap(), ErasureEnd::Remains);
    remove_all(&store, &second).await;

    assert_eq!(store.finish_erasure(&second, t(100)).await.unwrap(), ErasureEnd::Done);
    assert_eq!(count(&store, "SELECT count(*) FROM message").await, 0);
}

#[tokio::test]
async fn the_summary_goes_with_the_first_write_and_its_worker_is_too_late() {
    let store = open().await;
    says(&store, "I want to swim").await;
    let summary = "UPDATE user_memory SET summary = '{\"standing\":[1,2]}', marking = '{}', job_state = 'RUNNING',
                   job_owner = 'w1', job_lease_until = 9, job_fence = 3, job_failed_on = '[]'";
    execute(&store, summary).await;

    let begun = begin(&store).await;

    assert_eq!((begun.counts.summaries, begun.counts.items, begun.counts.jobs_cancelled), (1, 2, 1));
    let cleared = "SELECT count(*) FROM user_memory WHERE summary IS NULL AND marking IS NULL AND job_owner IS NULL
                   AND job_state = 'CANCELLED' AND job_fence = 4 AND job_failed_on IS NULL";
    assert_eq!(count(&store, cleared).await, 1);
}

#[tokio::test]
async fn only_the_tombstone_still_names_an_erased_user() {
    let store = open().await;
    says(&store, "I want to swim").await;
    asks(&store).await;
    let job = claims(&store).await.unwrap();
    completes(&store, &job).await;
    says(&store, "and to dive").await;
    asks(&store).await;
    let call = CallRecord {
        user_id: key().user_id,
        conversation_id: Some(key().conversation_id),
        operation: CallOperation::Extract,
        provider: "p".into(),
        model: "m".into(),
        ended_at: t(0),
        took: std::time::Duration::from_secs(1),
        usage: Usage::default(),
        error: None,
    };
    store.record_call(&call).await.unwrap();

    begin(&store).await;
    store.record_call(&call).await.unwrap();
    let lease = claim(&store, 100).await;
    remove_all(&store, &lease).await;
    assert_eq!(store.finish_erasure(&lease, t(100)).await.unwrap(), ErasureEnd::Done);

    let naming = |db: &Connection| {
        let tables = "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c
                      WHERE m.type = 'table' AND c.name = 'user_id' ORDER BY m.name";
        let tables: Vec<String> = db.prepare(tables)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut naming = vec![];
        for table in tables {
            let rows = format!("SELECT count(*) FROM {table} WHERE user_id = 'u1'");
            if db.query_row(&rows, [], |row| row.get::<_, i64>(0))? > 0 {
                naming.push(table);
            }
        }
        Ok(naming)
    };
    assert_eq!(store.database.read(naming).await.unwrap(), ["erasure", "user_memory"]);
}

#[tokio::test]
async fn no_word_of_an_erased_user_is_left_in_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.db");
    let store = SqliteStore::open(&path).await.unwrap();
    says(&store, "I want to swim across the channel").await;
    let holds = |word: &str| {
        let files =
            std::fs::read_dir(directory.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    assert!(holds("swim across"));

    begin(&store).await;
    let lease = claim(&store, 100).await;
    remove_all(&store, &lease).await;
    assert!(store.scrub().await.unwrap());

    assert!(!holds("swim across"));
}

#[tokio::test]
async fn the_janitor_finds_what_an_erasure_and_a_deletion_left_behind() {
    let store = open().await;
    says(&store, "I want to swim").await;
    execute(&store, "UPDATE user_memory SET era = 1").await;

    assert_eq!(store.remove_gone_eras(LIMIT).await.unwrap(), 1);
    let (orphans, next) = store.find_orphans(None, LIMIT).await.unwrap();

    assert_eq!((orphans.len(), next), (1, None));
    assert_eq!(store.remove_orphans(&orphans[0], LIMIT).await.unwrap(), 1);
    assert_eq!(count(&store, "SELECT count(*) FROM message").await, 0);
}
