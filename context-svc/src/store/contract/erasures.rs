//! Erasing a user.

use std::time::Duration;

use crate::domain::model::{
    Basis, Cause, Committed, ContextOutcome, ConversationKey, Erasure, ErasureCounts, ErasureEnd, ErasureLease,
    ErasureRequest, ErasureState, ExtractionFilter, Item, ItemKind, Outcome, RequestId, Role, SessionContext,
};
use crate::store::Store;

use super::language::*;

/// When whatever was being written at the beginning of the story has been written.
const AGAIN: i64 = 120;

fn request(user_id: &str, request_id: Option<&str>) -> ErasureRequest {
    ErasureRequest {
        user_id: user(user_id),
        request_id: request_id.map(|id| RequestId::parse(id).unwrap()),
        closes_account: false,
        at: t(0),
        again_at: t(AGAIN),
    }
}

async fn erase(store: &impl Store, request: ErasureRequest) -> Erasure {
    store.begin_erasure(&request).await.unwrap()
}

async fn claim_erasure(store: &impl Store, second: i64) -> Option<ErasureLease> {
    store.claim_erasure(&worker("e1"), t(second), t(second) + LEASE).await.unwrap()
}

async fn some(store: &impl Store, lease: &ErasureLease, limit: usize) -> Option<usize> {
    store.erase_some(lease, limit, t(0) + LEASE).await.unwrap()
}

/// A worker removes whatever there is, and ends the erasure if it can, at `second`.
async fn remove_all(store: &impl Store, second: i64) -> ErasureEnd {
    let lease = claim_erasure(store, second).await.expect("an erasure is due");
    while some(store, &lease, 100).await.expect("the lease holds") > 0 {}
    store.finish_erasure(&lease, t(second)).await.unwrap()
}

/// A result with one goal.
fn with_a_goal(key: &ConversationKey, seq: i64) -> SessionContext {
    let goal = Item {
        id: "i1".into(),
        conversation_id: key.conversation_id.clone(),
        kind: ItemKind::Goal,
        text: "I want to swim".into(),
        status: None,
        due: None,
        speaker: Role::User,
        evidence: vec![],
        basis: Basis::Stated,
        said_at: t(0),
        supersedes: None,
        superseded_by: None,
        progress: vec![],
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    };
    SessionContext { items: vec![goal], outcome: ContextOutcome::Extracted, ..context(key, seq) }
}

pub(crate) async fn what_is_erased_is_gone_for_every_reader_at_once(store: impl Store) {
    let [extracted, raw] = ["c1", "c2"].map(|id| key("u1", id));
    says(&store, &extracted, "I want to swim").await;
    extract(&store, &extracted).await;
    says(&store, &raw, "I want to ski").await;

    erase(&store, request("u1", None)).await;

    let user = user("u1");
    for key in [&extracted, &raw] {
        assert_eq!(store.find_conversation(key).await.unwrap(), None);
        assert_eq!(store.list_messages(key, 0, 9).await.unwrap(), []);
        assert_eq!(store.find_context(key).await.unwrap(), None);
        assert_eq!(store.find_extraction(key).await.unwrap(), None);
        assert_eq!(ask(&store, key).await, Outcome::Unknown);
    }
    assert_eq!(store.list_conversations(&user, None, 9).await.unwrap(), []);
    assert_eq!(store.list_contexts(&user, 9).await.unwrap(), []);
    assert_eq!(store.list_unsummarised(&user, 9).await.unwrap(), []);
    assert_eq!(store.raw_tail(&user, 9).await.unwrap(), []);
    assert_eq!(store.list_idle(t(999), 9).await.unwrap(), []);
    assert_eq!(store.list_extractions(&ExtractionFilter::default(), None, 9).await.unwrap(), []);
    let left = store.enqueue_session(&user, &session("s1"), &trigger(Cause::Logout, t(0))).await.unwrap();
    assert_eq!((left.tickets, left.refused), (vec![], 0));
}

