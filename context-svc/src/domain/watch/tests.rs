//! Watchers of one scripted conversation, on a clock that moves when told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use kit::clock::TestClock;
use kit::id::UserId;

use super::*;
use crate::domain::model::{ConversationId, JobState, Watermark};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);

/// One conversation, as a store would tell of it.
#[derive(Default)]
struct Scripted {
    found: Mutex<Option<Extraction>>,
    reads: AtomicUsize,
}

#[async_trait]
impl Lookup for Scripted {
    async fn find(&self, _: &ConversationKey) -> Result<Option<Extraction>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(self.found.lock().clone())
    }
}

struct World {
    store: Arc<Scripted>,
    clock: TestClock,
    watch: Watch,
}

impl World {
    fn new() -> Self {
        let store = Arc::new(Scripted::default());
        let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
        let watch = Watch {
            lookup: store.clone(),
            clock: Arc::new(clock.clone()),
            changes: Changes::default(),
            every: SECOND,
            lifecycle: Lifecycle::new(),
        };
        let world = Self { store, clock, watch };
        world.becomes(JobState::Idle, 0);
        world
    }

    /// Some process changes it.
    fn becomes(&self, state: JobState, fence: i64) {
        self.is(extraction(state, fence));
    }

    fn is(&self, extraction: Extraction) {
        *self.store.found.lock() = Some(extraction);
    }

    fn is_deleted(&self) {
        *self.store.found.lock() = None;
    }

    async fn watched(&self) -> Watching {
        self.watch.extraction(&key()).await.unwrap_or_else(|error| panic!("it can be watched: {error}"))
    }

    /// The time between two looks passes.
    async fn a_look_later(&self) {
        in_time(self.clock.until_sleeping(SECOND)).await;
        self.clock.advance(SECOND);
    }

    fn reads(&self) -> usize {
        self.store.reads.load(Ordering::SeqCst)
    }
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it happens")
}

async fn state(watching: &mut Watching) -> JobState {
    in_time(watching.next()).await.expect("it is there").state
}

fn key() -> ConversationKey {
    ConversationKey::new(UserId::parse("alice").unwrap(), ConversationId::parse("c1").unwrap())
}

fn extraction(state: JobState, fence: i64) -> Extraction {
    Extraction {
        key: key(),
        state,
        want: Watermark::ZERO,
        done: Watermark::ZERO,
        run_at: None,
        not_before: None,
        first_at: None,
        attempts: 0,
        deliveries: 0,
        snoozes: 0,
        merges: 0,
        fence,
        owner: None,
        lease_until: None,
        causes: vec![],
        last_error: None,
        raw_answer: None,
        outcome: None,
        items_dropped: BTreeMap::new(),
        created_at: None,
        updated_at: None,
    }
}

#[tokio::test]
async fn the_state_comes_at_once_and_then_every_change_made_elsewhere() {
    let world = World::new();
    let mut watching = world.watched().await;
    let first = state(&mut watching).await;

    world.becomes(JobState::Pending, 0);
    world.a_look_later().await;
    let second = state(&mut watching).await;
    world.becomes(JobState::Running, 1);
    world.a_look_later().await;

    assert_eq!([first, second, state(&mut watching).await], [JobState::Idle, JobState::Pending, JobState::Running]);
}

#[tokio::test]
async fn a_change_made_here_is_told_without_waiting() {
    let world = World::new();
    let mut watching = world.watched().await;
    state(&mut watching).await;

    world.becomes(JobState::Running, 1);
    world.watch.changes.touched(&key());

    assert_eq!(state(&mut watching).await, JobState::Running);
}

#[tokio::test]
async fn a_thousand_watchers_cost_one_read_a_look() {
    let world = World::new();
    let mut all = Vec::new();
    for _ in 0..1000 {
        all.push(world.watched().await);
    }
    for watching in &mut all {
        state(watching).await;
    }
    let before = world.reads();

    world.becomes(JobState::Running, 1);
    world.a_look_later().await;
    for watching in &mut all {
        assert_eq!(state(watching).await, JobState::Running);
    }

    assert_eq!(world.reads() - before, 1);
}

#[tokio::test]
async fn whoever_comes_later_sees_how_it_is_now_and_not_at_the_last_look() {
    let world = World::new();
    let _earlier = world.watched().await;
    world.becomes(JobState::Done, 1);

    let mut later = world.watched().await;

    assert_eq!(state(&mut later).await, JobState::Done);
}

