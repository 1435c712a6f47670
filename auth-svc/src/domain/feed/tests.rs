use std::sync::Arc;

use async_trait::async_trait;
use kit::clock::{Clock, TestClock};

use super::subscription::GATHER;
use super::*;

const ACCESS_LIFE: Duration = Duration::from_secs(300);

/// A store that holds what it is told to, or is away.
#[derive(Default)]
struct Endings(Mutex<Vec<Ending>>);

#[async_trait]
impl TrustStore for Endings {
    async fn ended_since(&self, since: Timestamp) -> Result<Vec<Ending>, StoreError> {
        Ok(self.0.lock().iter().filter(|ending| ending.at >= since).cloned().collect())
    }
}

/// A store that does not come back.
struct Hanging;

#[async_trait]
impl TrustStore for Hanging {
    async fn ended_since(&self, _: Timestamp) -> Result<Vec<Ending>, StoreError> {
        std::future::pending().await
    }
}

struct World {
    clock: TestClock,
    store: Arc<Endings>,
    feed: Feed,
}

impl World {
    fn new() -> Self {
        let clock = TestClock::frozen_at(Timestamp::from_second(1_000_000).unwrap());
        let store = Arc::new(Endings::default());
        let feed = Feed::new(store.clone(), Arc::new(clock.clone()), ACCESS_LIFE);
        Self { clock, store, feed }
    }

    fn ending(&self, session: &str) -> Ending {
        Ending { what: Ended::Session(SessionId::parse(session).unwrap()), at: self.clock.now() }
    }

    /// Another replica ends a session.
    fn ends_elsewhere(&self, session: &str) {
        self.store.0.lock().push(self.ending(session));
    }

    /// This replica does.
    fn ends_here(&self, session: &str) {
        self.ends_elsewhere(session);
        self.feed.publish(self.ending(session));
    }
}

fn sessions(event: &Event) -> Vec<&str> {
    let entries = match &event.change.news {
        News::Snapshot { entries, .. } | News::Delta(entries) => entries.as_slice(),
        News::Heartbeat => &[],
    };
    let mut sessions = Vec::new();
    for entry in entries {
        if let Entry::Session { session_id, .. } = entry {
            sessions.push(session_id.as_str());
        }
    }
    sessions
}

#[tokio::test]
async fn nothing_is_served_before_the_first_look() {
    let world = World::new();

    let refused = world.feed.subscribe(None).await;

    assert!(matches!(refused, Err(FeedError::NotReady)));
    assert!(!world.feed.trust().is_ready());
}

#[tokio::test]
async fn a_subscriber_gets_what_is_alive_and_then_what_comes() {
    let world = World::new();
    world.ends_elsewhere("old");
    world.clock.advance(ACCESS_LIFE + LEEWAY + SKEW + OVERLAP + BEAT);
    world.ends_elsewhere("alive");
    world.feed.look().await.unwrap();
    let mut subscription = world.feed.subscribe(None).await.unwrap();

    let snapshot = subscription.next().await.unwrap();
    world.ends_here("new");
    let delta = subscription.next().await.unwrap();

    assert_eq!(sessions(&snapshot), ["alive"]);
    assert!(matches!(snapshot.change.news, News::Snapshot { last: true, .. }));
    assert_eq!(sessions(&delta), ["new"]);
}

#[tokio::test]
async fn what_another_replica_ended_is_told_once() {
    let world = World::new();
    world.feed.look().await.unwrap();
    let mut subscription = world.feed.subscribe(None).await.unwrap();
    subscription.next().await.unwrap();

    world.ends_elsewhere("theirs");
    world.ends_here("ours");
    world.feed.look().await.unwrap();
    let told = subscription.next().await.unwrap();
    world.feed.look().await.unwrap();

    assert_eq!(sessions(&told), ["ours", "theirs"]);
    assert!(subscription.read_on().unwrap().is_empty());
    assert_eq!(world.feed.trust().len(), 2);
}

#[tokio::test]
async fn what_ends_shortly_after_a_delta_is_told_together() {
    let world = World::new();
    world.feed.look().await.unwrap();
    let mut subscription = world.feed.subscribe(None).await.unwrap();
    subscription.next().await.unwrap();
    world.ends_here("first");
    subscription.next().await.unwrap();

    world.ends_here("second");
    let mut next = Box::pin(subscription.next());
    assert!(futures::poll!(&mut next).is_pending());
    world.ends_here("third");
    world.clock.advance(GATHER);

    assert_eq!(sessions(&next.await.unwrap()), ["second", "third"]);
}

#[tokio::test]
async fn a_cursor_of_this_process_resumes_and_of_another_does_not() {
    let world = World::new();
    world.feed.look().await.unwrap();
    world.ends_here("first");
    let mut subscription = world.feed.subscribe(None).await.unwrap();
    let cursor = subscription.next().await.unwrap().cursor;
    world.ends_here("second");

    let mut resumed = world.feed.subscribe(Some(cursor.clone())).await.unwrap();
    let mut foreign = world.feed.subscribe(Some(Cursor { boot: "other".into(), ..cursor })).await.unwrap();

    let (resumed, foreign) = (resumed.next().await.unwrap(), foreign.next().await.unwrap());
    assert_eq!(sessions(&resumed), ["second"]);
    assert!(matches!(resumed.change.news, News::Delta(_)));
    assert_eq!(sessions(&foreign), ["first", "second"]);
    assert!(matches!(foreign.change.news, News::Snapshot { .. }));
}

#[tokio::test]
async fn a_subscriber_that_falls_behind_is_dropped() {
    let world = World::new();
    world.feed.look().await.unwrap();
    let mut subscription = world.feed.subscribe(None).await.unwrap();
    subscription.next().await.unwrap();

    for n in 0..=REMEMBERED {
        world.feed.publish(world.ending(&format!("s{n}")));
    }

    assert!(matches!(subscription.next().await, Err(FeedError::FellBehind)));
}

#[tokio::test]
async fn a_beat_says_as_of_when_the_store_was_read() {
    let world = World::new();
    world.feed.look().await.unwrap();
    let read_at = world.clock.now();
    let mut subscription = world.feed.subscribe(None).await.unwrap();
    subscription.next().await.unwrap();

    world.clock.advance(BEAT);
    let beat = async { world.feed.shared.beats.send_replace(()) };
    let (beat_without_a_look, ()) = futures::join!(subscription.next(), beat);
    world.feed.look().await.unwrap();
    let beat_after_a_look = subscription.next().await.unwrap();

    assert_eq!(beat_without_a_look.unwrap().change.as_of, read_at);
    assert_eq!(beat_after_a_look.change.as_of, read_at + BEAT);
}

#[tokio::test]
async fn a_store_that_hangs_is_reported_each_time() {
    let clock = TestClock::frozen_at(Timestamp::from_second(1_000_000).unwrap());
    let feed = Feed::new(Arc::new(Hanging), Arc::new(clock.clone()), ACCESS_LIFE);
    let (told, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let looking = tokio::spawn(async move { feed.keep_looking(|looked| told.send(looked).unwrap()).await });

    for _ in 0..2 {
        clock.until_sleeping(BEAT).await;
        clock.advance(BEAT);
        let asleep = tokio::time::timeout(Duration::from_secs(30), clock.until_sleeping(LOOK_MAX)).await;
        asleep.expect("it waits no longer");
        clock.advance(LOOK_MAX);
        assert!(matches!(reports.recv().await, Some(Err(LookError::NoAnswer))));
    }
    looking.abort();
}
