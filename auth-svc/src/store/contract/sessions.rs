//! Promises of `SessionStore`.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;

use super::{Fresh, logged_in, logged_out, revocation, session, sid, t, user};
use crate::domain::audit::AuditEvent;
use crate::domain::refresh_token::RefreshToken;
use crate::domain::session::{LoginSession, Page, Revocation, RevokeReason, Rotation, Standing};

const IDLE: Duration = Duration::from_secs(1000);

fn rotation_of(session: &LoginSession, at: Timestamp) -> Rotation {
    Rotation { from: session.current.clone(), to: RefreshToken::first_of(session.id.clone()).hash(), at }
}

fn standing(generation: i64, kept: Option<&str>, now: Timestamp) -> Standing {
    Standing { generation, kept_session: kept.map(sid), now, idle: IDLE }
}

fn first_page(size: usize) -> Page {
    Page { after: None, size }
}

async fn listed(store: &Fresh, standing: Standing, page: Page) -> Vec<String> {
    let sessions = store.list_sessions(&user("ada"), &standing, &page).await.unwrap();
    sessions.into_iter().map(|session| session.id.into()).collect()
}

pub(crate) async fn a_session_is_read_back_as_it_was_made(store: Fresh) {
    let made = logged_in(&store, "ada", "s1").await;

    assert_eq!(store.find_session(&sid("s1")).await.unwrap(), Some(made));
    assert_eq!(store.find_session(&sid("s2")).await.unwrap(), None);
}

pub(crate) async fn a_session_moves_on_only_from_its_current_token(store: Fresh) {
    let before = logged_in(&store, "ada", "s1").await;
    let rotation = rotation_of(&before, t(5));

    assert!(store.rotate(&before.id, &rotation).await.unwrap());
    assert!(!store.rotate(&before.id, &rotation_of(&before, t(6))).await.unwrap());

    let after = store.find_session(&before.id).await.unwrap().unwrap();
    assert_eq!((after.current, after.previous), (rotation.to, Some(before.current)));
    assert_eq!((after.rotations, after.rotated_at), (1, t(5)));
}

pub(crate) async fn of_many_rotations_of_one_token_one_wins(store: Fresh) {
    let before = logged_in(&store, "ada", "s1").await;
    let rotations: Vec<_> = (0..10).map(|n| rotation_of(&before, t(n))).collect();

    let won = join_all(rotations.iter().map(|rotation| store.rotate(&before.id, rotation))).await;

    assert_eq!(won.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
}

pub(crate) async fn a_revoked_session_never_moves_on(store: Fresh) {
    let before = logged_in(&store, "ada", "s1").await;
    store.revoke(&revocation("ada", "s1", t(5))).await.unwrap();

    assert!(!store.rotate(&before.id, &rotation_of(&before, t(6))).await.unwrap());

    assert_eq!(store.find_session(&before.id).await.unwrap().unwrap().revoked_at, Some(t(5)));
}

pub(crate) async fn of_many_revocations_one_counts(store: Fresh) {
    logged_in(&store, "ada", "s1").await;
    let revocations: Vec<_> = (0..10).map(|_| revocation("ada", "s1", t(5))).collect();

    let won = join_all(revocations.iter().map(|revocation| store.revoke(revocation))).await;

    assert_eq!(won.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
    assert!(!store.revoke(&revocation("ada", "s1", t(6))).await.unwrap());
    assert!(!store.revoke(&revocation("ada", "unknown", t(6))).await.unwrap());
}

pub(crate) async fn another_users_session_is_left_alone(store: Fresh) {
    logged_in(&store, "ada", "s1").await;

    assert!(!store.revoke(&revocation("eve", "s1", t(5))).await.unwrap());

    assert_eq!(store.find_session(&sid("s1")).await.unwrap().unwrap().revoked_at, None);
}

pub(crate) async fn a_revocation_is_recorded_in_the_same_write(store: Fresh) {
    logged_out(&store, "ada", "s1", t(5)).await;
    store.revoke(&revocation("ada", "s1", t(6))).await.unwrap();

    let audit = store.list_audit(&user("ada"), 10).await.unwrap();
    let outbox = store.claim_due(t(5), t(15), 10).await.unwrap();

    let events: Vec<_> = audit.iter().map(|entry| entry.event).collect();
    assert_eq!(events, [AuditEvent::Ended(RevokeReason::Logout), AuditEvent::LoggedIn]);
    assert_eq!((audit[0].session.as_ref(), audit[0].at), (Some(&sid("s1")), t(5)));
    assert_eq!(outbox.iter().map(|entry| &entry.session).collect::<Vec<_>>(), [&sid("s1")]);
}

pub(crate) async fn a_stale_login_asks_for_no_extraction(store: Fresh) {
    logged_in(&store, "ada", "s1").await;

    let stale = Revocation { reason: RevokeReason::StaleLogin, ..revocation("ada", "s1", t(5)) };
    assert!(store.revoke(&stale).await.unwrap());

    assert!(store.claim_due(t(1000), t(1010), 10).await.unwrap().is_empty());
}

pub(crate) async fn a_list_shows_live_sessions_last_used_first(store: Fresh) {
    for (id, used) in [("old", t(10)), ("new", t(30)), ("idle", t(0))] {
        store.create_session(&session("ada", id, used)).await.unwrap();
    }
    logged_out(&store, "ada", "ended", t(5)).await;
    logged_in(&store, "bob", "foreign").await;

    let live = listed(&store, standing(0, None, t(0) + IDLE), first_page(10)).await;

    assert_eq!(live, ["new", "old"]);
}

pub(crate) async fn a_list_goes_on_where_the_page_before_ended(store: Fresh) {
    for (id, used) in [("a", t(10)), ("b", t(10)), ("c", t(20))] {
        store.create_session(&session("ada", id, used)).await.unwrap();
    }

    let first = listed(&store, standing(0, None, t(30)), first_page(2)).await;
    let rest = Page { after: Some((t(10), sid("b"))), size: 2 };
    let second = listed(&store, standing(0, None, t(30)), rest).await;

    assert_eq!((first, second), (vec!["c".to_owned(), "b".to_owned()], vec!["a".to_owned()]));
}

pub(crate) async fn a_list_hides_older_generations_but_not_the_kept_session(store: Fresh) {
    for (id, born) in [("kept", 0), ("old", 0), ("new", 1)] {
        store.create_session(&LoginSession { born, ..session("ada", id, t(10)) }).await.unwrap();
    }

    let live = listed(&store, standing(1, Some("kept"), t(20)), first_page(10)).await;

    assert_eq!(live, ["new", "kept"]);
}
