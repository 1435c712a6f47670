//! What calls of the model consumed, as their user sees it.

use std::time::Duration;

use context_svc::domain::model::{CallOperation, CallRecord, ConversationId, Usage};
use jiff::Timestamp;
use kit::clock::Clock;
use kit::id::UserId;
use kit::status::reason_of;
use proto::context::v1 as pb;
use tonic::Code;

use crate::world::World;

async fn consumes(world: &World, user: &str, at: Timestamp, input_tokens: i64) {
    let call = CallRecord {
        user_id: UserId::parse(user).unwrap(),
        conversation_id: ConversationId::parse("c1"),
        operation: CallOperation::Extract,
        provider: "scripted".into(),
        model: "scripted".into(),
        ended_at: at,
        took: Duration::ZERO,
        usage: Usage { calls: 1, input_tokens, cached_input_tokens: 1, output_tokens: 2, cost_micro_usd: 3 },
        error: None,
    };
    world.app.store().record_call(&call).await.unwrap();
}

#[tokio::test]
async fn a_user_sees_the_own_usage_by_day_and_nobody_elses() {
    let world = World::start().await;
    let now = world.clock.now();
    consumes(&world, "alice", now, 100).await;
    consumes(&world, "alice", now, 50).await;
    consumes(&world, "bob", now, 7).await;

    let of_alice = world.user("alice", "s1").memory().get_usage(pb::GetUsageRequest::default()).await.unwrap();
    let of_carol = world.user("carol", "s3").memory().get_usage(pb::GetUsageRequest::default()).await.unwrap();

    let of_alice = of_alice.into_inner();
    let together =
        pb::Usage { calls: 2, input_tokens: 150, cached_input_tokens: 2, output_tokens: 4, cost_micro_usd: 6 };
    assert_eq!((of_alice.total, of_alice.days.len()), (Some(together), 1));
    assert_eq!((of_alice.days[0].usage, of_alice.daily_token_limit), (Some(together), 0));
    assert_eq!(of_alice.days[0].date, now.to_string()[..10]);
    let of_carol = of_carol.into_inner();
    assert_eq!((of_carol.total, of_carol.days), (Some(pb::Usage::default()), vec![]));
}

#[tokio::test]
async fn more_days_than_a_year_are_refused_by_name() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");

    for days in [-1, 367] {
        let refused = alice.memory().get_usage(pb::GetUsageRequest { days }).await.unwrap_err();
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        assert!(refused.message().contains("days"), "{refused}");
    }
    assert!(alice.memory().get_usage(pb::GetUsageRequest { days: 366 }).await.is_ok());
    let stranger = world.stranger().memory().get_usage(pb::GetUsageRequest::default()).await.unwrap_err();
    assert_eq!(stranger.code(), Code::Unauthenticated);
}
