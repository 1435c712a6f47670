//! A queue that is full, or long, is nobody's problem but the queue's.

use std::time::Duration;

use e2e::{User, World};
use http::Method;
use kit::clock::monotonic;
use serde_json::{Value, json};

async fn end(user: &User, conversation: &str) -> Result<Value, afterword::client::ClientError> {
    let path = format!("/api/v1/conversations/{conversation}:end");
    user.login().call(Method::POST, &path, Some(json!({}))).await
}

#[tokio::test]
async fn a_full_queue_refuses_new_work_and_in_the_end_does_all_of_it() {
    let world = World::start_with(|config| config.context.schedule.depth = 10).await;
    world.model.hang();
    let mut users = Vec::new();
    for n in 0..12 {
        let mut user = world.user(&format!("user{n}")).await.logged_in().await;
        user.says("c1", "I will run a marathon in May").await;
        user.logout().await.expect("a logout knows no full queue");
        user.log_in().await;
        if n < 10 {
            user.until_extraction("c1", if n < 4 { "RUNNING" } else { "PENDING" }).await;
        }
        users.push(user);
    }
    let mut newcomer = world.user("newcomer").await.logged_in().await;
    newcomer.says("c1", "I want to learn the cello").await;

    let refused = end(&newcomer, "c1").await.expect_err("there is no room");
    let running = end(&users[0], "c1").await.expect("its job is there");
    let waiting = end(&users[9], "c1").await.expect("its job is there");

    assert_eq!(refused.reason(), "QUEUE_FULL");
    assert_eq!((&running["outcome"], &waiting["outcome"]), (&json!("ALREADY_RUNNING"), &json!("MERGED")));
    world.model.answer();
    for user in &mut users {
        user.log_in().await;
        world.while_time_flies(user.until_extraction("c1", "DONE")).await;
    }
    assert_eq!(world.model.heard().into_iter().filter(|words| words[0].contains("marathon")).count(), 12);
    world.end().await;
}

/// What was measured, in the middle of several.
struct Typical {
    append: Duration,
    context: Duration,
    schedule: Duration,
    logout: Duration,
}

async fn measured(world: &World, user: &mut User, round: &str) -> Typical {
    let (mut appends, mut contexts, mut schedules, mut logouts) = (vec![], vec![], vec![], vec![]);
    for n in 0..11 {
        let conversation = format!("{round}{n}");
        let start = monotonic();
        user.says(&conversation, "I will run a marathon in May").await;
        appends.push(start.elapsed());
        let start = monotonic();
        user.context().await;
        contexts.push(start.elapsed());
        let start = monotonic();
        end(user, &conversation).await.expect("there is room");
        schedules.push(start.elapsed());
        let start = monotonic();
        user.logout().await.expect("logout answers");
        logouts.push(start.elapsed());
        user.log_in().await;
    }
    assert!(world.model.calls() <= 4, "the model has not answered once");
    let [append, context, schedule, logout] = [appends, contexts, schedules, logouts].map(middle);
    Typical { append, context, schedule, logout }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_model_that_never_answers_slows_nobody_but_the_queue() {
    let world = World::start_with(|config| config.context.queue.lease = kit::config::Period::hours(1)).await;
    world.model.hang();
    let mut alice = world.user("alice").await.logged_in().await;
    let mut bob = world.user("bob").await.logged_in().await;

    let before = measured(&world, &mut alice, "before").await;
    for n in 0..200 {
        bob.says(&format!("c{n}"), "I want to learn the cello").await;
    }
    bob.logout().await.unwrap();
    bob.log_in().await;
    bob.until_extraction("c199", "PENDING").await;
    let after = measured(&world, &mut alice, "after").await;

    // By comparison, so that a busy machine is slow in both; waiting for the model would take for ever.
    let allowed = |before: Duration| before * 5 + Duration::from_millis(250);
    for (what, before, after) in [
        ("append", before.append, after.append),
        ("context", before.context, after.context),
        ("schedule", before.schedule, after.schedule),
        ("logout", before.logout, after.logout),
    ] {
        assert!(after <= allowed(before), "{what}: {before:?} before, {after:?} with 200 extractions waiting");
    }
}
