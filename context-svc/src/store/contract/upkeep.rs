//! Forgetting what is old.

use std::collections::BTreeMap;

use crate::domain::model::{Cause, Committed, ConversationKey, Fate, JobState, SessionContext};
use crate::store::Store;

use super::language::*;

/// Extracted at `second`, with an item dropped.
async fn done_at(store: &impl Store, key: &ConversationKey, second: i64) {
    says(store, key, "hello").await;
    ask(store, key).await;
    let job = claim(store).await;
    let items_dropped = BTreeMap::from([("NO_EVIDENCE".to_owned(), 1)]);
    let context = SessionContext { items_dropped, ..context(key, job.upto_seq()) };
    assert_eq!(store.complete(&job.lease, job.want, &context, t(second)).await.unwrap(), Committed::Done);
}

async fn dead_at(store: &impl Store, key: &ConversationKey, second: i64) {
    says(store, key, "hello").await;
    ask(store, key).await;
    let job = claim(store).await;
    store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(second)), None).await.unwrap();
}

pub(crate) async fn the_details_of_an_old_done_job_are_forgotten_and_its_place_is_kept(store: impl Store) {
    let [old, young] = ["old", "young"].map(|id| key("u1", id));
    done_at(&store, &old, 10).await;
    done_at(&store, &young, 20).await;
    let before = extraction(&store, &old).await;

    assert_eq!(store.forget_details(t(10), t(0), 9).await.unwrap(), 1);
    assert_eq!(store.forget_details(t(10), t(0), 9).await.unwrap(), 0, "once is enough");

    let after = extraction(&store, &old).await;
    assert_eq!((after.causes, after.items_dropped), (vec![], BTreeMap::new()));
    assert_eq!((after.state, after.want, after.done, after.fence), (JobState::Done, before.want, before.done, 1));
    assert_eq!((after.outcome, after.updated_at), (before.outcome, before.updated_at));
    assert_eq!(store.find_context(&old).await.unwrap().unwrap().title, "up to 1");
    let young = extraction(&store, &young).await;
    assert_eq!((young.causes, young.items_dropped.len()), (vec![Cause::Logout], 1));
}

pub(crate) async fn a_dead_job_is_remembered_longer_and_its_reason_for_ever(store: impl Store) {
    let [dead, cancelled] = ["dead", "cancelled"].map(|id| key("u1", id));
    dead_at(&store, &dead, 10).await;
    says(&store, &cancelled, "hello").await;
    ask(&store, &cancelled).await;
    store.cancel(&cancelled, t(10)).await.unwrap();

    assert_eq!(store.forget_details(t(99), t(9), 9).await.unwrap(), 0);
    assert_eq!(store.forget_details(t(99), t(10), 9).await.unwrap(), 2);

    let job = extraction(&store, &dead).await;
    let left = job.last_error.expect("a dead job says why");
    assert_eq!((left.reason.as_str(), left.message.as_str(), left.at), ("ALL_REJECTED", "", t(10)));
    assert_eq!((job.state, job.causes, job.want.seq()), (JobState::Dead, vec![], 1));
    store.redrive(&dead, t(20)).await.unwrap();
    assert_eq!(claim_at(&store, t(20)).await.unwrap().causes, [Cause::Manual]);
}

pub(crate) async fn of_a_live_job_nothing_is_forgotten(store: impl Store) {
    for id in ["running", "waiting"] {
        says(&store, &key("u1", id), "hello").await;
        ask(&store, &key("u1", id)).await;
    }
    claim(&store).await;

    assert_eq!(store.forget_details(t(999), t(999), 9).await.unwrap(), 0);
}

pub(crate) async fn details_are_forgotten_in_small_steps(store: impl Store) {
    for n in 0..5 {
        done_at(&store, &key("u1", &format!("done{n}")), 10).await;
        dead_at(&store, &key("u1", &format!("dead{n}")), 10).await;
    }

    let mut steps = vec![];
    while let forgotten @ 1.. = store.forget_details(t(99), t(99), 4).await.unwrap() {
        steps.push(forgotten);
    }

    assert_eq!(steps, [4, 4, 2]);
}

pub(crate) async fn a_silent_conversation_can_be_deleted_with_all_that_came_of_it(store: impl Store) {
    let [old, young] = ["old", "young"].map(|id| key("u1", id));
    done_at(&store, &old, 10).await;
    done_at(&store, &young, 20).await;

    assert_eq!(store.list_silent(t(10), 9).await.unwrap(), std::slice::from_ref(&old));
    assert!(store.delete_silent(&old, t(10)).await.unwrap());
    assert!(!store.delete_silent(&young, t(10)).await.unwrap());

    assert_eq!(store.find_conversation(&old).await.unwrap(), None);
    assert_eq!(store.find_context(&old).await.unwrap(), None);
    assert!(store.find_context(&young).await.unwrap().is_some());
    assert_eq!(store.list_silent(t(10), 9).await.unwrap(), []);
}

pub(crate) async fn what_is_dirty_or_waited_for_is_never_deleted_for_its_age(store: impl Store) {
    let [unasked, waiting, dead, spoken] = ["unasked", "waiting", "dead", "spoken"].map(|id| key("u1", id));
    says(&store, &unasked, "hello").await;
    dead_at(&store, &dead, 0).await;
    done_at(&store, &spoken, 1).await;
    says(&store, &spoken, "one more thing").await;
    says(&store, &waiting, "hello").await;
    ask(&store, &waiting).await;

    assert_eq!(store.list_silent(t(999), 9).await.unwrap(), []);
    for key in [unasked, waiting, dead, spoken] {
        assert!(!store.delete_silent(&key, t(999)).await.unwrap(), "{key:?}");
    }
}

pub(crate) async fn what_was_silent_and_is_spoken_in_again_stays(store: impl Store) {
    let key = key("u1", "c1");
    done_at(&store, &key, 10).await;
    let silent = store.list_silent(t(10), 9).await.unwrap();
    says(&store, &key, "one more thing").await;

    assert!(!store.delete_silent(&silent[0], t(10)).await.unwrap());
    assert_eq!(store.list_messages(&key, 0, 9).await.unwrap().len(), 2);
}

pub(crate) async fn nothing_that_lives_is_cleaned_up(store: impl Store) {
    for n in 0..5 {
        says(&store, &key("u1", &format!("c{n}")), "hello").await;
    }

    let (mut place, mut rounds) = (None, 0);
    loop {
        let (orphans, next) = store.find_orphans(place.as_ref(), 2).await.unwrap();
        assert_eq!(orphans, []);
        rounds += 1;
        let Some(next) = next else { break };
        assert_eq!(store.remove_orphans(&next, 9).await.unwrap(), 0);
        place = Some(next);
    }

    assert_eq!((rounds, store.remove_gone_eras(9).await.unwrap()), (3, 0));
}
