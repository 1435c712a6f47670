//! Storing what is said, and reading it back.

use kit::status::reason_of;
use proto::context::v1 as pb;
use tonic::Code;

use crate::world::{World, message};

#[tokio::test]
async fn what_is_said_can_be_read_back_in_order() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");

    let appended = alice.append("c1", vec![message("m1", "Hello."), message("", "I want to swim.")]).await.unwrap();

    let stored = alice.messages("c1").await.unwrap();
    assert_eq!(appended.last_seq, 2);
    assert_eq!(appended.messages[0].client_id, "m1");
    assert_eq!(appended.messages[1].client_id.len(), 32, "the server fills in a missing client id");
    assert_eq!(
        stored.iter().map(|m| (m.seq, m.text.as_str())).collect::<Vec<_>>(),
        [(1, "Hello."), (2, "I want to swim.")]
    );
    assert!(stored.iter().all(|m| m.role() == pb::message::Role::User && m.at.is_some()));
}

#[tokio::test]
async fn a_repeated_client_id_is_a_duplicate_and_the_first_text_stays() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.append("c1", vec![message("m1", "first")]).await.unwrap();

    let again = alice.append("c1", vec![message("m1", "other"), message("m2", "new")]).await.unwrap();

    let told: Vec<(i64, bool)> = again.messages.iter().map(|m| (m.seq, m.duplicate)).collect();
    assert_eq!((told, again.last_seq), (vec![(1, true), (2, false)], 2));
    assert_eq!(alice.texts("c1").await, ["first", "new"]);
}

#[tokio::test]
async fn two_users_may_use_the_same_conversation_id() {
    let world = World::start().await;
    let (alice, bob) = (world.user("alice", "s1"), world.user("bob", "s2"));
    alice.says("c1", "I want to swim.").await;
    bob.says("c1", "I want to ski.").await;

    assert_eq!(alice.texts("c1").await, ["I want to swim."]);
    assert_eq!(bob.texts("c1").await, ["I want to ski."]);
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_not_found() {
    let world = World::start().await;
    world.user("alice", "s1").says("c1", "I want to swim.").await;
    let mallory = world.user("mallory", "s3");

    let get = pb::GetConversationRequest { conversation_id: "c1".into() };
    let end = pb::EndConversationRequest { conversation_id: "c1".into() };
    for refused in [
        mallory.conversations().get_conversation(get).await.unwrap_err(),
        mallory.conversations().end_conversation(end).await.unwrap_err(),
        mallory.messages("c1").await.unwrap_err(),
        mallory.extraction("c1").await.unwrap_err(),
        mallory.session_context("c1").await.unwrap_err(),
    ] {
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::NotFound, Some("CONVERSATION_NOT_FOUND")));
    }
    assert_eq!(mallory.context().await.text, "");
}

#[tokio::test]
async fn a_page_of_long_messages_fits_into_one_answer() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let long = "x".repeat(32_768);
    for _ in 0..2 {
        alice.append("c1", vec![message("", &long); 75]).await.unwrap();
    }

    let mut seqs = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            pb::ListMessagesRequest { conversation_id: "c1".into(), page_size: 200, page_token, ..Default::default() };
        let page = alice.conversations().list_messages(request).await.expect("the page fits").into_inner();
        seqs.extend(page.messages.iter().map(|message| message.seq));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }

    assert_eq!(seqs, (1..=150).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_time_before_1970_is_given_back_as_it_came() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let at = prost_types::Timestamp { seconds: -2, nanos: 250_000_000 };

    alice
        .append("c1", vec![pb::append_messages_request::NewMessage { at: Some(at), ..message("", "old") }])
        .await
        .unwrap();

    assert_eq!(alice.messages("c1").await.unwrap()[0].at, Some(at));
}

#[tokio::test]
async fn lists_come_in_pages_without_gap_or_repetition() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    for conversation in ["c1", "c2", "c3"] {
        alice.append(conversation, vec![message("", "one"), message("", "two"), message("", "three")]).await.unwrap();
    }

    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListConversationsRequest { page_size: 2, page_token };
        let page = alice.conversations().list_conversations(request).await.unwrap().into_inner();
        ids.extend(page.conversations.into_iter().map(|conversation| conversation.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let second =
        pb::ListMessagesRequest { conversation_id: "c1".into(), page_size: 1, after_seq: 1, ..Default::default() };
    let second = alice.conversations().list_messages(second).await.unwrap().into_inner();

    assert_eq!(ids, ["c3", "c2", "c1"]);
    assert_eq!((second.messages[0].text.as_str(), second.next_page_token.as_str()), ("two", "2"));
}
