//! A memory to search: what is said, extracted, corrected and deleted in it, and what is found.

mod finding;
mod keeping;

use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};

use super::*;
use crate::domain::model::{
    Addition, Basis, Cause, ClientId, ConversationId, ConversationKey, ItemKind, ItemStatus, NewMessage, Role,
    SessionContext, Trigger, WorkerId,
};
use crate::domain::verdicts::Correct;
use crate::store::{ClaimTerms, ContextStore, ConversationStore, JobStore, SqliteStore};

/// The memory of one user, and a search of it.
struct Memory {
    store: Arc<SqliteStore>,
    clock: TestClock,
    search: Search,
    user: UserId,
}

fn conversation(id: &str) -> ConversationId {
    ConversationId::parse(id).unwrap()
}

/// A moment of a day in March 2031.
fn day(number: i64) -> Timestamp {
    "2031-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + (24 * (number - 1)).hours()
}

/// A message of the user on a day.
fn on(number: i64, text: &str) -> NewMessage {
    let (client_id, role) = (ClientId::random(), Role::User);
    NewMessage { client_id, role, name: String::new(), text: text.to_owned(), at: day(number) }
}

/// A message of the user on the first day.
fn user(text: &str) -> NewMessage {
    on(1, text)
}

fn by(role: Role, name: &str, text: &str) -> NewMessage {
    NewMessage { role, name: name.to_owned(), ..user(text) }
}

impl Memory {
    async fn new() -> Self {
        Self::keeping(SearchSettings::default()).await
    }

    async fn keeping(settings: SearchSettings) -> Self {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let clock = TestClock::frozen_at(day(20));
        let search = Search::new(store.clone(), Arc::new(clock.clone()), settings, Metrics::unread());
        Self { store, clock, search, user: UserId::parse("alice").unwrap() }
    }

    fn key(&self, id: &str) -> ConversationKey {
        ConversationKey::new(self.user.clone(), conversation(id))
    }

    async fn hears(&self, id: &str, messages: Vec<NewMessage>) {
        let addition = Addition { session_id: SessionId::parse("s1").unwrap(), time_zone: None, messages };
        self.store.append(&self.key(id), &addition, &trigger()).await.unwrap().expect("nothing is being deleted");
    }

    /// Everything said so far in a conversation is extracted: a goal for each message of the user, word for word.
    async fn remembers(&self, id: &str) {
        let key = self.key(id);
        self.store.enqueue(&key, &trigger()).await.unwrap();
        let terms = ClaimTerms { now: day(20), lease: Duration::from_secs(60), deliveries_max: 5 };
        let claimed = self.store.claim(&WorkerId::random(), &[], &terms).await.unwrap();
        let Some(job) = claimed else { return };
        let said = self.store.list_messages(&key, 0, 1000).await.unwrap();
        let goals = said.iter().filter(|message| message.role == Role::User).map(|message| goal(id, message));
        let mut context = SessionContext::blank(&key.conversation_id);
        context.items = goals.collect();
        context.extracted_seq = job.upto_seq();
        self.store.complete(&job.lease, job.want, &context, day(20)).await.unwrap();
    }

    async fn deletes(&self, id: &str) {
        self.store.delete_conversation(&self.key(id)).await.unwrap();
    }

    async fn rejects(&self, id: &str, place: usize) {
        let found = self.store.find_context(&self.key(id)).await.unwrap();
        if let Some(item) = found.and_then(|found| found.items.get(place).cloned()) {
            let correct = Correct::new(self.store.clone(), Arc::new(self.clock.clone()));
            correct.reject(&self.user, &item.id).await.unwrap();
        }
    }

    async fn finds(&self, query: &str, scope: Scope) -> Vec<Hit> {
        let quest = Quest { query: query.to_owned(), scope, limit: 20, time_zone: None };
        self.search.find(&self.user, &quest).await.unwrap()
    }

    /// The texts of the messages found.
    async fn messages(&self, query: &str) -> Vec<String> {
        texts(&self.finds(query, messages()).await)
    }

    /// The texts of the items found.
    async fn items(&self, query: &str) -> Vec<String> {
        texts(&self.finds(query, Scope { messages: false, ..all() }).await)
    }
}

fn all() -> Scope {
    Scope { items: ItemKind::ALL.to_vec(), messages: true, ..Scope::default() }
}

fn messages() -> Scope {
    Scope { messages: true, ..Scope::default() }
}

fn texts(hits: &[Hit]) -> Vec<String> {
    let text = |hit: &Hit| match &hit.subject {
        Subject::Item(item) => item.text.clone(),
        Subject::Message(said) => said.message.text.clone(),
    };
    hits.iter().map(text).collect()
}

fn trigger() -> Trigger {
    let wait = Duration::ZERO;
    Trigger { cause: Cause::Manual, trace: None, at: day(20), wait, wait_max: wait, depth_limit: 1000 }
}

fn goal(id: &str, message: &crate::domain::model::Message) -> Item {
    let evidence = Evidence { conversation_id: conversation(id), seq: message.seq, quote: message.text.clone() };
    Item {
        id: format!("{id}.{}", message.seq),
        conversation_id: conversation(id),
        kind: ItemKind::Goal,
        text: message.text.clone(),
        status: Some(ItemStatus::Active),
        due: None,
        speaker: Role::User,
        evidence: vec![evidence],
        basis: Basis::Stated,
        said_at: message.at,
        supersedes: None,
        superseded_by: None,
        progress: Vec::new(),
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    }
}