pub(crate) async fn the_counts_are_what_there_was(store: impl Store) {
    let [done, running, waiting] = ["c1", "c2", "c3"].map(|id| key("u1", id));
    says(&store, &done, "I want to swim").await;
    answers(&store, &done, "Good").await;
    ask(&store, &done).await;
    let job = claim(&store).await;
    store.complete(&job.lease, job.want, &with_a_goal(&done, 2), t(0)).await.unwrap();
    for key in [&running, &waiting] {
        says(&store, key, "hello").await;
        ask(&store, key).await;
    }
    claim(&store).await;

    let begun = erase(&store, request("u1", None)).await;

    let counts = ErasureCounts {
        conversations: 3,
        messages: 4,
        session_contexts: 1,
        items: 1,
        verdicts: 0,
        summaries: 0,
        jobs_cancelled: 2,
    };
    assert_eq!(begun, Erasure { state: ErasureState::Running, counts, started_at: t(0) });
}

pub(crate) async fn of_an_erased_user_nothing_is_claimed_renewed_or_committed(store: impl Store) {
    let [running, waiting] = ["c1", "c2"].map(|id| key("u1", id));
    for key in [&running, &waiting] {
        says(&store, key, "hello").await;
        ask(&store, key).await;
    }
    let job = claim(&store).await;

    erase(&store, request("u1", None)).await;

    assert_eq!(claim_at(&store, t(999)).await, None, "neither what waits nor what expires");
    assert!(!store.heartbeat(&job.lease, t(99)).await.unwrap());
    assert_eq!(complete(&store, &job, 1).await, Committed::LeaseLost);
    assert!(!store.release(&job.lease, t(0)).await.unwrap());
    let lease = claim_erasure(&store, 0).await.unwrap();
    assert_eq!(some(&store, &lease, 9).await, Some(2), "both go with their conversations");
    assert_eq!(store.depth().await.unwrap(), 0);
    assert_eq!(complete(&store, &job, 1).await, Committed::LeaseLost);
}

pub(crate) async fn other_users_are_untouched_by_an_erasure(store: impl Store) {
    let (mine, theirs) = (key("u1", "c1"), key("u2", "c1"));
    says(&store, &mine, "I want to swim").await;
    says(&store, &theirs, "I want to ski").await;
    ask(&store, &theirs).await;
    let job = claim(&store).await;

    erase(&store, request("u1", None)).await;
    assert_eq!(remove_all(&store, AGAIN).await, ErasureEnd::Done);

    assert_eq!(complete(&store, &job, 1).await, Committed::Done);
    assert_eq!(store.list_messages(&theirs, 0, 9).await.unwrap().len(), 1);
    assert!(store.find_context(&theirs).await.unwrap().is_some());
}

pub(crate) async fn a_repeated_request_is_the_same_erasure(store: impl Store) {
    says(&store, &key("u1", "c1"), "I want to swim").await;
    let first = erase(&store, request("u1", Some("r1"))).await;
    assert_eq!(remove_all(&store, AGAIN).await, ErasureEnd::Done);
    says(&store, &key("u1", "c1"), "I want to ski").await;

    let again = erase(&store, ErasureRequest { at: t(500), ..request("u1", Some("r1")) }).await;
    let another = erase(&store, request("u2", Some("r1"))).await;

    assert_eq!(again, Erasure { state: ErasureState::Done, ..first });
    assert_eq!(store.list_messages(&key("u1", "c1"), 0, 9).await.unwrap()[0].text, "I want to ski");
    assert_eq!(another.counts, ErasureCounts::default(), "the id is one among those of its user");
}

