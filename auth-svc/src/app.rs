//! Composition: the one place where domain, store, relay and transport meet.

use std::sync::Arc;
use std::time::Duration;

use kit::authn::{Gate, InternalTokens, KeySet, Keys, Policy, Verifier};
use kit::clock::SharedClock;
use kit::error::InvalidField;
use kit::lifecycle::Lifecycle;
use kit::serve::{Beat, Health, Part};
use kit::telemetry::metrics::{Registry, RpcMeter};
use tokio::sync::Notify;
use tonic::service::Routes;
use tonic::transport::Channel;

use crate::Config;
use crate::domain::admission::{Admission, SessionLife};
use crate::domain::check_session::CheckSession;
use crate::domain::feed::{Feed, LookError};
use crate::domain::hashing::{Hasher, HashingError};
use crate::domain::keys::{self, KeysError};
use crate::domain::login::Login;
use crate::domain::logout::Logout;
use crate::domain::refresh::Refresh;
use crate::domain::register::Register;
use crate::domain::revoke::Revoke;
use crate::domain::sessions::Sessions;
use crate::domain::token::{Issuer, SigningError, Terms};
use crate::domain::vault::Vault;
use crate::grpc::{ACCESS, AuthApi, TrustApi, routes};
use crate::lookout::{HealthSettings, Lookout};
use crate::metrics::Metrics;
use crate::relay::Relay;
use crate::relay::scheduler::{ContextService, Scheduler};
use crate::relay::sight::Sight;
use crate::store::open::{OpenError, Opened, open};
use crate::store::{Store, StoreError};

