//! Services that stop and come back lose nothing.

use e2e::{Service, World, eventually};

#[tokio::test]
async fn everything_may_restart_midway() {
    let mut world = World::start().await;
    world.model.hang();
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    alice.logout().await.unwrap();
    world.model.until_asked(1).await;

    for service in [Service::Gateway, Service::Context, Service::Auth] {
        world.stop(service).await;
    }
    world.model.answer();
    for service in Service::ALL {
        world.start_service(service).await;
    }

    alice.moves_to(world.client());
    assert_eq!(alice.until_refused().await.reason(), "TOKEN_REVOKED", "a revocation survives a restart");
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    world.end().await;
}

#[tokio::test]
async fn a_gateway_that_restarts_leaves_the_extraction_at_work() {
    let mut world = World::start().await;
    world.model.hang();
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    let _socket = alice.opens("c1").await;
    let end = "/api/v1/conversations/c1:end";
    alice.login().call(http::Method::POST, end, Some(serde_json::json!({}))).await.unwrap();
    world.model.until_asked(1).await;

    world.stop(Service::Gateway).await;
    world.start_service(Service::Gateway).await;
    alice.moves_to(world.client());
    let both = serde_json::json!(["MANUAL", "DISCONNECT"]);
    let ask = async || alice.login().extraction("c1").await.unwrap_or_default();
    eventually("the trigger of the socket that fell", ask, |extraction| extraction["causes"] == both).await;
    world.model.answer();

    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!((extraction["fence"].as_str(), world.model.calls()), (Some("1"), 1));
    world.end().await;
}

#[tokio::test]
async fn the_memory_of_last_time_is_there_at_the_next_login() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    assert!(alice.context().await.contains("marathon"), "what was just said is in the context before any extraction");
    alice.logout().await.unwrap();

    alice.log_in().await;
    alice.until_extraction("c1", "DONE").await;

    let context = alice.context().await;
    assert_eq!(context.matches("I will run a marathon in May").count(), 1, "said once, told once: {context}");
    world.end().await;
}
