//! Leasing jobs to workers.

use std::collections::HashSet;

use crate::domain::model::{Cause, Committed, Fate, JobState};
use crate::store::{ClaimTerms, Store};

use super::language::*;

pub(crate) async fn the_job_that_is_due_for_longest_comes_first(store: impl Store) {
    for (id, due) in [("c2", 2), ("c1", 1), ("c3", 3)] {
        says(&store, &key("u1", id), "hello").await;
        ask_at(&store, &key("u1", id), Cause::Logout, t(due)).await;
    }

    let mut order = vec![];
    while let Some(job) = claim_at(&store, t(9)).await {
        order.push(job.key().conversation_id.to_string());
    }

    assert_eq!(order, ["c1", "c2", "c3"]);
}

pub(crate) async fn a_job_is_not_claimed_before_it_is_due(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask_at(&store, &key, Cause::Disconnect, t(0)).await;

    assert_eq!(claim_at(&store, t(19)).await, None);
    assert!(claim_at(&store, t(20)).await.is_some());
}

pub(crate) async fn a_leased_job_is_not_claimed_again(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;

    let job = claim(&store).await;

    assert_eq!((job.lease.fence, job.attempt, job.upto_seq(), job.done.seq()), (1, 1, 1, 0));
    assert_eq!((job.lease.owner, job.causes), (worker("w1"), vec![Cause::Logout]));
    assert_eq!(claim_at(&store, t(59)).await, None);
    assert_eq!(extraction(&store, &key).await.lease_until, Some(t(60)));
}

pub(crate) async fn sixteen_claims_at_once_get_different_jobs(store: impl Store) {
    for n in 0..10 {
        let key = key(&format!("u{n}"), "c1");
        says(&store, &key, "hello").await;
        ask(&store, &key).await;
    }

    let claimed = futures::future::join_all((0..16).map(|_| claim_at(&store, t(0)))).await;

    let users: Vec<_> = claimed.into_iter().flatten().map(|job| job.key().user_id.clone()).collect();
    assert_eq!((users.len(), users.iter().collect::<HashSet<_>>().len()), (10, 10));
}

pub(crate) async fn a_user_at_the_cap_is_passed_over(store: impl Store) {
    for (user, id) in [("a", "c1"), ("a", "c2"), ("b", "c1")] {
        says(&store, &key(user, id), "hello").await;
        ask(&store, &key(user, id)).await;
    }

    let job = store.claim(&worker("w1"), &[user("a")], &terms(t(0))).await.unwrap().expect("b's is due");

    assert_eq!(job.lease.key, key("b", "c1"));
    assert_eq!(store.claim(&worker("w1"), &[user("a")], &terms(t(0))).await.unwrap(), None);
}

pub(crate) async fn an_expired_lease_comes_before_what_is_due(store: impl Store) {
    let (crashed, waiting) = (key("u1", "crashed"), key("u1", "waiting"));
    says(&store, &crashed, "hello").await;
    says(&store, &waiting, "hello").await;
    ask(&store, &crashed).await;
    let before = claim(&store).await;
    ask(&store, &waiting).await;

    let after = claim_at(&store, t(60)).await.expect("the lease has expired");

    assert_eq!(after.lease.key, crashed);
    assert_eq!((after.lease.fence, after.attempt), (before.lease.fence + 1, 2));
    assert_eq!(extraction(&store, &crashed).await.deliveries, 2);
}

pub(crate) async fn a_crowd_of_poison_jobs_keeps_no_other_waiting(store: impl Store) {
    for n in 0..200 {
        let key = key("u1", &format!("c{n}"));
        says(&store, &key, "hello").await;
        ask(&store, &key).await;
        claim(&store).await;
    }
    let crashed = key("u2", "c1");
    says(&store, &crashed, "hello").await;
    ask(&store, &crashed).await;
    let last = claim_at(&store, t(1)).await.expect("it is due");
    store.fail(&last.lease, Fate::Retry { not_before: t(1) }, &error("UNREADABLE", t(1)), None).await.unwrap();

    let strict = ClaimTerms { deliveries_max: 1, ..terms(t(61)) };
    let next = store.claim(&worker("w2"), &[], &strict).await.unwrap();

    assert_eq!(next.map(|job| job.lease.key), Some(crashed), "the first claim that may");
    assert_eq!(store.depth().await.unwrap(), 1);
}

pub(crate) async fn a_renewed_lease_has_not_expired(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert!(store.heartbeat(&job.lease, t(75)).await.unwrap());

    assert_eq!(claim_at(&store, t(74)).await, None);
    assert!(claim_at(&store, t(75)).await.is_some());
}

pub(crate) async fn a_job_that_kills_its_workers_is_poison(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    for delivery in 0..5 {
        assert!(claim_at(&store, t(delivery * 60)).await.is_some());
    }

    assert_eq!(claim_at(&store, t(300)).await, None);

    let dead = extraction(&store, &key).await;
    assert_eq!((dead.state, dead.last_error.unwrap().reason.as_str()), (JobState::Dead, "POISON"));
    assert_eq!((dead.fence, dead.owner, dead.lease_until), (6, None, None));
    assert_eq!(store.depth().await.unwrap(), 0);
}

pub(crate) async fn the_last_worker_of_a_poison_job_cannot_commit(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let mut last = claim(&store).await;
    for delivery in 1..5 {
        last = claim_at(&store, t(delivery * 60)).await.unwrap();
    }
    claim_at(&store, t(300)).await;

    assert_eq!(complete(&store, &last, 1).await, Committed::LeaseLost);

    assert_eq!(store.find_context(&key).await.unwrap(), None);
}

pub(crate) async fn a_verdict_ends_the_count_of_deliveries(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    for delivery in 0..4 {
        claim_at(&store, t(delivery * 60)).await.unwrap();
    }
    let fifth = claim_at(&store, t(240)).await.unwrap();

    store.fail(&fifth.lease, Fate::Retry { not_before: t(241) }, &error("UNREADABLE", t(240)), None).await.unwrap();

    assert_eq!(extraction(&store, &key).await.deliveries, 0);
    assert!(claim_at(&store, t(241)).await.is_some(), "it is not poison");
}

pub(crate) async fn a_released_job_has_its_attempt_back(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert!(store.release(&job.lease, t(1)).await.unwrap());

    let released = extraction(&store, &key).await;
    assert_eq!((released.state, released.attempts, released.deliveries), (JobState::Pending, 0, 0));
    assert_eq!((released.owner, released.fence), (None, 1));
    assert_eq!(claim_at(&store, t(1)).await.map(|job| job.attempt), Some(1));
}

pub(crate) async fn messages_of_a_claim_have_their_bound(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "one").await;
    ask(&store, &key).await;
    says(&store, &key, "two").await;

    let job = claim(&store).await;

    assert_eq!(job.upto_seq(), 1, "nobody has asked for the second message");
}
