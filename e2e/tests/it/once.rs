//! Any number of triggers over the same messages make one extraction.

use std::time::Duration;

use e2e::World;

const DEBOUNCE: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(31 * 60);
const SWEEP: Duration = Duration::from_secs(61);

#[tokio::test]
async fn disconnect_logout_and_sweep_make_one_extraction() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut bob = world.user("bob").await.logged_in().await;
    let socket = alice.opens("c1").await;
    alice.says("c1", "I will run a marathon in May").await;
    bob.says("c2", "I want to learn the cello").await;

    drop(socket);
    alice.until_extraction("c1", "PENDING").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    world.advance(IDLE);
    world.advance(SWEEP);

    // Bob just vanished: that he was found shows that the sweep has passed Alice by.
    bob.log_in().await;
    bob.until_goals("c2", &["I want to learn the cello"]).await;
    alice.log_in().await;
    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!(world.model.heard(), [["I will run a marathon in May"], ["I want to learn the cello"]]);
    assert_eq!(extraction["fence"], "1", "claimed once");
    assert_eq!(extraction["causes"], serde_json::json!(["DISCONNECT", "LOGOUT"]));
    world.end().await;
}

#[tokio::test]
async fn a_socket_that_drops_is_a_trigger_of_its_own() {
    let world = World::start().await;
    let alice = world.user("alice").await.logged_in().await;
    let mut socket = alice.opens("c1").await;
    let turn = afterword::client::Turn { role: "USER".into(), text: "I will run a marathon in May".into(), at: None };
    let seq = socket.append("m1", &turn).await.expect("a message is acknowledged");

    drop(socket);
    alice.until_extraction("c1", "PENDING").await;
    world.advance(DEBOUNCE);

    assert_eq!(seq, 1);
    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!(extraction["causes"], serde_json::json!(["DISCONNECT"]));
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    world.end().await;
}

#[tokio::test]
async fn a_browser_that_vanished_is_found_by_the_sweep() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;

    world.advance(IDLE);

    alice.log_in().await;
    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!(extraction["causes"], serde_json::json!(["IDLE"]));
    world.end().await;
}

#[tokio::test]
async fn what_is_said_during_an_extraction_reaches_the_next() {
    let world = World::start().await;
    world.model.hang();
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    alice.logout().await.unwrap();
    world.model.until_asked(1).await;

    alice.log_in().await;
    alice.says("c1", "I want to sleep eight hours").await;
    alice.logout().await.unwrap();
    world.model.answer();

    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May", "I want to sleep eight hours"]).await;
    assert_eq!(world.model.calls(), 2);
    world.end().await;
}

#[tokio::test]
async fn nothing_new_means_no_call() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;

    let end = |conversation: &str| {
        let path = format!("/api/v1/conversations/{conversation}:end");
        let login = alice.login().clone();
        async move { login.call(http::Method::POST, &path, Some(serde_json::json!({}))).await }
    };
    let outcome = end("c1").await.unwrap();

    assert_eq!(outcome["outcome"], "ALREADY_EXTRACTED");
    assert_eq!(world.model.calls(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_model_that_fails_is_asked_again() {
    let world = World::start().await;
    world.model.fail();
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    world.model.until_asked(1).await;

    world.model.answer();
    // The first wait after a failure is two seconds at most.
    world.advance(Duration::from_secs(2));

    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    world.end().await;
}
