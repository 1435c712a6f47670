//! A model or a store that is away for a while.

use std::time::Duration;

use kit::clock::Clock;

use crate::domain::model::*;
use crate::store::ContextStore;

use super::world::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_minute_without_the_model_kills_nothing() {
    let mut world = World::start().await;
    let keys: Vec<_> = (0..20).map(|n| key(&format!("u{n}"), "c1")).collect();
    for key in &keys {
        world.logs_out(key).await;
    }
    let (clock, back_at) = (world.clock.clone(), world.clock.now() + Duration::from_secs(60));
    let mut refused = 0;

    world
        .until_settled(&keys, |_| {
            if clock.now() >= back_at {
                return Reply::Extracted;
            }
            refused += 1;
            Reply::Fails(Failure::outage("PROVIDER_UNREACHABLE", "connection refused"))
        })
        .await;

    for key in &keys {
        assert_eq!(world.job(key).await.state, JobState::Done);
    }
    assert!((20..=200).contains(&refused), "each was tried, and none all the time: {refused}");
}

#[tokio::test]
async fn twenty_times_too_many_requests_cost_no_attempt() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;

    for snoozes in 0..20 {
        let call = world.call().await;
        assert_eq!((call.job.attempt, call.job.snoozes), (1, snoozes));
        let until = world.clock.now() + Duration::from_secs(30);
        call.reply(Reply::Fails(Failure::snooze(until, "RATE_LIMITED", "429, Retry-After: 30")));
        let job = world.job_once(&key, is_in(JobState::Pending)).await;
        assert_eq!(job.not_before, Some(until), "as the provider asked");
        world.advance(Duration::from_secs(30));
    }
    let last = world.call().await;

    assert_eq!((last.job.attempt, last.job.snoozes), (1, 20));
    last.reply(Reply::Extracted);
    world.job_once(&key, is_in(JobState::Done)).await;
}

#[tokio::test]
async fn a_store_that_is_away_at_the_commit_gets_the_result_when_it_is_back() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    world
        .store
        .execute(
            "CREATE TRIGGER away BEFORE UPDATE ON conversation WHEN NEW.job_state = 'DONE'
             BEGIN SELECT RAISE(ABORT, 'away'); END",
        )
        .await;

    world.call().await.reply(Reply::Extracted);
    world.passes(2, &key).await;
    let meanwhile = world.job(&key).await;
    let context = world.store.find_context(&key).await.unwrap();
    world.store.execute("DROP TRIGGER away").await;
    world.until_settled([&key], |call| panic!("the model is asked again: {:?}", call.job)).await;

    assert_eq!((meanwhile.state, context), (JobState::Running, None), "not done without its result");
    let job = world.job(&key).await;
    assert_eq!((job.state, job.fence), (JobState::Done, 1));
    assert!(world.store.find_context(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn after_each_of_three_outages_of_the_store_claims_go_on() {
    let mut world = World::start().await;
    for outage in 0..3 {
        let key = key("u1", &format!("c{outage}"));
        world.says(&key, "I will run a marathon in May").await;
        world.schedule.conversation(&key, Cause::Disconnect).await.unwrap();
        world
            .store
            .execute(
                "CREATE TRIGGER away BEFORE UPDATE ON conversation
                 BEGIN SELECT RAISE(ABORT, 'away'); END",
            )
            .await;
        world.advance(Duration::from_secs(20));
        let waits = tokio::time::timeout(PATIENCE, world.clock.until_sleeping(SECOND)).await;
        waits.expect("a worker has tried and waits");
        assert_eq!(world.job(&key).await.fence, 0, "nothing can be claimed");

        world.store.execute("DROP TRIGGER away").await;
        world.advance(SECOND);

        world.call().await.reply(Reply::Extracted);
        world.job_once(&key, is_in(JobState::Done)).await;
    }
}
