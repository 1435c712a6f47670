//! What is counted of the queue, each in the story in which it happens.

use super::health::lookout;
use super::*;
use crate::domain::append::{Append, Draft};
use crate::domain::operate::Operate;
use crate::domain::schedule::{Schedule, ScheduleSettings};

fn operator(world: &World) -> Operate {
    lookout(world).operate.counted(world.metrics.clone())
}

#[tokio::test]
async fn what_is_put_off_is_no_failed_job() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let until = world.clock.now() + LONG;

    world.call().await.reply(Reply::Fails(Failure::snooze(until, "RATE_LIMITED", "429")));

    world.comes_to_show("afterword_queue_snoozes_total", "", "1").await;
    assert!(world.shows("afterword_queue_failures_total", "fate=\"SNOOZE\",reason=\"RATE_LIMITED\",", "1"));
    assert!(!world.shows("afterword_queue_dead_total", "reason=\"RATE_LIMITED\",", "1"));
}

#[tokio::test]
async fn what_operators_do_is_counted_and_so_is_the_pass_that_was_in_vain() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let mut call = world.call().await;
    let operator = operator(&world);

    operator.cancel(&key).await.unwrap();
    world.advance(BEAT);
    call.is_abandoned().await;
    operator.redrive(&key).await.unwrap();
    world.call().await.reply(Reply::Extracted);

    world.comes_to_show("afterword_queue_completes_total", "outcome=\"DONE\",", "1").await;
    assert!(world.shows("afterword_queue_cancelled_total", "", "1"));
    assert!(world.shows("afterword_queue_redriven_total", "", "1"));
    assert!(world.shows("afterword_queue_lease_lost_total", "", "1"));
    world.comes_to_show("afterword_queue_running", "", "0").await;
}

#[tokio::test]
async fn a_result_that_comes_too_late_is_dropped_and_counted() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let call = world.call().await;

    world.store.cancel(&key, world.clock.now()).await.unwrap();
    call.reply(Reply::Extracted);

    world.comes_to_show("afterword_queue_completes_total", "outcome=\"LEASE_LOST\",", "1").await;
    assert!(world.shows("afterword_queue_lease_lost_total", "", "1"));
    assert!(world.shows("afterword_queue_completes_total", "outcome=\"DONE\",", "0"));
}

#[tokio::test]
async fn what_is_given_back_at_the_end_is_counted() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let mut call = world.call().await;

    let lifecycle = world.lifecycle.clone();
    let shutdown = tokio::spawn(async move { lifecycle.shutdown(LONG).await });
    world.lifecycle.draining().cancelled().await;
    let time_passes = async {
        while !shutdown.is_finished() {
            world.advance(Duration::from_secs(1));
            world.job(&key).await;
        }
    };
    tokio::time::timeout(PATIENCE, time_passes).await.expect("the drain ends");
    call.is_abandoned().await;

    assert!(world.shows("afterword_queue_releases_total", "", "1"));
    assert!(world.shows("afterword_queue_lease_lost_total", "", "0"));
}

#[tokio::test]
async fn heartbeats_and_claims_that_the_store_does_not_take_are_counted() {
    let mut world = World::start().await;
    world.logs_out(&key("u1", "c1")).await;
    let mut call = world.call().await;
    world.clock.until_sleeping(BEAT).await;

    world.store.close().await;
    world.advance(BEAT);
    world.comes_to_show("afterword_queue_heartbeats_failed_total", "", "1").await;
    world.advance(Duration::from_secs(43));
    call.is_abandoned().await;

    world.comes_to_show("afterword_queue_running", "", "0").await;
    let page = kit::telemetry::metrics::page(std::slice::from_ref(&world.registry));
    for operation in ["claim", "heartbeat"] {
        assert!(page.contains(&format!("afterword_store_errors_total{{operation=\"{operation}\"")), "{page}");
    }
}

#[tokio::test]
async fn what_a_dead_worker_leaves_too_often_is_counted_as_poison() {
    let world = World::start().await;
    world.lifecycle.stop();
    world.logs_out(&key("u1", "c1")).await;
    let looking = tokio::spawn(lookout(&world).keep_looking());

    for n in 0..3 {
        let now = world.clock.now() + Duration::from_secs(60) * n;
        let terms = ClaimTerms { now, lease: Duration::from_secs(1), deliveries_max: 2 };
        world.store.claim(&WorkerId::random(), &[], &terms).await.unwrap();
    }
    for _ in 0..2 {
        world.clock.until_sleeping(Duration::from_secs(2)).await;
        world.clock.advance(Duration::from_secs(2));
    }

    world.comes_to_show("afterword_queue_poison_total", "", "1").await;
    looking.abort();
}

#[tokio::test]
async fn triggers_are_counted_by_what_became_of_them() {
    let mut world = World::start().await;
    let (clock, bell) = (Arc::new(world.clock.clone()), world.bell.clone());
    let narrow = ScheduleSettings { depth: 1, ..ScheduleSettings::default() };
    let narrow = Schedule::new(Arc::new(world.store.clone()), clock, bell, narrow).counted(world.metrics.clone());
    let (first, second) = (key("u1", "c1"), key("u1", "c2"));
    world.logs_out(&first).await;
    let _busy = world.call().await;
    world.says(&second, "I will run a marathon in May").await;

    narrow.conversation(&second, Cause::Logout).await.unwrap_err();

    assert!(world.shows("afterword_queue_rejects_total", "", "1"));
    assert!(world.shows("afterword_queue_triggers_total", "cause=\"LOGOUT\",outcome=\"REFUSED\",", "1"));
    assert!(world.shows("afterword_queue_triggers_total", "cause=\"LOGOUT\",outcome=\"QUEUED\",", "1"));
}

#[tokio::test]
async fn whatever_the_sweep_finds_is_counted() {
    let world = World::start().await;
    world.says(&key("u1", "c1"), "I will run a marathon in May").await;
    world.clock.advance(Duration::from_secs(31 * 60));

    world.schedule.sweep().await.unwrap();
    world.schedule.sweep().await.unwrap();

    assert!(world.shows("afterword_queue_sweep_finds_total", "", "1"));
}

#[tokio::test]
async fn a_message_counts_once_however_often_it_is_sent() {
    let world = World::start().await;
    let append = Append::new(Arc::new(world.store.clone()), world.schedule.clone()).counted(world.metrics.clone());
    let client_id = Some(ClientId::random());
    let draft = Draft { client_id, role: Role::User, name: String::new(), text: "hello".into(), at: None };

    for _ in 0..2 {
        let session = kit::id::SessionId::parse("s1").unwrap();
        append.append(&key("u1", "c1"), session, None, vec![draft.clone()]).await.unwrap();
    }

    assert!(world.shows("afterword_messages_appended_total", "", "1"));
}
