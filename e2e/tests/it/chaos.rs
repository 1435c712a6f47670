//! Whatever the network between auth-svc and context-svc does, logging out answers, and the conversation is extracted once.

use std::time::Duration;

use e2e::{Mode, Service, User, World};
use kit::clock::monotonic;
use serde_json::json;

/// How long the relay waits for an answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// A user who has said something, and of whom nothing is on its way to context-svc.
async fn alice(world: &World) -> User {
    let mut alice = world.user("alice").await;
    // Registering began a session, which was ended.
    world.until_delivered(1).await;
    alice.log_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    alice
}

async fn logs_out_as_usual(alice: &User) {
    let begun = monotonic();

    let answer = alice.logout().await.expect("logout answers");

    assert_eq!(answer, json!({"revoked": true, "extraction": "SCHEDULED"}));
    assert!(begun.elapsed() < DEADLINE, "it has not waited for context-svc");
}

async fn is_extracted_once(world: World, mut alice: User) {
    world.until_delivered(1).await;

    alice.log_in().await;
    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!((&extraction["fence"], &extraction["causes"]), (&json!("1"), &json!(["LOGOUT"])));
    assert_eq!(world.model.heard(), [["I will run a marathon in May"]]);
    world.end().await;
}

#[tokio::test]
async fn over_a_good_network_a_logout_is_extracted_once() {
    let world = World::start_with_chaos().await;
    let alice = alice(&world).await;

    logs_out_as_usual(&alice).await;

    is_extracted_once(world, alice).await;
}

#[tokio::test]
async fn while_connections_are_refused_logouts_wait_and_are_extracted_once() {
    let world = World::start_with_chaos().await;
    let alice = alice(&world).await;
    world.chaos().set(Mode::Refuse).await;

    logs_out_as_usual(&alice).await;
    world.a_minute_flies_by().await;

    assert_eq!(world.model.calls(), 0);
    world.chaos().set(Mode::Pass).await;
    is_extracted_once(world, alice).await;
}

#[tokio::test]
async fn while_nothing_is_forwarded_logouts_wait_and_are_extracted_once() {
    let world = World::start_with_chaos().await;
    let alice = alice(&world).await;
    world.chaos().set(Mode::Hang).await;

    logs_out_as_usual(&alice).await;
    world.chaos().until_held().await;
    world.a_minute_flies_by().await;

    assert_eq!(world.model.calls(), 0);
    // What was withheld is not to arrive after all.
    world.chaos().set(Mode::Refuse).await;
    world.chaos().set(Mode::Pass).await;
    is_extracted_once(world, alice).await;
}

#[tokio::test]
async fn twenty_answers_that_get_lost_make_one_extraction() {
    let world = World::start_with_chaos().await;
    let alice = alice(&world).await;
    world.chaos().set(Mode::ResetAfterApply { until: 20 }).await;

    logs_out_as_usual(&alice).await;

    // The first of them was enough.
    world.model.until_asked(1).await;
    world.while_time_flies(world.chaos().until_reset(20)).await;
    is_extracted_once(world, alice).await;
}

#[tokio::test]
async fn over_a_slow_network_a_logout_is_as_fast_and_extracted_once() {
    let world = World::start_with_chaos().await;
    let alice = alice(&world).await;
    world.chaos().set(Mode::Slow(Duration::from_millis(100))).await;

    logs_out_as_usual(&alice).await;

    is_extracted_once(world, alice).await;
}

#[tokio::test]
async fn after_three_days_without_context_svc_every_logout_is_delivered() {
    let mut world = World::start_with_chaos().await;
    let mut alice = alice(&world).await;
    world.stop(Service::Context).await;
    logs_out_as_usual(&alice).await;

    for _ in 0..72 {
        world.advance(Duration::from_secs(3600));
        tokio::task::yield_now().await;
    }
    world.start_service(Service::Context).await;

    // The sweep has found her by now.
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    // The relay never waits longer than a minute.
    world.advance(Duration::from_secs(60));
    world.until_delivered(1).await;
    // Whether the logout is told before the sweep's extraction is done or after it: nothing is extracted twice.
    alice.until_extraction("c1", "DONE").await;
    assert_eq!(world.model.calls(), 1);
    world.end().await;
}
