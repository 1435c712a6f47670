//! A gateway in front of `tests/proto/shop.proto`.

use std::path::Path;
use std::sync::Arc;

use gateway::upstream::Upstreams;
use gateway::{App, Config};
use kit::authn::AuthnError;
use kit::lifecycle::Lifecycle;
use kit::status::to_status;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::dynamic::{Answer, Call, Server, descriptor_set, unary};
use crate::wire::{Reply, exchange, request};

/// A running gateway and the service behind it.
pub(crate) struct Shop {
    pub(crate) server: Server,
    pub(crate) address: String,
    pub(crate) lifecycle: Lifecycle,
    /// Notified when a call that waits for ever is dropped.
    pub(crate) dropped: Arc<Notify>,
    /// Notified when a call that waits for ever has arrived.
    pub(crate) arrived: Arc<Notify>,
}

impl Shop {
    /// Starts both.
    pub(crate) async fn open() -> Self {
        Self::open_with(Config::default()).await
    }

    /// Starts both, the gateway with these settings.
    pub(crate) async fn open_with(settings: Config) -> Self {
        let lifecycle = Lifecycle::new();
        let (dropped, arrived) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let behaviour = behaviour(Arc::clone(&dropped), Arc::clone(&arrived));
        let set = shop_descriptors();
        let pool = DescriptorPool::decode(set.as_slice()).expect("a descriptor set");
        let server = Server::start(pool, &lifecycle, behaviour).await;
        let address = gateway_to(&server.uri, settings, &lifecycle).await;
        Self { server, address, lifecycle, dropped, arrived }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        exchange(&self.address, &request(method, path, headers, body.as_bytes()), method == "HEAD").await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    /// The one call that arrived.
    pub(crate) fn only_call(&self) -> Call {
        let mut calls = self.server.take_calls();
        assert_eq!(calls.len(), 1, "exactly one call arrives");
        calls.remove(0)
    }
}

pub(crate) fn shop_descriptors() -> Vec<u8> {
    descriptor_set(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proto/shop.proto"))
}

/// A gateway whose shop answers at `uri`; returns where it listens.
pub(crate) async fn gateway_to(uri: &str, settings: Config, lifecycle: &Lifecycle) -> String {
    let channel = gateway::app::connect(uri).expect("a URI");
    let upstreams = Upstreams::default().with("shop.v1.Shop", channel);
    let app = App::of_descriptor_set(&settings, &shop_descriptors(), upstreams).expect("valid rules");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address").to_string();
    app.serve(listener, lifecycle);
    address
}

fn behaviour(dropped: Arc<Notify>, arrived: Arc<Notify>) -> impl Fn(&Call, MethodDescriptor) -> Answer {
    move |call, method| {
        if method.name() == "WatchOrders" {
            let breaks_off =
                call.message.get_field_by_name("note").is_some_and(|note| note.as_str() == Some("break off"));
            let end = breaks_off.then(|| Err(to_status(AuthnError::TokenRevoked)));
            let orders = [Ok(call.message.clone()), Ok(call.message.clone())].into_iter().chain(end);
            return Ok(tonic::Response::new(Box::pin(futures::stream::iter(orders))));
        }
        if method.name() != "Fail" {
            return unary(call.message.clone());
        }
        let how = call.message.get_field_by_name("how").and_then(|how| how.as_str().map(str::to_owned));
        match how.as_deref() {
            Some("refused") => Err(to_status(AuthnError::TokenRevoked)),
            Some("hidden") => Err(tonic::Status::with_details(tonic::Code::NotFound, "gone", bytes::Bytes::new())),
            _ => {
                let guard = NotifyOnDrop(Arc::clone(&dropped));
                arrived.notify_one();
                Ok(tonic::Response::new(Box::pin(futures::stream::once(async move {
                    let _guard = guard;
                    std::future::pending::<Result<DynamicMessage, tonic::Status>>().await
                }))))
            }
        }
    }
}

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
