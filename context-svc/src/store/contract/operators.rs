//! What an operator sees and moves.

use crate::domain::model::{
    Cause, Committed, ConversationKey, ExtractionCursor, ExtractionFilter, Fate, JobState, Moved, Outcome,
};
use crate::store::Store;

use super::language::*;

/// Somebody says something and asks for it at `second`.
async fn asked_at(store: &impl Store, key: &ConversationKey, second: i64) {
    says(store, key, "hello").await;
    ask_at(store, key, Cause::Logout, t(second)).await;
}

/// A worker gets the job and gives up on it.
async fn gives_up(store: &impl Store, key: &ConversationKey, second: i64) {
    asked_at(store, key, 0).await;
    let job = claim(store).await;
    store.fail(&job.lease, Fate::Dead, &error("UNREADABLE", t(second)), None).await.unwrap();
}

/// The conversations on a page, as `user/conversation`.
async fn listed(store: &impl Store, filter: ExtractionFilter) -> Vec<String> {
    let found = store.list_extractions(&filter, None, 99).await.unwrap();
    found.into_iter().map(|each| format!("{}/{}", each.key.user_id, each.key.conversation_id)).collect()
}

fn in_state(state: JobState) -> ExtractionFilter {
    ExtractionFilter { state: Some(state), ..Default::default() }
}

fn state_of(moved: &Option<Moved>) -> Option<JobState> {
    match moved {
        Some(Moved::To(extraction)) => Some(extraction.state),
        Some(Moved::Stays(_)) | None => None,
    }
}

pub(crate) async fn extractions_are_listed_longest_unchanged_first(store: impl Store) {
    gives_up(&store, &key("u1", "dead"), 20).await;
    asked_at(&store, &key("u2", "old"), 10).await;
    asked_at(&store, &key("u1", "new"), 30).await;

    assert_eq!(listed(&store, ExtractionFilter::default()).await, ["u2/old", "u1/dead", "u1/new"]);
}

pub(crate) async fn extractions_changed_at_one_moment_are_paged_without_loss(store: impl Store) {
    gives_up(&store, &key("u2", "c1"), 0).await;
    for (user, id) in [("u1", "c2"), ("u3", "c1"), ("u1", "c1")] {
        asked_at(&store, &key(user, id), 0).await;
    }

    let (mut seen, mut after) = (vec![], None);
    for _ in 0..4 {
        let page = store.list_extractions(&ExtractionFilter::default(), after.as_ref(), 1).await.unwrap();
        seen.push(format!("{}/{}", page[0].key.user_id, page[0].key.conversation_id));
        after = Some(ExtractionCursor::of(&page[0]));
    }

    assert_eq!(seen, ["u1/c1", "u1/c2", "u2/c1", "u3/c1"]);
    assert_eq!(store.list_extractions(&ExtractionFilter::default(), after.as_ref(), 1).await.unwrap(), []);
}

pub(crate) async fn a_list_of_extractions_can_be_of_one_state_user_or_age(store: impl Store) {
    gives_up(&store, &key("u1", "dead"), 20).await;
    asked_at(&store, &key("u1", "old"), 10).await;
    asked_at(&store, &key("u2", "new"), 30).await;

    let of_user = ExtractionFilter { user_id: Some(user("u1")), ..Default::default() };
    let of_age = ExtractionFilter { unchanged_since: Some(t(20)), ..Default::default() };
    let of_all =
        ExtractionFilter { user_id: Some(user("u1")), unchanged_since: Some(t(10)), ..in_state(JobState::Dead) };
    assert_eq!(listed(&store, in_state(JobState::Dead)).await, ["u1/dead"]);
    assert_eq!(listed(&store, of_user).await, ["u1/old", "u1/dead"]);
    assert_eq!(listed(&store, of_age).await, ["u1/old", "u1/dead"]);
    assert!(listed(&store, of_all).await.is_empty());
}

pub(crate) async fn what_was_never_asked_for_is_listed_only_by_that_name(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;

    assert!(listed(&store, ExtractionFilter::default()).await.is_empty());
    assert_eq!(listed(&store, in_state(JobState::Idle)).await, ["u1/c1"]);
}

pub(crate) async fn jobs_are_counted_by_state(store: impl Store) {
    says(&store, &key("u1", "idle"), "hello").await;
    gives_up(&store, &key("u1", "dead"), 0).await;
    for id in ["c1", "c2", "c3"] {
        asked_at(&store, &key("u1", id), 0).await;
    }
    claim(&store).await;

    let counts = store.count_jobs(t(0)).await.unwrap();

    assert_eq!(counts.by_state, [(JobState::Dead, 1), (JobState::Pending, 2), (JobState::Running, 1)]);
    assert_eq!(counts.depth(), store.depth().await.unwrap());
}

pub(crate) async fn the_queue_knows_since_when_a_job_has_been_due(store: impl Store) {
    let since = async |second| store.count_jobs(t(second)).await.unwrap().due_since;
    asked_at(&store, &key("u1", "c1"), 0).await;
    claim(&store).await;
    asked_at(&store, &key("u1", "c2"), 70).await;

    assert_eq!(since(59).await, None, "one is running, the other not due yet");
    assert_eq!(since(75).await, Some(t(60)), "a lease that expired makes its job due");
    claim_at(&store, t(75)).await.unwrap();
    assert_eq!(since(75).await, Some(t(70)));
}

