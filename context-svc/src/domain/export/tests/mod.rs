//! Everything of a user, whatever happens meanwhile.

mod fields;

use std::time::Duration;

use jiff::Timestamp;
use kit::id::SessionId;
use serde_json::Value;

use super::record::RecordKind;
use super::*;
use crate::domain::model::{
    Addition, CallOperation, CallRecord, Cause, ClientId, ErasureRequest, NewMessage, Role, Trigger, Usage,
};
use crate::store::{ConversationStore, ErasureStore, SqliteStore, UsageStore};

fn t(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user() -> UserId {
    UserId::parse("u1").unwrap()
}

fn key(conversation: &str) -> ConversationKey {
    ConversationKey::new(user(), ConversationId::parse(conversation).unwrap())
}

/// The user says so many things.
async fn says(store: &SqliteStore, conversation: &str, messages: usize) {
    let message = |n: usize| NewMessage {
        client_id: ClientId::random(),
        role: Role::User,
        name: String::new(),
        text: format!("the {n}th\nthing"),
        at: t(n as i64),
    };
    let session_id = SessionId::parse("s1").unwrap();
    let addition = Addition { session_id, time_zone: None, messages: (0..messages).map(message).collect() };
    let wait = Duration::ZERO;
    let trigger = Trigger { cause: Cause::Manual, trace: None, at: t(0), wait, wait_max: wait, depth_limit: 9 };
    store.append(&key(conversation), &addition, &trigger).await.unwrap().expect("nothing is being deleted");
}

async fn begin(store: &SqliteStore) -> Exporting {
    Export::new(Arc::new(store.clone())).begin(user()).await.unwrap()
}

/// All that is left of an export: kind, conversation and place.
async fn rest(exporting: &mut Exporting) -> Result<Vec<(&'static str, String, i64)>, ExportError> {
    let mut told = vec![];
    while let Some(record) = exporting.next().await? {
        assert!(!record.json.contains('\n'), "{}", record.json);
        let json: Value = serde_json::from_str(&record.json).unwrap();
        let place = json["seq"].as_i64().unwrap_or_default();
        told.push((record.kind.as_str(), json["conversation_id"].as_str().unwrap_or_default().to_owned(), place));
    }
    Ok(told)
}

#[tokio::test]
async fn each_conversation_is_followed_by_all_it_has() {
    let store = SqliteStore::in_memory().await.unwrap();
    says(&store, "c2", 1).await;
    says(&store, "c1", 2).await;

    let told = rest(&mut begin(&store).await).await.unwrap();

    let expected = [
        ("conversation", "c1", 0),
        ("message", "c1", 1),
        ("message", "c1", 2),
        ("conversation", "c2", 0),
        ("message", "c2", 1),
    ];
    assert_eq!(told, expected.map(|(kind, conversation, seq)| (kind, conversation.to_owned(), seq)));
}

#[tokio::test]
async fn more_than_is_held_at_a_time_is_told_once_each() {
    let store = SqliteStore::in_memory().await.unwrap();
    for n in 0..3 * CONVERSATIONS + 1 {
        says(&store, &format!("c{n:02}"), 1).await;
    }
    says(&store, "long", 2 * MESSAGES + 1).await;

    let told = rest(&mut begin(&store).await).await.unwrap();

    let of_long: Vec<i64> = told.iter().filter(|(_, id, _)| id == "long").map(|(_, _, seq)| *seq).collect();
    assert_eq!(told.len(), 2 * (3 * CONVERSATIONS + 1) + 1 + 2 * MESSAGES + 1);
    assert_eq!(of_long, (0..=2 * MESSAGES as i64 + 1).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_is_missed_when_somebody_speaks_meanwhile() {
    let store = SqliteStore::in_memory().await.unwrap();
    for n in 0..2 * CONVERSATIONS {
        says(&store, &format!("c{n:02}"), 1).await;
    }
    let mut exporting = begin(&store).await;
    exporting.next().await.unwrap().expect("there is a first");

    says(&store, "c31", 1).await;
    says(&store, "c00", 1).await;
    says(&store, "b", 1).await;
    let told = rest(&mut exporting).await.unwrap();

    let conversations = told.iter().filter(|(kind, ..)| *kind == "conversation").count();
    let of_the_first: Vec<_> = told.iter().filter(|(_, id, _)| id == "c00").map(|(_, _, seq)| *seq).collect();
    assert_eq!((conversations, of_the_first), (2 * CONVERSATIONS - 1, vec![1]), "as of when it was read");
}

#[tokio::test]
async fn an_erasure_ends_an_export_with_an_error_wherever_it_is() {
    // In the middle of a conversation, between two pages of them, and when nothing but verdicts could come.
    for taken in [1, 2 * CONVERSATIONS, 4 * CONVERSATIONS] {
        let store = SqliteStore::in_memory().await.unwrap();
        for n in 0..2 * CONVERSATIONS {
            says(&store, &format!("c{n:02}"), 1).await;
        }
        let mut exporting = begin(&store).await;
        for _ in 0..taken {
            exporting.next().await.unwrap().expect("there is more");
        }

        let request =
            ErasureRequest { user_id: user(), request_id: None, closes_account: false, at: t(0), again_at: t(0) };
        store.begin_erasure(&request).await.unwrap();
        let ended = rest(&mut exporting).await.unwrap_err();

        assert_eq!((ended.reason(), ended.kind()), ("EXPORT_INTERRUPTED", Kind::Unavailable), "after {taken}");
        assert_eq!(exporting.next().await.unwrap(), None);
        assert_eq!(rest(&mut begin(&store).await).await.unwrap(), [], "the next one is complete");
    }
}

#[tokio::test]
async fn a_deletion_ends_an_export_only_in_the_middle_of_what_is_deleted() {
    let store = SqliteStore::in_memory().await.unwrap();
    for id in ["c1", "c2"] {
        says(&store, id, 1).await;
    }
    says(&store, "c3", 2 * MESSAGES).await;
    let mut exporting = begin(&store).await;
    exporting.next().await.unwrap().expect("there is a first");

    store.delete_conversation(&key("c2")).await.unwrap();
    let mut told = vec![];
    while !told.iter().any(|record: &Record| record.json.contains("\"c3\"")) {
        told.push(exporting.next().await.unwrap().expect("c3 is told of"));
    }
    store.delete_conversation(&key("c3")).await.unwrap();
    let ended = rest(&mut exporting).await.unwrap_err();

    assert!(told.iter().all(|record| !record.json.contains("\"c2\"")), "it was gone before its turn came");
    assert_eq!((told.len(), ended.reason()), (2, "EXPORT_INTERRUPTED"));
}

#[tokio::test]
async fn what_belongs_to_no_conversation_comes_last() {
    let store = SqliteStore::in_memory().await.unwrap();
    says(&store, "c1", 1).await;
    let usage = Usage { calls: 1, ..Usage::default() };
    let call = CallRecord {
        user_id: user(),
        conversation_id: None,
        operation: CallOperation::Summarise,
        provider: "p".into(),
        model: "m".into(),
        ended_at: t(0),
        took: Duration::ZERO,
        usage,
        error: None,
    };
    store.record_call(&call).await.unwrap();
    let summary = serde_json::to_string(&fields::whole_summary()).unwrap();
    store.execute(format!("UPDATE user_memory SET summary = '{}'", summary.replace('\'', "''")).leak()).await;

    let told = rest(&mut begin(&store).await).await.unwrap();

    let kinds: Vec<_> = told.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, ["conversation", "message", "summary", "usage"]);
}

#[tokio::test]
async fn nobody_has_nothing() {
    let store = SqliteStore::in_memory().await.unwrap();

    assert_eq!(rest(&mut begin(&store).await).await.unwrap(), []);
    assert_eq!(RecordKind::ALL.map(RecordKind::as_str).len(), 6);
}
