//! By which requests a job is asked for.

use kit::telemetry::trace::TraceContext;

use crate::domain::model::{Cause, ConversationKey, Job, Trigger};
use crate::store::Store;

use super::language::*;

/// The `n`-th trace of a story.
fn trace(n: usize) -> TraceContext {
    TraceContext::parse(&format!("00-{n:032x}-{n:016x}-01")).unwrap()
}

async fn asked(store: &impl Store, key: &ConversationKey, n: usize) {
    store.enqueue(key, &Trigger { trace: Some(trace(n)), ..trigger(Cause::Logout, t(0)) }).await.unwrap();
}

fn traces_of(job: &Job) -> Vec<TraceContext> {
    job.traces.iter().copied().collect()
}

pub(crate) async fn a_job_carries_the_trace_of_every_trigger_once(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    for n in [1, 2, 1, 3] {
        asked(&store, &key, n).await;
    }
    ask_at(&store, &key, Cause::Idle, t(0)).await;

    assert_eq!(traces_of(&claim(&store).await), [trace(1), trace(2), trace(3)]);
}

pub(crate) async fn of_many_traces_the_newest_stay(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    for n in 1..=20 {
        asked(&store, &key, n).await;
    }

    let newest: Vec<_> = (13..=20).map(trace).collect();
    assert_eq!(traces_of(&claim(&store).await), newest);
}

pub(crate) async fn a_trigger_during_the_work_is_traced_by_the_next_pass(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    asked(&store, &key, 1).await;
    let first = claim(&store).await;

    says(&store, &key, "and more").await;
    asked(&store, &key, 2).await;
    complete(&store, &first, 1).await;

    assert_eq!(traces_of(&first), [trace(1)]);
    assert_eq!(traces_of(&claim(&store).await), [trace(1), trace(2)]);
}

pub(crate) async fn a_new_job_does_not_carry_the_traces_of_the_last(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    asked(&store, &key, 1).await;
    let first = claim(&store).await;
    complete(&store, &first, 1).await;

    says(&store, &key, "and more").await;
    ask(&store, &key).await;

    assert_eq!(traces_of(&claim(&store).await), []);
}

pub(crate) async fn a_session_traces_every_job_it_asks_for(store: impl Store) {
    let keys = [key("u1", "c1"), key("u1", "c2")];
    for key in &keys {
        says(&store, key, "hello").await;
    }

    let ended = Trigger { trace: Some(trace(1)), ..trigger(Cause::Logout, t(0)) };
    store.enqueue_session(&user("u1"), &session("s1"), &ended).await.unwrap();

    for _ in &keys {
        assert_eq!(traces_of(&claim(&store).await), [trace(1)]);
    }
}
