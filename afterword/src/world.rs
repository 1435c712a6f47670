//! Composition of the three services in one process, service by service, so that a test can stop and start each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use context_svc::llm::Model;
use kit::authn::{Keys, TrustSet, Verifier, follow};
use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use kit::process::Failure;
use kit::serve::{self, Doorway, GrpcServer, Health, Part};
use kit::telemetry::metrics::Registry;
use tokio::net::TcpListener;

use crate::config::Config;

/// The ways in to the services that others call. Made first, because the services call each other.
#[derive(Debug, Clone, Default)]
pub struct Doorways {
    /// To auth-svc.
    pub auth: Doorway,
    /// To context-svc.
    pub context: Doorway,
}

/// Bound listeners: whoever knows an address can connect at once.
#[derive(Debug)]
pub struct Ports {
    auth: TcpListener,
    context: TcpListener,
    gateway: TcpListener,
    admin: TcpListener,
}

impl Ports {
    /// Binds every address of the settings, or names the one that cannot be bound and its setting.
    pub async fn bind(config: &Config) -> Result<Self, serve::BindError> {
        Ok(Self {
            auth: serve::bind("auth.listen", &config.auth.listen).await?,
            context: serve::bind("context.listen", &config.context.listen).await?,
            gateway: serve::bind("gateway.listen", &config.gateway.listen).await?,
            admin: serve::bind("admin_listen", &config.admin_listen).await?,
        })
    }
}

/// Where the services are.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// auth-svc, gRPC.
    pub auth: SocketAddr,
    /// context-svc, gRPC.
    pub context: SocketAddr,
    /// The gateway, HTTP.
    pub gateway: SocketAddr,
    /// Health, readiness and metrics of all.
    pub admin: SocketAddr,
}

/// The three services, running.
pub struct World {
    /// Where they are.
    pub addresses: Addresses,
    health: Health,
    auth: auth_svc::App,
    context: context_svc::App,
    lifecycle: Lifecycle,
}

impl World {
    /// Starts all three on one lifecycle and waits until they are ready.
    pub async fn start(
        config: Config,
        ports: Ports,
        clock: SharedClock,
        lifecycle: &Lifecycle,
    ) -> Result<Self, Failure> {
        let Config { auth, context, gateway, .. } = config.shared();
        let addresses = Addresses {
            auth: ports.auth.local_addr()?,
            context: ports.context.local_addr()?,
            gateway: ports.gateway.local_addr()?,
            admin: ports.admin.local_addr()?,
        };
        let doorways = Doorways::default();
        let health = Health::new();
        let node = Node { clock, doorways, lifecycle: lifecycle.clone() };

        let auth = node.auth(auth, Some(ports.auth)).await?;
        health.include("auth-svc", auth.health());
        let context = node.context(context, Some(ports.context), None).await?;
        health.include("context-svc", context.health());
        let gateway = node.gateway(&gateway, ports.gateway)?;
        health.include("gateway", &gateway.health);
        let counted = vec![auth.registry().clone(), context.registry().clone(), gateway.registry];
        serve::admin(ports.admin, &health, counted, lifecycle);
        health.until_ready().await;
        Ok(Self { addresses, health, auth, context, lifecycle: lifecycle.clone() })
    }

    /// Drains, for at most `drain`, and closes the stores.
    pub async fn end(self, drain: Duration) {
        self.health.set("lifecycle", Part::NotReady("draining".to_owned()));
        self.auth.drain_begins();
        self.context.drain_begins();
        self.lifecycle.shutdown(drain).await;
        self.auth.store().close().await;
        self.context.store().close().await;
    }
}

/// The gateway, running.
pub struct Gateway {
    /// Its readiness.
    pub health: Health,
    /// What it counts.
    pub registry: Registry,
}

/// What one service is given by its surroundings. Each service may have a lifecycle of its own.
#[derive(Clone)]
pub struct Node {
    /// The time.
    pub clock: SharedClock,
    /// The ways to the services.
    pub doorways: Doorways,
    /// How long it lives.
    pub lifecycle: Lifecycle,
}

impl Node {
    /// Starts auth-svc behind its doorway, and on `listener` if there is one.
    pub async fn auth(
        &self,
        config: auth_svc::Config,
        listener: Option<TcpListener>,
    ) -> Result<auth_svc::App, Failure> {
        let reflection = config.reflection;
        let app = auth_svc::App::open(config, self.clock.clone(), &self.lifecycle).await?;
        let server = self.server(app.routes(), app.health(), reflection.then_some(auth_svc::SERVICES)).await?;
        self.serve(&server, &self.doorways.auth, listener);
        app.start(self.doorways.context.channel());
        Ok(app)
    }

    /// Starts context-svc behind its doorway, and on `listener` if there is one; with `model` instead of the configured one.
    pub async fn context(
        &self,
        config: context_svc::Config,
        listener: Option<TcpListener>,
        model: Option<Arc<dyn Model>>,
    ) -> Result<context_svc::App, Failure> {
        let reflection = config.reflection;
        let (clock, lifecycle) = (self.clock.clone(), &self.lifecycle);
        let app = match model {
            Some(model) => context_svc::App::open_with(config, clock, lifecycle, model).await?,
            None => context_svc::App::open(config, clock, lifecycle).await?,
        };
        let server = self.server(app.routes(), app.health(), reflection.then_some(context_svc::SERVICES)).await?;
        self.serve(&server, &self.doorways.context, listener);
        app.start(self.doorways.auth.channel());
        Ok(app)
    }

    /// Starts the gateway on `listener`.
    pub fn gateway(&self, config: &gateway::Config, listener: TcpListener) -> Result<Gateway, Failure> {
        let health = Health::new();
        let auth = self.doorways.auth.channel();
        let verifier =
            Verifier::new(gateway::app::token_policy(config), Keys::new(), TrustSet::new(), self.clock.clone());
        let token = config.internal_token()?;
        self.lifecycle.spawn("trust feed", follow(auth.clone(), token, verifier.clone(), self.lifecycle.clone()));
        let report =
            gateway::app::report_trust(verifier.clone(), health.clone(), self.clock.clone(), self.lifecycle.clone());
        self.lifecycle.spawn("readiness", report);
        // Chat streams have a channel of their own: connection windows are shared, and a stalled socket must not block a call.
        let context = &self.doorways.context;
        let channels = gateway::Channels { auth, context: context.channel(), chat: context.channel() };
        let app = gateway::App::new(config, channels, verifier, self.clock.clone(), &self.lifecycle)?;
        app.registry().show(&health);
        app.serve(listener, &self.lifecycle);
        Ok(Gateway { health, registry: app.registry().clone() })
    }

    async fn server(
        &self,
        routes: tonic::service::Routes,
        health: &Health,
        reflected: Option<&[&str]>,
    ) -> Result<GrpcServer, Failure> {
        let server = GrpcServer::new(routes, health).await;
        Ok(match reflected {
            Some(services) => server.with_reflection(&[proto::DESCRIPTOR_SET], services)?,
            None => server,
        })
    }

    fn serve(&self, server: &GrpcServer, doorway: &Doorway, listener: Option<TcpListener>) {
        server.serve_at(doorway, &self.lifecycle);
        if let Some(listener) = listener {
            server.serve(listener, &self.lifecycle);
        }
    }
}
