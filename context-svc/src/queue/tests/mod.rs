//! The queue, as stories.

mod counts;
mod hanging;
mod health;
mod outages;
mod probes;
mod shares;
mod stalling;
mod summaries;
mod two_processes;
mod watched;
mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kit::clock::Clock;

use super::*;
use crate::domain::model::*;
use crate::store::{ClaimTerms, JobStore, OperatorStore, OutageStore, Store};
use world::*;

#[tokio::test]
async fn a_trigger_wakes_a_worker_and_the_result_is_saved() {
    let mut world = World::start().await;
    let key = key("u1", "c1");

    assert_eq!(world.logs_out(&key).await, Outcome::Queued);
    world.call().await.reply(Reply::Extracted);

    let job = world.job_once(&key, is_in(JobState::Done)).await;
    assert_eq!((job.done.seq(), job.fence), (1, 1));
}

#[tokio::test]
async fn a_call_longer_than_the_lease_is_kept_by_heartbeats() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let call = world.call().await;

    world.passes(7, &key).await;
    call.reply(Reply::Extracted);

    let job = world.job_once(&key, is_in(JobState::Done)).await;
    assert_eq!((job.fence, job.done.seq()), (1, 1), "nobody else took it");
}

#[tokio::test]
async fn a_pass_that_takes_too_long_is_a_failed_attempt() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let mut call = world.call().await;

    world.passes(8, &key).await;
    call.is_abandoned().await;

    let job = world.job_once(&key, is_in(JobState::Pending)).await;
    assert_eq!((job.attempts, job.last_error.unwrap().reason.as_str()), (1, "PASS_TIMEOUT"));
}

#[tokio::test]
async fn a_lost_lease_cancels_the_work() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let mut call = world.call().await;

    let terms = ClaimTerms { now: world.clock.now() + LONG, lease: LONG, deliveries_max: 5 };
    let other = world.store.claim(&WorkerId::random(), &[], &terms).await.unwrap().expect("the lease has expired");
    world.advance(BEAT);
    call.is_abandoned().await;

    let job = world.job(&key).await;
    assert_eq!((job.state, job.owner), (JobState::Running, Some(other.lease.owner)));
}

#[tokio::test]
async fn a_cancelled_job_lets_its_worker_go() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let mut call = world.call().await;

    world.store.cancel(&key, world.clock.now()).await.unwrap();
    world.advance(BEAT);
    call.is_abandoned().await;

    assert_eq!(world.job(&key).await.state, JobState::Cancelled);
}

#[tokio::test]
async fn without_heartbeats_the_work_ends_before_another_may_start() {
    let mut world = World::start().await;
    world.logs_out(&key("u1", "c1")).await;
    let mut call = world.call().await;

    world.store.close().await;
    world.advance(Duration::from_secs(43));

    call.is_abandoned().await;
}

#[tokio::test]
async fn a_panic_fails_the_attempt_and_frees_the_slot() {
    let mut world = World::start().await;
    let (bad, good) = (key("u1", "bad"), key("u1", "good"));
    world.logs_out(&bad).await;

    world.call().await.reply(Reply::Panics);
    let job = world.job_once(&bad, is_in(JobState::Pending)).await;
    world.logs_out(&good).await;
    world.call().await.reply(Reply::Extracted);

    assert_eq!((job.attempts, job.last_error.unwrap().reason.as_str()), (1, "PANIC"));
    world.job_once(&good, is_in(JobState::Done)).await;
}

#[tokio::test]
async fn a_job_is_claimed_only_with_a_free_slot() {
    let mut world = World::start().await;
    let keys: Vec<_> = (0..6).map(|n| key(&format!("u{n}"), "c1")).collect();
    for key in &keys {
        world.logs_out(key).await;
    }
    let mut calls = vec![];
    for _ in 0..4 {
        calls.push(world.call().await);
    }
    assert!(world.calls.try_recv().is_err(), "there are four slots");
    assert_eq!(world.job(&keys[4]).await.owner, None, "and a waiting job holds no lease");

    calls.remove(0).reply(Reply::Extracted);

    assert_eq!(world.call().await.job.key(), &keys[4]);
    assert!(world.calls.try_recv().is_err());
}

#[tokio::test]
async fn one_user_cannot_fill_the_slots() {
    let mut world = World::start().await;
    for id in ["c1", "c2", "c3"] {
        world.logs_out(&key("a", id)).await;
    }
    world.logs_out(&key("b", "c1")).await;

    let first = world.call().await;
    let others = [world.call().await, world.call().await];

    let mut users: Vec<_> = others.iter().chain([&first]).map(|call| call.job.key().user_id.to_string()).collect();
    users.sort();
    assert_eq!(users, ["a", "a", "b"]);
    first.reply(Reply::Extracted);
    assert_eq!(world.call().await.job.key(), &key("a", "c3"));
}

#[tokio::test]
async fn a_message_during_extraction_makes_a_second_pass() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let first = world.call().await;

    assert_eq!(world.logs_out(&key).await, Outcome::Rearmed);
    first.reply(Reply::Extracted);
    let second = world.call().await;

    assert_eq!((second.job.done.seq(), second.job.upto_seq()), (1, 2));
    second.reply(Reply::Extracted);
    assert_eq!(world.job_once(&key, is_in(JobState::Done)).await.done.seq(), 2);
}

