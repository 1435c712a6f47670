//! Answers that could not be used, kept until one could.

use crate::domain::model::{ConversationKey, ErasureRequest, ExtractionFilter, Fate, JobState, RawAnswer};
use crate::store::Store;

use super::language::*;

const RETRY: fn(i64) -> Fate = |second| Fate::Retry { not_before: t(second) };

/// The job fails at `second` on an answer, or without one.
async fn fails(store: &impl Store, second: i64, fate: Fate, answer: Option<&str>) {
    let job = claim_at(store, t(second)).await.expect("a job is due");
    let answer = answer.map(RawAnswer::of);
    assert!(store.fail(&job.lease, fate, &error("NO_JSON", t(second)), answer.as_ref()).await.unwrap());
}

/// What an operator who asks for it is shown.
async fn raw(store: &impl Store, key: &ConversationKey) -> Option<String> {
    let filter = ExtractionFilter { raw_answers: true, ..ExtractionFilter::default() };
    let listed = store.list_extractions(&filter, None, 99).await.unwrap();
    let job = listed.into_iter().find(|job| job.key == *key).expect("the job is listed");
    job.raw_answer.map(|answer| answer.as_str().to_owned())
}

pub(crate) async fn the_last_raw_answer_is_kept_until_a_success(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;

    fails(&store, 0, RETRY(1), Some("{\"goals\": ")).await;
    assert_eq!(raw(&store, &key).await.as_deref(), Some("{\"goals\": "));
    fails(&store, 1, RETRY(2), Some("I am sorry")).await;
    assert_eq!(raw(&store, &key).await.as_deref(), Some("I am sorry"), "only the last one");
    fails(&store, 2, RETRY(3), None).await;
    assert_eq!(raw(&store, &key).await.as_deref(), Some("I am sorry"), "a timeout says nothing about it");

    let job = claim_at(&store, t(3)).await.unwrap();
    complete(&store, &job, 1).await;
    assert_eq!(raw(&store, &key).await, None);
}

pub(crate) async fn a_raw_answer_is_for_operators_who_ask_for_it(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    fails(&store, 0, Fate::Dead, Some("I am sorry")).await;

    assert_eq!(extraction(&store, &key).await.raw_answer, None);
    let listed = store.list_extractions(&ExtractionFilter::default(), None, 9).await.unwrap();
    assert_eq!((listed.len(), &listed[0].raw_answer), (1, &None));
}

pub(crate) async fn a_dead_job_keeps_its_raw_answer_when_it_is_tried_again(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    fails(&store, 0, Fate::Dead, Some("I am sorry")).await;

    store.redrive(&key, t(1)).await.unwrap();
    assert_eq!(raw(&store, &key).await.as_deref(), Some("I am sorry"));
    fails(&store, 1, Fate::Dead, None).await;
    says(&store, &key, "more").await;
    ask(&store, &key).await;
    assert_eq!(raw(&store, &key).await.as_deref(), Some("I am sorry"));

    let job = claim_at(&store, t(1)).await.unwrap();
    complete(&store, &job, 2).await;
    assert_eq!(raw(&store, &key).await, None);
}

pub(crate) async fn a_raw_answer_is_forgotten_with_the_details_of_a_dead_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    fails(&store, 10, Fate::Dead, Some("I am sorry")).await;

    assert_eq!(store.forget_details(t(99), t(9), 9).await.unwrap(), 0);
    assert!(raw(&store, &key).await.is_some());
    assert_eq!(store.forget_details(t(0), t(10), 9).await.unwrap(), 1);
    assert_eq!(raw(&store, &key).await, None);
}

pub(crate) async fn a_raw_answer_goes_with_its_conversation_and_its_user(store: impl Store) {
    let (deleted, erased) = (key("u1", "c1"), key("u2", "c1"));
    for key in [&deleted, &erased] {
        says(&store, key, "hello").await;
        ask(&store, key).await;
        fails(&store, 0, Fate::Dead, Some("I am sorry")).await;
    }

    store.delete_conversation(&deleted).await.unwrap();
    let request =
        ErasureRequest { user_id: user("u2"), request_id: None, closes_account: false, at: t(1), again_at: t(1) };
    store.begin_erasure(&request).await.unwrap();
    let lease = store.claim_erasure(&worker("e1"), t(1), t(61)).await.unwrap().expect("an erasure is due");
    while store.erase_some(&lease, 9, t(61)).await.unwrap() != Some(0) {}

    for key in [&deleted, &erased] {
        says(&store, key, "a new life").await;
        ask(&store, key).await;
        assert_eq!((extraction(&store, key).await.state, raw(&store, key).await), (JobState::Pending, None));
    }
}
