//! A user has everything erased, whatever happens to context-svc meanwhile.

use std::time::Duration;

use e2e::{Service, World, eventually};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn an_erasure_is_over_for_its_user_at_once_and_survives_a_restart() {
    let mut world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut bob = world.user("bob").await.logged_in().await;
    for user in [&mut alice, &mut bob] {
        user.says("c1", "I want to learn the cello").await;
        user.logout().await.unwrap();
        user.log_in().await;
        user.until_goals("c1", &["I want to learn the cello"]).await;
    }

    let erased = alice.login().call(Method::DELETE, "/api/v1/memory", None).await.expect("a user may erase");
    let said_nothing = alice.context().await;
    world.stop(Service::Context).await;
    world.start_service(Service::Context).await;
    world.advance(Duration::from_secs(121));

    let counts = ["conversations", "messages", "sessionContexts", "items"].map(|kind| erased["erasure"][kind].clone());
    assert_eq!(counts, ["1", "1", "1", "1"]);
    assert_eq!(said_nothing, "");
    let jobs = || async { world.queue_status().await.by_state["DONE"] };
    eventually("only Bob's job is left", jobs, |jobs| *jobs == 1).await;
    assert_eq!(alice.context().await, "");
    assert_eq!(bob.goals("c1").await, ["I want to learn the cello"]);
    world.end().await;
}

/// Waits until two extractions run and another waits, while the model does not answer.
async fn until_busy(world: &World) {
    let is_busy = |status: &proto::context::v1::GetQueueStatusResponse| {
        let count = |state: &str| status.by_state.get(state).copied().unwrap_or_default();
        (count("RUNNING"), count("PENDING")) == (2, 1)
    };
    eventually("two extractions run and one waits", || world.queue_status(), is_busy).await;
}

#[tokio::test]
async fn of_a_user_erased_in_the_middle_of_work_no_table_and_no_file_holds_a_trace() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I want to learn the cello").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_goals("c1", &["I want to learn the cello"]).await;
    let item = alice.login().get("/api/v1/memory/items").await.unwrap()["items"][0]["id"].clone();
    let rejection = format!("/api/v1/memory/items/{}:reject", item.as_str().unwrap());
    alice.login().call(Method::POST, &rejection, Some(json!({}))).await.unwrap();
    world.model.hang();
    for conversation in ["c2", "c3", "c4"] {
        alice.says(conversation, "I want to learn the harpsichord").await;
        let end = format!("/api/v1/conversations/{conversation}:end");
        alice.login().call(Method::POST, &end, Some(json!({}))).await.unwrap();
    }
    until_busy(&world).await;
    let user_id = alice.login().user_id.clone();
    let held = alice.login().export().await.unwrap();
    assert!(!world.traces_of("cello").is_empty() && !world.traces_of("harpsichord").is_empty());

    let erased = alice.login().call(Method::DELETE, "/api/v1/memory", None).await.expect("a user may erase");
    let nothing = alice.login().export().await.unwrap();
    world.model.answer();
    alice.logout().await.unwrap();
    world.until_delivered(3).await;
    world.advance(Duration::from_secs(121));
    let words = || async { [world.traces_of("cello"), world.traces_of("harpsichord")].concat() };
    world.while_time_flies(eventually("no word is left", words, Vec::is_empty)).await;

    let count = |kind: &str| held.iter().filter(|record| record["kind"] == kind).count();
    assert_eq!(
        (count("conversation"), count("message"), count("verdict")),
        (4, 4, 1),
        "the export before was complete"
    );
    assert_eq!((&erased["erasure"]["jobsCancelled"], nothing.len()), (&json!("3"), 0));
    assert_eq!(world.traces_of("alice@example.com"), [""; 0]);
    // What stays on record is that there was an erasure, so that a repetition is known as one.
    let places = world.traces_of(&user_id);
    let is_record = |place: &String| place.starts_with("context.db") || place.ends_with(".user_id");
    let tables: Vec<&str> = places.iter().filter_map(|place| place.strip_suffix(".user_id")).collect();
    assert!(places.iter().all(is_record) && tables == ["erasure", "user_memory"], "{places:?}");
    let newcomer = world.user("alice2").await.logged_in().await;
    assert_eq!((newcomer.login().export().await.unwrap().len(), newcomer.context().await), (0, String::new()));
    world.end().await;
}
