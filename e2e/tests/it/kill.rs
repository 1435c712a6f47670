//! `kill -9` of the real programs.

use e2e::{Processes, Service, User, eventually};

#[tokio::test]
async fn an_extraction_survives_the_death_of_its_worker() {
    let slow_model = [
        (Service::Context, "local_pause=1h"),
        (Service::Context, "queue.lease=1s"),
        (Service::Context, "queue.heartbeat=250ms"),
    ];
    let mut world = Processes::start(&slow_model).await;
    let mut alice = User::of(&world.client(), "alice").await.logged_in().await;
    alice.says("c1", "My goal is to run a marathon in May.").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_extraction("c1", "RUNNING").await;

    world.kill(Service::Context).await;
    world.set(Service::Context, "local_pause=0s");
    world.launch(Service::Context).await;

    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!(extraction["fence"], "2", "the second claim finished it");
    alice.until_goals("c1", &["My goal is to run a marathon in May."]).await;
}

#[tokio::test]
async fn a_logout_survives_the_death_of_auth_svc_right_after_the_answer() {
    let mut world = Processes::start(&[]).await;
    world.kill(Service::Context).await;
    let mut alice = User::of(&world.client(), "alice").await;
    world.launch(Service::Context).await;
    alice.log_in().await;
    alice.says("c1", "My goal is to run a marathon in May.").await;
    // Without context-svc the relay cannot have delivered anything before the kill.
    world.kill(Service::Context).await;

    alice.logout().await.expect("logout answers");
    world.kill(Service::Auth).await;
    world.launch(Service::Auth).await;
    world.launch(Service::Context).await;

    assert_eq!(alice.until_refused().await.reason(), "TOKEN_REVOKED");
    alice.log_in().await;
    alice.until_goals("c1", &["My goal is to run a marathon in May."]).await;
    assert_eq!(alice.until_extraction("c1", "DONE").await["causes"], serde_json::json!(["LOGOUT"]));
}

#[tokio::test]
async fn a_message_that_was_acknowledged_survives_the_death_of_context_svc() {
    let mut world = Processes::start(&[]).await;
    let mut alice = User::of(&world.client(), "alice").await.logged_in().await;
    alice.says("c1", "My goal is to run a marathon in May.").await;

    world.kill(Service::Context).await;
    world.launch(Service::Context).await;

    let read = || async { alice.login().get("/api/v1/conversations/c1/messages").await.ok() };
    let messages = eventually("the messages", read, Option::is_some).await.unwrap();
    assert_eq!(messages["messages"][0]["text"], "My goal is to run a marathon in May.");
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_does_so_with_zero() {
    let mut world = Processes::start(&[]).await;

    for service in [Service::Gateway, Service::Context, Service::Auth] {
        assert_eq!(world.terminate(service).await, Some(0), "{}", service.program());
    }
}
