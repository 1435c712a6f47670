//! The real services in one process, each stoppable, with a scripted model and movable time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use afterword::client::Client;
use afterword::config::Config;
use afterword::world::{Doorways, Node};
use kit::clock::{TestClock, monotonic};
use kit::config::Period;
use kit::lifecycle::Lifecycle;
use tempfile::TempDir;

use crate::model::ScriptedModel;
use crate::processes::Service;
use crate::user::User;

/// How long something that must happen may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a service may drain when a story stops it.
const DRAIN: Duration = Duration::from_secs(5);

/// A service that runs, and how it ends.
struct Running {
    lifecycle: Lifecycle,
    store: Store,
}

/// What has to be closed when a service ends.
enum Store {
    Auth(Arc<dyn auth_svc::store::Store>),
    Context(Arc<dyn context_svc::store::Store>),
    None,
}

impl Running {
    /// Drains and closes. Whether every task ended by itself.
    async fn end(self) -> bool {
        let finished = self.lifecycle.shutdown(DRAIN).await;
        match self.store {
            Store::Auth(store) => store.close().await,
            Store::Context(store) => store.close().await,
            Store::None => {}
        }
        finished
    }
}

/// The three services of one story.
pub struct World {
    /// The model that context-svc asks.
    pub model: ScriptedModel,
    clock: TestClock,
    config: Config,
    doorways: Doorways,
    running: BTreeMap<Service, Running>,
    client: Client,
    _directory: TempDir,
}

impl World {
    /// Starts all three on an empty data directory.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings than the defaults.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        config.gateway.listen = "127.0.0.1:0".to_owned();
        // Hashing is bounded by memory bandwidth; the least that is allowed is enough for a story.
        config.auth.password.memory_kib = 7168;
        config.auth.password.iterations = std::num::NonZeroU32::MIN;
        // What a story leaves running is given back before its services are stopped hard.
        config.context.queue.drain = Period::millis(500);
        change(&mut config);
        let mut world = Self {
            model: ScriptedModel::default(),
            clock: TestClock::ticking(),
            config: config.shared(),
            doorways: Doorways::default(),
            running: BTreeMap::new(),
            client: Client::new(""),
            _directory: directory,
        };
        for service in Service::ALL {
            world.start_service(service).await;
        }
        world
    }

    /// A registered user of that name.
    pub async fn user(&self, name: &str) -> User {
        User::of(&self.client, name).await
    }

    /// A client of the gateway that nobody has logged in with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The token by which services prove themselves.
    pub fn internal_token(&self) -> &str {
        self.config.auth.internal_tokens[0].expose()
    }

    /// Moves the time of all services.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Drains one service and ends it, as a rolling update does.
    pub async fn stop(&mut self, service: Service) {
        if let Some(running) = self.running.remove(&service) {
            running.end().await;
        }
    }

    /// Starts a service that was stopped, on the data it left.
    pub async fn start_service(&mut self, service: Service) {
        let lifecycle = Lifecycle::new();
        let node =
            Node { clock: Arc::new(self.clock.clone()), doorways: self.doorways.clone(), lifecycle: lifecycle.clone() };
        let (health, store) = match service {
            Service::Auth => {
                let app = node.auth(self.config.auth.clone(), None).await.expect("the service starts");
                (app.health().clone(), Store::Auth(app.store().clone()))
            }
            Service::Context => {
                let model = Arc::new(self.model.clone());
                let app =
                    node.context(self.config.context.clone(), None, Some(model)).await.expect("the service starts");
                (app.health().clone(), Store::Context(app.store().clone()))
            }
            Service::Gateway => {
                let listener = kit::serve::bind("gateway.listen", &self.config.gateway.listen).await;
                let listener = listener.expect("a free port can be bound");
                let address = listener.local_addr().expect("a bound listener has an address");
                self.client = Client::new(format!("http://{address}"));
                (node.gateway(&self.config.gateway, listener).expect("the service starts"), Store::None)
            }
        };
        self.running.insert(service, Running { lifecycle, store });
        // context-svc and the gateway wait for the trust feed, and so for auth-svc.
        if service == Service::Auth || self.running.contains_key(&Service::Auth) {
            let ready = tokio::time::timeout(PATIENCE, health.until_ready()).await;
            ready.unwrap_or_else(|_| panic!("{} is not ready: {}", service.program(), health.report()));
        }
    }

    /// Ends the story: every service drains, and none leaves a task behind.
    pub async fn end(mut self) {
        for service in [Service::Gateway, Service::Context, Service::Auth] {
            if let Some(running) = self.running.remove(&service) {
                let finished = running.end().await;
                assert!(finished, "{} left tasks behind", service.program());
            }
        }
    }
}

/// Asks again until the answer is as it should be, and fails the story if that takes too long.
pub async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F, is_right: impl Fn(&T) -> bool) -> T
where
    T: std::fmt::Debug,
    F: Future<Output = T>,
{
    let start = monotonic();
    loop {
        let answer = ask().await;
        if is_right(&answer) {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not come true; at last: {answer:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
