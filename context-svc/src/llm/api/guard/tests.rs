use futures::FutureExt;
use jiff::Timestamp;
use kit::clock::TestClock;
use kit::config::Period;

use super::*;

fn guard(settings: GuardSettings) -> (Arc<Guard>, TestClock) {
    let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
    (Guard::new(&settings, Arc::new(clock.clone())), clock)
}

/// When to ask again, by the seconds of the clock, and why.
async fn refused(guard: &Arc<Guard>, tokens: u64) -> (i64, &'static str) {
    match guard.admit(tokens).await {
        Err(ModelError::NotNow { until, reason, .. }) => (until.as_second(), reason),
        Err(error) => panic!("another error: {error:?}"),
        Ok(_) => panic!("it was let through"),
    }
}

#[tokio::test]
async fn a_call_too_many_waits_for_its_turn() {
    let (guard, _) = guard(GuardSettings { concurrency: 2, ..GuardSettings::default() });
    let first = guard.admit(1).await.unwrap();
    let _second = guard.admit(1).await.unwrap();
    let mut third = Box::pin(guard.admit(1));
    assert!(futures::poll!(&mut third).is_pending());

    first.end(false, None);

    assert!(third.await.is_ok());
}

#[tokio::test]
async fn calls_of_another_sort_have_turns_of_their_own_and_the_same_provider() {
    let (guard, _) = guard(GuardSettings { concurrency: 1, breaker_failures: 2, ..GuardSettings::default() });
    let other = guard.beside(1);

    let first = guard.admit(1).await.unwrap();
    let second = other.admit(1).now_or_never().expect("it does not wait for the first").unwrap();
    first.end(true, None);
    second.end(true, None);

    assert_eq!(refused(&guard, 1).await.1, reason::CIRCUIT_OPEN);
    assert_eq!(refused(&other, 1).await.1, reason::CIRCUIT_OPEN);
}

#[tokio::test]
async fn a_call_given_up_makes_room_for_the_next() {
    let (guard, _) = guard(GuardSettings { concurrency: 1, ..GuardSettings::default() });
    let pass = guard.admit(1).await.unwrap();
    let mut next = Box::pin(guard.admit(1));
    assert!(futures::poll!(&mut next).is_pending());

    drop(pass);

    assert!(next.await.is_ok());
}

#[tokio::test]
async fn spent_tokens_put_a_call_off_until_there_is_room() {
    let (guard, clock) = guard(GuardSettings { tokens_per_minute: 600, ..GuardSettings::default() });
    guard.admit(600).await.unwrap().end(false, None);

    assert_eq!(refused(&guard, 300).await, (30, "MODEL_TOKENS_PER_MINUTE"));

    clock.advance(Duration::from_secs(30));
    assert!(guard.admit(300).await.is_ok());
}

#[tokio::test]
async fn a_call_that_took_less_than_thought_leaves_room_at_once() {
    let (guard, _) = guard(GuardSettings { tokens_per_minute: 600, ..GuardSettings::default() });

    guard.admit(600).await.unwrap().end(false, Some(100));

    assert!(guard.admit(500).await.is_ok());
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let (guard, _) = guard(GuardSettings { tokens_per_minute: 0, ..GuardSettings::default() });

    for _ in 0..100 {
        guard.admit(u64::MAX).await.unwrap().end(false, Some(u64::MAX));
    }
}

fn breaks_after_two() -> GuardSettings {
    let (breaker_failures, breaker_pause) = (2, Period::secs(30));
    GuardSettings { tokens_per_minute: 600, breaker_failures, breaker_pause, ..GuardSettings::default() }
}

async fn broken() -> (Arc<Guard>, TestClock) {
    let (guard, clock) = guard(breaks_after_two());
    for _ in 0..2 {
        guard.admit(100).await.unwrap().end(true, Some(0));
    }
    (guard, clock)
}

#[tokio::test]
async fn a_provider_that_failed_in_a_row_is_left_alone() {
    let (guard, clock) = broken().await;
    clock.advance(Duration::from_secs(10));

    assert_eq!(refused(&guard, 100).await, (30, "MODEL_CIRCUIT_OPEN"));
}

#[tokio::test]
async fn after_the_pause_one_call_is_let_through_and_opens_the_way_for_all() {
    let (guard, clock) = broken().await;
    clock.advance(Duration::from_secs(30));

    let trial = guard.admit(100).await.unwrap();
    assert_eq!(refused(&guard, 100).await, (60, "MODEL_CIRCUIT_OPEN"));
    trial.end(false, Some(0));

    let both = (guard.admit(100).await, guard.admit(100).await);
    assert!(both.0.is_ok() && both.1.is_ok());
}

#[tokio::test]
async fn a_trial_that_is_dropped_does_not_lock_everybody_out() {
    let (guard, clock) = broken().await;
    clock.advance(Duration::from_secs(30));

    drop(guard.admit(100).await.unwrap());

    assert!(guard.admit(100).await.is_ok());
}

#[tokio::test]
async fn a_call_turned_away_at_an_open_breaker_takes_no_tokens() {
    let (guard, clock) = guard(GuardSettings { concurrency: 1, ..breaks_after_two() });
    guard.admit(0).await.unwrap().end(true, Some(0));
    let failing = guard.admit(0).await.unwrap();
    let mut waiting = Box::pin(guard.admit(600));
    assert!(futures::poll!(&mut waiting).is_pending());
    failing.end(true, Some(0));

    assert_eq!(waiting.await.err().map(|error| error.reason()), Some("MODEL_CIRCUIT_OPEN"));

    clock.advance(Duration::from_secs(30));
    assert!(guard.admit(600).await.is_ok());
}