#[tokio::test]
async fn nothing_is_claimed_before_the_processor_is_ready() {
    let mut world = World::start().await;
    world.processor.ready.store(false, Ordering::SeqCst);
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    world.advance(LONG);
    assert_eq!(world.job(&key).await.fence, 0);

    world.processor.ready.store(true, Ordering::SeqCst);
    world.advance(Duration::from_secs(1));

    assert_eq!(world.call().await.job.key(), &key);
}

#[tokio::test]
async fn a_content_fault_is_given_up_after_eight_attempts() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;

    for attempt in 1..=8 {
        let call = world.call().await;
        assert_eq!(call.job.attempt, attempt);
        call.reply(Reply::Fails(Failure::retry("ALL_REJECTED", "no item was grounded")));
        world.job_once(&key, |job| job.state != JobState::Running).await;
        world.advance(Duration::from_secs(900));
    }

    let job = world.job(&key).await;
    assert_eq!((job.state, job.last_error.unwrap().reason.as_str()), (JobState::Dead, "ALL_REJECTED"));
}

#[tokio::test]
async fn an_outage_is_given_up_by_age_and_not_by_attempts() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;

    for _ in 0..12 {
        world.call().await.reply(Reply::Fails(Failure::outage("PROVIDER_UNREACHABLE", "connection refused")));
        world.job_once(&key, is_in(JobState::Pending)).await;
        world.advance(Duration::from_secs(900));
    }
    world.advance(Duration::from_secs(24 * 3600));
    world.call().await.reply(Reply::Fails(Failure::outage("PROVIDER_UNREACHABLE", "connection refused")));

    assert_eq!(world.job_once(&key, is_in(JobState::Dead)).await.attempts, 13);
    assert!(world.store.probe_outage(world.clock.now()).await.unwrap().is_some(), "it comes back when the outage ends");
}

#[tokio::test]
async fn a_snooze_is_respected_and_costs_no_attempt() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let until = world.clock.now() + LONG;

    world.call().await.reply(Reply::Fails(Failure::snooze(until, "RATE_LIMITED", "429")));

    let job = world.job_once(&key, is_in(JobState::Pending)).await;
    assert_eq!((job.attempts, job.snoozes, job.not_before), (0, 1, Some(until)));
    world.advance(LONG);
    assert_eq!(world.call().await.job.attempt, 1);
}

#[tokio::test]
async fn a_permanent_failure_is_not_tried_again() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;

    world.call().await.reply(Reply::Fails(Failure::give_up("TOO_LONG", "one message does not fit the model")));

    assert_eq!(world.job_once(&key, is_in(JobState::Dead)).await.last_error.unwrap().reason, "TOO_LONG");
}

#[tokio::test]
async fn the_drain_lets_running_jobs_end_and_claims_nothing_more() {
    let mut world = World::start().await;
    let (running, waiting) = (key("u1", "c1"), key("u1", "c2"));
    world.logs_out(&running).await;
    let call = world.call().await;

    let lifecycle = world.lifecycle.clone();
    let shutdown = tokio::spawn(async move { lifecycle.shutdown(LONG).await });
    world.lifecycle.draining().cancelled().await;
    world.logs_out(&waiting).await;
    world.passes(1, &running).await;
    call.reply(Reply::Extracted);

    let ended = tokio::time::timeout(PATIENCE, shutdown).await.expect("the drain ends");
    assert!(ended.unwrap(), "every task ended by itself");
    assert_eq!(world.job(&running).await.state, JobState::Done);
    assert_eq!(world.job(&waiting).await.fence, 0);
}

#[tokio::test]
async fn what_outlasts_the_drain_is_given_back_with_its_attempt() {
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
            // Reading waits its turn behind what the queue is writing, so that time cannot outrun it.
            world.job(&key).await;
        }
    };
    tokio::time::timeout(PATIENCE, time_passes).await.expect("the drain ends");
    call.is_abandoned().await;

    let job = world.job(&key).await;
    assert_eq!((job.state, job.attempts, job.deliveries, job.owner), (JobState::Pending, 0, 0, None));
}

#[tokio::test]
async fn a_hard_stop_leaves_the_job_to_its_lease() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.logs_out(&key).await;
    let mut call = world.call().await;

    world.lifecycle.stop();
    call.is_abandoned().await;

    assert_eq!(world.job(&key).await.state, JobState::Running);
}

#[tokio::test]
async fn whoever_says_no_goodbye_is_found_by_the_sweep() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.says(&key, "I will run a marathon in May").await;
    let (clock, interval) = (Arc::new(world.clock.clone()), QueueSettings::default().sweep);
    let beat = world.health.listens_for("idle sweep", LONG, Arc::new(world.clock.clone()));
    sweep(&world.lifecycle, clock, world.schedule.clone(), world.metrics.clone(), interval, beat);

    world.advance(Duration::from_secs(31 * 60));

    assert_eq!(world.call().await.job.causes, [Cause::Idle]);
}
