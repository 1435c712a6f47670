//! From enough that is unsummarised to a summary that says what it covers.

use std::collections::BTreeSet;

use crate::domain::model::{
    ConversationKey, Covered, Fate, JobState, Part, Pick, Summarised, Summary, SummaryAsked, SummaryJob, Talk,
    WorkerId, Written,
};
use crate::store::Store;

use super::language::*;

/// Conversations `c01`, `c02` … of that user, held one after the other and extracted.
async fn held(store: &impl Store, user: &str, numbers: std::ops::RangeInclusive<i64>) -> Vec<ConversationKey> {
    let keys: Vec<_> = numbers.map(|number| key(user, &format!("c{number:02}"))).collect();
    for key in &keys {
        says(store, key, "hello").await;
        extract(store, key).await;
    }
    keys
}

async fn asks(store: &impl Store, name: &str) -> SummaryAsked {
    store.ask_summary(&user(name), 3, t(1)).await.unwrap()
}

pub(super) async fn claim_summary_at(store: &impl Store, seconds: i64) -> Option<SummaryJob> {
    store.claim_summary(&worker("w1"), &terms(t(seconds))).await.unwrap()
}

/// Three conversations of `u1`, and a worker that has claimed their summary.
async fn claimed(store: &impl Store) -> SummaryJob {
    held(store, "u1", 1..=3).await;
    assert_eq!(asks(store, "u1").await, SummaryAsked::Queued);
    claim_summary_at(store, 1).await.expect("a summary is due")
}

async fn picks(store: &impl Store) -> Pick {
    store.pick(&user("u1"), 100).await.unwrap()
}

/// A summary that lets each conversation speak for itself.
pub(super) fn rolled_up(pick: &Pick) -> Summarised {
    let mut summary = pick.summary.clone();
    summary.epoch += 1;
    for each in &pick.oldest {
        summary.forget(&each.covered.conversation_id);
        summary.parts.push(Part::of(Talk::of(&each.context, each.last_at)));
    }
    Summarised { summary, covered: pick.oldest.iter().map(|each| each.covered.clone()).collect() }
}

async fn writes(store: &impl Store, job: &SummaryJob, pick: &Pick) -> Written {
    store.write_summary(&job.lease, &pick.stand, &rolled_up(pick)).await.unwrap()
}

async fn marks(store: &impl Store, covered: &Covered) -> bool {
    store.mark_summarised(&user("u1"), covered, 1).await.unwrap()
}

async fn state(store: &impl Store) -> JobState {
    store.find_summary_job(&user("u1")).await.unwrap().expect("the user is known").state
}

fn told(summary: &Summary) -> Vec<String> {
    let mut told: Vec<_> = summary.talks().map(|talk| talk.conversation_id.to_string()).collect();
    told.sort();
    told
}

pub(crate) async fn a_summary_is_due_once_enough_is_unsummarised(store: impl Store) {
    assert_eq!(asks(&store, "u1").await, SummaryAsked::NotDue);
    held(&store, "u1", 1..=2).await;
    says(&store, &key("u1", "not-extracted"), "hello").await;
    assert_eq!(asks(&store, "u1").await, SummaryAsked::NotDue);

    held(&store, "u1", 3..=3).await;

    assert_eq!(asks(&store, "u1").await, SummaryAsked::Queued);
    assert_eq!(asks(&store, "u1").await, SummaryAsked::Live);
}

pub(crate) async fn users_with_enough_are_found_page_by_page_until_a_job_is_live(store: impl Store) {
    for name in ["a", "b", "d"] {
        held(&store, name, 1..=3).await;
    }
    held(&store, "c", 1..=2).await;

    let first = store.list_unsummarised_users(3, None, 2).await.unwrap();
    let rest = store.list_unsummarised_users(3, first.last(), 2).await.unwrap();
    asks(&store, "a").await;
    let idle = store.list_unsummarised_users(3, None, 9).await.unwrap();

    assert_eq!((first, rest), (vec![user("a"), user("b")], vec![user("d")]));
    assert_eq!(idle, [user("b"), user("d")]);
}

pub(crate) async fn of_many_workers_one_claims_the_summary(store: impl Store) {
    held(&store, "u1", 1..=3).await;
    asks(&store, "u1").await;
    let claims = (0..8).map(|_| async { store.claim_summary(&WorkerId::random(), &terms(t(1))).await.unwrap() });

    let claimed: Vec<_> = futures::future::join_all(claims).await.into_iter().flatten().collect();

    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].lease.user_id.as_str(), claimed[0].attempt), ("u1", 1));
}