/// How long a loop may be silent before the process is as good as dead.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Why auth-svc could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error("setting `{}`: {}", .0.field, .0.problem)]
    Setting(#[from] InvalidField),
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The keys could not be loaded.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Nothing can be signed with them.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// argon2 refuses its settings.
    #[error("setting `password`: {0}")]
    Hashing(#[from] HashingError),
    /// The store could not be read.
    #[error("could not read the revocations: {0}")]
    Store(#[from] StoreError),
}

/// auth-svc, opened and ready to be served.
pub struct App {
    store: Arc<dyn Store>,
    admission: Admission,
    tokens: InternalTokens,
    routes: Routes,
    relay: RelayParts,
    registry: Registry,
    metrics: Metrics,
    limits: HealthSettings,
    health: Health,
    lifecycle: Lifecycle,
}

struct RelayParts {
    bell: Arc<Notify>,
    terms: crate::relay::Terms,
}

impl App {
    /// Opens the store, loads the keys and reads what has been revoked.
    ///
    /// Logouts run as tasks of `lifecycle`: one that was begun is finished even if its caller hangs up.
    pub async fn open(config: Config, clock: SharedClock, lifecycle: &Lifecycle) -> Result<Self, StartError> {
        let tokens = config.tokens()?;
        let Opened { store, master_key } = open(&config.store, config.master_key.clone()).await?;
        let keyring = keys::load(store.as_ref(), &Vault::new(&master_key)?, clock.now()).await?;
        let hasher = Hasher::new(config.password.cost(), config.password.room())?;
        let registry = Registry::new("auth-svc");
        let metrics = Metrics::new(&registry);
        Metrics::show_hashing(&registry, &hasher);
        let feed = Feed::new(store.clone(), clock.clone(), *config.access_ttl);
        feed.look().await?;

        let terms =
            Terms { issuer: config.issuer.clone(), audience: config.audience.clone(), lifetime: *config.access_ttl };
        let bell = Arc::new(Notify::new());
        let revoke =
            Revoke { sessions: store.clone(), feed: feed.clone(), outbox_bell: bell.clone(), clock: clock.clone() };
        let admission = Admission {
            accounts: store.clone(),
            revoke: revoke.clone(),
            issuer: Arc::new(Issuer::new(&keyring.kid, &keyring.signing, terms)?),
            refresh_keys: keyring.refresh.clone(),
            life: SessionLife { idle: *config.session_idle, absolute: *config.session_absolute },
        };
        let verifier = verifier(&config, &keyring.published, feed.clone(), clock.clone());
        let auth = AuthApi {
            register: Register { hasher: hasher.clone(), admission: admission.clone() },
            login: Login { hasher, admission: admission.clone(), metrics: metrics.clone() },
            refresh: Refresh { admission: admission.clone() },
            logout: Arc::new(Logout {
                revoke,
                kept_keys: keyring.kept,
                refresh_keys: keyring.refresh,
                issuer: config.issuer,
                audience: config.audience,
                metrics: metrics.clone(),
            }),
            sessions: Sessions { admission: admission.clone() },
            published: keyring.published,
            lifecycle: lifecycle.clone(),
        };
        let check = CheckSession { store: store.clone(), idle: *config.session_idle, clock };
        let trust = TrustApi { feed, check, lifecycle: lifecycle.clone() };
        let gated = Gate::new(verifier, tokens.clone(), ACCESS).around(routes(auth, trust));
        let routes = RpcMeter::new(&registry, proto::METHODS).around(gated);

        let health = Health::new();
        health.set("store", Part::Ready);
        registry.show(&health);
        let relay = RelayParts { bell, terms: config.relay.terms() };
        let (limits, lifecycle) = (config.health, lifecycle.clone());
        Ok(Self { store, admission, tokens, routes, relay, registry, metrics, limits, health, lifecycle })
    }

    /// The gRPC services, behind their gate.
    pub fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Starts what goes on beside the requests: the relay to the context-svc behind `channel`, and the trust feed's look into
    /// the store each second. Everything ends with the lifecycle.
    pub fn start(&self, channel: Channel) {
        self.start_with(Arc::new(ContextService::new(channel, self.tokens.current.clone())));
    }

    /// The same with another way to reach context-svc.
    pub fn start_with(&self, scheduler: Arc<dyn Scheduler>) {
        let relay = Relay {
            outbox: self.store.clone(),
            scheduler,
            bell: self.relay.bell.clone(),
            clock: self.clock(),
            terms: self.relay.terms,
            sight: Sight::new(self.metrics.clone(), self.health.clone(), self.hears("relay")),
        };
        let draining = self.lifecycle.draining();
        self.lifecycle.spawn("relay", relay.clone().run(draining.clone()));
        self.lifecycle.spawn("outbox purge", draining.clone().run_until_cancelled_owned(relay.keep_purging()));
        let looking = draining.run_until_cancelled_owned(self.lookout().keep_looking());
        self.lifecycle.spawn("lookout", self.hears("lookout").accompany(looking));
        self.lifecycle.spawn("trust feed", self.follow_trust());
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

    /// The store itself, for seeding a benchmark without thousands of password hashes.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What sessions are started with, for seeding a benchmark: [`Admission::start_session`] needs an account and no password.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Looks for what has been revoked until the drain.
    fn follow_trust(&self) -> impl Future<Output = ()> + Send + use<> {
        let (feed, health, beat) = (self.admission.revoke.feed.clone(), self.health.clone(), self.hears("trust feed"));
        let (draining, metrics) = (self.lifecycle.draining(), self.metrics.clone());
        async move {
            let looking = feed.keep_looking(|looked| report_store(&health, &metrics, looked));
            beat.accompany(draining.run_until_cancelled(looking)).await;
        }
    }

    fn lookout(&self) -> Lookout {
        Lookout {
            outbox: self.store.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            clock: self.clock(),
            settings: self.limits.clone(),
        }
    }

    fn hears(&self, name: &'static str) -> Beat {
        self.health.listens_for(name, SILENCE_MAX, self.clock())
    }

    fn clock(&self) -> SharedClock {
        self.admission.revoke.clock.clone()
    }
}

fn verifier(config: &Config, published: &[kit::authn::Jwk], feed: Feed, clock: SharedClock) -> Verifier {
    let policy =
        Policy { issuer: config.issuer.clone(), audience: config.audience.clone(), max_ttl: *config.access_ttl };
    let keys = Keys::new();
    keys.replace(KeySet::of(published.iter().cloned()));
    Verifier::new(policy, keys, feed.trust(), clock)
}

/// The feed's look into the store each second doubles as its check.
fn report_store(health: &Health, metrics: &Metrics, looked: Result<(), LookError>) {
    let Err(error) = looked else { return health.set("store", Part::Ready) };
    metrics.store_failed("trust");
    tracing::warn!(error = &error as &dyn std::error::Error, "the store cannot be read");
    let reason = match error {
        LookError::NoAnswer => "does not answer",
        LookError::Store(_) => "cannot be read",
    };
    health.set("store", Part::NotReady(reason.to_owned()));
}
