//! Promises of `OutboxStore`.

use futures::future::join_all;

use kit::telemetry::trace::TraceContext;

use super::{Fresh, logged_in, logged_out, revocation, sid, t};
use crate::domain::session::{Revocation, RevokeReason};
use crate::relay::outbox::Pending;

pub(crate) async fn an_entry_is_claimed_by_one(store: Fresh) {
    for n in 0..10 {
        logged_out(&store, "ada", &format!("s{n}"), t(5)).await;
    }

    let claims = join_all((0..5).map(|_| store.claim_due(t(5), t(15), 4))).await;

    let mut claimed: Vec<_> = claims.into_iter().flat_map(Result::unwrap).map(|entry| entry.session).collect();
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 10);
    assert!(store.claim_due(t(14), t(24), 10).await.unwrap().is_empty());
}

pub(crate) async fn a_claim_that_is_never_settled_comes_due_again(store: Fresh) {
    logged_out(&store, "ada", "s1", t(5)).await;
    store.claim_due(t(5), t(15), 1).await.unwrap();

    let again = store.claim_due(t(15), t(25), 1).await.unwrap();

    assert_eq!((again.len(), again[0].attempts), (1, 2));
}

pub(crate) async fn a_sent_entry_never_comes_due_again(store: Fresh) {
    logged_out(&store, "ada", "s1", t(5)).await;
    store.claim_due(t(5), t(15), 1).await.unwrap();

    store.mark_sent(&[sid("s1")], t(6)).await.unwrap();
    store.put_off(&sid("s1"), t(7)).await.unwrap();

    assert!(store.claim_due(t(1000), t(1010), 1).await.unwrap().is_empty());
}

pub(crate) async fn an_entry_put_off_is_due_at_that_time(store: Fresh) {
    logged_out(&store, "ada", "s1", t(5)).await;
    store.claim_due(t(5), t(15), 1).await.unwrap();

    store.put_off(&sid("s1"), t(60)).await.unwrap();

    assert!(store.claim_due(t(59), t(69), 1).await.unwrap().is_empty());
    assert_eq!(store.claim_due(t(60), t(70), 1).await.unwrap().len(), 1);
}

pub(crate) async fn a_claim_takes_no_more_than_asked_for(store: Fresh) {
    logged_out(&store, "ada", "later", t(6)).await;
    logged_out(&store, "ada", "first", t(5)).await;

    let claimed = store.claim_due(t(10), t(20), 1).await.unwrap();

    assert_eq!(claimed.iter().map(|entry| &entry.session).collect::<Vec<_>>(), [&sid("first")]);
}

pub(crate) async fn sent_entries_are_purged_after_their_time(store: Fresh) {
    for id in ["old", "new", "pending"] {
        logged_out(&store, "ada", id, t(5)).await;
    }
    store.mark_sent(&[sid("old")], t(10)).await.unwrap();
    store.mark_sent(&[sid("new")], t(20)).await.unwrap();

    assert_eq!(store.purge_sent(t(15), 10).await.unwrap(), 1);
    assert_eq!(store.purge_sent(t(15), 10).await.unwrap(), 0);

    assert!(store.find_session(&sid("old")).await.unwrap().unwrap().revoked_at.is_some());
    assert_eq!(store.claim_due(t(30), t(40), 10).await.unwrap().len(), 1);
}

pub(crate) async fn an_entry_keeps_the_trace_of_what_ended_its_session(store: Fresh) {
    let trace = TraceContext::random();
    for (id, reason) in [("s1", RevokeReason::Logout), ("stale", RevokeReason::StaleLogin)] {
        logged_in(&store, "ada", id).await;
        let traced = Revocation { trace: Some(trace), reason, ..revocation("ada", id, t(5)) };
        assert!(store.revoke(&traced).await.unwrap());
    }
    logged_out(&store, "ada", "s2", t(6)).await;

    let first = store.claim_due(t(6), t(16), 9).await.unwrap();
    let again = store.claim_due(t(16), t(26), 9).await.unwrap();

    for mut entries in [first, again] {
        entries.sort_by(|one, other| one.session.as_str().cmp(other.session.as_str()));
        assert_eq!(entries.iter().map(|entry| entry.trace).collect::<Vec<_>>(), [Some(trace), None]);
    }
}

pub(crate) async fn what_is_pending_is_counted_whether_due_or_not(store: Fresh) {
    for (id, at) in [("oldest", 5), ("later", 6), ("sent", 4)] {
        logged_out(&store, "ada", id, t(at)).await;
    }
    store.mark_sent(&[sid("sent")], t(7)).await.unwrap();
    store.put_off(&sid("oldest"), t(1000)).await.unwrap();

    let pending = store.pending(10).await.unwrap();
    let due_first = store.pending(1).await.unwrap();

    assert_eq!(pending, Pending { entries: 2, oldest: Some(t(5)) });
    assert_eq!(due_first, Pending { entries: 1, oldest: Some(t(6)) });
}

pub(crate) async fn an_empty_outbox_has_no_oldest_entry(store: Fresh) {
    assert_eq!(store.pending(10).await.unwrap(), Pending { entries: 0, oldest: None });
}
