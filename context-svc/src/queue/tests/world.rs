//! A queue with a scripted processor, on a clock that moves when told to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::clock::{Clock, TestClock};
use kit::id::{SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::serve::Health;
use kit::telemetry::metrics::{Registry, page};
use tokio::sync::{Notify, mpsc, oneshot};

use super::super::*;
use crate::domain::model::*;
use crate::domain::schedule::{Schedule, ScheduleSettings};
use crate::domain::watch::Changes;
use crate::metrics::Metrics;
use crate::store::{ConversationStore, JobStore, SqliteStore};

pub(super) const LONG: Duration = Duration::from_secs(600);

/// How long the machine may take for what must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
pub(super) const BEAT: Duration = Duration::from_secs(15);

/// How long the worker may be silent. No round number: half of it, for which it sleeps now and then, must not be taken for the
/// time of a heartbeat.
const SILENCE: Duration = Duration::from_millis(60_001);

/// A job that a worker is busy with, until the story says how it goes on.
pub(super) struct Call {
    pub(super) job: Job,
    pub(super) reply: oneshot::Sender<Reply>,
}

pub(super) enum Reply {
    Extracted,
    Fails(Failure),
    Panics,
}

impl Call {
    pub(super) fn reply(self, reply: Reply) {
        self.reply.send(reply).ok().expect("the processor waits for it");
    }

    /// Completes when the work has been dropped.
    pub(super) async fn is_abandoned(&mut self) {
        tokio::time::timeout(PATIENCE, self.reply.closed()).await.expect("the work is given up");
    }
}

pub(super) struct Scripted {
    pub(super) calls: mpsc::UnboundedSender<Call>,
    pub(super) ready: AtomicBool,
}

#[async_trait]
impl Processor for Scripted {
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    async fn process(&self, job: &Job) -> Result<SessionContext, Failure> {
        let (reply, told) = oneshot::channel();
        self.calls.send(Call { job: job.clone(), reply }).ok();
        match told.await.expect("the story goes on") {
            Reply::Extracted => Ok(context(job)),
            Reply::Fails(failure) => Err(failure),
            Reply::Panics => panic!("a bug in the extraction"),
        }
    }
}

pub(super) fn context(job: &Job) -> SessionContext {
    SessionContext {
        conversation_id: job.key().conversation_id.clone(),
        title: String::new(),
        summary: String::new(),
        language: String::new(),
        items: vec![],
        provider: "scripted".into(),
        model: format!("asked by claim {}", job.lease.fence),
        prompt_version: String::new(),
        usage: Usage::default(),
        extracted_seq: job.upto_seq(),
        outcome: ContextOutcome::Extracted,
        items_dropped: BTreeMap::new(),
        extracted_at: Timestamp::UNIX_EPOCH,
        changes: ItemChanges::default(),
    }
}

pub(super) struct World {
    pub(super) clock: TestClock,
    pub(super) bell: Arc<Notify>,
    pub(super) changes: Changes,
    pub(super) store: SqliteStore,
    pub(super) schedule: Schedule,
    pub(super) processor: Arc<Scripted>,
    pub(super) calls: mpsc::UnboundedReceiver<Call>,
    pub(super) lifecycle: Lifecycle,
    pub(super) registry: Registry,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
}

impl World {
    pub(super) async fn start() -> Self {
        let clock = TestClock::frozen_at(Timestamp::from_second(1_750_000_000).unwrap());
        Self::on(SqliteStore::in_memory().await.unwrap(), clock)
    }

    /// One more process on the same store, whose clock goes wrong by so much.
    pub(super) fn beside(&self, ahead: Duration) -> Self {
        Self::on(self.store.clone(), TestClock::frozen_at(self.clock.now() + ahead))
    }

    fn on(store: SqliteStore, clock: TestClock) -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let processor = Arc::new(Scripted { calls: sender, ready: AtomicBool::new(true) });
        let bell = Arc::new(Notify::new());
        let shared = Arc::new(clock.clone());
        let settings = ScheduleSettings::default();
        let registry = Registry::new("test");
        let (metrics, health) = (Metrics::new(&registry), Health::new());
        let schedule =
            Schedule::new(Arc::new(store.clone()), shared.clone(), bell.clone(), settings).counted(metrics.clone());
        let (changes, lifecycle) = (Changes::default(), Lifecycle::new());
        let queue = Queue {
            clock: shared,
            jobs: Arc::new(store.clone()),
            processor: processor.clone(),
            bell: bell.clone(),
            changes: changes.clone(),
            extracted: None,
            settings: QueueSettings::default(),
            metrics: metrics.clone(),
            beat: health.listens_for("claims", SILENCE, Arc::new(clock.clone())),
        };
        queue.start(&lifecycle);
        Self { clock, bell, changes, store, schedule, processor, calls, lifecycle, registry, metrics, health }
    }

    pub(super) async fn says(&self, key: &ConversationKey, text: &str) {
        let at = self.clock.now();
        let role = Role::User;
        let message = NewMessage { client_id: ClientId::random(), role, name: String::new(), text: text.into(), at };
        let session_id = SessionId::parse("s1").unwrap();
        let addition = Addition { session_id, time_zone: None, messages: vec![message] };
        self.store.append(key, &addition, &self.schedule.trigger(Cause::Disconnect)).await.unwrap().unwrap();
    }

    /// A user says something and logs out.
    pub(super) async fn logs_out(&self, key: &ConversationKey) -> Outcome {
        self.says(key, "I will run a marathon in May").await;
        self.schedule.conversation(key, Cause::Logout).await.unwrap().outcome
    }

    /// The next job that a worker takes.
    pub(super) async fn call(&mut self) -> Call {
        let call = tokio::time::timeout(PATIENCE, self.calls.recv()).await;
        call.expect("a worker takes a job").expect("the processor lives")
    }

    pub(super) async fn job(&self, key: &ConversationKey) -> Extraction {
        self.store.find_extraction(key).await.unwrap().unwrap()
    }

    /// The job, once it is as expected. Time does not move meanwhile.
    pub(super) async fn job_once(&self, key: &ConversationKey, expected: impl Fn(&Extraction) -> bool) -> Extraction {
        let asked = async {
            loop {
                let job = self.job(key).await;
                if expected(&job) {
                    return job;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.expect("the job comes to be as expected")
    }

    /// Answers every call, while time passes, until each of the jobs is done or dead.
    pub(super) async fn until_settled<'k>(
        &mut self,
        keys: impl IntoIterator<Item = &'k ConversationKey>,
        mut answer: impl FnMut(&Call) -> Reply,
    ) {
        for key in keys {
            let settled = async {
                while !matches!(self.job(key).await.state, JobState::Done | JobState::Dead) {
                    while let Ok(call) = self.calls.try_recv() {
                        let reply = answer(&call);
                        call.reply(reply);
                    }
                    self.advance(Duration::from_secs(1));
                }
            };
            tokio::time::timeout(PATIENCE, settled).await.expect("the job comes to an end");
        }
    }

    /// Whether the page shows this value of a metric, for no labels or these.
    pub(super) fn shows(&self, metric: &str, labels: &str, value: &str) -> bool {
        let line = format!("{metric}{{{labels}service_name=\"test\"}} {value}");
        page(std::slice::from_ref(&self.registry)).lines().any(|each| each == line)
    }

    /// Completes once the page shows it. Time does not move meanwhile.
    pub(super) async fn comes_to_show(&self, metric: &str, labels: &str, value: &str) {
        let shown = async {
            while !self.shows(metric, labels, value) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.unwrap_or_else(|_| panic!("{metric} {labels} is not {value}"));
    }

    /// Time passes. The bell makes sure that a worker who was just reading the clock reads it again.
    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.bell.notify_one();
    }

    /// Time passes, heartbeat by heartbeat, while the job is being worked on.
    pub(super) async fn passes(&self, beats: u32, key: &ConversationKey) {
        for _ in 0..beats {
            let asleep = tokio::time::timeout(PATIENCE, self.clock.until_sleeping(BEAT)).await;
            asleep.expect("a heartbeat waits for its time");
            self.advance(BEAT);
            let renewed = self.clock.now() + Duration::from_secs(60);
            self.job_once(key, |job| job.lease_until.is_none_or(|until| until == renewed)).await;
        }
    }
}

pub(super) fn key(user: &str, conversation: &str) -> ConversationKey {
    ConversationKey::new(UserId::parse(user).unwrap(), ConversationId::parse(conversation).unwrap())
}

pub(super) fn is_in(state: JobState) -> impl Fn(&Extraction) -> bool {
    move |job| job.state == state
}
