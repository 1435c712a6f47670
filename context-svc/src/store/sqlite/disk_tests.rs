//! What a full disk and a crowd of writers do to the file.

use std::path::Path;

use futures::future::join_all;
use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::{SessionId, UserId};

use super::SqliteStore;
use crate::domain::model::*;
use crate::store::{ConversationStore, JobStore, Store, StoreError};

fn key(conversation: &str) -> ConversationKey {
    ConversationKey::new(UserId::parse("u1").unwrap(), ConversationId::parse(conversation).unwrap())
}

fn trigger() -> Trigger {
    let wait = std::time::Duration::ZERO;
    Trigger { cause: Cause::Manual, trace: None, at: Timestamp::UNIX_EPOCH, wait, wait_max: wait, depth_limit: 1000 }
}

async fn says(store: &SqliteStore, conversation: &str, text: String) -> Result<Option<Appended>, StoreError> {
    let (role, at) = (Role::User, Timestamp::UNIX_EPOCH);
    let message = NewMessage { client_id: ClientId::random(), role, name: String::new(), text, at };
    let addition = Addition { session_id: SessionId::parse("s1").unwrap(), time_zone: None, messages: vec![message] };
    store.append(&key(conversation), &addition, &trigger()).await
}

async fn reads(store: &SqliteStore, conversation: &str) -> usize {
    store.list_messages(&key(conversation), 0, 10_000).await.unwrap().len()
}

async fn is_sound(path: &Path) -> bool {
    let store = SqliteStore::open(path).await.unwrap();
    let check =
        |db: &rusqlite::Connection| db.pragma_query_value(None, "integrity_check", |row| row.get::<_, String>(0));
    let verdict = store.database.read(check).await.unwrap();
    store.close().await;
    verdict == "ok"
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_acknowledged_and_refuses_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.db");
    let store = SqliteStore::open(&path).await.unwrap();
    says(&store, "c0", "hello".into()).await.unwrap();
    store.enqueue(&key("c0"), &trigger()).await.unwrap();
    store.execute("PRAGMA max_page_count = 100").await;

    let mut acknowledged = 0;
    let refused = loop {
        match says(&store, "c1", "x".repeat(2000)).await {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
    };
    let triggered = store.enqueue(&key("c1"), &trigger()).await;
    store.close().await;

    assert_eq!((refused.kind(), refused.reason()), (Kind::Unavailable, "STORE_FULL"));
    assert!(acknowledged > 10, "there was some room");
    assert!(is_sound(&path).await);
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!((reads(&store, "c0").await, reads(&store, "c1").await), (1, acknowledged));
    let depth = 1 + u64::from(triggered.is_ok());
    assert_eq!(store.depth().await.unwrap(), depth, "a trigger is kept or refused");
    says(&store, "c1", "there is room again".into()).await.unwrap();
    assert_eq!(reads(&store, "c1").await, acknowledged + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_in_two_processes_are_never_told_that_the_store_is_busy() {
    // Beside the test program: a temporary directory may be in memory, where commits cost nothing.
    let program = std::env::current_exe().unwrap();
    let directory = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
    let path = directory.path().join("context.db");
    let stores = [SqliteStore::open_shared(&path).await.unwrap(), SqliteStore::open_shared(&path).await.unwrap()];

    let writers = (0..16).map(async |writer| {
        let (store, conversation) = (&stores[writer % 2], format!("c{}", writer / 2));
        for number in 0..25 {
            says(store, &conversation, format!("message {number} of {writer}")).await.unwrap();
            store.enqueue(&key(&conversation), &trigger()).await.unwrap();
        }
    });
    join_all(writers).await;

    for talk in 0..8 {
        let messages = stores[0].list_messages(&key(&format!("c{talk}")), 0, 100).await.unwrap();
        let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, (1..=50).collect::<Vec<_>>(), "two processes count as one");
    }
    assert_eq!(stores[1].depth().await.unwrap(), 8);
    for store in &stores {
        store.close().await;
    }
    assert!(is_sound(&path).await);
}
