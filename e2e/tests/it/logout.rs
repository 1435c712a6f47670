//! Logging out answers in milliseconds, whatever else is broken.

use std::time::Duration;

use e2e::{Service, World};
use serde_json::json;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn logout_does_not_wait_for_extraction() {
    let world = World::start().await;
    world.model.hang();
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;

    let answer = alice.logout().await.expect("logout succeeds while the model hangs");

    assert_eq!(answer, json!({"revoked": true, "extraction": "SCHEDULED"}));
    assert_eq!(alice.until_refused().await.reason(), "TOKEN_REVOKED");
    world.model.answer();
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    world.end().await;
}

#[tokio::test]
async fn the_second_logout_changes_nothing() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;

    let first = alice.logout().await.unwrap();
    let second = alice.logout().await.unwrap();

    assert_eq!((&first["revoked"], &second["revoked"]), (&json!(true), &json!(false)));
    assert_eq!(second["extraction"], "NOTHING_TO_DO");
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    assert_eq!(world.model.calls(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_expired_token_still_logs_out() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    world.advance(HOUR);

    let answer = alice.logout().await.expect("logout is never refused");

    assert_eq!(answer, json!({"revoked": true, "extraction": "SCHEDULED"}));
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    assert_eq!(world.model.calls(), 1);
    world.end().await;
}

#[tokio::test]
async fn rubbish_gets_the_same_answer_and_ends_nothing() {
    let world = World::start().await;
    let alice = world.user("alice").await.logged_in().await;
    let logout = |token: Option<&'static str>| {
        world.client().call(http::Method::POST, "/api/v1/auth/logout", token, Some(json!({})))
    };

    for token in [None, Some("rubbish"), Some("e30.e30.e30")] {
        let answer = logout(token).await.expect("logout is never refused");
        assert_eq!(answer, json!({"revoked": false, "extraction": "NOTHING_TO_DO"}));
    }

    alice.call_with_old_token().await.expect("the session lives on");
    world.end().await;
}

#[tokio::test]
async fn a_trigger_waits_until_context_svc_is_back() {
    let mut world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    world.stop(Service::Context).await;

    let answer = alice.logout().await.expect("logout succeeds without context-svc");
    assert_eq!(answer["extraction"], "SCHEDULED");
    world.start_service(Service::Context).await;
    // The relay backs off for a minute at most.
    world.advance(Duration::from_secs(60));

    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    assert_eq!(world.model.calls(), 1);
    world.end().await;
}
