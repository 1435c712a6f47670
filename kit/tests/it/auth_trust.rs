//! Revocations: merged, kept until they expire, and told to whoever waits.

use std::time::Duration;

use futures::FutureExt;
use kit::authn::AuthnError::{TokenRevoked, VerifierNotReady};
use kit::authn::{Caller, Change, Entry, News, TrustSet, Verifier};
use kit::clock::TestClock;
use kit::serve::Part;

use crate::forge::{
    FORGOTTEN, GENERATION, Key, NOW, SESSION, USER, at, session, session_ended, snapshot, user, verifier_by,
};

fn caller() -> Caller {
    Caller {
        user_id: user(USER),
        session_id: session(SESSION),
        generation: GENERATION,
        time_zone: None,
        expires_at: at(NOW + 300),
    }
}

fn everything_ended(min_generation: i64, kept_session: Option<&str>) -> Entry {
    Entry::User {
        user_id: user(USER),
        min_generation,
        kept_session: kept_session.map(session),
        expires_at: at(FORGOTTEN),
    }
}

fn delta(second: i64, entries: Vec<Entry>) -> Change {
    Change { as_of: at(second), news: News::Delta(entries) }
}

fn ready() -> TrustSet {
    let trust = TrustSet::new();
    trust.apply(snapshot(Vec::new()));
    trust
}

#[test]
fn a_set_vouches_for_nobody_before_its_first_whole_snapshot() {
    let trust = TrustSet::new();
    let part = |last| Change { as_of: at(NOW), news: News::Snapshot { entries: vec![session_ended("s")], last } };

    trust.apply(delta(NOW, vec![session_ended("t")]));
    trust.apply(Change { as_of: at(NOW), news: News::Heartbeat });
    trust.apply(part(false));
    assert_eq!((trust.is_ready(), trust.as_of()), (false, None));
    assert_eq!(trust.check(&caller()), Err(VerifierNotReady));

    trust.apply(part(true));
    assert_eq!((trust.is_ready(), trust.as_of()), (true, Some(at(NOW))));
    assert_eq!(trust.check(&caller()), Ok(()));
    assert_eq!(trust.len(), 2);
}

#[test]
fn a_later_snapshot_takes_nothing_away() {
    let trust = ready();
    trust.apply(delta(NOW, vec![session_ended(SESSION)]));

    trust.apply(snapshot(Vec::new()));

    assert_eq!(trust.check(&caller()), Err(TokenRevoked));
}

#[test]
fn an_entry_leaves_when_it_expires_and_no_sooner() {
    let trust = ready();
    trust.apply(delta(NOW, vec![session_ended(SESSION), everything_ended(1, None)]));
    // An entry told twice lives as long as the longer of the two.
    trust.apply(delta(NOW, vec![Entry::Session { session_id: session(SESSION), expires_at: at(NOW + 1) }]));

    trust.apply(delta(FORGOTTEN - 1, Vec::new()));
    assert_eq!(trust.len(), 2);

    trust.apply(delta(FORGOTTEN + 20, Vec::new()));
    assert!(trust.is_empty());
}

#[test]
fn a_raised_generation_ends_older_tokens_but_the_kept_sessions() {
    let refused = |entries: Vec<Entry>| {
        let trust = ready();
        trust.apply(delta(NOW, entries));
        trust.check(&caller()).is_err()
    };

    assert!(!refused(vec![everything_ended(GENERATION, None)]));
    assert!(refused(vec![everything_ended(GENERATION + 1, None)]));
    assert!(!refused(vec![everything_ended(GENERATION + 1, Some(SESSION))]));
    assert!(refused(vec![everything_ended(GENERATION + 1, Some("another"))]));
    assert!(refused(vec![everything_ended(GENERATION + 1, Some(SESSION)), session_ended(SESSION)]));
}

#[test]
fn the_highest_generation_decides_in_whatever_order_it_is_told() {
    let kept = everything_ended(GENERATION + 1, Some(SESSION));
    let all = everything_ended(GENERATION + 2, None);

    for entries in [vec![kept.clone(), all.clone()], vec![all, kept]] {
        let trust = ready();
        trust.apply(delta(NOW, entries));
        assert_eq!(trust.check(&caller()), Err(TokenRevoked));
    }
}

#[test]
fn a_set_is_as_current_as_the_senders_last_look_at_the_store() {
    let trust = ready();
    assert_eq!(trust.as_of(), Some(at(NOW)));

    trust.apply(Change { as_of: at(NOW + 5), news: News::Heartbeat });
    trust.apply(Change { as_of: at(NOW + 2), news: News::Heartbeat });
    assert_eq!(trust.as_of(), Some(at(NOW + 5)));

    let half = News::Snapshot { entries: Vec::new(), last: false };
    trust.apply(Change { as_of: at(NOW + 7), news: half });
    assert_eq!(trust.as_of(), Some(at(NOW + 5)), "half a snapshot proves nothing");
}

#[tokio::test]
async fn whoever_waits_for_the_end_of_a_session_is_woken_by_it_alone() {
    let trust = ready();
    let caller = caller();
    let mut ended = std::pin::pin!(trust.until_revoked(&caller));
    assert!(ended.as_mut().now_or_never().is_none());

    trust.apply(delta(NOW, vec![session_ended("another")]));
    assert!(ended.as_mut().now_or_never().is_none());

    trust.apply(delta(NOW, vec![everything_ended(GENERATION + 1, None)]));
    ended.await;
}

#[tokio::test]
async fn an_end_that_came_before_the_wait_is_not_missed() {
    let trust = ready();
    trust.apply(delta(NOW, vec![session_ended(SESSION)]));

    trust.until_revoked(&caller()).await;
}

const SECOND: Duration = Duration::from_secs(1);

/// A verifier that is told something each second for a minute, and looked at as often, on a clock that is 10 min ahead of what
/// it is told.
fn told_for_a_minute() -> (Verifier, TestClock, Vec<Part>) {
    let clock = TestClock::frozen_at(at(NOW + 600));
    let verifier = verifier_by(clock.clone());
    verifier.keys().replace(kit::authn::KeySet::of([Key::Active.jwk()]));
    verifier.trust().apply(snapshot(Vec::new()));
    let minute = (1..=60).map(|second| {
        clock.advance(SECOND);
        verifier.trust().apply(Change { as_of: at(NOW + second), news: News::Heartbeat });
        verifier.readiness()
    });
    let seen = minute.collect();
    (verifier, clock, seen)
}

#[test]
fn how_far_another_machines_clock_is_off_does_not_matter() {
    let (.., seen) = told_for_a_minute();

    assert!(seen.iter().all(|part| *part == Part::Ready), "{seen:?}");
}

#[test]
fn news_that_stay_away_or_never_get_newer_are_told_after_half_a_minute() {
    let (verifier, clock, _) = told_for_a_minute();

    clock.advance(SECOND * 30);
    let in_time = verifier.readiness();
    verifier.trust().apply(Change { as_of: at(NOW + 60), news: News::Heartbeat });
    clock.advance(SECOND);
    let too_late = verifier.readiness();
    verifier.trust().apply(Change { as_of: at(NOW + 61), news: News::Heartbeat });

    assert_eq!(in_time, Part::Ready);
    assert_eq!(too_late, Part::Degraded("revocations of the last 31 s are not known".to_owned()));
    assert_eq!(verifier.readiness(), Part::Ready);
}
