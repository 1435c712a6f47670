//! Composition: the one place where domain, store, queue, model and transport meet.

use std::sync::Arc;
use std::time::Duration;

use kit::authn::{Gate, InternalTokens, Keys, Policy, TrustSet, Verifier, follow};
use kit::clock::SharedClock;
use kit::error::InvalidField;
use kit::id::UserId;
use kit::lifecycle::Lifecycle;
use kit::serve::{Beat, Health, Part};
use kit::telemetry::metrics::{Registry, RpcMeter};
use tokio::sync::{Notify, mpsc};
use tonic::service::Routes;
use tonic::transport::Channel;

use crate::config::Config;
use crate::domain::append::Append;
use crate::domain::conversations::Conversations;
use crate::domain::converse::{Converse, Replies};
use crate::domain::erase::Erase;
use crate::domain::export::Export;
use crate::domain::export::at_once::AtOnce;
use crate::domain::extract::Extractor;
use crate::domain::follow_ups::FollowUps;
use crate::domain::import::Import;
use crate::domain::operate::{Limits, Operate};
use crate::domain::recall::{self, Recall};
use crate::domain::reread::Rereading;
use crate::domain::schedule::Schedule;
use crate::domain::search::Search;
use crate::domain::spend::Spending;
use crate::domain::summarise::RollUps;
use crate::domain::verdicts::Correct;
use crate::domain::watch::{Changes, Watch};
use crate::grpc::{
    ACCESS, ChatApi, ConversationApi, Exports, ExtractionApi, MemoryAdminApi, MemoryApi, QueueBounds, Watchers, routes,
};
use crate::llm::api::EndpointError;
use crate::llm::measured::Streak;
use crate::llm::{Model, Readers};
use crate::lookout::Lookout;
use crate::metrics::Metrics;
use crate::models::{Guards, Workshop};
use crate::queue::{Queue, Summaries, sweep};
use crate::store::Store;
use crate::store::open::{OpenError, open, open_shared};
use crate::upkeep::{Eraser, Janitor, probe};

/// How long a loop may be silent before the process is as good as dead.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How many users may be known to have more to summarise; the sweep finds the others.
const GROWN_MAX: usize = 1024;

