//! The model cannot be reached, and nothing is lost by it.

use std::collections::BTreeSet;
use std::time::Duration;

use context_svc::queue::QueueSettings;
use e2e::{User, World, eventually};
use futures::future::join_all;
use http::Method;
use kit::config::Period;
use serde_json::json;

const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const TALKS: usize = 200;
const ALL: usize = USERS.len() * TALKS;
const SLOTS: usize = 32;
const TEN_MINUTES: Duration = Duration::from_secs(600);
const MORE_THAN_A_DAY: Duration = Duration::from_secs(25 * 3600);

/// Whoever is at work when the clock jumps has not taken long.
fn nobody_is_slow(queue: &mut QueueSettings) {
    (queue.pass, queue.lease) = (Period::days(3), Period::days(3));
}

/// Says something in a conversation and ends it.
async fn talks(user: &mut User, conversation: &str, text: &str) {
    user.says(conversation, text).await;
    let end = format!("/api/v1/conversations/{conversation}:end");
    let ended = user.login().call(Method::POST, &end, Some(json!({}))).await.expect("a talk can be ended");
    assert_eq!(ended["outcome"], "QUEUED");
}

/// Holds many talks, and answers what was said in each.
async fn speaks_a_lot(world: &World, name: &str) -> Vec<String> {
    let mut user = world.user(name).await.logged_in().await;
    let mut spoken = vec![];
    for talk in 0..TALKS {
        let text = format!("I, {name}, want to read book {talk}");
        talks(&mut user, &format!("c{talk}"), &text).await;
        spoken.push(text);
    }
    spoken
}

/// Waits until the model has been asked that often, however long as it is asked at all.
async fn until_asked(world: &World, times: usize) {
    while world.model.calls() < times {
        let before = world.model.calls();
        eventually("another call", || async { world.model.calls() }, |calls| *calls > before).await;
    }
}

/// How many extractions of all users are in `state`.
async fn count(world: &World, state: &str) -> u64 {
    let status = world.queue_status().await;
    status.by_state.get(state).copied().unwrap_or_default().unsigned_abs()
}

async fn until_all_are(world: &World, state: &str, jobs: u64) {
    eventually(state, || count(world, state), |count| *count == jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_the_model_costs_no_extraction() {
    let world = World::start_with(|config| {
        let queue = &mut config.context.queue;
        // Far fewer than an hour takes: were an outage counted by them, every job would be dead.
        queue.attempts = 2;
        (queue.slots, queue.slots_per_user) = (SLOTS, SLOTS);
        nobody_is_slow(queue);
    })
    .await;
    world.model.unreachable();
    let spoken: BTreeSet<_> =
        join_all(USERS.map(|name| speaks_a_lot(&world, name))).await.into_iter().flatten().collect();

    for _ in 0..3 {
        let asked = world.model.calls() + ALL;
        world.advance(2 * TEN_MINUTES);
        until_asked(&world, asked).await;
    }
    assert_eq!(count(&world, "DEAD").await, 0);
    let in_vain = world.model.calls();
    world.model.answer();
    world.advance(2 * TEN_MINUTES);

    for part in 1..=4 {
        let done = || count(&world, "DONE");
        eventually("the extractions", done, |done| *done >= (part * ALL / 4) as u64).await;
    }
    assert_eq!((count(&world, "DONE").await, count(&world, "DEAD").await), (ALL as u64, 0));
    let heard = world.model.heard();
    assert!(heard.len() - in_vain <= ALL, "no talk is read twice once the model answers");
    // Of those that were asked just before, as many as there are slots may have been answered just after.
    let answered: BTreeSet<_> = heard[in_vain - SLOTS..].iter().flatten().cloned().collect();
    assert_eq!(answered, spoken);
    world.end().await;
}

#[tokio::test]
async fn what_died_of_a_longer_outage_comes_back_when_a_probe_succeeds() {
    let world = World::start_with(|config| {
        config.context.queue.attempts = 1;
        nobody_is_slow(&mut config.context.queue);
    })
    .await;
    let mut alice = world.user("alice").await.logged_in().await;
    world.model.fail();
    talks(&mut alice, "unreadable", "What no model can read").await;
    until_all_are(&world, "DEAD", 1).await;
    world.model.unreachable();
    for talk in 0..20 {
        talks(&mut alice, &format!("c{talk}"), &format!("I want to read book {talk}")).await;
    }
    let first_try = world.model.calls();
    eventually("a first try", || async { world.model.calls() }, |calls| *calls > first_try).await;

    world.advance(MORE_THAN_A_DAY);
    until_all_are(&world, "DEAD", 21).await;
    world.advance(TEN_MINUTES);
    until_all_are(&world, "DEAD", 21).await;
    world.model.answer();
    world.advance(TEN_MINUTES);

    until_all_are(&world, "DONE", 20).await;
    alice.log_in().await;
    assert_eq!(alice.until_extraction("unreadable", "DEAD").await["lastError"]["reason"], "SCRIPTED");
    alice.until_goals("c19", &["I want to read book 19"]).await;
    world.end().await;
}
