//! The services behind the gateway, and calls to them without generated code.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use futures::Stream;
use prost_reflect::DynamicMessage;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::transcode::codec::DynamicCodec;
use crate::transcode::rule::Rpc;

/// The window of one chat stream. Small, so that a socket nobody reads holds back little.
const CHAT_WINDOW_BYTES: u32 = 64 * 1024;

/// The longest message of a stream. One of an export may be long: it holds all that is remembered across conversations.
const LISTENED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which channel leads to which service.
#[derive(Debug, Clone, Default)]
pub struct Upstreams {
    channels: HashMap<String, Channel>,
}

impl Upstreams {
    /// Adds a service by its full name: `package.Service`.
    pub fn with(mut self, service: impl Into<String>, channel: Channel) -> Self {
        self.channels.insert(service.into(), channel);
        self
    }

    /// Whether there is a way to `service`.
    pub fn serves(&self, service: &str) -> bool {
        self.channels.contains_key(service)
    }

    /// Every service there is a way to.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.channels.keys().map(String::as_str)
    }

    /// Calls a unary method. Dropping the future cancels the call.
    pub async fn call(&self, rpc: &Rpc, request: Request<DynamicMessage>) -> Result<Response<DynamicMessage>, Failure> {
        let channel = self.channels.get(&rpc.service).ok_or_else(|| unavailable(rpc))?;
        let mut client = ready(channel, rpc).await?;
        let codec = DynamicCodec::receiving(rpc.response.clone());
        client.unary(request, rpc.path.clone(), codec).await.map_err(|status| explain(status, rpc))
    }
}

impl Upstreams {
    /// Calls a method that answers with a stream. Dropping the stream cancels the call.
    pub async fn listen(
        &self,
        rpc: &Rpc,
        request: Request<DynamicMessage>,
    ) -> Result<Response<Streaming<DynamicMessage>>, Failure> {
        let channel = self.channels.get(&rpc.service).ok_or_else(|| unavailable(rpc))?;
        let mut client = ready(channel, rpc).await?.max_decoding_message_size(LISTENED_BYTES_MAX);
        let codec = DynamicCodec::receiving(rpc.response.clone());
        client.server_streaming(request, rpc.path.clone(), codec).await.map_err(|status| explain(status, rpc))
    }
}

/// Opens a stream both ways. Dropping it cancels the call.
pub(crate) async fn open(
    channel: &Channel,
    rpc: &Rpc,
    request: Request<impl Stream<Item = DynamicMessage> + Send + 'static>,
) -> Result<Streaming<DynamicMessage>, Failure> {
    let mut client = ready(channel, rpc).await?;
    let codec = DynamicCodec::receiving(rpc.response.clone());
    let answer = client.streaming(request, rpc.path.clone(), codec).await;
    answer.map(Response::into_inner).map_err(|status| explain(status, rpc))
}

async fn ready(channel: &Channel, rpc: &Rpc) -> Result<Grpc<Channel>, Failure> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| {
        tracing::warn!(error = &error as &dyn Error, rpc.service, "upstream is not reachable");
        unavailable(rpc)
    })?;
    Ok(client)
}

/// There is no way to the service now.
pub(crate) fn unavailable(rpc: &Rpc) -> Refusal {
    Refusal::UpstreamUnavailable { service: rpc.service.clone() }
}

/// Tells what the service said from what became of the connection.
pub(crate) fn explain(status: Status, rpc: &Rpc) -> Failure {
    let Some(source) = status.source() else { return Failure::Answered(status) };
    if is_caused_by::<tonic::TimeoutExpired>(source) {
        return Refusal::DeadlineExceeded.into();
    }
    let is_lost = matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled);
    if !is_lost {
        return Failure::Answered(status);
    }
    tracing::warn!(error = source, rpc.service, "the call was lost");
    unavailable(rpc).into()
}

fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| error.is::<E>())
}

/// A channel for chat streams alone: windows of a connection are shared, and a few stalled sockets must not block other calls.
pub fn chat_channel(uri: &str) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(uri.to_owned())?
        .connect_timeout(Duration::from_secs(1))
        .tcp_nodelay(true)
        .initial_stream_window_size(CHAT_WINDOW_BYTES)
        .http2_keep_alive_interval(kit::serve::KEEP_ALIVE)
        .keep_alive_timeout(kit::serve::KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect_lazy())
}
