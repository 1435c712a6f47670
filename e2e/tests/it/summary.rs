//! Twenty finished conversations make one summary.

use std::time::Duration;

use context_svc::queue::QueueSettings;
use e2e::{User, World, eventually};
use serde_json::Value;

const SWEEP: Duration = Duration::from_secs(61);
/// Short beside the time that a call gets, so that no jump takes away a call that has not begun.
const MOMENT: Duration = Duration::from_secs(1);
const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 3600);

async fn context(user: &User) -> Value {
    user.login().context(20_000).await.expect("a user may ask for context")
}

fn count(context: &Value, part: &str) -> usize {
    context[part].as_array().map_or(0, Vec::len)
}

/// Says one thing in each conversation and logs out. Once it is all extracted, the user is logged in again.
async fn talks(user: &mut User, conversations: std::ops::Range<usize>) {
    for n in conversations.clone() {
        user.says(&format!("c{n}"), &format!("I want to climb mountain {n}!")).await;
    }
    user.logout().await.unwrap();
    user.log_in().await;
    for n in conversations {
        user.until_extraction(&format!("c{n}"), "DONE").await;
    }
}

#[tokio::test]
async fn twenty_sessions_make_one_summary() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut bob = world.user("bob").await.logged_in().await;
    for n in 0..19 {
        bob.says(&format!("c{n}"), &format!("I want to learn song {n}!")).await;
    }
    bob.logout().await.unwrap();
    for n in 0..15 {
        alice.says(&format!("c{n}"), &format!("I want to climb mountain {n}!")).await;
    }
    alice.logout().await.unwrap();
    alice.log_in().await;
    for n in 15..20 {
        alice.says(&format!("c{n}"), &format!("I want to climb mountain {n}!")).await;
    }

    // The last five end at the same moment.
    alice.logout().await.unwrap();
    alice.log_in().await;
    let all_is_rolled_up =
        |context: &Value| count(context, "items") == 20 && count(context, "sessions") == 0 && context["summary"] != "";
    let whole = eventually("the summary", || context(&alice), all_is_rolled_up).await;
    bob.log_in().await;
    for n in 0..19 {
        bob.until_extraction(&format!("c{n}"), "DONE").await;
    }
    world.advance(SWEEP);

    let text = whole["text"].as_str().unwrap();
    for n in 0..20 {
        assert_eq!(text.matches(&format!("mountain {n}!")).count(), 1, "{text}");
    }
    // A third who is found by the same sweep shows that it has passed the two by.
    let mut carol = world.user("carol").await.logged_in().await;
    for n in 0..20 {
        carol.says(&format!("c{n}"), "I want to rest.").await;
    }
    carol.logout().await.unwrap();
    world.model.until_summaries(2).await;
    assert_eq!(world.model.summaries(), 2, "one of Alice's, none of Bob's, one of Carol's");
    world.end().await;
}

#[tokio::test]
async fn a_model_that_times_out_for_two_days_costs_as_many_calls_as_there_are_attempts() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    world.model.hang_summaries();

    talks(&mut alice, 0..20).await;
    let attempts = QueueSettings::default().attempts as usize;
    let time_passes = || async {
        world.advance(MOMENT);
        world.model.summaries()
    };
    world.model.until_summaries(1).await;
    for attempt in 2..=attempts {
        eventually("another attempt", time_passes, |calls| *calls >= attempt).await;
    }
    world.advance(TWO_DAYS);
    world.model.answer_summaries();
    world.advance(SWEEP);

    // One worker makes all summaries, so Bob's shows that Alice's was left alone.
    let mut bob = world.user("bob").await.logged_in().await;
    talks(&mut bob, 0..20).await;
    world.model.until_summaries(attempts + 1).await;
    alice.log_in().await;
    let before = context(&alice).await;
    assert_eq!((world.model.summaries(), count(&before, "items"), &before["summary"]), (attempts + 1, 20, &"".into()));
    talks(&mut alice, 20..21).await;
    eventually("the summary", || context(&alice), |context| context["summary"] != "").await;
    assert_eq!(world.model.summaries(), attempts + 2, "one of Bob's, one of Alice's");
    world.end().await;
}
