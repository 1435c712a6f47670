//! How a running job ends, and what is left for the sweep.

use crate::domain::model::{Addition, Cause, Committed, Fate, JobState, NewMessage, Outcome, Role};
use crate::store::Store;

use super::language::*;

pub(crate) async fn a_result_is_saved_with_the_end_of_its_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert_eq!(complete(&store, &job, 1).await, Committed::Done);

    let ended = extraction(&store, &key).await;
    assert_eq!((ended.state, ended.done, ended.owner), (JobState::Done, job.want, None));
    assert_eq!((ended.attempts, ended.deliveries), (0, 0));
    assert_eq!(store.find_context(&key).await.unwrap(), Some(context(&key, 1)));
    let conversation = store.find_conversation(&key).await.unwrap().unwrap();
    assert_eq!((conversation.extracted_seq, conversation.title.as_str()), (1, "up to 1"));
    assert!(!is_idle(&store, &key).await);
}

pub(crate) async fn messages_nobody_asked_for_leave_it_dirty(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "one").await;
    ask(&store, &key).await;
    let job = claim(&store).await;
    says(&store, &key, "two").await;

    assert_eq!(complete(&store, &job, 1).await, Committed::Done);

    assert_eq!(extraction(&store, &key).await.state, JobState::Done);
    assert!(is_idle(&store, &key).await, "the sweep finds the second message");
    assert_eq!(ask(&store, &key).await, Outcome::Queued);
}

pub(crate) async fn a_result_is_saved_and_the_job_goes_on_to_what_was_asked_meanwhile(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "one").await;
    ask(&store, &key).await;
    let job = claim(&store).await;
    says(&store, &key, "two").await;
    ask(&store, &key).await;

    assert_eq!(complete(&store, &job, 1).await, Committed::Rearmed);

    assert_eq!(store.find_context(&key).await.unwrap().unwrap().extracted_seq, 1);
    let next = claim(&store).await;
    assert_eq!((next.done.seq(), next.want.seq(), next.attempt), (1, 2, 1));
    assert_eq!(complete(&store, &next, 2).await, Committed::Done);
    assert!(!is_idle(&store, &key).await);
}

pub(crate) async fn a_part_of_a_long_talk_is_saved_and_the_job_goes_on(store: impl Store) {
    let key = key("u1", "c1");
    for text in ["one", "two", "three"] {
        says(&store, &key, text).await;
    }
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert_eq!(complete(&store, &job, 2).await, Committed::Rearmed);

    assert_eq!(claim(&store).await.done.seq(), 2);
    assert_eq!(store.depth().await.unwrap(), 1);
}

pub(crate) async fn a_late_result_of_an_older_claim_is_dropped(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let stopped = claim(&store).await;
    let taken_over = store.claim(&worker("w2"), &[], &terms(t(60))).await.unwrap().unwrap();

    assert_eq!(complete(&store, &stopped, 1).await, Committed::LeaseLost);
    assert_eq!(complete(&store, &taken_over, 1).await, Committed::Done);
    assert_eq!(complete(&store, &stopped, 1).await, Committed::LeaseLost);
}

pub(crate) async fn an_older_claim_of_the_same_worker_is_as_lost(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let first = claim(&store).await;
    let second = claim_at(&store, t(60)).await.unwrap();

    assert_eq!(first.lease.owner, second.lease.owner);
    assert!(!store.heartbeat(&first.lease, t(200)).await.unwrap());
    assert_eq!(complete(&store, &first, 1).await, Committed::LeaseLost);
    assert_eq!(complete(&store, &second, 1).await, Committed::Done);
}

pub(crate) async fn a_result_of_another_owner_is_dropped(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let mut job = claim(&store).await;
    job.lease.owner = worker("w2");

    assert_eq!(complete(&store, &job, 1).await, Committed::LeaseLost);

    assert_eq!(extraction(&store, &key).await.state, JobState::Running);
}

pub(crate) async fn a_second_result_of_one_claim_is_dropped(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert_eq!(complete(&store, &job, 1).await, Committed::Done);
    assert_eq!(complete(&store, &job, 1).await, Committed::LeaseLost);
}

