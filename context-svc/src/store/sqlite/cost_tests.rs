//! What must not cost more the more there is: lookups, asking for a summary, and removing what is gone.

use jiff::Timestamp;
use rusqlite::Connection;

use super::tests::{asks, claims, completes, execute, key, open, says};
use super::*;
use crate::domain::model::*;
use crate::store::{ConversationStore, SummaryStore, UpkeepStore};

async fn words(store: &SqliteStore, sql: &'static str) -> Vec<String> {
    let list = move |db: &Connection| db.prepare(sql)?.query_map([], |row| row.get(0))?.collect();
    store.database.read(list).await.unwrap()
}

async fn rows_left(store: &SqliteStore) -> i64 {
    let count = "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM conversation)";
    store.database.read(move |db| db.query_row(count, [], |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn large_columns_stand_last_and_the_memory_has_rowids() {
    let store = open().await;

    let columns = words(&store, "SELECT name FROM pragma_table_info('user_memory') ORDER BY cid DESC LIMIT 3").await;
    let clustered = words(&store, "SELECT name FROM pragma_table_list('user_memory') WHERE wr = 1").await;

    assert_eq!(columns, ["job_failed_on", "marking", "summary"], "what stands behind them is read through them");
    assert_eq!(clustered, [""; 0], "a search would read the summaries of all the users it passes");
}

#[tokio::test]
async fn asking_for_a_summary_reads_neither_the_last_one_nor_the_contexts() {
    let store = open().await;
    says(&store, "hello").await;
    asks(&store).await;
    let job = claims(&store).await.unwrap();
    completes(&store, &job).await;

    execute(&store, "UPDATE conversation SET context = 'no JSON'; UPDATE user_memory SET summary = 'no JSON'").await;

    let asked = store.ask_summary(&key().user_id, 1, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(asked, SummaryAsked::Queued);
}

#[tokio::test]
async fn a_deleted_conversation_is_gone_before_its_messages_are() {
    let store = open().await;
    says(&store, "hello").await;
    let stuck = "CREATE TRIGGER stuck BEFORE DELETE ON message BEGIN SELECT RAISE(ABORT, 'it is not their turn'); END";
    execute(&store, stuck).await;

    assert!(store.delete_conversation(&key()).await.unwrap());

    assert!(says(&store, "a new life").await.is_some(), "the id is free at once");
    assert_eq!(store.list_messages(&key(), 0, 9).await.unwrap()[0].text, "a new life");
    execute(&store, "DROP TRIGGER stuck").await;
    let (orphans, _) = store.find_orphans(None, 9).await.unwrap();
    assert_eq!(orphans.len(), 1, "what was not reached is the janitor's");
    assert_eq!(store.remove_orphans(&orphans[0], 9).await.unwrap(), 1);
}

#[tokio::test]
async fn a_long_conversation_is_deleted_to_its_last_message() {
    let store = open().await;
    says(&store, "hello").await;
    let more = "WITH RECURSIVE more(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM more WHERE n < 1200)
                INSERT INTO message
                SELECT user_id, conversation_id, incarnation, n, era, 'm' || n, role, name, text, at, time_zone
                FROM message, more";
    execute(&store, more).await;
    assert_eq!(rows_left(&store).await, 1201);

    store.delete_conversation(&key()).await.unwrap();

    assert_eq!(rows_left(&store).await, 0);
}

#[tokio::test]
async fn looking_for_eras_that_are_gone_keeps_no_writer_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.db");
    let store = SqliteStore::open_shared(&path).await.unwrap();
    execute(&store, "INSERT INTO user_memory (user_id, era) VALUES ('u1', 1)").await;
    says(&store, "hello").await;

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    assert_eq!(store.remove_gone_eras(9).await.unwrap(), 0, "there is nothing to remove, so nothing is written");
}

#[tokio::test]
async fn of_the_eras_that_are_gone_no_more_is_removed_than_was_asked_for() {
    let store = open().await;
    execute(&store, "INSERT INTO user_memory (user_id, era) VALUES ('u1', 1), ('u2', 0)").await;
    let rows = "INSERT INTO conversation (user_id, conversation_id, incarnation, era, session_id, created_at, last_at, appended_at)
                VALUES ('u1', 'c1', 'i', 0, 's1', 1, 1, 1), ('u1', 'c2', 'i', 0, 's1', 1, 1, 1), ('u1', 'c3', 'i', 0, 's1', 1, 1, 1),
                       ('u1', 'now', 'i', 1, 's1', 1, 1, 1), ('u2', 'now', 'i', 0, 's1', 1, 1, 1)";
    execute(&store, rows).await;

    let removed = [store.remove_gone_eras(2).await.unwrap(), store.remove_gone_eras(2).await.unwrap()];

    assert_eq!(removed, [2, 1]);
    assert_eq!(words(&store, "SELECT DISTINCT conversation_id FROM conversation").await, ["now"]);
}
