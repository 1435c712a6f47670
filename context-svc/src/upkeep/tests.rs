//! Erasing, forgetting and probing, on a clock that moves when told to.

mod being_read;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::clock::{Clock, TestClock};
use kit::config::Period;
use kit::id::{SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::serve::{Beat, Health};
use kit::telemetry::metrics::{Registry, page};
use tokio::sync::Notify;

use super::*;
use crate::domain::erase::Erase;
use crate::domain::model::*;
use crate::domain::schedule::{Schedule, ScheduleSettings};
use crate::metrics::Metrics;
use crate::store::{ClaimTerms, ContextStore, ConversationStore, ErasureStore, JobStore, SqliteStore, Store};
use being_read::BeingRead;

const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(60);

struct World {
    clock: TestClock,
    store: SqliteStore,
    erase: Erase,
    bell: Arc<Notify>,
    lifecycle: Lifecycle,
    registry: Registry,
}

impl World {
    async fn start() -> Self {
        let clock = TestClock::frozen_at(Timestamp::from_second(1_750_000_000).unwrap());
        let store = SqliteStore::in_memory().await.unwrap();
        let bell = Arc::new(Notify::new());
        let again_after = UpkeepSettings::default().erase_again_after;
        let erase = Erase::new(Arc::new(store.clone()), Arc::new(clock.clone()), bell.clone(), again_after);
        Self { clock, store, erase, bell, lifecycle: Lifecycle::new(), registry: Registry::new("test") }
    }

    fn eraser(&self) -> Eraser {
        self.eraser_on(Arc::new(self.store.clone()))
    }

    fn eraser_on(&self, erasures: Arc<dyn ErasureStore>) -> Eraser {
        let (clock, metrics) = (Arc::new(self.clock.clone()), Metrics::new(&self.registry));
        Eraser { clock, erasures, bell: self.bell.clone(), metrics, lease: LEASE, poll: POLL }
    }

    fn hears(&self, name: &'static str) -> Beat {
        Health::new().listens_for(name, LEASE, Arc::new(self.clock.clone()))
    }

    fn janitor(&self, settings: UpkeepSettings) {
        let (clock, metrics) = (Arc::new(self.clock.clone()), Metrics::new(&self.registry));
        let janitor = Janitor { clock, store: Arc::new(self.store.clone()), metrics, settings };
        janitor.start(&self.lifecycle, self.hears("janitor"));
    }

    fn trigger(&self, cause: Cause) -> Trigger {
        let clock = Arc::new(self.clock.clone());
        let bell = Arc::new(Notify::new());
        Schedule::new(Arc::new(self.store.clone()), clock, bell, ScheduleSettings::default()).trigger(cause)
    }

    async fn says(&self, key: &ConversationKey) {
        assert!(self.tries_to_say(key).await, "nothing is being deleted");
    }

    /// `false`: what was said there before is still being removed.
    async fn tries_to_say(&self, key: &ConversationKey) -> bool {
        let at = self.clock.now();
        let (client_id, text) = (ClientId::random(), "I want to swim".to_owned());
        let message = NewMessage { client_id, role: Role::User, name: String::new(), text, at };
        let addition =
            Addition { session_id: SessionId::parse("s1").unwrap(), time_zone: None, messages: vec![message] };
        self.store.append(key, &addition, &self.trigger(Cause::Disconnect)).await.unwrap().is_some()
    }

    /// Somebody says something and it becomes a job that a worker takes.
    async fn runs(&self, key: &ConversationKey) -> Job {
        self.says(key).await;
        self.store.enqueue(key, &self.trigger(Cause::Logout)).await.unwrap();
        let terms = ClaimTerms { now: self.clock.now(), lease: LEASE, deliveries_max: 5 };
        self.store.claim(&WorkerId::random(), &[], &terms).await.unwrap().expect("it is due")
    }

    /// Nothing but a name tells one erasure from the same one asked for again.
    async fn erases(&self, request_id: &str) -> Erasure {
        self.erase.user(user(), RequestId::parse(request_id), false).await.unwrap()
    }

    async fn until_done(&self, request_id: &str) {
        let looking = async { while self.erases(request_id).await.state != ErasureState::Done {} };
        tokio::time::timeout(PATIENCE, looking).await.expect("the erasure is done");
    }

    /// Moves the time once somebody waits for just that.
    async fn passes(&self, wait: Duration) {
        let asleep = tokio::time::timeout(PATIENCE, self.clock.until_sleeping(wait)).await;
        asleep.expect("somebody waits for that time");
        self.clock.advance(wait);
    }
}

fn user() -> UserId {
    UserId::parse("u1").unwrap()
}

fn context(job: &Job) -> SessionContext {
    SessionContext {
        conversation_id: job.key().conversation_id.clone(),
        title: String::new(),
        summary: String::new(),
        language: String::new(),
        items: vec![],
        provider: "scripted".into(),
        model: String::new(),
        prompt_version: String::new(),
        usage: Usage::default(),
        extracted_seq: job.upto_seq(),
        outcome: ContextOutcome::Extracted,
        items_dropped: Default::default(),
        extracted_at: Timestamp::UNIX_EPOCH,
        changes: ItemChanges::default(),
    }
}

fn key(conversation: &str) -> ConversationKey {
    ConversationKey::new(user(), ConversationId::parse(conversation).unwrap())
}

#[tokio::test]
async fn an_erasure_is_worked_on_at_once_and_done_when_nobody_can_write_any_more() {
    let world = World::start().await;
    world.says(&key("c1")).await;
    world.eraser().start(&world.lifecycle, world.hears("erasures"));

    world.erases("r1").await;
    let speaking = async { while !world.tries_to_say(&key("c1")).await {} };
    tokio::time::timeout(PATIENCE, speaking).await.expect("the id gets free");
    assert_eq!(world.erases("r1").await.state, ErasureState::Running);
    world.clock.advance(Duration::from_secs(120));

    world.until_done("r1").await;
    assert_eq!(world.store.list_messages(&key("c1"), 0, 9).await.unwrap().len(), 1, "the new memory stays");
}

#[tokio::test]
async fn a_reader_that_does_not_end_holds_up_no_other_erasure() {
    let world = World::start().await;
    let second = UserId::parse("u2").unwrap();
    let theirs = ConversationKey::new(second.clone(), ConversationId::parse("c1").unwrap());
    world.says(&key("c1")).await;
    world.says(&theirs).await;
    let read = Arc::new(BeingRead(world.store.clone()));
    world.eraser_on(read).start(&world.lifecycle, world.hears("erasures"));

    world.erases("r1").await;
    world.erase.user(second, RequestId::parse("r2"), false).await.unwrap();

    let speaking = async { while !world.tries_to_say(&theirs).await {} };
    tokio::time::timeout(PATIENCE, speaking).await.expect("the id gets free");
}

#[tokio::test]
async fn what_the_store_refuses_to_upkeep_is_counted() {
    let world = World::start().await;
    world.store.close().await;
    world.eraser().start(&world.lifecycle, world.hears("erasures"));
    world.janitor(UpkeepSettings::default());

    tokio::time::timeout(PATIENCE, world.clock.until_sleeping(POLL)).await.expect("it waits for the next look");
    tokio::time::timeout(PATIENCE, world.clock.until_sleeping(*UpkeepSettings::default().every)).await.expect("too");

    let page = page(&[world.registry]);
    for operation in ["erase", "forget"] {
        let line = format!("afterword_store_errors_total{{operation=\"{operation}\",service_name=\"test\"}} 1");
        assert!(page.contains(&line), "{page}");
    }
}

#[tokio::test]
async fn an_erasure_goes_on_after_a_hard_stop() {
    let world = World::start().await;
    for n in 0..ROWS + 1 {
        world.says(&key(&format!("c{n}"))).await;
    }
    world.erases("r1").await;
    let dying = world.eraser();
    let lease = world.clock.now() + LEASE;
    let half = dying.erasures.claim_erasure(&WorkerId::random(), world.clock.now(), lease).await.unwrap().unwrap();
    dying.erasures.erase_some(&half, ROWS, lease).await.unwrap();

    world.eraser().start(&world.lifecycle, world.hears("erasures"));
    world.clock.advance(Duration::from_secs(180));

    world.until_done("r1").await;
    assert!(dying.erasures.erase_some(&half, ROWS, lease).await.unwrap().is_none());
}

#[tokio::test]
async fn the_janitor_forgets_details_by_their_age() {
    let world = World::start().await;
    let job = world.runs(&key("c1")).await;
    let error = LastError { reason: "TOO_LONG".into(), message: "it is too long".into(), at: world.clock.now() };
    world.store.fail(&job.lease, Fate::Dead, &error, None).await.unwrap();
    let settings = UpkeepSettings::default();
    let (every, kept) = (*settings.every, *settings.dead_details);
    world.janitor(settings);

    world.passes(every).await;
    let message = async || world.store.find_extraction(&key("c1")).await.unwrap().unwrap().last_error.unwrap().message;
    tokio::time::timeout(PATIENCE, world.clock.until_sleeping(every)).await.expect("the round ends");
    assert_eq!(message().await, "it is too long", "it is young");
    world.clock.advance(kept);
    tokio::time::timeout(PATIENCE, world.clock.until_sleeping(every)).await.expect("the round ends");

    assert_eq!(message().await, "");
}

#[tokio::test]
async fn conversations_are_deleted_by_age_only_if_the_operator_says_so() {
    for (kept, left) in [(Period::secs(0), 1), (Period::days(30), 0)] {
        let world = World::start().await;
        let job = world.runs(&key("c1")).await;
        let context = context(&job);
        world.store.complete(&job.lease, job.want, &context, world.clock.now()).await.unwrap();
        world.clock.advance(Duration::from_secs(31 * 24 * 3600));
        let settings = UpkeepSettings { conversations: kept, ..Default::default() };
        let every = *settings.every;

        world.janitor(settings);
        tokio::time::timeout(PATIENCE, world.clock.until_sleeping(every)).await.expect("the round ends");

        assert_eq!(world.store.list_contexts(&user(), 9).await.unwrap().len(), left, "kept for {kept}");
    }
}

/// Whether anybody could do the work, as the story says.
struct Ready(AtomicBool);

#[async_trait]
impl Processor for Ready {
    fn is_ready(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    async fn process(&self, _: &Job) -> Result<SessionContext, Failure> {
        Err(Failure::give_up("NEVER_ASKED", "nobody works in this story"))
    }
}

#[tokio::test]
async fn a_probe_goes_out_only_when_somebody_could_work_on_it() {
    let world = World::start().await;
    let job = world.runs(&key("c1")).await;
    let error = LastError { reason: "UNREACHABLE".into(), message: String::new(), at: world.clock.now() };
    world.store.fail(&job.lease, Fate::DeadOfOutage, &error, None).await.unwrap();
    let state = async || world.store.find_extraction(&key("c1")).await.unwrap().unwrap().state;
    let (every, ready) = (UpkeepSettings::default().probe, Arc::new(Ready(AtomicBool::new(false))));
    let (clock, outages) = (Arc::new(world.clock.clone()), Arc::new(world.store.clone()));
    let metrics = Metrics::new(&world.registry);
    probe(&world.lifecycle, clock, outages, ready.clone(), world.bell.clone(), metrics, every);

    world.passes(*every).await;
    tokio::time::timeout(PATIENCE, world.clock.until_sleeping(*every)).await.expect("it waits again");
    assert_eq!(state().await, JobState::Dead);
    ready.0.store(true, Ordering::SeqCst);
    world.clock.advance(*every);
    tokio::time::timeout(PATIENCE, world.bell.notified()).await.expect("the queue is woken");

    assert_eq!(state().await, JobState::Pending);
}