pub(crate) async fn a_pick_is_the_oldest_and_what_else_is_open(store: impl Store) {
    held(&store, "u1", 1..=3).await;
    held(&store, "u2", 1..=1).await;

    let pick = store.pick(&user("u1"), 2).await.unwrap();

    let ids: Vec<_> = pick.oldest.iter().map(|each| each.covered.conversation_id.as_str()).collect();
    assert_eq!((ids, pick.open.len()), (vec!["c01", "c02"], 3));
    assert_eq!((pick.summary, pick.marking), (Summary::empty(), None));
}

pub(crate) async fn a_summary_is_saved_marked_and_ended_step_by_step(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;

    assert_eq!(writes(&store, &job, &pick).await, Written::Saved);
    let saved = store.find_summary(&user("u1")).await.unwrap().expect("a summary");
    assert_eq!((saved.epoch, told(&saved).len()), (1, 3));
    assert_eq!(picks(&store).await.open.len(), 3, "saved is not marked");
    for covered in &pick.open {
        assert!(marks(&store, covered).await);
        assert!(!marks(&store, covered).await, "marked once");
    }
    assert!(store.finish_summary(&job.lease, t(2)).await.unwrap());

    let standing = store.find_summary_job(&user("u1")).await.unwrap().unwrap();
    assert_eq!((standing.state, standing.epoch, standing.is_marking), (JobState::Done, 1, false));
    assert_eq!(standing.owner, None);
    assert_eq!(asks(&store, "u1").await, SummaryAsked::NotDue);
    assert_eq!(store.list_unsummarised(&user("u1"), 9).await.unwrap(), []);
}

pub(crate) async fn whoever_takes_over_finds_what_is_still_to_be_marked(store: impl Store) {
    let dead = claimed(&store).await;
    let pick = picks(&store).await;
    writes(&store, &dead, &pick).await;
    marks(&store, pick.open.first().unwrap()).await;

    let heir = claim_summary_at(&store, 100).await.expect("the lease has expired");
    let found = picks(&store).await;

    assert!(heir.lease.fence > dead.lease.fence);
    let marking = found.marking.expect("it is not wholly marked");
    assert_eq!((marking.epoch, marking.covered, found.open.len()), (1, pick.open, 2));
    assert!(!store.finish_summary(&dead.lease, t(101)).await.unwrap(), "it is not the dead one's any more");
    assert!(store.finish_summary(&heir.lease, t(101)).await.unwrap());
}

pub(crate) async fn a_summary_that_is_saved_twice_is_saved_once(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;
    writes(&store, &job, &pick).await;

    assert_eq!(writes(&store, &job, &pick).await, Written::Stale);

    assert_eq!(store.find_summary_job(&user("u1")).await.unwrap().unwrap().epoch, 1);
}

pub(crate) async fn a_lost_summary_can_be_neither_saved_nor_ended(store: impl Store) {
    let lost = claimed(&store).await;
    let pick = picks(&store).await;
    assert!(store.heartbeat_summary(&lost.lease, t(90)).await.unwrap());
    assert_eq!(claim_summary_at(&store, 89).await, None, "it was renewed");
    let new = claim_summary_at(&store, 90).await.expect("the lease has expired");

    assert_eq!(writes(&store, &lost, &pick).await, Written::LeaseLost);
    assert!(!store.heartbeat_summary(&lost.lease, t(999)).await.unwrap());
    assert!(!store.release_summary(&lost.lease, t(91)).await.unwrap());
    let fate = Fate::Dead;
    assert!(!store.fail_summary(&lost.lease, fate, &error("TIMEOUT", t(91)), &pick.open).await.unwrap());
    assert_eq!(writes(&store, &new, &pick).await, Written::Saved);
}

pub(crate) async fn what_is_extracted_again_meanwhile_stays_unsummarised(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;
    says(&store, &key("u1", "c01"), "and another thing").await;
    extract(&store, &key("u1", "c01")).await;
    writes(&store, &job, &pick).await;

    let marked: Vec<bool> = futures::future::join_all(pick.open.iter().map(|covered| marks(&store, covered))).await;
    store.finish_summary(&job.lease, t(2)).await.unwrap();

    assert_eq!(marked, [false, true, true]);
    let left = store.list_unsummarised(&user("u1"), 9).await.unwrap();
    assert_eq!(left.iter().map(|each| each.context.extracted_seq).collect::<Vec<_>>(), [2]);
}

