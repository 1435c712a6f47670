//! Erasing a user: nothing speaks of them any more, whatever is running.

use std::time::Duration;

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::erasure::State;
use proto::context::v1::extraction::State as JobState;
use tonic::{Code, Status};

use crate::world::{PATIENCE, User, World, message};

/// Longer than any request takes.
const REQUESTS_ARE_OVER: Duration = Duration::from_secs(121);

async fn deletes_all(user: &User<'_>) -> pb::Erasure {
    let answer = user.memory().delete_user_data(pb::DeleteUserDataRequest {}).await.expect("a user may");
    answer.into_inner().erasure.expect("an erasure")
}

async fn erase(world: &World, user_id: &str, request_id: &str, account_deleted: bool) -> Result<pb::Erasure, Status> {
    let request = pb::EraseUserRequest { user_id: user_id.into(), request_id: request_id.into(), account_deleted };
    Ok(world.admin().erase_user(request).await?.into_inner().erasure.expect("an erasure"))
}

/// Repeats the request until it is done.
async fn until_done(world: &World, user_id: &str, request_id: &str) -> pb::Erasure {
    let looking = async {
        loop {
            let erasure = erase(world, user_id, request_id, false).await.expect("it can be asked again");
            if erasure.state() == State::Done {
                return erasure;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the erasure gets done in time")
}

/// Nothing that the user can ask for says anything.
async fn knows_nothing(user: &User<'_>) {
    let context = user.context().await;
    assert_eq!((context.text.as_str(), context.items.len(), context.recent.len()), ("", 0, 0));
    let items = user.memory().list_items(pb::ListItemsRequest::default()).await.unwrap().into_inner();
    let talks = user.conversations().list_conversations(pb::ListConversationsRequest::default()).await.unwrap();
    assert_eq!((items.items.len(), talks.into_inner().conversations.len()), (0, 0));
    for refused in [
        user.messages("c1").await.expect_err("its messages are gone"),
        user.extraction("c1").await.expect_err("its job is gone"),
        user.session_context("c1").await.expect_err("its context is gone"),
    ] {
        let told = (refused.code(), reason_of(&refused));
        assert_eq!(told, (Code::NotFound, Some("CONVERSATION_NOT_FOUND".to_owned())));
    }
}

#[tokio::test]
async fn delete_then_look_everywhere() {
    let world = World::start().await;
    let (alice, bob) = (world.user("alice", "s1"), world.user("bob", "s2"));
    for user in [&alice, &bob] {
        user.says("c1", "I want to swim.").await;
        user.ends("c1").await;
        user.until_done("c1").await;
        user.says("c2", "I want to ski.").await;
    }

    let erasure = deletes_all(&alice).await;

    knows_nothing(&alice).await;
    assert_eq!((erasure.conversations, erasure.messages, erasure.session_contexts, erasure.items), (2, 2, 1, 1));
    let jobs = world.internal().list_extractions(pb::ListExtractionsRequest::default()).await.unwrap().into_inner();
    assert_eq!(jobs.extractions.iter().map(|job| job.user_id.as_str()).collect::<Vec<_>>(), ["bob"]);
    assert_eq!((bob.texts("c1").await.len(), bob.context().await.items.len()), (1, 1), "nobody else is touched");
}

#[tokio::test]
async fn delete_while_queued_and_running() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    world.model.hold();
    alice.says("c1", "I want to swim.").await;
    alice.ends("c1").await;
    alice.until("c1", |job| job.state() == JobState::Running && world.model.calls() == 1).await;
    alice.says("c2", "I want to ski.").await;
    let disconnect = pb::ScheduleExtractionRequest {
        user_id: "alice".into(),
        conversation_id: "c2".into(),
        cause: pb::trigger::Cause::Disconnect.into(),
        ..Default::default()
    };
    world.internal().schedule_extraction(disconnect.clone()).await.unwrap();

    let erasure = erase(&world, "alice", "r1", false).await.unwrap();
    world.model.go_on();
    world.clock.advance(REQUESTS_ARE_OVER);
    let done = until_done(&world, "alice", "r1").await;

    assert_eq!((erasure.jobs_cancelled, done.jobs_cancelled, world.model.calls()), (2, 2, 1));
    knows_nothing(&alice).await;
    let again = world.internal().schedule_extraction(disconnect).await.unwrap().into_inner().outcomes;
    assert_eq!(again[0].outcome(), pb::ticket::Outcome::Unknown, "a relay that repeats it comes to an end");
    let queue = world.internal().get_queue_status(pb::GetQueueStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((queue.depth, queue.by_state.len()), (0, 0));
}

#[tokio::test]
async fn what_is_said_after_an_erasure_is_a_new_memory() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;
    let first = erase(&world, "alice", "r1", false).await.unwrap();

    let speaking = async {
        while let Err(refused) = alice.append("c1", vec![message("m1", "I want to ski.")]).await {
            assert_eq!(reason_of(&refused).as_deref(), Some("CONVERSATION_DELETING"));
        }
    };
    tokio::time::timeout(PATIENCE, speaking).await.expect("the id gets free");
    world.clock.advance(REQUESTS_ARE_OVER);
    let done = until_done(&world, "alice", "r1").await;

    assert_eq!(pb::Erasure { state: first.state, ..done }, first, "the same erasure");
    assert_eq!(alice.texts("c1").await, ["I want to ski."]);
}

#[tokio::test]
async fn a_user_who_asks_twice_gets_one_erasure() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;

    let first = deletes_all(&alice).await;
    world.clock.advance(Duration::from_secs(5));
    let second = deletes_all(&alice).await;

    assert_eq!((first.messages, &second), (1, &first));
}

#[tokio::test]
async fn a_deleted_account_is_closed_for_ever() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;

    erase(&world, "alice", "r1", true).await.unwrap();
    world.clock.advance(REQUESTS_ARE_OVER);
    until_done(&world, "alice", "r1").await;
    let alice = world.user("alice", "s1");

    let refused = alice.append("c1", vec![message("", "Hello?")]).await.unwrap_err();
    assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::FailedPrecondition, Some("ACCOUNT_DELETED")));
    knows_nothing(&alice).await;
}

#[tokio::test]
async fn an_unknown_user_is_no_error_and_a_bad_id_is() {
    let world = World::start().await;

    let nobody = erase(&world, "nobody", "r1", true).await.unwrap();
    assert_eq!((nobody.conversations, nobody.messages, nobody.jobs_cancelled), (0, 0, 0));

    for (user_id, request_id, field) in
        [("", "r1", "user_id"), ("a b", "r1", "user_id"), ("alice", "r/1", "request_id")]
    {
        let refused = erase(&world, user_id, request_id, false).await.expect_err(field);
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        assert!(refused.message().contains(field), "{refused}");
    }
}

#[tokio::test]
async fn only_services_erase_others() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;
    let request = pb::EraseUserRequest { user_id: "alice".into(), ..Default::default() };

    let by_a_user = world.user("mallory", "s2").admin().erase_user(request).await.unwrap_err();
    let by_nobody = world.stranger().memory().delete_user_data(pb::DeleteUserDataRequest {}).await.unwrap_err();

    assert_eq!(reason_of(&by_a_user).as_deref(), Some("INTERNAL_TOKEN_REQUIRED"));
    assert_eq!(reason_of(&by_nobody).as_deref(), Some("TOKEN_MISSING"));
    assert_eq!(alice.texts("c1").await, ["I want to swim."]);
}