pub(crate) async fn without_an_id_a_running_erasure_is_shared_until_something_is_said(store: impl Store) {
    says(&store, &key("u1", "c1"), "I want to swim").await;
    let first = erase(&store, request("u1", None)).await;

    let shared = erase(&store, ErasureRequest { at: t(5), ..request("u1", None) }).await;
    says(&store, &key("u1", "c2"), "I want to ski").await;
    let second = erase(&store, ErasureRequest { at: t(9), ..request("u1", None) }).await;

    assert_eq!(shared, first);
    assert_eq!((second.started_at, second.counts.messages), (t(9), 1));
    assert_eq!(store.find_conversation(&key("u1", "c2")).await.unwrap(), None);
}

pub(crate) async fn an_unknown_user_is_erased_of_nothing(store: impl Store) {
    let begun = erase(&store, request("nobody", Some("r1"))).await;

    assert_eq!(begun.counts, ErasureCounts::default());
    assert_eq!(remove_all(&store, AGAIN).await, ErasureEnd::Done);
    assert_eq!(erase(&store, request("nobody", Some("r1"))).await.state, ErasureState::Done);
    assert_eq!(says(&store, &key("nobody", "c1"), "hello").await, 1);
}

pub(crate) async fn a_closed_account_accepts_nothing_ever_again(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    erase(&store, ErasureRequest { closes_account: true, ..request("u1", Some("r1")) }).await;
    assert_eq!(remove_all(&store, AGAIN).await, ErasureEnd::Done);
    erase(&store, request("u1", Some("r2"))).await;

    let more = addition(vec![message("m9", Role::User, "hello?")]);
    assert_eq!(store.append(&key, &more, &trigger(Cause::Disconnect, t(0))).await.unwrap(), None);
    assert_eq!(ask(&store, &key).await, Outcome::Unknown);
    assert!(store.is_closed(&user("u1")).await.unwrap());
    assert!(!store.is_closed(&user("u2")).await.unwrap());
}

pub(crate) async fn closing_an_account_erases_whatever_its_request_id(store: impl Store) {
    erase(&store, request("u1", Some("r1"))).await;
    says(&store, &key("u1", "c1"), "I want to swim").await;
    let closing = ErasureRequest { closes_account: true, ..request("u1", Some("r1")) };

    let closed = erase(&store, closing.clone()).await;
    let again = erase(&store, closing).await;

    assert_eq!((closed.counts.messages, &again), (1, &closed));
    assert_eq!(store.find_conversation(&key("u1", "c1")).await.unwrap(), None);
}

pub(crate) async fn an_erasure_ends_only_after_the_last_request_of_its_beginning(store: impl Store) {
    says(&store, &key("u1", "c1"), "I want to swim").await;
    erase(&store, request("u1", Some("r1"))).await;

    assert_eq!(remove_all(&store, AGAIN - 1).await, ErasureEnd::TooEarly);
    assert_eq!(erase(&store, request("u1", Some("r1"))).await.state, ErasureState::Running);
    assert_eq!(claim_erasure(&store, AGAIN - 1).await, None, "nobody need hold it until then");

    assert_eq!(remove_all(&store, AGAIN).await, ErasureEnd::Done);
    assert_eq!(erase(&store, request("u1", Some("r1"))).await.state, ErasureState::Done);
    assert_eq!(claim_erasure(&store, 9999).await, None);
}

pub(crate) async fn an_erasure_does_not_end_while_something_remains(store: impl Store) {
    says(&store, &key("u1", "c1"), "I want to swim").await;
    erase(&store, request("u1", None)).await;
    let lease = claim_erasure(&store, AGAIN).await.unwrap();

    assert_eq!(store.finish_erasure(&lease, t(AGAIN)).await.unwrap(), ErasureEnd::Remains);
    assert_eq!(some(&store, &lease, 1).await, Some(1), "the conversation");
    assert_eq!(store.finish_erasure(&lease, t(AGAIN)).await.unwrap(), ErasureEnd::Remains);
    assert_eq!(some(&store, &lease, 1).await, Some(1), "its message");
    assert_eq!(store.finish_erasure(&lease, t(AGAIN)).await.unwrap(), ErasureEnd::Done);
}