#[tokio::test]
async fn a_slow_reader_gets_the_newest_state_alone() {
    let world = World::new();
    let mut slow = world.watched().await;
    let mut fast = world.watched().await;
    state(&mut fast).await;

    for (next, fence) in [(JobState::Pending, 0), (JobState::Running, 1), (JobState::Done, 1)] {
        world.becomes(next, fence);
        world.watch.changes.touched(&key());
        assert_eq!(state(&mut fast).await, next);
    }

    assert_eq!(state(&mut slow).await, JobState::Done);
    assert!(futures::poll!(Box::pin(slow.next())).is_pending(), "nothing is waiting behind it");
}

#[tokio::test]
async fn a_renewed_lease_is_no_news() {
    let world = World::new();
    let mut watching = world.watched().await;
    state(&mut watching).await;

    let renewed = Extraction { lease_until: Some(Timestamp::MAX), ..extraction(JobState::Idle, 0) };
    world.is(renewed);
    let before = world.reads();
    world.a_look_later().await;
    in_time(world.clock.until_sleeping(SECOND)).await;

    assert_eq!(world.reads() - before, 1);
    assert!(futures::poll!(Box::pin(watching.next())).is_pending());
}

#[tokio::test]
async fn a_deleted_conversation_ends_the_watch() {
    let world = World::new();
    let mut watching = world.watched().await;
    state(&mut watching).await;

    world.is_deleted();
    world.a_look_later().await;

    assert!(matches!(in_time(watching.next()).await, Err(ConversationError::NotFound)));
    let again = world.watch.extraction(&key()).await;
    assert!(matches!(again, Err(WatchError::Conversation(ConversationError::NotFound))));
}

#[tokio::test]
async fn another_conversation_of_that_id_is_not_the_one_that_was_watched() {
    let world = World::new();
    world.becomes(JobState::Done, 7);
    let mut of_the_old = world.watched().await;
    state(&mut of_the_old).await;

    world.becomes(JobState::Pending, 0);
    let mut of_the_new = world.watched().await;

    assert_eq!(state(&mut of_the_new).await, JobState::Pending);
    assert!(matches!(in_time(of_the_old.next()).await, Err(ConversationError::NotFound)));
}

#[tokio::test]
async fn a_new_conversation_is_told_from_the_old_one_though_it_went_as_far() {
    let world = World::new();
    let created = |second| Extraction {
        created_at: Some(Timestamp::from_second(second).unwrap()),
        ..extraction(JobState::Done, 1)
    };
    world.is(created(1));
    let mut of_the_old = world.watched().await;
    state(&mut of_the_old).await;

    world.is(created(2));
    world.a_look_later().await;

    assert!(matches!(in_time(of_the_old.next()).await, Err(ConversationError::NotFound)));
}

#[tokio::test]
async fn the_drain_does_not_wait_for_a_watcher_who_does_not_read() {
    let world = World::new();
    let _unread = world.watched().await;

    assert!(world.watch.lifecycle.shutdown(SECOND).await);
}

#[tokio::test]
async fn one_user_watches_a_bounded_number_of_conversations() {
    let world = World::new();
    let of = |user: &str, n: usize| {
        ConversationKey::new(UserId::parse(user).unwrap(), ConversationId::parse(format!("c{n}")).unwrap())
    };
    let watched = async |key| world.watch.extraction(&key).await;
    let mut held = Vec::new();
    for n in 0..WATCHED_MAX {
        held.push(watched(of("alice", n)).await.unwrap_or_else(|error| panic!("{n} can be watched: {error}")));
    }

    let one_more = watched(of("alice", WATCHED_MAX)).await;
    let one_again = watched(of("alice", 0)).await;
    let somebody_else = watched(of("bob", 0)).await;

    assert!(matches!(one_more, Err(WatchError::TooMany)));
    assert!(one_again.is_ok() && somebody_else.is_ok());
}

#[tokio::test]
async fn when_the_last_watcher_has_left_nobody_looks_any_more() {
    let world = World::new();
    let (one, other) = (world.watched().await, world.watched().await);

    drop(one);
    drop(other);

    // The drain waits for tasks: it ends because there are none.
    assert!(in_time(world.watch.lifecycle.shutdown(PATIENCE)).await);
    assert!(world.watch.changes.places.lock().is_empty());
}
