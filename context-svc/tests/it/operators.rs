//! The operator's side of the queue: looking, cancelling, redriving.

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::world::{User, World};

/// Somebody says something, and a job waits for 20 s whether more will be said.
async fn waits(world: &World, user: &str, conversation: &str) {
    world.user(user, "s1").says(conversation, "I will run a marathon in May").await;
    let trigger = pb::ScheduleExtractionRequest {
        user_id: user.into(),
        conversation_id: conversation.into(),
        cause: pb::trigger::Cause::Disconnect.into(),
        ..Default::default()
    };
    world.internal().schedule_extraction(trigger).await.expect("there is room");
}

async fn cancel(world: &World, user: &str, conversation: &str) -> Result<pb::Extraction, Status> {
    let request = pb::CancelExtractionRequest { user_id: user.into(), conversation_id: conversation.into() };
    Ok(world.internal().cancel_extraction(request).await?.into_inner().extraction.expect("an extraction"))
}

async fn redrive(world: &World, user: &str, conversation: &str) -> Result<pb::Extraction, Status> {
    let request = pb::RedriveExtractionRequest { user_id: user.into(), conversation_id: conversation.into() };
    Ok(world.internal().redrive_extraction(request).await?.into_inner().extraction.expect("an extraction"))
}

async fn list(world: &World, request: pb::ListExtractionsRequest) -> Result<pb::ListExtractionsResponse, Status> {
    Ok(world.internal().list_extractions(request).await?.into_inner())
}

fn ids(page: &pb::ListExtractionsResponse) -> Vec<&str> {
    page.extractions.iter().map(|each| each.conversation_id.as_str()).collect()
}

fn field_of(refused: &Status) -> String {
    assert_eq!(reason_of(refused).as_deref(), Some("INVALID_FIELD"), "{refused}");
    refused.get_details_bad_request().expect("a bad request").field_violations[0].field.clone()
}

fn told(refused: &Status) -> (Code, Option<String>) {
    (refused.code(), reason_of(refused))
}

#[tokio::test]
async fn a_cancelled_extraction_rests_until_it_is_redriven() {
    let world = World::start().await;
    let alice: User<'_> = world.user("alice", "s1");
    waits(&world, "alice", "c1").await;

    let cancelled = cancel(&world, "alice", "c1").await.unwrap();
    let asked_again = alice.ends("c1").await;
    let calls_while_cancelled = world.model.calls();
    let redriven = redrive(&world, "alice", "c1").await.unwrap();
    alice.until_done("c1").await;

    assert_eq!((cancelled.state(), asked_again), (State::Cancelled, pb::ticket::Outcome::Cancelled));
    assert_eq!((redriven.state(), redriven.attempts, redriven.merges), (State::Pending, 0, 0));
    assert_eq!((calls_while_cancelled, world.model.calls()), (0, 1));
}

#[tokio::test]
async fn what_cannot_be_moved_says_why() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("done", "I will run a marathon in May").await;
    alice.ends("done").await;
    alice.until_done("done").await;
    waits(&world, "alice", "live").await;

    let done = cancel(&world, "alice", "done").await.unwrap_err();
    let live = redrive(&world, "alice", "live").await.unwrap_err();

    assert_eq!(told(&done), (Code::FailedPrecondition, Some("NOT_CANCELLABLE".into())));
    assert!(done.message().contains("is DONE"), "{done}");
    assert_eq!(told(&live), (Code::FailedPrecondition, Some("NOT_REDRIVABLE".into())));
    assert!(live.message().contains("is PENDING"), "{live}");
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_are_told_apart() {
    let world = World::start().await;
    waits(&world, "alice", "c1").await;

    for (user, conversation) in [("alice", "c2"), ("bob", "c1")] {
        let unknown = (Code::NotFound, Some("CONVERSATION_NOT_FOUND".to_owned()));
        assert_eq!(told(&cancel(&world, user, conversation).await.unwrap_err()), unknown);
        assert_eq!(told(&redrive(&world, user, conversation).await.unwrap_err()), unknown);
    }
    assert_eq!(field_of(&cancel(&world, "", "c1").await.unwrap_err()), "user_id");
    assert_eq!(field_of(&redrive(&world, "alice", "../c1").await.unwrap_err()), "conversation_id");
}

