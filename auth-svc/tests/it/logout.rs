//! Logging out: idempotent, and never an obstacle.

use std::time::Duration;

use auth_svc::domain::audit::AuditEvent;
use auth_svc::domain::session::RevokeReason;
use auth_svc::domain::token::Subject;
use futures::future::join_all;
use kit::clock::Clock;
use kit::id::SessionId;
use proto::auth::v1 as pb;
use proto::auth::v1::logout_response::Extraction;

use crate::world::{World, bearing, caller, reason};

const LOGGED_OUT: AuditEvent = AuditEvent::Ended(RevokeReason::Logout);

#[tokio::test]
async fn the_second_logout_has_nothing_to_do() {
    let world = World::start().await;
    let ada = world.logged_in().await;

    let first = world.logs_out(ada.access.text.expose()).await.unwrap();
    let second = world.logs_out(ada.access.text.expose()).await.unwrap();

    assert_eq!((first.revoked, first.extraction()), (true, Extraction::Scheduled));
    assert_eq!((second.revoked, second.extraction()), (false, Extraction::NothingToDo));
    assert_eq!(world.audit(&ada.account.id).await, [AuditEvent::Registered, AuditEvent::LoggedIn, LOGGED_OUT]);
}

#[tokio::test]
async fn a_hundred_logouts_make_one_audit_entry_and_one_extraction() {
    let mut world = World::start().await;
    let ada = world.logged_in().await;

    let answers = join_all((0..100).map(|_| world.logs_out(ada.access.text.expose()))).await;

    assert_eq!(answers.iter().filter(|answer| answer.as_ref().unwrap().revoked).count(), 1);
    assert_eq!(world.audit(&ada.account.id).await.iter().filter(|event| **event == LOGGED_OUT).count(), 1);
    assert_eq!(world.context.is_asked().await, ada.session.id.as_str());
    world.drain().await;
    assert!(!world.context.was_asked_more());
}

#[tokio::test]
async fn an_expired_token_still_logs_out() {
    let mut world = World::start().await;
    let ada = world.logged_in().await;

    world.clock.advance(Duration::from_secs(3600));
    let answer = world.logs_out(ada.access.text.expose()).await.unwrap();

    assert!(answer.revoked);
    assert!(world.has_ended(&ada.session.id).await);
    assert_eq!(world.context.is_asked().await, ada.session.id.as_str());
}

#[tokio::test]
async fn rubbish_forgeries_and_unknown_sessions_change_nothing() {
    let world = World::start().await;
    let (ada, eve) = (world.logged_in().await, world.logged_in().await);
    let (genuine, _) = ada.access.text.expose().rsplit_once('.').unwrap();
    let (_, foreign_signature) = eve.access.text.expose().rsplit_once('.').unwrap();
    let unknown = SessionId::random();
    let subject = Subject { user: &ada.account.id, session: &unknown, generation: 0, time_zone: None };
    let well_signed = world.app.admission().issuer.issue(subject, world.clock.now()).unwrap();

    for token in ["", "rubbish", "a.b.c", &format!("{genuine}.{foreign_signature}"), well_signed.text.expose()] {
        let answer = world.logs_out(token).await.unwrap();
        assert_eq!((answer.revoked, answer.extraction()), (false, Extraction::NothingToDo), "{token}");
    }
    let nothing = world.auth().logout(pb::LogoutRequest::default()).await.unwrap();

    assert!(!nothing.into_inner().revoked);
    assert!(world.account_of(ada.access.text.expose()).await.is_ok());
    assert_eq!(world.audit(&ada.account.id).await, [AuditEvent::Registered, AuditEvent::LoggedIn]);
}

#[tokio::test]
async fn a_refresh_token_logs_out_too_even_a_used_up_one() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let first = ada.refresh.expose().to_owned();
    world.refreshes(&first).await.unwrap();
    let guessed = format!("{}.{}", ada.session.id, "A".repeat(43));

    let by_guess = world.auth().logout(pb::LogoutRequest { refresh_token: guessed }).await.unwrap();
    let by_refresh = world.auth().logout(bearing("rubbish", pb::LogoutRequest { refresh_token: first })).await.unwrap();

    assert_eq!((by_guess.into_inner().revoked, by_refresh.into_inner().revoked), (false, true));
}

#[tokio::test]
async fn one_device_logs_out_and_the_other_goes_on() {
    let world = World::start().await;
    let a = world.logged_in().await;
    let b = world.logs_in(a.account.clone()).await;

    world.logs_out(a.access.text.expose()).await.unwrap();

    assert_eq!(reason(world.refreshes(a.refresh.expose()).await), "REFRESH_REFUSED");
    let pair = world.refreshes(b.refresh.expose()).await.unwrap();
    let listed = world.auth().list_sessions(bearing(&pair.access_token, pb::ListSessionsRequest::default())).await;
    let sessions = listed.unwrap().into_inner().sessions;
    assert_eq!(
        sessions.iter().map(|s| (s.id.as_str(), s.current)).collect::<Vec<_>>(),
        [(b.session.id.as_str(), true)]
    );
}

#[tokio::test]
async fn the_access_token_dies_with_the_session_and_stays_dead_after_a_restart() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let token = ada.access.text.expose();
    assert!(world.account_of(token).await.is_ok());

    world.logs_out(token).await.unwrap();

    assert_eq!(reason(world.account_of(token).await), "TOKEN_REVOKED");
    let world = world.restarted().await;
    assert_eq!(reason(world.account_of(token).await), "TOKEN_REVOKED");
}

#[tokio::test]
async fn a_session_revoked_from_another_is_extracted_once() {
    let mut world = World::start().await;
    let a = world.logged_in().await;
    let b = world.logs_in(a.account.clone()).await;
    let request = || pb::RevokeSessionRequest { session_id: b.session.id.to_string() };

    let first = world.auth().revoke_session(bearing(a.access.text.expose(), request())).await.unwrap();
    let then = world.logs_out(b.access.text.expose()).await.unwrap();
    let stranger = world.logged_in().await;
    let foreign = world.auth().revoke_session(bearing(stranger.access.text.expose(), request())).await;

    assert_eq!((first.into_inner().revoked, then.revoked), (true, false));
    assert_eq!(reason(foreign), "SESSION_NOT_FOUND");
    assert_eq!(world.context.is_asked().await, b.session.id.as_str());
    world.drain().await;
    assert!(!world.context.was_asked_more());
}

#[tokio::test]
async fn what_a_caller_began_and_left_is_finished_whole() {
    let world = World::start().await;
    let mut users = Vec::new();
    for _ in 0..40 {
        users.push(world.logged_in().await);
    }

    for (n, user) in users.iter().enumerate() {
        let patience = Duration::from_micros(50 * n as u64);
        // Whether it was in time does not matter.
        let _ = tokio::time::timeout(patience, world.logs_out(user.access.text.expose())).await;
    }
    world.drain().await;

    let trust = world.app.admission().revoke.feed.trust();
    for user in &users {
        let has_ended = world.has_ended(&user.session.id).await;
        let was_recorded = world.audit(&user.account.id).await.contains(&LOGGED_OUT);
        let was_told = trust.check(&caller(user)).is_err();
        assert_eq!((was_recorded, was_told), (has_ended, has_ended));
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_the_one_honest_failure() {
    let world = World::start().await;
    let ada = world.logged_in().await;

    world.app.close().await;
    let refused = world.logs_out(ada.access.text.expose()).await;

    assert_eq!(refused.as_ref().unwrap_err().code(), tonic::Code::Unavailable);
    assert_eq!(reason(refused), "STORE_UNAVAILABLE");
}
