//! Coming back after an outage that outlasted the patience of the queue.

use crate::domain::model::{Committed, ConversationKey, ErasureRequest, Fate, JobState, Outcome};
use crate::store::Store;

use super::language::*;

/// The model could not be reached for so long that the job was given up, at `second`.
async fn dies_of_outage(store: &impl Store, key: &ConversationKey, second: i64) {
    dies(store, key, Fate::DeadOfOutage, second).await;
}

async fn dies(store: &impl Store, key: &ConversationKey, fate: Fate, second: i64) {
    says(store, key, "hello").await;
    ask(store, key).await;
    let job = claim(store).await;
    assert!(store.fail(&job.lease, fate, &error("UNREACHABLE", t(second)), None).await.unwrap());
}

async fn state(store: &impl Store, key: &ConversationKey) -> JobState {
    extraction(store, key).await.state
}

pub(crate) async fn what_died_of_an_outage_is_tried_one_by_one_the_longest_dead_first(store: impl Store) {
    let [early, late] = ["early", "late"].map(|id| key("u1", id));
    dies_of_outage(&store, &late, 20).await;
    dies_of_outage(&store, &early, 10).await;

    let probes = [store.probe_outage(t(30)).await.unwrap(), store.probe_outage(t(31)).await.unwrap()];

    assert_eq!(probes, [Some(early.clone()), Some(late)]);
    assert_eq!(store.probe_outage(t(32)).await.unwrap(), None, "both are on their way");
    let job = claim_at(&store, t(30)).await.expect("it is due at once");
    assert_eq!((job.key(), job.attempt, job.first_at), (&early, 1, t(0)), "a probe is as old as it was");
}

pub(crate) async fn a_probe_that_fails_is_dead_again_and_the_next_takes_its_turn(store: impl Store) {
    let [first, second] = ["first", "second"].map(|id| key("u1", id));
    dies_of_outage(&store, &first, 10).await;
    dies_of_outage(&store, &second, 20).await;
    store.probe_outage(t(30)).await.unwrap();

    let job = claim_at(&store, t(30)).await.unwrap();
    store.fail(&job.lease, Fate::DeadOfOutage, &error("UNREACHABLE", t(30)), None).await.unwrap();

    assert_eq!(state(&store, &first).await, JobState::Dead);
    assert_eq!(store.probe_outage(t(40)).await.unwrap(), Some(second));
}

pub(crate) async fn after_an_outage_all_that_died_of_it_begin_anew(store: impl Store) {
    let keys: Vec<_> = (0..3).map(|n| key("u1", &format!("c{n}"))).collect();
    for key in &keys {
        dies_of_outage(&store, key, 10).await;
    }

    assert_eq!(store.redrive_after_outage(t(50), 2).await.unwrap(), 2);
    assert_eq!(store.redrive_after_outage(t(50), 2).await.unwrap(), 1);
    assert_eq!(store.redrive_after_outage(t(50), 2).await.unwrap(), 0);

    for key in &keys {
        let redriven = extraction(&store, key).await;
        assert_eq!((redriven.state, redriven.attempts, redriven.last_error), (JobState::Pending, 0, None));
        assert_eq!((redriven.first_at, redriven.run_at), (Some(t(50)), Some(t(50))));
    }
    assert_eq!(store.depth().await.unwrap(), 3);
    let job = claim_at(&store, t(50)).await.unwrap();
    assert_eq!(complete(&store, &job, 1).await, Committed::Done);
}

pub(crate) async fn what_died_of_its_content_does_not_come_back(store: impl Store) {
    let [content, poison] = ["content", "poison"].map(|id| key("u1", id));
    dies(&store, &content, Fate::Dead, 10).await;
    dies_of_outage(&store, &poison, 10).await;
    store.probe_outage(t(20)).await.unwrap();
    let job = claim_at(&store, t(20)).await.unwrap();
    store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(20)), None).await.unwrap();

    assert_eq!(store.probe_outage(t(30)).await.unwrap(), None);
    assert_eq!(store.redrive_after_outage(t(30), 9).await.unwrap(), 0);
    assert_eq!((state(&store, &content).await, state(&store, &poison).await), (JobState::Dead, JobState::Dead));
}

pub(crate) async fn what_was_revived_otherwise_has_no_outage_behind_it(store: impl Store) {
    let [spoken_to, redriven] = ["c1", "c2"].map(|id| key("u1", id));
    for key in [&spoken_to, &redriven] {
        dies_of_outage(&store, key, 10).await;
    }
    says(&store, &spoken_to, "something new").await;
    assert_eq!(ask(&store, &spoken_to).await, Outcome::Queued);
    store.redrive(&redriven, t(20)).await.unwrap();

    assert_eq!(store.probe_outage(t(30)).await.unwrap(), None);
    while let Some(job) = claim_at(&store, t(30)).await {
        store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(30)), None).await.unwrap();
    }
    assert_eq!(store.redrive_after_outage(t(40), 9).await.unwrap(), 0, "they died of their content now");
}

pub(crate) async fn what_is_erased_does_not_come_back_after_an_outage(store: impl Store) {
    dies_of_outage(&store, &key("u1", "c1"), 10).await;
    let erased =
        ErasureRequest { user_id: user("u1"), request_id: None, closes_account: false, at: t(20), again_at: t(99) };
    store.begin_erasure(&erased).await.unwrap();

    assert_eq!(store.probe_outage(t(30)).await.unwrap(), None);
    assert_eq!(store.redrive_after_outage(t(30), 9).await.unwrap(), 0);
}
