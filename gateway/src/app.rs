//! Composition: which services are behind the gateway, and what stands in front of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use kit::authn::{Policy, Verifier};
use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use kit::serve::Health;
use kit::telemetry::metrics::Registry;
use prost_reflect::{DescriptorError, DescriptorPool};
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::config::Config;
use crate::http::access::{self, Around};
use crate::http::cors::Origins;
use crate::http::guard::Guard;
use crate::http::server;
use crate::http::transcoded::Transcoder;
use crate::metrics::Metrics;
use crate::transcode::Table;
use crate::transcode::rule::{Rpc, RuleError};
use crate::upstream::{Upstreams, chat_channel};
use crate::ws::{self, Chat};

/// What may be called without a token. Logout is never an obstacle: auth-svc takes whatever comes.
const PUBLIC: &[&str] = &[
    "/afterword.auth.v1.AuthService/Register",
    "/afterword.auth.v1.AuthService/Login",
    "/afterword.auth.v1.AuthService/Refresh",
    "/afterword.auth.v1.AuthService/Logout",
    "/afterword.auth.v1.AuthService/GetJwks",
];
const AUTH_PACKAGE: &str = "afterword.auth.v1";
/// The longest life of an access token that is accepted: the longest that auth-svc can be told to give one.
const TOKEN_TTL_MAX: Duration = Duration::from_secs(3600);
const TRUST_REPORT_EVERY: Duration = Duration::from_millis(100);
/// What it is called where several services share a page.
const SERVICE: &str = "gateway";
const CHAT_SERVICE: &str = "afterword.context.v1.ChatService";

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The descriptor set cannot be read.
    #[error("the descriptor set cannot be read: {0}")]
    DescriptorSet(#[from] DescriptorError),
    /// A rule cannot be served.
    #[error("{0}")]
    Rule(#[from] RuleError),
    /// There would be nothing to serve.
    #[error("no method of {services} has a google.api.http rule; was the descriptor set built with its imports?")]
    NoRules {
        /// The services asked for.
        services: String,
    },
    /// An upstream that the descriptor set does not describe.
    #[error("the descriptor set has no service {service}")]
    UnknownService {
        /// Its full name.
        service: String,
    },
    /// An address that is no URI.
    #[error("`{uri}` is no address of a service: {source}")]
    Address {
        /// As written.
        uri: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
}

/// The ways to our own services.
#[derive(Debug, Clone)]
pub struct Channels {
    /// To auth-svc.
    pub auth: Channel,
    /// To context-svc.
    pub context: Channel,
    /// To context-svc again, for chat streams alone.
    pub chat: Channel,
}

impl Channels {
    /// Channels to separate processes. They connect when first used.
    pub fn connect(config: &Config) -> Result<Self, StartError> {
        Ok(Self {
            auth: connect(&config.auth_svc)?,
            context: connect(&config.context_svc)?,
            chat: chat_channel(&config.context_svc).map_err(address(&config.context_svc))?,
        })
    }
}

/// A channel to any service. It connects when first used.
pub fn connect(uri: &str) -> Result<Channel, StartError> {
    kit::serve::channel(uri).map_err(address(uri))
}

fn address(uri: &str) -> impl FnOnce(tonic::transport::Error) -> StartError {
    move |source| StartError::Address { uri: uri.to_owned(), source }
}

/// What access tokens must say.
pub fn token_policy(config: &Config) -> Policy {
    Policy { issuer: config.issuer.clone(), audience: config.audience.clone(), max_ttl: TOKEN_TTL_MAX }
}

/// The gateway, ready to serve.
#[derive(Clone)]
pub struct App {
    router: Router,
    registry: Registry,
}

impl App {
    /// The gateway in front of our own services. Somebody else keeps `verifier` current.
    pub fn new(
        config: &Config,
        channels: Channels,
        verifier: Verifier,
        clock: SharedClock,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let pool = DescriptorPool::decode(proto::DESCRIPTOR_SET)?;
        let mut upstreams = Upstreams::default();
        for service in pool.services().filter(|service| service.package_name().starts_with("afterword.")) {
            let is_auth = service.package_name() == AUTH_PACKAGE;
            let channel = if is_auth { &channels.auth } else { &channels.context };
            upstreams = upstreams.with(service.full_name(), channel.clone());
        }
        let guard = Guard::new(verifier, PUBLIC);
        let registry = Registry::new(SERVICE);
        let metrics = Metrics::new(&registry);
        let chat = Chat {
            converse: converse(&pool)?,
            channel: channels.chat,
            guard: guard.clone(),
            origins: Origins::new(config.origins.clone()),
            trusted_proxies: config.trusted_proxies,
            clock,
            lifecycle: lifecycle.clone(),
            metrics: metrics.clone(),
        };
        let router = compose(config, &pool, upstreams, Some(guard))?.chat(chat).around(config, metrics);
        Ok(Self { router, registry })
    }

    /// The gateway in front of anybody's services, by their descriptor set. Nobody is asked for a token.
    pub fn of_descriptor_set(config: &Config, descriptor_set: &[u8], upstreams: Upstreams) -> Result<Self, StartError> {
        let pool = DescriptorPool::decode(descriptor_set)?;
        let registry = Registry::new(SERVICE);
        let router = compose(config, &pool, upstreams, None)?.around(config, Metrics::new(&registry));
        Ok(Self { router, registry })
    }

    /// What it counts.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Serves on `listener` until the drain.
    pub fn serve(&self, listener: TcpListener, lifecycle: &Lifecycle) {
        server::serve(listener, self.router.clone(), lifecycle);
    }
}

/// Every route but those around and beside the transcoder.
struct Routes(Router);

fn compose(
    config: &Config,
    pool: &DescriptorPool,
    upstreams: Upstreams,
    guard: Option<Guard>,
) -> Result<Routes, StartError> {
    if let Some(service) = upstreams.services().find(|service| pool.get_service_by_name(service).is_none()) {
        return Err(StartError::UnknownService { service: service.to_owned() });
    }
    let table = Table::of(pool, |service| upstreams.serves(service))?;
    if table.rules().is_empty() {
        let services = upstreams.services().collect::<Vec<_>>().join(", ");
        return Err(StartError::NoRules { services });
    }
    let transcoder = Arc::new(Transcoder {
        table,
        upstreams,
        guard,
        body_bytes_max: config.body_bytes_max,
        deadline_max: *config.deadline_max,
        trusted_proxies: config.trusted_proxies,
    });
    Ok(Routes(Router::new().fallback(move |request: Request| {
        let transcoder = Arc::clone(&transcoder);
        async move { transcoder.answer(request).await }
    })))
}

impl Routes {
    fn chat(self, chat: Chat) -> Self {
        let chat = Arc::new(chat);
        Self(self.0.route(ws::PATH, any(move |request: Request| Arc::clone(&chat).open(request))))
    }

    fn around(self, config: &Config, metrics: Metrics) -> Router {
        let around = Around { origins: Origins::new(config.origins.clone()), metrics };
        self.0.layer(from_fn_with_state(around, access::around))
    }
}

/// Keeps the readiness part `trust` true to whether tokens can be verified, until the drain.
pub async fn report_trust(verifier: Verifier, health: Health, clock: SharedClock, lifecycle: Lifecycle) {
    let reporting = async {
        loop {
            health.set("trust", verifier.readiness());
            clock.sleep(TRUST_REPORT_EVERY).await;
        }
    };
    lifecycle.draining().run_until_cancelled(reporting).await;
}

/// The one streaming method that sockets speak to.
fn converse(pool: &DescriptorPool) -> Result<Rpc, StartError> {
    let service = pool.get_service_by_name(CHAT_SERVICE);
    let method = service.and_then(|service| service.methods().find(|method| method.name() == "Converse"));
    let unknown = || StartError::UnknownService { service: CHAT_SERVICE.to_owned() };
    method.and_then(|method| Rpc::of(&method)).ok_or_else(unknown)
}