pub(crate) async fn a_result_never_goes_backwards(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "one").await;
    extract(&store, &key).await;
    says(&store, &key, "two").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert_eq!(complete(&store, &job, 1).await, Committed::LeaseLost);

    assert_eq!(extraction(&store, &key).await.done.seq(), 1);
}

pub(crate) async fn a_lost_lease_cannot_be_renewed_failed_or_released(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let stopped = claim(&store).await.lease;
    store.claim(&worker("w2"), &[], &terms(t(60))).await.unwrap().unwrap();

    assert!(!store.heartbeat(&stopped, t(120)).await.unwrap());
    assert!(!store.fail(&stopped, Fate::Dead, &error("UNREADABLE", t(61)), None).await.unwrap());
    assert!(!store.release(&stopped, t(61)).await.unwrap());

    let job = extraction(&store, &key).await;
    assert_eq!((job.state, job.owner, job.lease_until), (JobState::Running, Some(worker("w2")), Some(t(120))));
}

pub(crate) async fn a_failed_job_waits_for_its_next_attempt(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert!(store.fail(&job.lease, Fate::Retry { not_before: t(9) }, &error("UNREADABLE", t(1)), None).await.unwrap());

    let failed = extraction(&store, &key).await;
    assert_eq!((failed.state, failed.attempts, failed.owner), (JobState::Pending, 1, None));
    assert_eq!(failed.last_error, Some(error("UNREADABLE", t(1))));
    assert_eq!(claim_at(&store, t(8)).await, None);
    assert_eq!(claim_at(&store, t(9)).await.map(|job| (job.attempt, job.lease.fence)), Some((2, 2)));
}

pub(crate) async fn a_job_that_gave_up_says_why(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert!(store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(1)), None).await.unwrap());

    let dead = extraction(&store, &key).await;
    assert_eq!((dead.state, dead.last_error), (JobState::Dead, Some(error("ALL_REJECTED", t(1)))));
    assert_eq!(store.depth().await.unwrap(), 0);
    assert_eq!(claim_at(&store, t(99)).await, None);
}

pub(crate) async fn a_snooze_costs_no_attempt(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    for n in 0..20 {
        let job = claim_at(&store, t(n)).await.unwrap();
        store.fail(&job.lease, Fate::Snooze { until: t(n + 1) }, &error("RATE_LIMITED", t(n)), None).await.unwrap();
    }

    let job = claim_at(&store, t(20)).await.unwrap();

    assert_eq!((job.attempt, job.snoozes), (1, 20));
}

pub(crate) async fn a_success_clears_the_error(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let first = claim(&store).await;
    store.fail(&first.lease, Fate::Retry { not_before: t(0) }, &error("UNREADABLE", t(0)), None).await.unwrap();

    let second = claim(&store).await;
    complete(&store, &second, 1).await;

    assert_eq!(extraction(&store, &key).await.last_error, None);
}

pub(crate) async fn the_idle_are_found_also_without_a_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    assert_eq!(store.list_idle(t(0), 9).await.unwrap(), [key]);
}

pub(crate) async fn the_idle_do_not_include_who_still_talks(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;

    assert_eq!(store.list_idle(t(-1), 9).await.unwrap(), []);
}

pub(crate) async fn the_idle_do_not_include_a_job_that_waits_runs_or_gave_up(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    assert!(!is_idle(&store, &key).await, "it waits");
    let job = claim(&store).await;
    assert!(!is_idle(&store, &key).await, "it runs");
    store.fail(&job.lease, Fate::Dead, &error("UNREADABLE", t(0)), None).await.unwrap();
    assert!(!is_idle(&store, &key).await, "it gave up on these messages");

    says(&store, &key, "something new").await;

    assert!(is_idle(&store, &key).await);
}

pub(crate) async fn silence_is_measured_by_arrival(store: impl Store) {
    let key = key("u1", "c1");
    let long_ago = NewMessage { at: t(-9999), ..message("a", Role::User, "recorded elsewhere") };

    let brought = Addition { messages: vec![long_ago], ..addition(vec![]) };
    store.append(&key, &brought, &trigger(Cause::Disconnect, t(50))).await.unwrap();

    assert!(!is_idle(&store, &key).await);
    assert_eq!(store.list_idle(t(50), 9).await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(store.find_conversation(&key).await.unwrap().unwrap().last_at, t(-9999));
}
