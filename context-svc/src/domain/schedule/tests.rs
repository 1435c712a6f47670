//! Asking for extractions, as stories.

use jiff::Timestamp;
use kit::clock::{Clock, TestClock};

use super::*;
use crate::domain::append::{Append, Draft};
use crate::domain::model::{ConversationId, JobState, Role};
use crate::store::SqliteStore;

struct World {
    clock: TestClock,
    schedule: Schedule,
    append: Append,
    store: Arc<SqliteStore>,
    bell: Arc<Notify>,
}

impl World {
    async fn with(settings: ScheduleSettings) -> Self {
        let clock = TestClock::frozen_at(Timestamp::from_second(1_750_000_000).unwrap());
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let bell = Arc::new(Notify::new());
        let schedule = Schedule::new(store.clone(), Arc::new(clock.clone()), bell.clone(), settings);
        let append = Append::new(store.clone(), schedule.clone());
        Self { clock, schedule, append, store, bell }
    }

    async fn says(&self, key: &ConversationKey) {
        let draft = Draft { client_id: None, role: Role::User, name: String::new(), text: "hello".into(), at: None };
        self.append.append(key, session(), None, vec![draft]).await.unwrap();
    }
}

fn session() -> SessionId {
    SessionId::parse("s1").unwrap()
}

fn key(conversation: &str) -> ConversationKey {
    ConversationKey::new(UserId::parse("u1").unwrap(), ConversationId::parse(conversation).unwrap())
}

#[tokio::test]
async fn a_trigger_rings_the_bell() {
    let world = World::with(ScheduleSettings::default()).await;
    world.says(&key("c1")).await;

    let ticket = world.schedule.conversation(&key("c1"), Cause::Logout).await.unwrap();

    assert_eq!((ticket.outcome, ticket.watermark.seq()), (Outcome::Queued, 1));
    world.bell.notified().await;
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let world = World::with(ScheduleSettings { depth: 1, ..Default::default() }).await;
    for id in ["c1", "c2"] {
        world.says(&key(id)).await;
    }

    let refused = world.schedule.session(&key("c1").user_id, &session(), Cause::Logout).await.unwrap_err();

    assert_eq!((refused.kind(), refused.reason()), (Kind::Busy, "QUEUE_FULL"));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(5)));
    assert_eq!(world.store.depth().await.unwrap(), 1, "the one that fits stays accepted");
}

#[tokio::test]
async fn an_unknown_conversation_can_be_triggered_but_not_ended() {
    let world = World::with(ScheduleSettings::default()).await;

    let triggered = world.schedule.conversation(&key("c1"), Cause::Disconnect).await.unwrap();
    let ended = world.schedule.end(&key("c1"), None).await.unwrap_err();

    assert_eq!(triggered.outcome, Outcome::Unknown);
    assert_eq!((ended.kind(), ended.reason()), (Kind::NotFound, "CONVERSATION_NOT_FOUND"));
}

#[tokio::test]
async fn the_sweep_finds_each_silent_conversation_once() {
    let world = World::with(ScheduleSettings::default()).await;
    world.says(&key("silent")).await;
    world.clock.advance(Duration::from_secs(30 * 60));
    world.says(&key("talking")).await;

    assert_eq!(world.schedule.sweep().await.unwrap(), 1);
    assert_eq!(world.schedule.sweep().await.unwrap(), 0);

    let silent = world.store.find_extraction(&key("silent")).await.unwrap().unwrap();
    assert_eq!(silent.causes, [Cause::Idle]);
}

/// Says so many things, ten seconds apart.
async fn says_slowly(world: &World, messages: usize) {
    for _ in 0..messages {
        world.clock.advance(Duration::from_secs(10));
        world.says(&key("c1")).await;
    }
}

#[tokio::test]
async fn a_long_talk_is_asked_for_while_it_goes_on() {
    let world = World::with(ScheduleSettings { size_messages: 3, ..Default::default() }).await;

    says_slowly(&world, 2).await;
    let short = world.store.find_extraction(&key("c1")).await.unwrap().unwrap();
    says_slowly(&world, 1).await;
    let long = world.store.find_extraction(&key("c1")).await.unwrap().unwrap();

    assert_eq!(short.state, JobState::Idle);
    assert_eq!((long.state, long.want.seq(), long.causes), (JobState::Pending, 3, vec![Cause::Size]));
}

#[tokio::test]
async fn many_tokens_are_as_good_a_reason_as_many_messages() {
    let world = World::with(ScheduleSettings { size_tokens: 2, ..Default::default() }).await;

    says_slowly(&world, 1).await;
    let before = world.store.find_extraction(&key("c1")).await.unwrap().unwrap();
    says_slowly(&world, 1).await;
    let after = world.store.find_extraction(&key("c1")).await.unwrap().unwrap();

    assert_eq!((before.state, after.state), (JobState::Idle, JobState::Pending));
}

#[tokio::test]
async fn size_asks_at_most_once_in_five_minutes() {
    let world = World::with(ScheduleSettings { size_messages: 1, ..Default::default() }).await;
    let merges = async || world.store.find_extraction(&key("c1")).await.unwrap().unwrap().merges;

    says_slowly(&world, 30).await;
    assert_eq!(merges().await, 0, "the first asked at ten seconds");
    says_slowly(&world, 1).await;
    assert_eq!(merges().await, 1);
}

#[tokio::test]
async fn a_full_queue_keeps_no_long_talk_from_going_on() {
    let world = World::with(ScheduleSettings { size_messages: 1, depth: 0, ..Default::default() }).await;

    says_slowly(&world, 2).await;

    assert_eq!(world.store.depth().await.unwrap(), 0);
}

#[tokio::test]
async fn a_draft_without_id_and_time_gets_both() {
    use crate::store::ConversationStore;
    let world = World::with(ScheduleSettings::default()).await;

    world.says(&key("c1")).await;
    world.says(&key("c1")).await;

    let messages = world.store.list_messages(&key("c1"), 0, 9).await.unwrap();
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0].client_id, messages[1].client_id);
    assert_eq!(messages[0].at, world.clock.now());
}
