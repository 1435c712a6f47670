//! A full disk: what was acknowledged is kept, the rest is refused by name, and with room again everything works.

use e2e::{Processes, Service, User, eventually};
use http::StatusCode;

const ROOM: &str = "AFTERWORD_STORE_PAGES";

#[tokio::test]
async fn context_svc_on_a_full_disk_keeps_what_it_acknowledged_and_refuses_the_rest() {
    // A job that was claimed when the disk became full is taken over when its lease ends.
    let settings = [(Service::Context, "queue.lease=3s"), (Service::Context, "queue.heartbeat=1s")];
    let mut world = Processes::start(&settings).await;
    let mut alice = User::of(&world.client(), "alice").await.logged_in().await;
    alice.says("c0", "My goal is to run a marathon in May.").await;
    world.kill(Service::Context).await;
    world.set_environment(Service::Context, ROOM, "80");
    world.launch(Service::Context).await;
    eventually("the way there", async || alice.login().get("/api/v1/conversations/c0").await.ok(), Option::is_some)
        .await;

    let mut acknowledged = 0;
    let refused = loop {
        let turn = afterword::client::Turn { role: "USER".into(), text: "x".repeat(3000), at: None };
        match alice.login().append("c1", acknowledged + 1, &[turn]).await {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
    };
    alice.logout().await.expect("a logout needs no room in context-svc");
    world.kill(Service::Context).await;
    world.set_environment(Service::Context, ROOM, "0");
    world.launch(Service::Context).await;

    assert_eq!((refused.status(), refused.reason()), (Some(StatusCode::SERVICE_UNAVAILABLE), "STORE_FULL"));
    assert!(acknowledged > 3, "there was some room");
    alice.log_in().await;
    let messages = alice.login().get("/api/v1/conversations/c1").await.expect("the conversation is kept");
    assert_eq!(
        messages["conversation"]["lastSeq"],
        acknowledged.to_string(),
        "what was acknowledged, and nothing else"
    );
    let ask = async || alice.login().extraction("c1").await.unwrap_or_default();
    let last_seq = acknowledged.to_string();
    let covers_all = |extraction: &serde_json::Value| extraction["done"] == last_seq.as_str();
    eventually("the extraction of all of it", ask, covers_all).await;
    alice.until_goals("c0", &["My goal is to run a marathon in May."]).await;
    alice.says("c2", "My goal is to learn the cello.").await;
}

#[tokio::test]
async fn auth_svc_on_a_full_disk_ends_a_session_or_says_that_it_did_not() {
    let settings = [(Service::Auth, "password.memory_kib=7168"), (Service::Auth, "password.iterations=1")];
    let mut world = Processes::start(&settings).await;
    let (client, email, password) = (world.client(), "alice@example.com", "password of alice");
    client.register(email, password).await.unwrap();
    world.kill(Service::Auth).await;
    // Not one page more than there is.
    world.set_environment(Service::Auth, ROOM, "1");
    world.launch(Service::Auth).await;

    let mut sessions = Vec::new();
    let refused = loop {
        match client.login(email, password).await {
            Ok(login) => sessions.push(login),
            Err(refused) => break refused,
        }
    };
    let mut ended = Vec::new();
    for session in &sessions {
        ended.push(session.logout().await);
    }
    world.kill(Service::Auth).await;
    world.set_environment(Service::Auth, ROOM, "0");
    world.launch(Service::Auth).await;

    assert_eq!((refused.status(), refused.reason()), (Some(StatusCode::SERVICE_UNAVAILABLE), "STORE_FULL"));
    let refusals: Vec<_> = ended.iter().filter_map(|ended| ended.as_ref().err()).collect();
    assert!(!refusals.is_empty(), "the disk was full: {} sessions ended", ended.len());
    assert!(refusals.iter().all(|refused| refused.reason() == "STORE_FULL"), "{refusals:?}");
    for (session, ended) in sessions.iter().zip(&ended) {
        let again = session.logout().await.expect("there is room");
        assert_eq!(again["revoked"], ended.is_err(), "what was said to have ended had, and nothing else");
    }
}
