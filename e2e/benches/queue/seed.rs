//! Conversations and jobs made through the store while no service has it open: a hundred thousand calls would take minutes.

use std::sync::Arc;
use std::time::Duration;

use context_svc::domain::model::{
    Addition, Cause, ClientId, ConversationId, ConversationKey, NewMessage, Role, Trigger,
};
use context_svc::store::Store;
use futures::{StreamExt, TryStreamExt};
use kit::clock::{Clock, SystemClock};
use kit::id::{SessionId, UserId};
use kit::process::Failure;

/// How many writes may wait for the disk together.
const AT_ONCE: usize = 512;

/// How many conversations a user has.
const EACH: usize = 10;

/// The conversations of many users, none of which is twice in a row, named after what they are for.
pub(super) fn keys(purpose: &str, count: usize) -> Result<Vec<ConversationKey>, Failure> {
    let users = count.div_ceil(EACH);
    (0..count).map(|number| key(&format!("{purpose}-user{}", number % users), &format!("{purpose}{number}"))).collect()
}

fn key(user: &str, conversation: &str) -> Result<ConversationKey, Failure> {
    let user = UserId::parse(user).ok_or("not a user id")?;
    Ok(ConversationKey::new(user, ConversationId::parse(conversation).ok_or("not a conversation id")?))
}

/// Each says one thing worth remembering, and is dirty.
pub(super) async fn talk(store: &Arc<dyn Store>, keys: &[ConversationKey]) -> Result<(), Failure> {
    let session = SessionId::parse("bench").ok_or("not a session id")?;
    let talks = keys.iter().map(|key| {
        let message = NewMessage {
            client_id: ClientId::random(),
            role: Role::User,
            name: String::new(),
            text: "My goal is to run the half marathon in Lyon at the end of May.".to_owned(),
            at: SystemClock.now(),
        };
        let addition = Addition { session_id: session.clone(), time_zone: None, messages: vec![message] };
        async move { store.append(key, &addition, &trigger()).await.map(drop) }
    });
    Ok(futures::stream::iter(talks).buffer_unordered(AT_ONCE).try_collect().await?)
}

/// Asks for each of them, in order, as their users' logouts would.
pub(super) async fn enqueue(store: &Arc<dyn Store>, keys: &[ConversationKey]) -> Result<(), Failure> {
    let enqueues = keys.iter().map(|key| async move { store.enqueue(key, &trigger()).await.map(drop) });
    Ok(futures::stream::iter(enqueues).buffered(AT_ONCE).try_collect().await?)
}

/// A logout, now.
pub(super) fn trigger() -> Trigger {
    Trigger {
        cause: Cause::Logout,
        trace: None,
        at: SystemClock.now(),
        wait: Duration::ZERO,
        wait_max: Duration::ZERO,
        depth_limit: u64::MAX,
    }
}
