//! Answers in a talk.

use crate::domain::model::{
    Addition, AppendedMessage, Cause, ConversationKey, ErasureRequest, Incarnation, JobState, NewMessage, Role,
    replies_to, reply_id,
};
use crate::store::Store;

use super::language::*;

fn reply_to(seq: i64, text: &str) -> NewMessage {
    NewMessage { client_id: reply_id(seq).unwrap(), ..message("a", Role::Assistant, text) }
}

async fn life(store: &impl Store, key: &ConversationKey) -> Incarnation {
    store.talk_so_far(key, 1).await.unwrap().expect("the conversation is there").incarnation
}

async fn texts(store: &impl Store, key: &ConversationKey) -> Vec<String> {
    store.list_messages(key, 0, 100).await.unwrap().into_iter().map(|message| message.text).collect()
}

pub(crate) async fn a_talk_so_far_is_its_newest_messages_in_order(store: impl Store) {
    let key = key("u1", "c1");
    for text in ["one", "two", "three"] {
        says(&store, &key, text).await;
    }

    let talk = store.talk_so_far(&key, 2).await.unwrap().unwrap();

    let said: Vec<_> = talk.messages.iter().map(|message| (message.seq, message.text.as_str())).collect();
    assert_eq!(said, [(2, "two"), (3, "three")]);
    assert_eq!(store.talk_so_far(&key, 10).await.unwrap().unwrap().messages.len(), 3);
}

pub(crate) async fn a_foreign_talk_is_not_there(store: impl Store) {
    let own = key("u1", "c1");
    says(&store, &own, "mine").await;
    let life = life(&store, &own).await;

    let foreign = key("u2", "c1");
    let appended = store.append_reply(&foreign, &life, &reply_to(1, "yours"), t(1)).await.unwrap();

    assert_eq!((appended, store.talk_so_far(&foreign, 10).await.unwrap()), (None, None));
    assert_eq!(texts(&store, &own).await, ["mine"]);
}

pub(crate) async fn a_reply_is_durable_and_said_once(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    let life = life(&store, &key).await;

    let first = store.append_reply(&key, &life, &reply_to(1, "Hi!"), t(1)).await.unwrap();
    let second = store.append_reply(&key, &life, &reply_to(1, "Good day!"), t(2)).await.unwrap();

    let client_id = reply_id(1).unwrap();
    assert_eq!(first, Some(AppendedMessage { client_id: client_id.clone(), seq: 2, duplicate: false }));
    assert_eq!(second, Some(AppendedMessage { client_id, seq: 2, duplicate: true }));
    assert_eq!(texts(&store, &key).await, ["hello", "Hi!"]);
    let stored = store.talk_so_far(&key, 1).await.unwrap().unwrap().messages.remove(0);
    assert_eq!((stored.role, replies_to(&stored)), (Role::Assistant, Some(1)));
}

pub(crate) async fn what_is_only_called_a_reply_does_not_stand_for_one(store: impl Store) {
    let key = key("u1", "c1");
    let called = |seq, role, text| NewMessage { role, ..reply_to(seq, text) };
    let foreign = vec![
        called(2, Role::Assistant, "earlier than what it names"),
        message("a", Role::User, "hello"),
        called(1, Role::User, "not an assistant's"),
        called(20, Role::Assistant, "another's"),
    ];
    append(&store, &key, addition(foreign)).await;
    let life = life(&store, &key).await;

    let mut stored = Vec::new();
    for (seq, text) in [(2, "Hi!"), (2, "Good day!"), (1, "Yes?")] {
        stored.push(store.append_reply(&key, &life, &reply_to(seq, text), t(1)).await.unwrap().unwrap());
    }

    assert_eq!(
        stored.iter().map(|reply| (reply.seq, reply.duplicate)).collect::<Vec<_>>(),
        [(5, false), (5, true), (6, false)]
    );
    assert_eq!(stored[0].client_id, stored[1].client_id);
    let talk = store.talk_so_far(&key, 2).await.unwrap().unwrap().messages;
    let said: Vec<_> = talk.iter().map(|message| (message.text.as_str(), replies_to(message))).collect();
    assert_eq!(said, [("Hi!", Some(2)), ("Yes?", Some(1))]);
}

pub(crate) async fn a_reply_leaves_the_conversation_with_its_login_session(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    let elsewhere = Addition { session_id: session("s2"), ..addition(vec![message("b", Role::User, "still there?")]) };
    append(&store, &key, elsewhere).await;
    let asked_before = extraction(&store, &key).await;

    let life = life(&store, &key).await;
    store.append_reply(&key, &life, &reply_to(1, "Hi!"), t(1)).await.unwrap().unwrap();

    let conversation = store.find_conversation(&key).await.unwrap().unwrap();
    assert_eq!((conversation.session_id, conversation.last_seq), (session("s2"), 3));
    assert_eq!(extraction(&store, &key).await.causes, asked_before.causes);
}

pub(crate) async fn a_reply_does_not_come_to_a_later_life_of_its_conversation(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    let life = life(&store, &key).await;
    store.delete_conversation(&key).await.unwrap();

    let to_nothing = store.append_reply(&key, &life, &reply_to(1, "Hi!"), t(1)).await.unwrap();
    says(&store, &key, "another talk").await;
    let to_another = store.append_reply(&key, &life, &reply_to(1, "Hi!"), t(1)).await.unwrap();

    assert_eq!((to_nothing, to_another), (None, None));
    assert_eq!(texts(&store, &key).await, ["another talk"]);
}

pub(crate) async fn a_reply_does_not_come_back_after_an_erasure(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask_at(&store, &key, Cause::Logout, t(0)).await;
    assert_eq!(extraction(&store, &key).await.state, JobState::Pending);
    let life = life(&store, &key).await;
    let request =
        ErasureRequest { user_id: user("u1"), request_id: None, closes_account: false, at: t(1), again_at: t(1) };
    store.begin_erasure(&request).await.unwrap();

    let appended = store.append_reply(&key, &life, &reply_to(1, "Hi!"), t(2)).await.unwrap();

    assert_eq!((appended, store.talk_so_far(&key, 10).await.unwrap()), (None, None));
}
