//! Whoever watches is told by the worker itself.

use std::sync::Arc;

use crate::domain::model::*;
use crate::domain::watch::{Watch, Watching};
use crate::store::Store;

use super::world::*;

/// A watch that would look by itself only if time went by, which it does not.
async fn watched(world: &World, key: &ConversationKey) -> Watching {
    let store: Arc<dyn Store> = Arc::new(world.store.clone());
    let watch = Watch {
        lookup: Arc::new(store),
        clock: Arc::new(world.clock.clone()),
        changes: world.changes.clone(),
        every: LONG,
        lifecycle: world.lifecycle.clone(),
    };
    watch.extraction(key).await.unwrap_or_else(|error| panic!("it can be watched: {error}"))
}

async fn state(watching: &mut Watching) -> JobState {
    let next = tokio::time::timeout(PATIENCE, watching.next()).await;
    next.expect("the worker tells of it").expect("the conversation is there").state
}

#[tokio::test]
async fn a_worker_tells_when_it_takes_a_job_up_and_when_it_lays_it_down() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    world.says(&key, "I will run a marathon in May").await;
    let mut watching = watched(&world, &key).await;
    assert_eq!(state(&mut watching).await, JobState::Idle);

    world.schedule.conversation(&key, Cause::Logout).await.unwrap();
    let call = world.call().await;
    let taken_up = state(&mut watching).await;
    call.reply(Reply::Extracted);

    assert_eq!((taken_up, state(&mut watching).await), (JobState::Running, JobState::Done));
}
