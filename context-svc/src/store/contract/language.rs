//! The words that the stories of the contract are told in.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kit::id::{SessionId, UserId};

use crate::domain::model::{
    Addition, Appended, Cause, ClientId, Committed, ContextOutcome, ConversationId, ConversationKey, Enqueued,
    Extraction, ItemChanges, Job, LastError, NewMessage, Outcome, Role, SessionContext, Trigger, Usage, WorkerId,
};
use crate::store::{ClaimTerms, Store};

pub(super) const LEASE: Duration = Duration::from_secs(60);

/// A moment, in seconds from the beginning of the story.
pub(super) fn t(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + seconds).unwrap()
}

pub(super) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(super) fn session(name: &str) -> SessionId {
    SessionId::parse(name).unwrap()
}

pub(super) fn key(user_id: &str, conversation: &str) -> ConversationKey {
    ConversationKey::new(user(user_id), ConversationId::parse(conversation).unwrap())
}

pub(super) fn worker(name: &str) -> WorkerId {
    WorkerId::parse(name).unwrap()
}

pub(super) fn message(client_id: &str, role: Role, text: &str) -> NewMessage {
    let client_id = ClientId::parse(client_id).unwrap();
    NewMessage { client_id, role, name: String::new(), text: text.into(), at: t(0) }
}

/// Messages under the login session `s1`.
pub(super) fn addition(messages: Vec<NewMessage>) -> Addition {
    Addition { session_id: session("s1"), time_zone: None, messages }
}

pub(super) fn trigger(cause: Cause, at: Timestamp) -> Trigger {
    let wait = if cause == Cause::Disconnect { Duration::from_secs(20) } else { Duration::ZERO };
    Trigger { cause, trace: None, at, wait, wait_max: Duration::from_secs(30), depth_limit: 1000 }
}

pub(super) async fn append(store: &impl Store, key: &ConversationKey, addition: Addition) -> Appended {
    let appended = store.append(key, &addition, &trigger(Cause::Disconnect, t(0))).await.unwrap();
    appended.expect("nothing is being deleted")
}

/// The user says something under the login session `s1`, at the beginning of the story.
pub(super) async fn says(store: &impl Store, key: &ConversationKey, text: &str) -> i64 {
    append(store, key, addition(vec![message(ClientId::random().as_str(), Role::User, text)])).await.last_seq
}

/// The assistant answers.
pub(super) async fn answers(store: &impl Store, key: &ConversationKey, text: &str) -> i64 {
    append(store, key, addition(vec![message(ClientId::random().as_str(), Role::Assistant, text)])).await.last_seq
}

/// Somebody asks for the extraction; the queue has room.
pub(super) async fn ask_at(store: &impl Store, key: &ConversationKey, cause: Cause, at: Timestamp) -> Outcome {
    match store.enqueue(key, &trigger(cause, at)).await.unwrap() {
        Enqueued::Accepted(ticket) => ticket.outcome,
        Enqueued::Full => panic!("the queue is full"),
    }
}

/// The login session ends, at the beginning of the story.
pub(super) async fn ask(store: &impl Store, key: &ConversationKey) -> Outcome {
    ask_at(store, key, Cause::Logout, t(0)).await
}

pub(super) fn terms(now: Timestamp) -> ClaimTerms {
    ClaimTerms { now, lease: LEASE, deliveries_max: 5 }
}

/// The worker `w1` looks for a job.
pub(super) async fn claim_at(store: &impl Store, now: Timestamp) -> Option<Job> {
    store.claim(&worker("w1"), &[], &terms(now)).await.unwrap()
}

/// The worker `w1` gets a job at the beginning of the story.
pub(super) async fn claim(store: &impl Store) -> Job {
    claim_at(store, t(0)).await.expect("a job is due")
}

/// What a processor could make of the messages up to `seq`.
pub(super) fn context(key: &ConversationKey, seq: i64) -> SessionContext {
    SessionContext {
        conversation_id: key.conversation_id.clone(),
        title: format!("up to {seq}"),
        summary: "They talked.".into(),
        language: "en".into(),
        items: vec![],
        provider: "scripted".into(),
        model: "scripted".into(),
        prompt_version: "1".into(),
        usage: Usage::default(),
        extracted_seq: seq,
        outcome: ContextOutcome::Extracted,
        items_dropped: BTreeMap::new(),
        extracted_at: t(1),
        changes: ItemChanges::default(),
    }
}

/// The worker is done with the messages up to `seq`.
pub(super) async fn complete(store: &impl Store, job: &Job, seq: i64) -> Committed {
    store.complete(&job.lease, job.want.at(seq), &context(job.key(), seq), t(1)).await.unwrap()
}

/// Everything said so far is asked for, claimed and extracted.
pub(super) async fn extract(store: &impl Store, key: &ConversationKey) {
    ask(store, key).await;
    let job = claim(store).await;
    assert_eq!(&job.lease.key, key, "another job was due");
    assert_eq!(complete(store, &job, job.upto_seq()).await, Committed::Done);
}

pub(super) fn error(reason: &str, at: Timestamp) -> LastError {
    LastError { reason: reason.into(), message: "it did not work".into(), at }
}

pub(super) async fn extraction(store: &impl Store, key: &ConversationKey) -> Extraction {
    store.find_extraction(key).await.unwrap().expect("the conversation is there")
}

/// Whether the sweep would find it.
pub(super) async fn is_idle(store: &impl Store, key: &ConversationKey) -> bool {
    store.list_idle(t(0), 100).await.unwrap().contains(key)
}
