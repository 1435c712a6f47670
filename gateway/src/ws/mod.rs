//! The WebSocket at `/api/v1/chat`: one socket is one `ChatService/Converse` stream.
//!
//! Here is the handshake: who may open a socket, and for which conversation. `session` carries the frames; what they mean is
//! the service's business.

mod ending;
mod frame;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, request};
use kit::authn::{AuthnError, bearer};
use kit::clock::SharedClock;
use kit::id::Secret;
use kit::lifecycle::Lifecycle;
use prost_reflect::{DynamicMessage, Value};
use tonic::transport::Channel;

use crate::failure::Failure;
use crate::http::access::Route;
use crate::http::cors::Origins;
use crate::http::guard::Guard;
use crate::http::headers::{client_address, to_metadata};
use crate::metrics::Metrics;
use crate::refusal::Refusal;
use crate::transcode::bind_query;
use crate::transcode::rule::Rpc;
use session::Session;

/// Where sockets are opened.
pub const PATH: &str = "/api/v1/chat";

/// The subprotocol that is spoken.
const PROTOCOL: &str = "afterword.v1";
/// A subprotocol that is none: how a browser, which cannot set headers, hands over its token.
const BEARER_PREFIX: &str = "bearer.";
/// The longest text of a message is 32 KiB, which JSON escapes may blow up to six times that.
const FRAME_BYTES_MAX: usize = 256 * 1024;
/// Held by every socket from its first moment, so not the library's 128 KiB; a longer frame has it grow for a while.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// What sockets need.
pub struct Chat {
    /// `ChatService/Converse`.
    pub converse: Rpc,
    /// The way there, shared with nothing else.
    pub channel: Channel,
    /// Who may come in.
    pub guard: Guard,
    /// Which pages may connect.
    pub origins: Origins,
    /// How many proxies in front of the gateway are ours.
    pub trusted_proxies: usize,
    /// The time.
    pub clock: SharedClock,
    /// The life of this process.
    pub lifecycle: Lifecycle,
    /// Counts.
    pub metrics: Metrics,
}

impl Chat {
    /// Answers a handshake. Everything that can be refused before there is a socket is refused as an ordinary answer.
    pub async fn open(self: Arc<Self>, request: Request) -> Response {
        let (mut request, _) = request.into_parts();
        let mut response = self.handshake(&mut request).await.unwrap_or_else(IntoResponse::into_response);
        response.extensions_mut().insert(Route(PATH.into()));
        response
    }

    async fn handshake(self: &Arc<Self>, request: &mut request::Parts) -> Result<Response, Failure> {
        let Ok(upgrade) = WebSocketUpgrade::from_request_parts(request, &()).await else {
            return Err(Refusal::NotAWebSocket.into());
        };
        if !self.origins.admit(&request.headers) {
            return Err(Refusal::OriginNotAllowed.into());
        }
        let first = self.first_message(request.uri.query().unwrap_or_default())?;
        let token = token(&request.headers)?;
        if let Some(token) = &token {
            self.guard.verify(token.expose()).map_err(Failure::of)?;
        }
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        let client = peer.map(|ConnectInfo(peer)| client_address(&request.headers, peer.ip(), self.trusted_proxies));
        let session = Session { chat: Arc::clone(self), first, token, metadata: to_metadata(&request.headers, client) };
        let lifecycle = self.lifecycle.clone();
        let upgrade = upgrade
            .max_message_size(FRAME_BYTES_MAX)
            .max_frame_size(FRAME_BYTES_MAX)
            .read_buffer_size(READ_BUFFER_BYTES)
            .protocols([PROTOCOL]);
        let open = self.metrics.clone();
        Ok(upgrade.on_upgrade(move |socket| async move {
            let _open = open.opens_socket();
            // Tracked, so that a drain waits until every socket has been told.
            let _ = lifecycle.spawn("websocket", session.run(socket)).await;
        }))
    }

    /// The `open` that the query stands for. A parameter that is no field of it, such as a token, is refused.
    fn first_message(&self, query: &str) -> Result<DynamicMessage, Refusal> {
        let absent = || Refusal::field("conversation_id", "must be given as the query parameter conversationId");
        let mut first = DynamicMessage::new(self.converse.request.clone());
        let field = self.converse.request.get_field_by_name("open").ok_or_else(absent)?;
        let kind = field.kind();
        let open = bind_query(kind.as_message().ok_or_else(absent)?, query)?;
        let conversation = open.get_field_by_name("conversation_id");
        let is_named = conversation.as_ref().and_then(|id| id.as_str()).is_some_and(|id| !id.is_empty());
        if !is_named {
            return Err(absent());
        }
        first.set_field(&field, Value::Message(open));
        Ok(first)
    }
}

/// The token that came with the handshake, by subprotocol or by header. Never from the URL, which ends up in logs.
fn token(headers: &HeaderMap) -> Result<Option<Secret>, Failure> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
    let by_protocol =
        offered.flat_map(|value| value.split(',')).find_map(|name| name.trim().strip_prefix(BEARER_PREFIX));
    if let Some(token) = by_protocol {
        return Ok(Some(Secret::new(token)));
    }
    match bearer(headers) {
        Ok(token) => Ok(Some(Secret::new(token))),
        Err(AuthnError::TokenMissing) => Ok(None),
        Err(error) => Err(Failure::of(error)),
    }
}
