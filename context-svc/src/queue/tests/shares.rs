//! Who gets how much of the queue.

use std::time::Duration;

use futures::StreamExt;
use kit::id::{SessionId, UserId};

use crate::domain::model::*;
use crate::store::JobStore;

use super::world::*;

#[tokio::test]
async fn beside_a_user_with_ten_thousand_jobs_one_with_a_single_job_waits_for_one_answer() {
    let mut world = World::start().await;
    let conversations: Vec<_> = (0..10_000).map(|n| key("a", &format!("c{n}"))).collect();
    let says = |key| world.says(key, "I will run a marathon in May");
    futures::stream::iter(&conversations).for_each_concurrent(256, says).await;
    // They would fill the queue as it is by default; this is about the order.
    let trigger = Trigger { depth_limit: 20_000, ..world.schedule.trigger(Cause::Logout) };
    let (user, session) = (UserId::parse("a").unwrap(), SessionId::parse("s1").unwrap());
    let enqueued = world.store.enqueue_session(&user, &session, &trigger).await.unwrap();
    assert_eq!(enqueued.tickets.len(), 10_000);
    for name in ["c", "d"] {
        world.says(&key(name, "c1"), "I want to learn the cello").await;
        world.store.enqueue(&key(name, "c1"), &trigger).await.unwrap();
    }
    world.bell.notify_one();
    let running = [world.call().await, world.call().await, world.call().await, world.call().await];

    world.says(&key("b", "c1"), "I will save 5,000 euros by December").await;
    let trigger = Trigger { at: trigger.at + Duration::from_secs(1), ..trigger };
    world.store.enqueue(&key("b", "c1"), &trigger).await.unwrap();
    world.advance(Duration::from_secs(1));
    assert!(world.calls.try_recv().is_err(), "the four slots are taken");
    for call in running {
        call.reply(Reply::Extracted);
    }

    let next = [world.call().await, world.call().await, world.call().await];
    assert!(next.iter().any(|call| call.job.key() == &key("b", "c1")), "after one answer it is b's turn");
}