#[tokio::test]
async fn extractions_of_all_users_are_listed_page_by_page() {
    let world = World::start().await;
    for (user, conversation) in [("alice", "c1"), ("bob", "c2"), ("alice", "c3")] {
        waits(&world, user, conversation).await;
    }
    let pending = pb::ListExtractionsRequest { state: State::Pending.into(), page_size: 2, ..Default::default() };

    let first = list(&world, pending.clone()).await.unwrap();
    let rest = pb::ListExtractionsRequest { page_token: first.next_page_token.clone(), ..pending };
    let second = list(&world, rest).await.unwrap();
    let of_bob = pb::ListExtractionsRequest { user_id: "bob".into(), ..Default::default() };

    assert_eq!((ids(&first), ids(&second)), (vec!["c1", "c2"], vec!["c3"]));
    assert_eq!(second.next_page_token, "");
    assert_eq!(ids(&list(&world, of_bob).await.unwrap()), ["c2"]);
}

#[tokio::test]
async fn a_bad_list_names_the_field() {
    let world = World::start().await;
    for conversation in ["c1", "c2"] {
        waits(&world, "alice", conversation).await;
    }
    let good = pb::ListExtractionsRequest { page_size: 1, ..Default::default() };
    let page_token = list(&world, good.clone()).await.unwrap().next_page_token;
    let resumed = pb::ListExtractionsRequest { page_token, ..good.clone() };
    let length = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });

    for (field, request) in [
        ("state", pb::ListExtractionsRequest { state: 42, ..good.clone() }),
        ("user_id", pb::ListExtractionsRequest { user_id: "a b".into(), ..good.clone() }),
        ("older_than", pb::ListExtractionsRequest { older_than: length(-1, 0), ..good.clone() }),
        ("page_size", pb::ListExtractionsRequest { page_size: -1, ..good.clone() }),
        ("page_token", pb::ListExtractionsRequest { page_token: "zzz".into(), ..good.clone() }),
        ("page_token", pb::ListExtractionsRequest { state: State::Pending.into(), ..resumed.clone() }),
        ("page_token", pb::ListExtractionsRequest { user_id: "alice".into(), ..resumed.clone() }),
        ("page_token", pb::ListExtractionsRequest { older_than: length(1, 0), ..resumed.clone() }),
    ] {
        let refused = list(&world, request).await.expect_err(field);
        assert_eq!(field_of(&refused), field);
    }
    assert_eq!(ids(&list(&world, resumed).await.unwrap()), ["c2"]);
}

#[tokio::test]
async fn the_status_counts_the_queue() {
    let world = World::start().await;
    for conversation in ["c1", "c2", "c3"] {
        waits(&world, "alice", conversation).await;
    }
    cancel(&world, "alice", "c1").await.unwrap();

    let status = world.internal().get_queue_status(pb::GetQueueStatusRequest {}).await.unwrap().into_inner();

    assert_eq!((status.depth, status.limit, status.running, status.slots), (2, 10_000, 0, 4));
    assert_eq!((status.by_state["PENDING"], status.by_state["CANCELLED"], status.by_state.len()), (2, 1, 2));
    assert_eq!((status.oldest_ready_age, status.degraded), (None, Vec::<String>::new()));
}

#[tokio::test]
async fn operating_the_queue_takes_the_internal_token() {
    let world = World::start().await;
    let mut alice = world.user("alice", "s1").extractions();

    let refused = [
        alice.list_extractions(pb::ListExtractionsRequest::default()).await.unwrap_err(),
        alice.cancel_extraction(pb::CancelExtractionRequest::default()).await.unwrap_err(),
        alice.redrive_extraction(pb::RedriveExtractionRequest::default()).await.unwrap_err(),
        alice.reextract_conversations(pb::ReextractConversationsRequest::default()).await.unwrap_err(),
        alice.get_queue_status(pb::GetQueueStatusRequest {}).await.unwrap_err(),
    ];

    for refused in refused {
        assert_eq!(told(&refused), (Code::Unauthenticated, Some("INTERNAL_TOKEN_REQUIRED".into())));
    }
}

#[tokio::test]
async fn a_raw_answer_is_shown_to_operators_who_ask_and_never_to_users() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I will run a marathon in May").await;
    world.model.babble("I am sorry");
    alice.ends("c1").await;

    let failed = alice.until("c1", |extraction| extraction.last_error.is_some()).await;
    let watched = pb::WatchExtractionRequest { conversation_id: "c1".into() };
    let mut states = alice.extractions().watch_extraction(watched).await.unwrap().into_inner();
    let seen = states.message().await.unwrap().expect("a state").extraction.expect("an extraction");
    let asked = pb::ListExtractionsRequest { include_raw_answers: true, ..Default::default() };
    let [plain, asked] = [list(&world, Default::default()).await.unwrap(), list(&world, asked).await.unwrap()];

    assert_eq!((failed.raw_answer.as_str(), seen.raw_answer.as_str()), ("", ""));
    assert_eq!(plain.extractions[0].raw_answer, "");
    assert_eq!(asked.extractions[0].raw_answer, "I am sorry");
}
