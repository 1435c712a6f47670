//! Making summaries, as stories: when they are due, what a crash at each step costs, and when it is quiet.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::clock::{Clock, TestClock};
use kit::id::UserId;
use kit::lifecycle::Lifecycle;
use kit::serve::Health;
use kit::telemetry::metrics::{Registry, page};
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

use super::super::*;
use super::stalling::{Stalling, Step};
use super::world::{LONG, PATIENCE, key};
use crate::domain::model::*;
use crate::domain::schedule::{Schedule, ScheduleSettings};
use crate::metrics::Metrics;
use crate::store::{ClaimTerms, ContextStore, ConversationStore, JobStore, SqliteStore, SummaryStore};

/// What the roll-up does when it is asked.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Attentive,
    Failing,
    Hanging,
    /// Something is deleted each time while it thinks.
    Interrupted,
    /// Gives its summary the number of the last one.
    Miscounting,
}

/// Rolls up whatever it is given, and counts how often.
struct Scripted {
    mood: watch::Sender<Mood>,
    calls: AtomicUsize,
    covered: Mutex<Vec<BTreeSet<Covered>>>,
    /// By how much the clock moves meanwhile.
    takes: Mutex<Duration>,
    clock: TestClock,
    store: SqliteStore,
}

#[async_trait]
impl Summariser for Scripted {
    async fn summarise(&self, pick: &Pick) -> Result<Summarised, Failure> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut mood = self.mood.subscribe();
        mood.wait_for(|mood| *mood != Mood::Hanging).await.expect("the story goes on");
        if *self.mood.borrow() == Mood::Failing {
            return Err(Failure::outage("TIMEOUT", "the model did not answer"));
        }
        self.clock.advance(*self.takes.lock());
        if *self.mood.borrow() == Mood::Interrupted {
            self.store.execute("UPDATE user_memory SET deletions = deletions + 1").await;
        }
        let mut summary = pick.summary.clone();
        summary.epoch += i64::from(*self.mood.borrow() != Mood::Miscounting);
        summary.parts.extend(pick.oldest.iter().map(|each| Part::of(Talk::of(&each.context, each.last_at))));
        let covered: BTreeSet<_> = pick.oldest.iter().map(|each| each.covered.clone()).collect();
        self.covered.lock().push(covered.clone());
        Ok(Summarised { summary, covered })
    }
}

struct World {
    clock: TestClock,
    store: SqliteStore,
    summariser: Arc<Scripted>,
    extracted: mpsc::Sender<UserId>,
    lifecycle: Lifecycle,
    registry: Registry,
}

impl World {
    async fn new() -> Self {
        let clock = TestClock::frozen_at(Timestamp::from_second(1_750_000_000).unwrap());
        let store = SqliteStore::in_memory().await.unwrap();
        let summariser = Scripted {
            mood: watch::Sender::new(Mood::Attentive),
            calls: AtomicUsize::new(0),
            covered: Mutex::default(),
            takes: Mutex::default(),
            clock: clock.clone(),
            store: store.clone(),
        };
        Self {
            clock,
            store,
            summariser: Arc::new(summariser),
            extracted: mpsc::channel(9).0,
            lifecycle: Lifecycle::new(),
            registry: Registry::new("test"),
        }
    }

    /// A process starts making summaries, on `store`.
    fn start_on(&mut self, store: Arc<dyn SummaryStore>) {
        self.lifecycle = Lifecycle::new();
        let (sender, extracted) = mpsc::channel(9);
        self.extracted = sender;
        let summaries = Summaries {
            clock: Arc::new(self.clock.clone()),
            store,
            summariser: self.summariser.clone(),
            extracted,
            queue: QueueSettings::default(),
            settings: SummarySettings::default(),
            metrics: Metrics::new(&self.registry),
        };
        let beat = Health::new().listens_for("summaries", LONG, Arc::new(self.clock.clone()));
        summaries.start(&self.lifecycle, beat);
    }

    fn start(&mut self) {
        self.start_on(Arc::new(self.store.clone()));
    }

    /// Alice holds a conversation, and it is extracted.
    async fn extracts(&self, conversation: &str) {
        self.is_extracted(key("alice", conversation)).await;
    }

    async fn is_extracted(&self, key: ConversationKey) {
        let now = self.clock.now();
        let schedule = Schedule::new(
            Arc::new(self.store.clone()),
            Arc::new(self.clock.clone()),
            Arc::default(),
            ScheduleSettings::default(),
        );
        let role = Role::User;
        let client_id = ClientId::random();
        let message = NewMessage { client_id, role, name: String::new(), text: "hello".into(), at: now };
        let session_id = kit::id::SessionId::parse("s1").unwrap();
        let addition = Addition { session_id, time_zone: None, messages: vec![message] };
        self.store.append(&key, &addition, &schedule.trigger(Cause::Logout)).await.unwrap().unwrap();
        schedule.conversation(&key, Cause::Logout).await.unwrap();
        let terms = ClaimTerms { now, lease: LONG, deliveries_max: 5 };
        let job = self.store.claim(&WorkerId::random(), &[], &terms).await.unwrap().unwrap();
        self.store.complete(&job.lease, job.want, &super::world::context(&job), now).await.unwrap();
    }

