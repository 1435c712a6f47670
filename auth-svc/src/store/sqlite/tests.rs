use std::sync::Arc;

use super::*;
use crate::domain::feed::{Ended, Ending};
use crate::store::contract::{Fresh, store_contract};
use crate::store::{AccountStore, TrustStore};

mod in_memory {
    use super::*;

    async fn open() -> (Fresh, ()) {
        (Arc::new(SqliteStore::in_memory().await.unwrap()), ())
    }

    store_contract!(open);
}

mod in_a_file {
    use super::*;

    async fn open() -> (Fresh, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (Arc::new(SqliteStore::open(&directory.path().join("auth.db")).await.unwrap()), directory)
    }

    store_contract!(open);
}

/// Steps of SQLite's plan for a statement.
async fn plan(sql: &'static str) -> Vec<String> {
    let store = SqliteStore::in_memory().await.unwrap();
    let explain = move |db: &rusqlite::Connection| {
        db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?.query_map([], |row| row.get("detail"))?.collect()
    };
    store.database.read(explain).await.unwrap()
}

#[tokio::test]
async fn ending_a_session_is_a_point_update() {
    let steps =
        plan("UPDATE login_session SET revoked_at = 1 WHERE session_id = 's' AND user_id = 'u' AND revoked_at IS NULL")
            .await;

    assert_eq!(steps, ["SEARCH login_session USING PRIMARY KEY (session_id=?)"]);
}

#[tokio::test]
async fn due_entries_and_revocations_are_found_by_index() {
    let due = plan(
        "SELECT session_id FROM login_session WHERE outbox_state = 'pending' AND outbox_next_at <= 1 ORDER BY outbox_next_at",
    )
    .await;
    let ended = plan("SELECT session_id FROM login_session WHERE revoked_at >= 1 ORDER BY revoked_at").await;

    assert_eq!(due, ["SEARCH login_session USING COVERING INDEX outbox_due (outbox_next_at<?)"]);
    assert_eq!(ended, ["SEARCH login_session USING COVERING INDEX login_session_revoked (revoked_at>?)"]);
}

/// Nothing raises a generation yet, but verifiers and feed are ready for it.
#[tokio::test]
async fn a_raised_generation_is_told_with_the_session_it_kept() {
    let store = SqliteStore::in_memory().await.unwrap();
    let account = crate::store::contract::account("ada");
    store.create_account(&account).await.unwrap();

    let raise = |db: &rusqlite::Connection| {
        db.execute("UPDATE account SET generation = 2, generation_at = 1000000, kept_sid = 's1'", [])
    };
    store.database.write(raise).await.unwrap();

    let what = Ended::Generations { user: account.id, below: 2, kept: SessionId::parse("s1") };
    let at = Timestamp::from_second(1).unwrap();
    assert_eq!(store.ended_since(at).await.unwrap(), [Ending { what, at }]);
}
