//! What must not cost more the more there is: lookups, and asking for a summary.

use jiff::Timestamp;
use rusqlite::Connection;

use super::tests::{asks, claims, completes, execute, key, open, says};
use super::*;
use crate::domain::model::*;
use crate::store::SummaryStore;

async fn words(store: &SqliteStore, sql: &'static str) -> Vec<String> {
    let list = move |db: &Connection| db.prepare(sql)?.query_map([], |row| row.get(0))?.collect();
    store.database.read(list).await.unwrap()
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