pub(crate) async fn a_cancelled_job_cannot_commit(store: impl Store) {
    let key = key("u1", "c1");
    asked_at(&store, &key, 0).await;
    let job = claim(&store).await;

    let moved = store.cancel(&key, t(1)).await.unwrap();

    assert_eq!(state_of(&moved), Some(JobState::Cancelled));
    assert!(!store.heartbeat(&job.lease, t(99)).await.unwrap());
    assert_eq!(complete(&store, &job, 1).await, Committed::LeaseLost);
    let cancelled = extraction(&store, &key).await;
    assert_eq!((cancelled.fence, cancelled.owner, cancelled.lease_until), (job.lease.fence + 1, None, None));
    assert_eq!(store.find_context(&key).await.unwrap(), None);
}

pub(crate) async fn a_cancelled_job_leaves_the_depth_and_is_not_claimed(store: impl Store) {
    asked_at(&store, &key("u1", "c1"), 0).await;

    store.cancel(&key("u1", "c1"), t(1)).await.unwrap();

    assert_eq!(store.depth().await.unwrap(), 0);
    assert_eq!(claim_at(&store, t(99)).await, None);
}

pub(crate) async fn cancelling_twice_is_cancelling_once(store: impl Store) {
    asked_at(&store, &key("u1", "c1"), 0).await;

    let once = store.cancel(&key("u1", "c1"), t(1)).await.unwrap();
    let twice = store.cancel(&key("u1", "c1"), t(2)).await.unwrap();

    assert_eq!(once, twice);
}

pub(crate) async fn only_newer_messages_revive_a_cancelled_job(store: impl Store) {
    let key = key("u1", "c1");
    asked_at(&store, &key, 0).await;
    store.cancel(&key, t(0)).await.unwrap();

    assert_eq!(ask(&store, &key).await, Outcome::Cancelled);
    assert!(!is_idle(&store, &key).await, "the sweep leaves it alone");
    says(&store, &key, "something new").await;
    assert_eq!(ask(&store, &key).await, Outcome::Queued);
}

pub(crate) async fn only_a_live_job_can_be_cancelled(store: impl Store) {
    let [idle, done, dead] = ["idle", "done", "dead"].map(|id| key("u1", id));
    says(&store, &idle, "hello").await;
    says(&store, &done, "hello").await;
    extract(&store, &done).await;
    gives_up(&store, &dead, 0).await;

    for (key, state) in [(idle, JobState::Idle), (done, JobState::Done), (dead, JobState::Dead)] {
        let before = extraction(&store, &key).await;
        assert_eq!(store.cancel(&key, t(9)).await.unwrap(), Some(Moved::Stays(state)));
        assert_eq!(extraction(&store, &key).await, before);
    }
}

pub(crate) async fn a_redriven_job_begins_anew(store: impl Store) {
    let key = key("u1", "c1");
    gives_up(&store, &key, 5).await;

    let moved = store.redrive(&key, t(50)).await.unwrap();

    assert_eq!(state_of(&moved), Some(JobState::Pending));
    let redriven = extraction(&store, &key).await;
    assert_eq!((redriven.attempts, redriven.deliveries, redriven.snoozes, redriven.merges), (0, 0, 0, 0));
    assert_eq!((redriven.last_error, redriven.first_at, redriven.run_at), (None, Some(t(50)), Some(t(50))));
    assert_eq!((redriven.causes, redriven.fence), (vec![Cause::Logout, Cause::Manual], 1));
    assert_eq!(store.depth().await.unwrap(), 1);
    let job = claim_at(&store, t(50)).await.expect("it is due");
    assert_eq!((job.attempt, job.lease.fence, complete(&store, &job, 1).await), (1, 2, Committed::Done));
}

pub(crate) async fn only_a_dead_or_cancelled_job_can_be_redriven(store: impl Store) {
    let [cancelled, idle, done, pending, running] =
        ["cancelled", "idle", "done", "pending", "running"].map(|id| key("u1", id));
    asked_at(&store, &cancelled, 0).await;
    store.cancel(&cancelled, t(0)).await.unwrap();
    says(&store, &idle, "hello").await;
    says(&store, &done, "hello").await;
    extract(&store, &done).await;
    asked_at(&store, &running, 0).await;
    claim(&store).await;
    asked_at(&store, &pending, 0).await;

    assert_eq!(state_of(&store.redrive(&cancelled, t(1)).await.unwrap()), Some(JobState::Pending));
    for (key, state) in
        [(idle, JobState::Idle), (done, JobState::Done), (pending, JobState::Pending), (running, JobState::Running)]
    {
        let before = extraction(&store, &key).await;
        assert_eq!(store.redrive(&key, t(9)).await.unwrap(), Some(Moved::Stays(state)));
        assert_eq!(extraction(&store, &key).await, before);
    }
}

pub(crate) async fn what_is_not_there_is_not_moved(store: impl Store) {
    asked_at(&store, &key("u1", "c1"), 0).await;

    for stranger in [key("u1", "c2"), key("u2", "c1")] {
        assert_eq!(store.cancel(&stranger, t(0)).await.unwrap(), None);
        assert_eq!(store.redrive(&stranger, t(0)).await.unwrap(), None);
    }
}
