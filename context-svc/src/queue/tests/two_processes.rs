//! Two processes on one store, of which one stops, comes late, or has the wrong time.

use std::time::Duration;

use crate::domain::model::*;
use crate::store::ContextStore;

use super::world::*;

const SKEW: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);

/// Which claim made the context that is kept.
async fn made_by(world: &World, key: &ConversationKey) -> String {
    world.store.find_context(key).await.unwrap().expect("there is a result").model
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_is_dropped() {
    let mut late = World::start().await;
    let key = key("u1", "c1");
    late.logs_out(&key).await;
    let late_call = late.call().await;

    let mut other = late.beside(LONG);
    other.call().await.reply(Reply::Extracted);
    other.job_once(&key, is_in(JobState::Done)).await;
    other.lifecycle.stop();
    late_call.reply(Reply::Extracted);

    // One user has two slots: that a second one is free again shows that the late answer has been dealt with.
    late.logs_out(&super::world::key("u1", "c2")).await;
    late.logs_out(&super::world::key("u1", "c3")).await;
    let _calls = [late.call().await, late.call().await];
    let job = late.job(&key).await;
    assert_eq!((job.state, job.fence, job.done.seq()), (JobState::Done, 2, 1));
    assert_eq!(made_by(&late, &key).await, "asked by claim 2");
}

#[tokio::test]
async fn an_answer_of_an_older_claim_does_not_end_the_newer_one() {
    let mut late = World::start().await;
    let key = key("u1", "c1");
    late.logs_out(&key).await;
    let late_call = late.call().await;
    let mut other = late.beside(LONG);
    let call = other.call().await;

    late_call.reply(Reply::Extracted);
    late.logs_out(&super::world::key("u1", "c2")).await;
    late.logs_out(&super::world::key("u1", "c3")).await;
    let _calls = [late.call().await, late.call().await];

    assert_eq!(late.job(&key).await.state, JobState::Running, "the newer claim goes on");
    call.reply(Reply::Extracted);
    other.job_once(&key, is_in(JobState::Done)).await;
    assert_eq!(made_by(&other, &key).await, "asked by claim 2");
}

/// Whoever is ahead sees the leases of the other as expired: it may ask a model twice, and must not save twice.
#[tokio::test]
async fn clocks_ten_minutes_apart_double_calls_but_no_commits_and_nothing_is_stuck() {
    let mut behind = World::start().await;
    let mut ahead = behind.beside(SKEW);
    let keys: Vec<_> = (0..12).map(|n| key(&format!("u{n}"), "c1")).collect();
    for (n, key) in keys.iter().enumerate() {
        let hears_it = if n % 2 == 0 { &behind } else { &ahead };
        hears_it.logs_out(key).await;
    }

    let mut calls = Vec::new();
    let all_done = async {
        while !are_done(&behind, &keys).await {
            for world in [&mut behind, &mut ahead] {
                while let Ok(call) = world.calls.try_recv() {
                    calls.push((call.job.key().clone(), call.job.lease.fence));
                    // Whoever lost its lease meanwhile waits for no answer.
                    let _ = call.reply.send(Reply::Extracted);
                }
                world.advance(SECOND);
            }
        }
    };
    tokio::time::timeout(PATIENCE, all_done).await.expect("nothing is stuck");

    for key in &keys {
        let fence = behind.job(key).await.fence;
        assert_eq!(made_by(&behind, key).await, format!("asked by claim {fence}"), "the last claim's, and no other's");
        assert!(calls.iter().filter(|(called, _)| called == key).count() <= 2, "{calls:?}");
    }
}

async fn are_done(world: &World, keys: &[ConversationKey]) -> bool {
    for key in keys {
        if world.job(key).await.state != JobState::Done {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn what_a_fast_clock_leased_and_left_is_taken_over_when_that_time_has_come() {
    let mut behind = World::start().await;
    let mut ahead = behind.beside(SKEW);
    let key = key("u1", "c1");
    behind.lifecycle.stop();
    ahead.logs_out(&key).await;
    ahead.call().await;
    ahead.lifecycle.stop();

    behind = behind.beside(Duration::ZERO);
    behind.advance(SKEW + Duration::from_secs(60));

    assert_eq!(behind.call().await.job.lease.fence, 2);
}

#[tokio::test]
async fn a_process_that_ends_during_the_debounce_leaves_the_trigger_to_the_next() {
    let ended = World::start().await;
    let key = key("u1", "c1");
    ended.says(&key, "I will run a marathon in May").await;
    ended.schedule.conversation(&key, Cause::Disconnect).await.unwrap();
    ended.advance(Duration::from_secs(10));
    ended.lifecycle.stop();

    let mut next = ended.beside(Duration::ZERO);
    assert_eq!(next.job(&key).await.fence, 0, "it is not due yet");
    next.advance(Duration::from_secs(10));

    assert_eq!(next.call().await.job.causes, [Cause::Disconnect]);
}

#[tokio::test]
async fn what_waits_for_a_slot_here_is_taken_by_another_process_at_once() {
    let mut busy = World::start().await;
    for n in 0..8 {
        busy.logs_out(&key(&format!("u{n}"), "c1")).await;
    }
    let _four = [busy.call().await, busy.call().await, busy.call().await, busy.call().await];

    let mut other = busy.beside(Duration::ZERO);

    for n in 4..8 {
        assert_eq!(other.call().await.job.key(), &key(&format!("u{n}"), "c1"));
    }
    assert!(busy.calls.try_recv().is_err() && other.calls.try_recv().is_err());
}
