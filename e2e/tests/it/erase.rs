//! A user has everything erased, whatever happens to context-svc meanwhile.

use std::time::Duration;

use e2e::{Service, World, eventually};
use http::Method;

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
