//! The real services in one process, each stoppable, with a scripted model and movable time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use afterword::client::Client;
use afterword::config::Config;
use afterword::world::{Doorways, Node};
use kit::authn::INTERNAL_TOKEN_HEADER;
use kit::clock::{Clock, TestClock, monotonic};
use kit::config::Period;
use kit::lifecycle::Lifecycle;
use kit::serve::GrpcServer;
use proto::context::v1 as pb;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::chaos::Chaos;
use crate::model::ScriptedModel;
use crate::processes::Service;
use crate::store;
use crate::user::User;

/// How long something that must happen may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

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
    chaos: Option<Chaos>,
    running: BTreeMap<Service, Running>,
    client: Client,
    _directory: TempDir,
}

impl World {
    /// Starts all three on an empty data directory.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with a chaos proxy, and TCP, on the way from auth-svc to context-svc.
    pub async fn start_with_chaos() -> Self {
        Self::open(|_| {}, Some(Chaos::start().await)).await
    }

    /// Starts all three with other settings than the defaults.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::open(change, None).await
    }

    async fn open(change: impl FnOnce(&mut Config), chaos: Option<Chaos>) -> Self {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        config.gateway.listen = "127.0.0.1:0".to_owned();
        // Hashing is bounded by memory bandwidth; the least that is allowed is enough for a story.
        config.auth.password.memory_kib = 7168;
        config.auth.password.iterations = std::num::NonZeroU32::MIN;
        // What a story leaves running is given back before its services are stopped hard.
        config.context.queue.drain = Period::millis(500);
        config.context.chat.drain = Period::millis(500);
        change(&mut config);
        let mut world = Self {
            model: ScriptedModel::default(),
            clock: TestClock::ticking(),
            config: config.shared(),
            doorways: Doorways::default(),
            chaos,
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

    /// The proxy on the way from auth-svc to context-svc.
    pub fn chaos(&self) -> &Chaos {
        self.chaos.as_ref().expect("the world was started with chaos")
    }

    /// Waits until context-svc has acknowledged just so many logouts since this was last asked, and nothing is left to deliver.
    pub async fn until_delivered(&self, logouts: usize) {
        let Some(Running { store: Store::Auth(store), .. }) = self.running.get(&Service::Auth) else {
            panic!("auth-svc does not run");
        };
        let end_of_time = jiff::Timestamp::MAX;
        let mut sent = 0;
        while sent < logouts {
            let ask = || async { store.purge_sent(end_of_time, usize::MAX >> 1).await.expect("the store answers") };
            sent += eventually("a delivery", ask, |purged| *purged > 0).await;
        }
        let left = store.claim_due(end_of_time, end_of_time, 1).await.expect("the store answers");
        assert_eq!((sent, left.len()), (logouts, 0), "logouts acknowledged, and left to deliver");
    }

    /// Lets a minute fly by: whoever tries something now and then has tried it some times.
    pub async fn a_minute_flies_by(&self) {
        let minute_is_over = self.clock.sleep(Duration::from_secs(60));
        self.while_time_flies(minute_is_over).await;
    }

    /// Lets time fly, a second each few milliseconds, until `what` has come about.
    pub async fn while_time_flies<T>(&self, what: impl Future<Output = T>) -> T {
        let mut what = std::pin::pin!(what);
        loop {
            match tokio::time::timeout(Duration::from_millis(20), &mut what).await {
                Ok(done) => return done,
                Err(_) => self.advance(Duration::from_secs(1)),
            }
        }
    }

    /// What operators see of the queue.
    pub async fn queue_status(&self) -> pb::GetQueueStatusResponse {
        let mut request = tonic::Request::new(pb::GetQueueStatusRequest {});
        let token = self.internal_token().parse().expect("a token is ASCII");
        request.metadata_mut().insert(INTERNAL_TOKEN_HEADER, token);
        let status = ExtractionServiceClient::new(self.doorways.context.channel()).get_queue_status(request).await;
        status.expect("context-svc answers operators").into_inner()
    }

    /// Where `word` stands in the store of context-svc: `table.column`, and the files that hold it anywhere, also in free space.
    pub fn traces_of(&self, word: &str) -> Vec<String> {
        let directory = self._directory.path();
        let mut traces = store::sqlite::places_of(word, &directory.join("context.db")).expect("the store can be read");
        for entry in std::fs::read_dir(directory).expect("the data directory can be read") {
            let entry = entry.expect("the data directory can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            if name.starts_with("context.db") && bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                traces.push(name);
            }
        }
        traces
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
                let app = match &self.chaos {
                    None => node.auth(self.config.auth.clone(), None).await.expect("the service starts"),
                    Some(chaos) => auth_behind(chaos, &node, self.config.auth.clone()).await,
                };
                (app.health().clone(), Store::Auth(app.store().clone()))
            }
            Service::Context => {
                let model = Arc::new(self.model.clone());
                let listener = match &self.chaos {
                    None => None,
                    Some(chaos) => Some(listener_behind(chaos).await),
                };
                let app =
                    node.context(self.config.context.clone(), listener, Some(model)).await.expect("the service starts");
                (app.health().clone(), Store::Context(app.store().clone()))
            }
            Service::Gateway => {
                let listener = kit::serve::bind("gateway.listen", &self.config.gateway.listen).await;
                let listener = listener.expect("a free port can be bound");
                let address = listener.local_addr().expect("a bound listener has an address");
                self.client = Client::new(format!("http://{address}"));
                (node.gateway(&self.config.gateway, listener).expect("the service starts").health, Store::None)
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

/// auth-svc, which finds context-svc over TCP behind the proxy.
async fn auth_behind(chaos: &Chaos, node: &Node, config: auth_svc::Config) -> auth_svc::App {
    let app = auth_svc::App::open(config, node.clock.clone(), &node.lifecycle).await.expect("the service starts");
    GrpcServer::new(app.routes(), app.health()).await.serve_at(&node.doorways.auth, &node.lifecycle);
    app.start(kit::serve::channel(&chaos.url()).expect("the address of the proxy is a URI"));
    app
}

async fn listener_behind(chaos: &Chaos) -> TcpListener {
    let listener = kit::serve::bind("context.listen", "127.0.0.1:0").await.expect("a free port can be bound");
    chaos.leads_to(&[listener.local_addr().expect("a bound listener has an address")]);
    listener
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