/// Why context-svc could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error("setting `{}`: {}", .0.field, .0.problem)]
    Setting(#[from] InvalidField),
    /// A model cannot be asked.
    #[error("the model cannot be asked: {0}")]
    Endpoint(#[from] EndpointError),
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// context-svc, opened and ready to be served.
pub struct App {
    config: Config,
    store: Arc<dyn Store>,
    clock: SharedClock,
    verifier: Verifier,
    tokens: InternalTokens,
    schedule: Schedule,
    bell: Arc<Notify>,
    erasure_bell: Arc<Notify>,
    changes: Changes,
    readers: Readers,
    replies: Option<Replies>,
    spending: Spending,
    search: Search,
    streak: Streak,
    registry: Registry,
    metrics: Metrics,
    health: Health,
    lifecycle: Lifecycle,
}

impl App {
    /// Opens the store. Talks run as tasks of `lifecycle`, so that the end of each is seen.
    pub async fn open(config: Config, clock: SharedClock, lifecycle: &Lifecycle) -> Result<Self, StartError> {
        Self::open_reading(config, clock, lifecycle, None).await
    }

    /// The same with `model` to read transcripts, whatever the settings say.
    pub async fn open_with(
        config: Config,
        clock: SharedClock,
        lifecycle: &Lifecycle,
        model: Arc<dyn Model>,
    ) -> Result<Self, StartError> {
        Self::open_reading(config, clock, lifecycle, Some(model)).await
    }

    async fn open_reading(
        config: Config,
        clock: SharedClock,
        lifecycle: &Lifecycle,
        model: Option<Arc<dyn Model>>,
    ) -> Result<Self, StartError> {
        let tokens = config.tokens()?;
        let store = if config.store_shared { open_shared(&config.store).await? } else { open(&config.store).await? };
        let bell = Arc::new(Notify::new());
        let registry = Registry::new("context-svc");
        let metrics = Metrics::new(&registry);
        metrics.bounds(config.schedule.depth, config.queue.slots);
        let schedule =
            Schedule::new(store.clone(), clock.clone(), bell.clone(), config.schedule.clone()).counted(metrics.clone());
        let streak = Streak::default();
        let spending = Spending::new(store.clone(), clock.clone(), config.spend.clone()).counted(metrics.clone());
        let search = Search::new(store.clone(), clock.clone(), config.search.clone(), metrics.clone());
        let ledger = Arc::new(spending.clone());
        let workshop = Workshop { clock: clock.clone(), ledger, metrics: metrics.clone(), streak: streak.clone() };
        let guards = Guards::new(&config, &clock);
        let readers = match model {
            Some(model) => workshop.measured(model, config.model.provider).into(),
            None => workshop.readers(&config, &guards)?,
        };
        let replies = match workshop.coach(&config, &guards)? {
            None => None,
            Some(coach) => Some(Replies::new(Converse {
                store: store.clone(),
                append: Append::new(store.clone(), schedule.clone()).counted(metrics.clone()),
                recall: Recall::new(store.clone()),
                coach,
                terms: config.chat.terms()?,
                clock: clock.clone(),
                lifecycle: lifecycle.clone(),
                metrics: metrics.clone(),
            })),
        };
        let policy = Policy {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            max_ttl: *config.access_ttl_max,
        };
        let verifier = Verifier::new(policy, Keys::new(), TrustSet::new(), clock.clone());
        let health = Health::new();
        health.set("store", Part::Ready);
        health.set("trust", Part::NotReady("waits for the first revocations from auth-svc".to_owned()));
        registry.show(&health);
        Ok(Self {
            config,
            store,
            clock,
            verifier,
            tokens,
            schedule,
            bell,
            erasure_bell: Arc::new(Notify::new()),
            changes: Changes::default(),
            readers,
            replies,
            spending,
            search,
            streak,
            registry,
            metrics,
            health,
            lifecycle: lifecycle.clone(),
        })
    }

    /// The gRPC services, behind their gate.
    pub fn routes(&self) -> Routes {
        let append = Append::new(self.store.clone(), self.schedule.clone()).counted(self.metrics.clone());
        let conversations = Conversations::new(self.store.clone()).searched_by(self.search.clone());
        let again_after = self.config.upkeep.erase_again_after;
        let erase = Erase::new(self.store.clone(), self.clock.clone(), self.erasure_bell.clone(), again_after)
            .searched_by(self.search.clone());
        let exports = Exports {
            export: Export::new(self.store.clone()),
            at_once: AtOnce::default(),
            verifier: self.verifier.clone(),
            lifecycle: self.lifecycle.clone(),
        };
        let import = Import::new(self.store.clone(), append.clone(), self.schedule.clone());
        let routes = routes(
            ConversationApi {
                append: append.clone(),
                conversations: conversations.clone(),
                schedule: self.schedule.clone(),
            },
            ExtractionApi {
                schedule: self.schedule.clone(),
                conversations: conversations.clone(),
                operate: self.operate(),
                rereading: Rereading::new(self.store.clone(), self.schedule.clone(), self.readers.clone()),
                watchers: self.watchers(),
                bounds: QueueBounds { depth: self.config.schedule.depth, slots: self.config.queue.slots },
            },
            MemoryApi {
                recall: Recall::new(self.store.clone()),
                follow_ups: FollowUps::new(self.store.clone(), self.config.follow_ups.clone()),
                search: self.search.clone(),
                correct: Correct::new(self.store.clone(), self.clock.clone()),
                erase: erase.clone(),
                exports: exports.clone(),
                spending: self.spending.clone(),
                clock: self.clock.clone(),
            },
            ChatApi {
                append,
                conversations,
                replies: self.replies.clone(),
                schedule: self.schedule.clone(),
                verifier: self.verifier.clone(),
                clock: self.clock.clone(),
                lifecycle: self.lifecycle.clone(),
            },
            MemoryAdminApi { erase, exports, import },
        );
        let gated = Gate::new(self.verifier.clone(), self.tokens.clone(), ACCESS).around(routes);
        RpcMeter::new(&self.registry, proto::METHODS).around(gated)
    }

    /// Starts what goes on beside the requests: the workers, the sweep, and following the auth-svc behind `channel`.
    /// Everything ends with the lifecycle.
    pub fn start(&self, auth_svc: Channel) {
        let feed = follow(auth_svc, self.tokens.current.clone(), self.verifier.clone(), self.lifecycle.clone());
        self.lifecycle.spawn("trust feed", feed);
        self.start_work();
    }

    /// The same without following anybody: whoever shares [`App::verifier`] keeps it current.
    pub fn start_work(&self) {
        let cut = self.config.extraction.cut();
        // A pass that has taken half its time leaves the rest of a long talk to the next.
        let enough_after = *self.config.queue.pass / 2;
        let (store, readers, clock) = (self.store.clone(), self.readers.clone(), self.clock.clone());
        let extractor = Arc::new(Extractor::new(store, readers, clock, cut, enough_after));
        let (extracted, summaries) = mpsc::channel(GROWN_MAX);
        let queue = Queue {
            clock: self.clock.clone(),
            jobs: self.store.clone(),
            processor: extractor.clone(),
            bell: self.bell.clone(),
            changes: self.changes.clone(),
            extracted: Some(extracted),
            settings: self.config.queue.clone(),
            metrics: self.metrics.clone(),
            beat: self.hears("claims"),
        };
        queue.start(&self.lifecycle);
        self.start_summaries(summaries);
        let (schedule, metrics) = (self.schedule.clone(), self.metrics.clone());
        sweep(
            &self.lifecycle,
            self.clock.clone(),
            schedule,
            metrics,
            self.config.queue.sweep,
            self.hears("idle sweep"),
        );
        self.start_upkeep(extractor);
        let forgetting = self.lifecycle.draining().run_until_cancelled_owned(self.search.clone().keep_forgetting());
        self.lifecycle.spawn("search cache", async move {
            forgetting.await;
        });
        // Not a task of the runtime, which would not end before it: a process that is asked to stop must not wait for it.
        let warming = std::thread::Builder::new().name("vocabulary".to_owned()).spawn(recall::tokens::warm_up);
        if let Err(error) = warming {
            tracing::debug!(error = &error as &dyn std::error::Error, "the first request will load the vocabulary");
        }
        self.watch_trust();
        let looking = self.lifecycle.draining().run_until_cancelled_owned(self.lookout().keep_looking());
        self.lifecycle.spawn("lookout", self.hears("lookout").accompany(looking));
    }

    /// Starts erasing, forgetting what is old, and trying again after an outage.
    fn start_upkeep(&self, processor: Arc<Extractor>) {
        let (clock, settings, metrics) = (self.clock.clone(), self.config.upkeep.clone(), self.metrics.clone());
        let eraser = Eraser {
            clock: clock.clone(),
            erasures: self.store.clone(),
            bell: self.erasure_bell.clone(),
            metrics: metrics.clone(),
            lease: *self.config.queue.lease,
            poll: *self.config.queue.poll,
        };
        eraser.start(&self.lifecycle, self.hears("erasures"));
        let (outages, bell) = (self.store.clone(), self.bell.clone());
        probe(&self.lifecycle, clock.clone(), outages, processor, bell, metrics.clone(), settings.probe);
        let janitor = Janitor { clock, store: self.store.clone(), metrics, settings };
        janitor.start(&self.lifecycle, self.hears("janitor"));
    }

    fn start_summaries(&self, extracted: mpsc::Receiver<UserId>) {
        let Config { extraction, queue, summary, .. } = &self.config;
        let (readers, clock, enough_after) = (self.readers.clone(), self.clock.clone(), *queue.pass / 2);
        let roll_ups = RollUps::new(readers, clock, extraction.cut(), summary.threshold, enough_after);
        let summaries = Summaries {
            clock: self.clock.clone(),
            store: self.store.clone(),
            summariser: Arc::new(roll_ups),
            extracted,
            queue: queue.clone(),
            settings: summary.clone(),
            metrics: self.metrics.clone(),
        };
        summaries.start(&self.lifecycle, self.hears("summaries"));
    }

    /// What it counts.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Readiness and liveness.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Tells load balancers to look elsewhere. Call it when the drain begins.
    pub fn drain_begins(&self) {
        self.health.set("lifecycle", Part::NotReady("draining".to_owned()));
    }

    /// Closes the store. Call it last, when the lifecycle has ended.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// What this process knows of keys and revocations.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The store itself, for seeding a benchmark or looking at it from a test.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn hears(&self, name: &'static str) -> Beat {
        self.health.listens_for(name, SILENCE_MAX, self.clock.clone())
    }

    fn watchers(&self) -> Watchers {
        let watch = Watch {
            lookup: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            changes: self.changes.clone(),
            every: self.config.queue.poll.0,
            lifecycle: self.lifecycle.clone(),
        };
        let (clock, lifecycle) = (self.clock.clone(), self.lifecycle.clone());
        Watchers { watch, verifier: self.verifier.clone(), clock, lifecycle }
    }

    fn operate(&self) -> Operate {
        let limits = Limits {
            ready_age_max: *self.config.health.ready_age_max,
            model_failures_max: self.config.health.model_failures_max,
            readers: self.readers.clone(),
            streak: self.streak.clone(),
        };
        let jobs = self.store.clone();
        Operate::new(jobs, self.clock.clone(), self.bell.clone(), limits).counted(self.metrics.clone())
    }

    fn lookout(&self) -> Lookout {
        Lookout {
            operate: self.operate(),
            jobs: self.store.clone(),
            verifier: self.verifier.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Readiness follows the trust feed, at once when it first comes: without keys and revocations nobody can be let in.
    fn watch_trust(&self) {
        let (verifier, health, clock) = (self.verifier.clone(), self.health.clone(), self.clock.clone());
        let waiting = async move {
            while !verifier.is_ready() {
                clock.sleep(Duration::from_millis(50)).await;
            }
            health.set("trust", Part::Ready);
        };
        self.lifecycle.spawn("readiness", self.lifecycle.draining().run_until_cancelled_owned(waiting));
    }
}
