//! Loops that die without a word are missed.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::world::{PATIENCE, World};

#[test]
fn whatever_goes_on_beside_the_requests_is_missed_when_it_dies() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::start());
    let alive = world.app.health().silent();

    drop(runtime);
    world.clock.advance(Duration::from_secs(61));

    let silent = world.app.health().silent();
    let mut silent: Vec<_> = silent.iter().filter_map(|reason| reason.split(':').next()).collect();
    silent.sort_unstable();
    assert_eq!(alive, Vec::<String>::new());
    assert_eq!(silent, ["claims", "erasures", "idle sweep", "janitor", "lookout", "summaries"]);
}

#[tokio::test]
async fn what_ends_with_the_process_is_not() {
    let world = World::start().await;

    assert!(world.lifecycle.shutdown(PATIENCE).await, "everything ends by itself");
    world.clock.advance(Duration::from_secs(61));

    assert_eq!(world.app.health().silent(), Vec::<String>::new());
}
