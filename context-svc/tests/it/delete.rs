//! Deleting a conversation: its words are gone, whatever its extraction is doing.

use std::time::Duration;

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;
use tonic::{Code, Status};

use crate::world::{User, World};

/// Nothing that a user can ask for speaks of a conversation about swimming any more.
async fn is_forgotten(user: &User<'_>, conversation: &str) {
    let context = user.context().await;
    assert!(!format!("{context:?}").contains("swim"), "{context:?}");
    let items = user.memory().list_items(pb::ListItemsRequest::default()).await.unwrap().into_inner().items;
    assert!(!format!("{items:?}").contains("swim"), "{items:?}");
    for refused in [
        user.messages(conversation).await.expect_err("its messages are gone"),
        user.extraction(conversation).await.expect_err("its job is gone"),
        user.session_context(conversation).await.expect_err("its context is gone"),
        user.deletes(conversation).await.expect_err("it cannot be deleted twice"),
    ] {
        is_not_found(&refused);
    }
}

fn is_not_found(refused: &Status) {
    assert_eq!((refused.code(), reason_of(refused).as_deref()), (Code::NotFound, Some("CONVERSATION_NOT_FOUND")));
}

#[tokio::test]
async fn an_extracted_conversation_is_forgotten_and_others_stay() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    for (conversation, text) in [("c1", "I want to swim."), ("c2", "I want to ski.")] {
        alice.says(conversation, text).await;
        alice.ends(conversation).await;
        alice.until_done(conversation).await;
    }

    alice.deletes("c1").await.unwrap();

    is_forgotten(&alice, "c1").await;
    assert_eq!(alice.context().await.items[0].text, "I want to ski.");
}

#[tokio::test]
async fn a_conversation_deleted_while_its_job_waits_is_never_read() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;
    let disconnect = pb::ScheduleExtractionRequest {
        user_id: "alice".into(),
        conversation_id: "c1".into(),
        cause: pb::trigger::Cause::Disconnect.into(),
        ..Default::default()
    };
    world.internal().schedule_extraction(disconnect).await.unwrap();
    assert_eq!(alice.extraction("c1").await.unwrap().state(), State::Pending);

    alice.deletes("c1").await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    alice.says("c2", "I want to ski.").await;
    alice.ends("c2").await;
    alice.until_done("c2").await;

    is_forgotten(&alice, "c1").await;
    assert_eq!(world.model.calls(), 1, "of these only the other one");
}

#[tokio::test]
async fn what_a_model_still_says_of_a_deleted_conversation_is_dropped() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;
    world.model.hold();
    alice.ends("c1").await;
    alice.until("c1", |extraction| extraction.state() == State::Running && world.model.calls() == 1).await;

    alice.deletes("c1").await.unwrap();
    is_forgotten(&alice, "c1").await;
    world.model.go_on();
    alice.says("c1", "I want to ski.").await;
    alice.ends("c1").await;
    alice.until_done("c1").await;

    let context = alice.session_context("c1").await.unwrap();
    let texts: Vec<&str> = context.items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!((texts, context.extracted_seq), (vec!["I want to ski."], 1));
    assert!(!alice.context().await.text.contains("swim"));
}

#[tokio::test]
async fn a_foreign_conversation_cannot_be_deleted() {
    let world = World::start().await;
    let (alice, mallory) = (world.user("alice", "s1"), world.user("mallory", "s2"));
    alice.says("c1", "I want to swim.").await;

    is_not_found(&mallory.deletes("c1").await.unwrap_err());

    assert_eq!(alice.texts("c1").await, ["I want to swim."]);
}
