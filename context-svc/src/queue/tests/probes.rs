//! An outage that outlasts the patience of the queue, and how it ends.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn unreachable() -> Reply {
    Reply::Fails(Failure::outage("PROVIDER_UNREACHABLE", "connection refused"))
}

/// Logs out during an outage that is over only after the job has been given up.
async fn dies_of_outage(world: &mut World, key: &ConversationKey) {
    world.logs_out(key).await;
    world.call().await.reply(unreachable());
    world.job_once(key, is_in(JobState::Pending)).await;
    world.advance(DAY);
    world.call().await.reply(unreachable());
    world.job_once(key, is_in(JobState::Dead)).await;
}

async fn probe(world: &World) {
    world.store.probe_outage(world.clock.now()).await.unwrap().expect("something died of an outage");
    world.bell.notify_one();
}

#[tokio::test]
async fn a_probe_that_succeeds_brings_everything_back_that_died_of_the_outage() {
    let mut world = World::start().await;
    let keys = ["c1", "c2", "c3"].map(|id| key("u1", id));
    for key in &keys {
        dies_of_outage(&mut world, key).await;
    }

    probe(&world).await;
    for _ in &keys {
        world.call().await.reply(Reply::Extracted);
    }

    for key in &keys {
        world.job_once(key, is_in(JobState::Done)).await;
    }
}

#[tokio::test]
async fn a_probe_that_fails_is_not_tried_for_another_day() {
    let mut world = World::start().await;
    let (first, second) = (key("u1", "c1"), key("u1", "c2"));
    dies_of_outage(&mut world, &first).await;
    dies_of_outage(&mut world, &second).await;

    probe(&world).await;
    world.call().await.reply(unreachable());

    world.job_once(&first, is_in(JobState::Dead)).await;
    assert_eq!(world.job(&second).await.state, JobState::Dead, "a failed probe brings nothing back");
}

#[tokio::test]
async fn a_probe_that_dies_of_its_content_is_no_probe_again() {
    let mut world = World::start().await;
    let key = key("u1", "c1");
    dies_of_outage(&mut world, &key).await;

    probe(&world).await;
    world.call().await.reply(Reply::Fails(Failure::give_up("TOO_LONG", "one message does not fit the model")));

    world.job_once(&key, is_in(JobState::Dead)).await;
    assert_eq!(world.store.probe_outage(world.clock.now()).await.unwrap(), None);
}
