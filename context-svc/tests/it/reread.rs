//! Reading again what was read before.

use kit::status::{reason_of, retry_after_of};
use proto::context::v1 as pb;
use proto::context::v1::ReextractConversationsRequest as Wish;
use tonic::{Code, Status};

use crate::world::World;

async fn reread(world: &World, wish: Wish) -> Result<pb::ReextractConversationsResponse, Status> {
    Ok(world.internal().reextract_conversations(wish).await?.into_inner())
}

fn answer(matched: i32, queued: i32, more: bool) -> pb::ReextractConversationsResponse {
    pb::ReextractConversationsResponse { matched, queued, more }
}

/// A user says something, and it is read with the prompt of now.
async fn read(world: &World, user: &str, conversation: &str) {
    let user = world.user(user, "s1");
    user.says(conversation, "I want to swim.").await;
    user.ends(conversation).await;
    user.until_done(conversation).await;
}

#[tokio::test]
async fn another_prompt_reads_everything_again_and_once() {
    let world = World::start().await;
    world.model.reads_with("1");
    read(&world, "alice", "c1").await;
    read(&world, "bob", "c1").await;
    assert_eq!(reread(&world, Wish::default()).await.unwrap(), answer(0, 0, false), "it is the prompt of now");
    let items = world.user("alice", "s1").session_context("c1").await.unwrap().items;
    world.model.reads_with("2");

    let dry = reread(&world, Wish { dry_run: true, ..Wish::default() }).await.unwrap();
    let wet = reread(&world, Wish::default()).await.unwrap();

    assert_eq!((dry, wet), (answer(2, 0, false), answer(2, 2, false)));
    for user in [world.user("alice", "s1"), world.user("bob", "s1")] {
        user.until("c1", |job| job.done == job.want && job.state() == pb::extraction::State::Done).await;
        let context = user.session_context("c1").await.unwrap();
        assert_eq!((context.prompt_version.as_str(), context.extracted_seq), ("2", 1));
        assert_eq!(context.items[0].id, items[0].id, "the same statement is the same item");
    }
    assert_eq!(world.model.calls(), 4);
    assert_eq!(reread(&world, Wish::default()).await.unwrap(), answer(0, 0, false));
    assert_eq!(world.user("alice", "s1").ends("c1").await, pb::ticket::Outcome::AlreadyExtracted);
}

#[tokio::test]
async fn a_wish_is_narrowed_by_user_conversation_version_time_and_limit() {
    let world = World::start().await;
    world.model.reads_with("1");
    for (user, conversation) in [("alice", "c1"), ("alice", "c2"), ("bob", "c1")] {
        read(&world, user, conversation).await;
    }
    world.model.reads_with("2");

    let long_ago = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let alices = Wish { user_id: "alice".into(), dry_run: true, ..Wish::default() };
    for (wish, expected) in [
        (alices.clone(), answer(2, 0, false)),
        (Wish { conversation_id: "c2".into(), ..alices.clone() }, answer(1, 0, false)),
        (Wish { prompt_version: "1".into(), ..alices.clone() }, answer(2, 0, false)),
        (Wish { prompt_version: "0".into(), ..alices.clone() }, answer(0, 0, false)),
        (Wish { extracted_before: long_ago, ..alices.clone() }, answer(0, 0, false)),
        (Wish { limit: 1, ..alices.clone() }, answer(1, 0, true)),
        (Wish { limit: 2, dry_run: false, ..Wish::default() }, answer(2, 2, true)),
        (Wish { limit: 2, dry_run: false, prompt_version: "1".into(), ..Wish::default() }, answer(1, 1, false)),
    ] {
        assert_eq!(reread(&world, wish.clone()).await.unwrap(), expected, "{wish:?}");
    }
}

#[tokio::test]
async fn a_wish_that_cannot_be_names_the_field() {
    let world = World::start().await;

    for (field, wish) in [
        ("user_id", Wish { conversation_id: "c1".into(), ..Wish::default() }),
        ("user_id", Wish { user_id: "a b".into(), ..Wish::default() }),
        ("conversation_id", Wish { user_id: "a".into(), conversation_id: "../c".into(), ..Wish::default() }),
        ("prompt_version", Wish { prompt_version: "x".repeat(129), ..Wish::default() }),
        ("limit", Wish { limit: -1, ..Wish::default() }),
        ("limit", Wish { limit: 10_001, ..Wish::default() }),
    ] {
        let refused = reread(&world, wish).await.expect_err(field);
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        assert!(refused.message().contains(field), "{refused}");
    }
}

#[tokio::test]
async fn half_the_queue_is_left_to_those_who_talk() {
    let world = World::start_with(|config| config.schedule.depth = 4).await;
    for conversation in ["c1", "c2", "c3"] {
        read(&world, "alice", conversation).await;
    }
    world.model.reads_with("2");
    world.model.hold();

    let first = reread(&world, Wish::default()).await.unwrap();
    let second = reread(&world, Wish::default()).await.unwrap_err();
    world.user("bob", "s2").says("c1", "I want to ski.").await;
    let talks = world.user("bob", "s2").ends("c1").await;

    assert_eq!(first, answer(2, 2, true));
    assert_eq!((second.code(), reason_of(&second).as_deref()), (Code::ResourceExhausted, Some("QUEUE_FULL")));
    assert!(retry_after_of(&second).is_some());
    assert_eq!(talks, pb::ticket::Outcome::Queued);
    world.model.go_on();
    for conversation in ["c1", "c2"] {
        world.user("alice", "s1").until(conversation, |job| job.done == job.want).await;
    }
    assert_eq!(reread(&world, Wish::default()).await.unwrap(), answer(1, 1, false));
}