    async fn extracts_many(&self, count: usize) {
        for n in 0..count {
            self.extracts(&format!("c{n:03}")).await;
        }
    }

    fn calls(&self) -> usize {
        self.summariser.calls.load(Ordering::SeqCst)
    }

    async fn job(&self) -> SummaryStanding {
        self.store.find_summary_job(&UserId::parse("alice").unwrap()).await.unwrap().expect("alice is known")
    }

    async fn unsummarised(&self) -> usize {
        self.store.list_unsummarised(&UserId::parse("alice").unwrap(), 9999).await.unwrap().len()
    }

    /// The job, once it is as expected. Time does not move meanwhile.
    async fn job_once(&self, expected: impl Fn(&SummaryStanding) -> bool) -> SummaryStanding {
        let asked = async {
            loop {
                let job = self.job().await;
                if expected(&job) {
                    return job;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.expect("the job comes to be as expected")
    }

    /// Time passes, and the worker has looked at what that changes.
    async fn passes(&self, by: Duration) {
        self.clock.advance(by);
        self.is_quiet().await;
    }

    /// Completes when the worker has nothing to do but to wait.
    async fn is_quiet(&self) {
        let poll = QueueSettings::default().poll.0;
        tokio::time::timeout(PATIENCE, self.clock.until_sleeping(poll)).await.expect("the worker waits");
    }
}

#[tokio::test]
async fn nineteen_make_no_summary_and_the_twentieth_makes_one() {
    let mut world = World::new().await;
    world.start();
    world.is_quiet().await;
    world.extracts_many(19).await;
    world.passes(Duration::from_secs(60)).await;
    assert_eq!((world.calls(), world.job().await.state), (0, JobState::Idle));

    world.extracts("twentieth").await;
    world.extracted.try_send(UserId::parse("alice").unwrap()).unwrap();

    let job = world.job_once(|job| job.state == JobState::Done).await;
    assert_eq!((job.epoch, world.calls(), world.unsummarised().await), (1, 1, 0));
    world.passes(Duration::from_secs(60)).await;
    assert_eq!(world.calls(), 1);
    let page = page(&[world.registry]);
    assert!(page.contains("afterword_queue_summaries_total{outcome=\"SAVED\",service_name=\"test\"} 1"), "{page}");
}

#[tokio::test]
async fn a_summary_that_is_due_no_more_when_it_is_claimed_asks_no_model() {
    let mut world = World::new().await;
    world.extracts_many(20).await;
    let (alice, now) = (UserId::parse("alice").unwrap(), world.clock.now());
    assert_eq!(world.store.ask_summary(&alice, 20, now).await.unwrap(), SummaryAsked::Queued);
    world.store.delete_conversation(&key("alice", "c007")).await.unwrap();

    world.start();

    let job = world.job_once(|job| job.state == JobState::Done).await;
    assert_eq!((job.epoch, world.calls(), world.unsummarised().await), (0, 0, 19));
}

#[tokio::test]
async fn what_nobody_told_of_is_found_by_the_sweep() {
    let mut world = World::new().await;
    world.start();
    world.is_quiet().await;
    world.extracts_many(20).await;

    world.clock.advance(Duration::from_secs(60));

    world.job_once(|job| job.state == JobState::Done).await;
}

#[tokio::test]
async fn a_user_with_many_summaries_lets_others_in_between() {
    let mut world = World::new().await;
    *world.summariser.takes.lock() = Duration::from_millis(1);
    world.summariser.mood.send_replace(Mood::Hanging);
    world.extracts_many(500).await;
    world.start();
    while world.calls() == 0 {
        tokio::task::yield_now().await;
    }

    for n in 0..20 {
        world.is_extracted(key("bob", &format!("b{n}"))).await;
    }
    world.extracted.try_send(UserId::parse("bob").unwrap()).unwrap();
    world.summariser.mood.send_replace(Mood::Attentive);

    world.job_once(|job| job.epoch == 3 && job.state == JobState::Done).await;
    let covered = world.summariser.covered.lock();
    let is_bobs = |one: &&Covered| one.conversation_id.as_str().starts_with('b');
    let bobs: Vec<_> = covered.iter().map(|each| each.iter().filter(is_bobs).count()).collect();
    assert_eq!(bobs, [0, 0, 20, 0]);
}

#[tokio::test]
async fn five_hundred_unsummarised_end_and_each_is_covered_once() {
    let mut world = World::new().await;
    world.extracts_many(500).await;

    world.start();
    world.job_once(|job| job.epoch == 3 && job.state == JobState::Done).await;

    assert_eq!((world.unsummarised().await, world.calls()), (0, 3));
    let covered = world.summariser.covered.lock();
    let each: BTreeSet<_> = covered.iter().flatten().collect();
    assert_eq!((each.len(), covered.iter().map(BTreeSet::len).sum::<usize>()), (500, 500));
}

#[tokio::test]
async fn a_crash_at_any_step_loses_nothing_and_asks_the_model_again_only_before_the_summary_is_saved() {
    for (step, calls) in [(Step::Write, 2), (Step::Mark(0), 1), (Step::Mark(10), 1), (Step::Finish, 1)] {
        let mut world = World::new().await;
        world.extracts_many(20).await;
        let stalling = Stalling::at(step, world.store.clone());
        world.start_on(stalling.clone());
        stalling.until_stalled().await;

        world.lifecycle.stop();
        stalling.until_abandoned().await;
        world.clock.advance(Duration::from_secs(61));
        world.start();

        let job = world.job_once(|job| job.state == JobState::Done).await;
        assert_eq!((job.epoch, job.fence, job.is_marking), (1, 2, false), "{step:?}");
        assert_eq!((world.calls(), world.unsummarised().await), (calls, 0), "{step:?}");
        let summary = world.store.find_summary(&UserId::parse("alice").unwrap()).await.unwrap().unwrap();
        let told: BTreeSet<_> = summary.talks().map(|talk| &talk.conversation_id).collect();
        assert_eq!((told.len(), summary.talks().count()), (20, 20), "each is in it once: {step:?}");
    }
}

#[tokio::test]
async fn a_model_that_times_out_for_two_days_is_asked_as_often_as_there_are_attempts_and_then_not_at_all() {
    let mut world = World::new().await;
    world.summariser.mood.send_replace(Mood::Failing);
    world.extracts_many(20).await;
    world.start();
    world.is_quiet().await;

    for _ in 0..2 * 24 * 60 {
        world.passes(Duration::from_secs(60)).await;
    }

    let job = world.job().await;
    assert_eq!((job.state, job.attempts, world.calls()), (JobState::Dead, 8, 8));
    assert_eq!(job.last_error.unwrap().reason, "TIMEOUT");
    world.summariser.mood.send_replace(Mood::Attentive);
    world.passes(Duration::from_secs(3600)).await;
    assert_eq!(world.calls(), 8, "silent also when the model would answer");
    world.extracts("news").await;
    world.passes(Duration::from_secs(60)).await;
    assert_eq!((world.job().await.state, world.calls(), world.unsummarised().await), (JobState::Done, 9, 0));
}

#[tokio::test]
async fn a_roll_up_that_takes_too_long_is_a_failed_attempt_kept_by_heartbeats() {
    let mut world = World::new().await;
    world.summariser.mood.send_replace(Mood::Hanging);
    world.extracts_many(20).await;
    world.start();
    let beat = QueueSettings::default().heartbeat.0;
    while world.calls() == 0 {
        tokio::task::yield_now().await;
    }

    for _ in 0..8 {
        tokio::time::timeout(PATIENCE, world.clock.until_sleeping(beat)).await.expect("a heartbeat waits for its time");
        world.clock.advance(beat);
    }

    let job = world.job_once(|job| job.state == JobState::Pending).await;
    assert_eq!((job.attempts, job.fence, job.last_error.unwrap().reason.as_str()), (1, 1, "PASS_TIMEOUT"));
    assert!(job.not_before.is_some());
}

#[tokio::test]
async fn a_memory_that_moves_during_every_roll_up_costs_an_attempt() {
    let mut world = World::new().await;
    world.summariser.mood.send_replace(Mood::Interrupted);
    world.extracts_many(20).await;

    world.start();

    let job = world.job_once(|job| job.attempts == 1 && job.state == JobState::Pending).await;
    assert_eq!((job.epoch, job.last_error.unwrap().reason.as_str(), world.calls()), (0, "MEMORY_MOVES", 3));
    assert!(job.not_before.is_some());
}

#[tokio::test]
async fn a_summary_that_is_not_the_next_one_is_a_failed_attempt() {
    let mut world = World::new().await;
    world.summariser.mood.send_replace(Mood::Miscounting);
    world.extracts_many(20).await;

    world.start();

    let job = world.job_once(|job| job.attempts == 1 && job.state == JobState::Pending).await;
    assert_eq!((job.epoch, job.last_error.unwrap().reason.as_str(), world.calls()), (0, "BAD_COVERAGE", 1));
}

#[tokio::test]
async fn what_outlasts_the_drain_is_given_back_with_its_attempt() {
    let mut world = World::new().await;
    world.summariser.mood.send_replace(Mood::Hanging);
    world.extracts_many(20).await;
    world.start();
    world.job_once(|job| job.state == JobState::Running).await;
    let settings = QueueSettings::default();

    let lifecycle = world.lifecycle.clone();
    let shutdown = tokio::spawn(async move { lifecycle.shutdown(LONG).await });
    let drain = world.clock.until_sleeping(settings.drain.0);
    tokio::time::timeout(PATIENCE, drain).await.expect("the drain begins");
    world.clock.advance(settings.drain.0);

    assert!(tokio::time::timeout(PATIENCE, shutdown).await.expect("the drain ends").unwrap());
    let job = world.job().await;
    assert_eq!((job.state, job.attempts, job.owner), (JobState::Pending, 0, None));
}
