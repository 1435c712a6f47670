//! Staying logged in.

use std::collections::HashSet;
use std::time::Duration;

use auth_svc::domain::audit::AuditEvent;
use auth_svc::domain::session::RevokeReason;
use futures::future::join_all;

use crate::world::{World, reason};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const REUSE: AuditEvent = AuditEvent::Ended(RevokeReason::RefreshReuse);

#[tokio::test]
async fn ten_tabs_get_the_same_child() {
    let world = World::start().await;
    let ada = world.logged_in().await;

    let answers = join_all((0..10).map(|_| world.refreshes(ada.refresh.expose()))).await;

    let children: HashSet<_> = answers.into_iter().map(|answer| answer.unwrap().refresh_token).collect();
    assert_eq!(children.len(), 1);
    assert!(!world.has_ended(&ada.session.id).await);
}

#[tokio::test]
async fn each_refresh_in_a_row_gives_another_token() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let mut tokens = vec![ada.refresh.expose().to_owned()];

    for n in 0..3 {
        let pair = world.refreshes(&tokens[n]).await.unwrap();
        assert!(world.account_of(&pair.access_token).await.is_ok());
        tokens.push(pair.refresh_token);
    }

    assert_eq!(tokens.iter().collect::<HashSet<_>>().len(), 4);
}

#[tokio::test]
async fn an_answer_lost_overnight_is_given_again() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let lost = world.refreshes(ada.refresh.expose()).await.unwrap();

    world.clock.advance(8 * HOUR);
    let again = world.refreshes(ada.refresh.expose()).await.unwrap();

    assert_eq!(again.refresh_token, lost.refresh_token);
    assert!(!world.audit(&ada.account.id).await.contains(&REUSE));
}

#[tokio::test]
async fn a_grandparent_is_reuse_at_once_and_ends_this_session_only() {
    let mut world = World::start().await;
    let ada = world.logged_in().await;
    let other = world.logs_in(ada.account.clone()).await;
    let child = world.refreshes(ada.refresh.expose()).await.unwrap();
    let grandchild = world.refreshes(&child.refresh_token).await.unwrap();

    let reused = world.refreshes(ada.refresh.expose()).await;

    assert_eq!(reason(reused), "REFRESH_REFUSED");
    assert!(world.audit(&ada.account.id).await.contains(&REUSE));
    assert_eq!(reason(world.refreshes(&grandchild.refresh_token).await), "REFRESH_REFUSED");
    assert_eq!(reason(world.account_of(&grandchild.access_token).await), "TOKEN_REVOKED");
    assert!(world.refreshes(other.refresh.expose()).await.is_ok());
    assert_eq!(world.context.is_asked().await, ada.session.id.as_str());
}

#[tokio::test]
async fn a_guess_logs_nobody_out() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let child = world.refreshes(ada.refresh.expose()).await.unwrap();

    for guess in [format!("{}.{}", ada.session.id, "A".repeat(43)), ada.session.id.to_string(), String::new()] {
        assert_eq!(reason(world.refreshes(&guess).await), "REFRESH_REFUSED");
    }

    assert!(world.refreshes(&child.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_session_ends_after_two_idle_weeks_or_a_month_in_all() {
    let world = World::start().await;
    let (idle, busy) = (world.logged_in().await, world.logged_in().await);

    let mut token = busy.refresh.expose().to_owned();
    for _ in 0..2 {
        world.clock.advance(13 * DAY);
        token = world.refreshes(&token).await.unwrap().refresh_token;
    }
    world.clock.advance(4 * DAY);

    assert_eq!(reason(world.refreshes(idle.refresh.expose()).await), "REFRESH_REFUSED");
    assert_eq!(reason(world.refreshes(&token).await), "REFRESH_REFUSED");
}

#[tokio::test]
async fn a_refresh_racing_a_logout_never_revives_the_session() {
    let world = World::start().await;
    for _ in 0..20 {
        let ada = world.logged_in().await;

        let (pair, out) = tokio::join!(world.refreshes(ada.refresh.expose()), world.logs_out(ada.access.text.expose()));

        assert!(out.unwrap().revoked && world.has_ended(&ada.session.id).await);
        if let Ok(pair) = pair {
            assert_eq!(reason(world.account_of(&pair.access_token).await), "TOKEN_REVOKED");
            assert_eq!(reason(world.refreshes(&pair.refresh_token).await), "REFRESH_REFUSED");
        }
    }
}