pub(crate) async fn an_abandoned_erasure_is_taken_over_when_its_lease_ends(store: impl Store) {
    says(&store, &key("u1", "c1"), "I want to swim").await;
    erase(&store, request("u1", None)).await;
    let lost = claim_erasure(&store, 0).await.unwrap();
    some(&store, &lost, 1).await;

    assert_eq!(claim_erasure(&store, 59).await, None);
    let taken = claim_erasure(&store, 60).await.unwrap();

    assert_eq!(taken.fence, lost.fence + 1);
    assert_eq!(some(&store, &lost, 9).await, None);
    assert_eq!(store.finish_erasure(&lost, t(AGAIN)).await.unwrap(), ErasureEnd::Remains);
    assert_eq!(some(&store, &taken, 9).await, Some(1));
    assert_eq!(store.finish_erasure(&lost, t(AGAIN)).await.unwrap(), ErasureEnd::LeaseLost);
    assert_eq!(store.finish_erasure(&taken, t(AGAIN)).await.unwrap(), ErasureEnd::Done);
}

pub(crate) async fn every_piece_of_an_erasure_renews_its_lease(store: impl Store) {
    says(&store, &key("u1", "c1"), "I want to swim").await;
    erase(&store, request("u1", None)).await;
    let lease = claim_erasure(&store, 0).await.unwrap();

    store.erase_some(&lease, 1, t(50) + LEASE).await.unwrap();

    assert_eq!(claim_erasure(&store, 109).await, None);
    assert!(claim_erasure(&store, 110).await.is_some());
}

pub(crate) async fn an_erasure_goes_in_small_pieces(store: impl Store) {
    for id in ["c1", "c2", "c3"] {
        for _ in 0..3 {
            says(&store, &key("u1", id), "I want to swim").await;
        }
        ask(&store, &key("u1", id)).await;
    }
    erase(&store, request("u1", None)).await;
    let lease = claim_erasure(&store, 0).await.unwrap();

    let mut pieces = vec![];
    while let Some(piece @ 1..) = some(&store, &lease, 2).await {
        pieces.push(piece);
    }

    assert_eq!(pieces, [2, 1, 2, 2, 2, 2, 1], "three conversations with their jobs, nine messages");
}

pub(crate) async fn a_new_memory_begins_as_soon_as_its_ids_are_free(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "I want to swim").await;
    let more = addition(vec![message("m2", Role::User, "I want to ski")]);
    let handover = trigger(Cause::Disconnect, t(0));

    erase(&store, request("u1", None)).await;
    assert_eq!(store.append(&key, &more, &handover).await.unwrap(), None, "the old one is still in the way");
    assert_eq!(remove_all(&store, 0).await, ErasureEnd::TooEarly);
    let appended = store.append(&key, &more, &handover).await.unwrap();
    extract(&store, &key).await;
    assert_eq!(remove_all(&store, AGAIN).await, ErasureEnd::Done);

    assert_eq!(appended.map(|appended| appended.last_seq), Some(1));
    assert_eq!(store.list_messages(&key, 0, 9).await.unwrap()[0].text, "I want to ski");
    assert!(store.find_context(&key).await.unwrap().is_some());
}

pub(crate) async fn old_erasures_are_forgotten_and_a_closed_account_stays_closed(store: impl Store) {
    erase(&store, ErasureRequest { closes_account: true, ..request("u1", Some("r1")) }).await;
    erase(&store, ErasureRequest { again_at: t(AGAIN) + Duration::from_secs(900), ..request("u2", Some("r1")) }).await;
    remove_all(&store, AGAIN).await;

    assert_eq!(store.forget_erasures(t(AGAIN - 1), 9).await.unwrap(), 0);
    assert_eq!(store.forget_erasures(t(999), 9).await.unwrap(), 1, "not the one that still runs");

    assert!(store.is_closed(&user("u1")).await.unwrap());
    assert_eq!(erase(&store, request("u2", Some("r1"))).await.state, ErasureState::Running);
}
