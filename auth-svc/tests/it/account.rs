//! Registering and logging in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use proto::auth::v1 as pb;
use tonic::Code;

use crate::world::{World, reason};

fn registration(email: &str) -> pb::RegisterRequest {
    pb::RegisterRequest {
        email: email.to_owned(),
        password: "correct horse battery".to_owned(),
        display_name: "Ada".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        device: "Firefox on Linux".to_owned(),
    }
}

fn login(email: &str, password: &str) -> pb::LoginRequest {
    pb::LoginRequest { email: email.to_owned(), password: password.to_owned(), device: String::new() }
}

#[tokio::test]
async fn whoever_registers_is_logged_in_and_can_log_in_again() {
    let world = World::start().await;

    let registered = world.auth().register(registration("Ada@Example.org")).await.unwrap().into_inner();
    let again = world.auth().login(login("ada@example.ORG", "correct horse battery")).await.unwrap().into_inner();

    let account = world.account_of(&registered.access_token).await.unwrap();
    assert_eq!((account.email.as_str(), account.time_zone.as_str()), ("Ada@Example.org", "Europe/Berlin"));
    assert_eq!(world.account_of(&again.access_token).await.unwrap(), account);
    assert_ne!(registered.session.unwrap().id, again.session.unwrap().id);
}

#[tokio::test]
async fn access_tokens_say_the_time_zone_that_was_named() {
    let world = World::start().await;

    let named = world.auth().register(registration("a@x.test")).await.unwrap().into_inner();
    let logged_in = world.auth().login(login("a@x.test", "correct horse battery")).await.unwrap().into_inner();
    let renew = pb::RefreshRequest { refresh_token: logged_in.refresh_token };
    let refreshed = world.auth().refresh(renew).await.unwrap().into_inner();
    let unnamed = pb::RegisterRequest { time_zone: String::new(), ..registration("b@x.test") };
    let unnamed = world.auth().register(unnamed).await.unwrap().into_inner();

    for token in [named.access_token, logged_in.access_token, refreshed.access_token] {
        assert!(claims(&token).contains(r#""zoneinfo":"Europe/Berlin""#));
    }
    assert!(!claims(&unnamed.access_token).contains("zoneinfo"));
}

fn claims(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn an_address_is_taken_in_any_case() {
    let world = World::start().await;
    world.auth().register(registration("a@x.test")).await.unwrap();

    let second = world.auth().register(registration("A@X.test")).await;

    assert_eq!(second.as_ref().unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(reason(second), "EMAIL_TAKEN");
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    let world = World::start().await;
    let good = registration("a@x.test");
    let wrong = [
        ("email", pb::RegisterRequest { email: "a@[127.0.0.1]".into(), ..good.clone() }),
        ("password", pb::RegisterRequest { password: "short".into(), ..good.clone() }),
        ("time_zone", pb::RegisterRequest { time_zone: "Mars/Olympus".into(), ..good.clone() }),
        ("display_name", pb::RegisterRequest { display_name: "x".repeat(65), ..good.clone() }),
        ("device", pb::RegisterRequest { device: "a\nb".into(), ..good }),
    ];

    for (field, request) in wrong {
        let refused = world.auth().register(request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(&format!("{field}: ")), "{refused}");
    }
}

#[tokio::test]
async fn unknown_address_and_wrong_password_read_the_same() {
    let world = World::start().await;
    world.auth().register(registration("a@x.test")).await.unwrap();

    let attempts = [("a@x.test", "wrong horse battery"), ("b@x.test", "correct horse battery"), ("no address", "")];
    let refusals = join_all(attempts.map(|(email, password)| async {
        let refused = world.auth().login(login(email, password)).await.unwrap_err();
        (refused.code(), refused.message().to_owned(), kit::status::reason_of(&refused))
    }))
    .await;

    assert_eq!(refusals[0].0, Code::Unauthenticated);
    assert_eq!(refusals[0].2.as_deref(), Some("BAD_CREDENTIALS"));
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
}

#[tokio::test]
async fn an_account_survives_a_restart() {
    let world = World::start().await;
    let registered = world.auth().register(registration("a@x.test")).await.unwrap().into_inner();

    let world = world.restarted().await;

    assert!(world.account_of(&registered.access_token).await.is_ok());
    assert!(world.refreshes(&registered.refresh_token).await.is_ok());
}
