//! Listening: a gRPC server over TCP or inside the process, and the admin port beside it.

mod doorway;
mod health;
mod pulse;

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};

use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::{Registry, page};

pub use doorway::Doorway;
pub use health::{Health, Part};
pub use pulse::Beat;

/// HTTP/2 pings both ways: a peer that died silently is noticed within this time plus the timeout.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The text format that Prometheus reads.
const PAGE_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What every gRPC server of ours serves besides its own.
const OWN_SERVICES: [&str; 2] = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];

/// No call takes longer until its answer begins; a stream may go on after that. Whoever waits until nothing begun at some time
/// can still write, waits for longer than this.
pub const REQUEST_MAX: Duration = Duration::from_secs(50);

const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} (setting `{setting}`): {source}; free the port or choose another")]
pub struct BindError {
    /// The key of the setting that holds the address.
    pub setting: &'static str,
    /// The address.
    pub address: String,
    /// What the operating system said.
    pub source: io::Error,
}

/// Binds a listener before anything else starts, so that whoever is told the port can connect at once.
pub async fn bind(setting: &'static str, address: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| BindError { setting, address: address.to_owned(), source })
}

/// The gRPC services of one process, with the standard health service.
#[derive(Debug, Clone)]
pub struct GrpcServer {
    pub(crate) routes: Routes,
}

impl GrpcServer {
    /// Serves `routes`, and `grpc.health.v1.Health` that follows `health`.
    pub async fn new(routes: Routes, health: &Health) -> Self {
        Self { routes: routes.add_service(health.grpc_service().await) }
    }

    /// Adds gRPC server reflection v1 for the encoded descriptor sets given.
    ///
    /// Only `services`, by full name, are listed: the descriptors of a contract describe its other services, too.
    pub fn with_reflection(
        self,
        descriptor_sets: &[&'static [u8]],
        services: &[&str],
    ) -> Result<Self, tonic_reflection::server::Error> {
        let mut builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // So that a client can read the details of our errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
        for service in services.iter().chain(&OWN_SERVICES) {
            builder = builder.with_service_name(*service);
        }
        for set in descriptor_sets {
            builder = builder.register_encoded_file_descriptor_set(set);
        }
        Ok(Self { routes: self.routes.add_service(builder.build_v1()?) })
    }

    /// Serves connections from `listener` until the drain, then finishes what was begun.
    pub fn serve(&self, listener: TcpListener, lifecycle: &Lifecycle) {
        let incoming = TcpListenerStream::new(listener).map(|stream| {
            stream.inspect(|stream| {
                // Small frames must not wait for a full packet. A failure leaves the connection slower, not wrong.
                let _ = stream.set_nodelay(true);
            })
        });
        let server = server().add_routes(self.routes.clone());
        let draining = lifecycle.draining();
        lifecycle.spawn("grpc server", async move {
            if let Err(error) = server.serve_with_incoming_shutdown(incoming, draining.cancelled_owned()).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the gRPC server ended");
            }
        });
    }

    /// Serves behind `doorway`, through memory, until the drain. Whoever stood behind it before is replaced.
    pub fn serve_at(&self, doorway: &Doorway, lifecycle: &Lifecycle) {
        let server = server().add_routes(self.routes.clone());
        let draining = lifecycle.draining();
        let incoming = doorway.open().map(Ok::<_, io::Error>);
        lifecycle.spawn("in-process grpc server", async move {
            if let Err(error) = server.serve_with_incoming_shutdown(incoming, draining.cancelled_owned()).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the in-process gRPC server ended");
            }
        });
    }

    /// Serves without a port: the channel returned reaches this server through memory.
    pub fn serve_in_process(&self, lifecycle: &Lifecycle) -> Channel {
        let doorway = Doorway::default();
        self.serve_at(&doorway, lifecycle);
        doorway.channel()
    }
}

fn server() -> Server {
    Server::builder()
        .timeout(REQUEST_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        // One gateway holds all its chat sockets on one connection.
        .max_concurrent_streams(16_384)
}

/// A channel to another process that connects when first used and reconnects by itself.
pub fn channel(uri: &str) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(uri.to_owned())?
        .connect_timeout(Duration::from_secs(1))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .connect_lazy())
}

/// Serves `/livez`, `/readyz` and `/metrics` until the hard stop: an operator wants to see a drain, too.
///
/// `counted` are the registries of every service in the process; they make one page.
pub fn admin(listener: TcpListener, health: &Health, counted: Vec<Registry>, lifecycle: &Lifecycle) {
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(health.clone())
        .route("/metrics", get(move || async move { ([(CONTENT_TYPE, PAGE_TYPE)], page(&counted)) }));
    let stopped = lifecycle.stopped();
    // Not a task of the lifecycle: the drain would wait for what lasts as long as it does.
    tokio::spawn(stopped.run_until_cancelled_owned(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the admin server ended");
        }
    }));
}

async fn livez(State(health): State<Health>) -> Response {
    match health.silent().as_slice() {
        [] => "ok".into_response(),
        silent => (StatusCode::SERVICE_UNAVAILABLE, silent.join("\n")).into_response(),
    }
}

async fn readyz(State(health): State<Health>) -> Response {
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health.report())).into_response()
}

#[cfg(test)]
mod tests;
