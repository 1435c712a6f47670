//! Logging out while context-svc is away.

use std::collections::HashSet;

use crate::world::World;

#[tokio::test]
async fn what_was_ended_while_context_svc_was_away_is_asked_for_when_it_is_back() {
    let mut world = World::start().await;
    world.context.goes_away().await;
    let mut ended = HashSet::new();
    for _ in 0..5 {
        let user = world.logged_in().await;
        assert!(world.logs_out(user.access.text.expose()).await.unwrap().revoked);
        ended.insert(user.session.id.to_string());
    }

    world.context.comes_back().await;

    let mut asked = HashSet::new();
    for _ in 0..5 {
        asked.insert(world.context.is_asked().await);
    }
    assert_eq!(asked, ended);
    world.drain().await;
    assert!(!world.context.was_asked_more());
}

#[tokio::test]
async fn what_was_not_delivered_before_a_restart_is_delivered_after_it() {
    let mut world = World::start().await;
    world.context.goes_away().await;
    let ada = world.logged_in().await;
    world.logs_out(ada.access.text.expose()).await.unwrap();

    let mut world = world.restarted().await;
    world.context.comes_back().await;

    assert_eq!(world.context.is_asked().await, ada.session.id.as_str());
}