pub(crate) async fn a_deleted_conversation_leaves_the_summary_and_its_next_life_is_not_marked(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;
    writes(&store, &job, &pick).await;

    store.delete_conversation(&key("u1", "c01")).await.unwrap();
    let left = store.find_summary(&user("u1")).await.unwrap().unwrap();
    held(&store, "u1", 1..=1).await;

    assert_eq!(told(&left), ["c02", "c03"]);
    assert!(!marks(&store, pick.open.first().unwrap()).await, "the new one has the same id and the same fence");
}

pub(crate) async fn a_summary_of_something_deleted_since_the_pick_is_not_saved(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;

    store.delete_conversation(&key("u1", "c01")).await.unwrap();

    assert_eq!(writes(&store, &job, &pick).await, Written::Stale);
    assert_eq!(store.find_summary(&user("u1")).await.unwrap(), None);
    let again = picks(&store).await;
    assert_eq!((again.open.len(), writes(&store, &job, &again).await), (2, Written::Saved));
}

pub(crate) async fn a_summary_that_gave_up_waits_for_a_context_that_is_new_to_it(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;
    store.fail_summary(&job.lease, Fate::Dead, &error("TIMEOUT", t(2)), &pick.open).await.unwrap();
    assert_eq!((state(&store).await, asks(&store, "u1").await), (JobState::Dead, SummaryAsked::GivenUp));
    store.delete_conversation(&key("u1", "c01")).await.unwrap();
    assert_eq!(store.ask_summary(&user("u1"), 2, t(3)).await.unwrap(), SummaryAsked::GivenUp, "fewer are not new");

    says(&store, &key("u1", "c02"), "and another thing").await;
    extract(&store, &key("u1", "c02")).await;

    assert_eq!(store.ask_summary(&user("u1"), 2, t(3)).await.unwrap(), SummaryAsked::Queued);
    assert_eq!(claim_summary_at(&store, 3).await.unwrap().attempt, 1, "with fresh counters");
}

pub(crate) async fn a_saved_summary_is_marked_whatever_became_of_its_job(store: impl Store) {
    let job = claimed(&store).await;
    let pick = picks(&store).await;
    writes(&store, &job, &pick).await;
    store.fail_summary(&job.lease, Fate::Dead, &error("TIMEOUT", t(2)), &pick.open).await.unwrap();
    for covered in &pick.open {
        marks(&store, covered).await;
    }

    assert_eq!(store.list_unsummarised_users(3, None, 9).await.unwrap(), [user("u1")]);
    assert_eq!(asks(&store, "u1").await, SummaryAsked::Queued);
}

pub(crate) async fn a_failed_summary_waits_and_a_snooze_or_release_costs_no_attempt(store: impl Store) {
    let job = claimed(&store).await;
    let none = BTreeSet::new();
    let retry = Fate::Retry { not_before: t(10) };
    store.fail_summary(&job.lease, retry, &error("TIMEOUT", t(2)), &none).await.unwrap();
    assert_eq!(claim_summary_at(&store, 9).await, None);

    let second = claim_summary_at(&store, 10).await.unwrap();
    let snooze = Fate::Snooze { until: t(20) };
    store.fail_summary(&second.lease, snooze, &error("RATE_LIMITED", t(11)), &none).await.unwrap();
    assert_eq!(claim_summary_at(&store, 19).await, None);
    let third = claim_summary_at(&store, 20).await.unwrap();
    store.release_summary(&third.lease, t(21)).await.unwrap();
    let fourth = claim_summary_at(&store, 21).await.unwrap();

    assert_eq!([job.attempt, second.attempt, third.attempt, fourth.attempt], [1, 2, 2, 2]);
    assert_eq!(fourth.first_at, t(1));
}

pub(crate) async fn a_summary_that_kills_its_workers_is_poison(store: impl Store) {
    claimed(&store).await;
    for n in 1..5 {
        assert!(claim_summary_at(&store, n * 100).await.is_some());
    }

    assert_eq!(claim_summary_at(&store, 1000).await, None);

    let standing = store.find_summary_job(&user("u1")).await.unwrap().unwrap();
    assert_eq!((standing.state, standing.last_error.unwrap().reason.as_str()), (JobState::Dead, "POISON"));
    assert_eq!(asks(&store, "u1").await, SummaryAsked::GivenUp);
    held(&store, "u1", 4..=4).await;
    assert_eq!(asks(&store, "u1").await, SummaryAsked::Queued);
}
