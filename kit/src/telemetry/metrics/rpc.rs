//! How long gRPC calls take and how they end, seen from outside every other layer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tonic::Code;
use tonic::service::Routes;
use tower::{Layer, Service};

use super::{Declared, Histogram, Registry, SECONDS};
use crate::clock::monotonic;
use crate::status::code_name;

/// What a method is called that does not exist: a stranger must not be able to fill the page with names.
const OTHER_METHOD: &str = "_OTHER";

const STATUS: &str = "grpc-status";

pub(super) const DURATION: Declared = Declared::duration(
    "rpc.server.call.duration",
    SECONDS,
    "How long gRPC calls took, until their status was sent; a stream counts when it ends.",
)
.by(&["rpc.method", "rpc.response.status_code"]);

/// Measures every call of a server.
#[derive(Clone)]
pub struct RpcMeter {
    duration: Histogram,
    methods: &'static [&'static str],
}

impl RpcMeter {
    /// Tells calls of `methods` apart: paths in ascending order, such as `/afterword.auth.v1.AuthService/Login`.
    pub fn new(registry: &Registry, methods: &'static [&'static str]) -> Self {
        Self { duration: registry.histogram(&DURATION), methods }
    }

    /// Puts `routes`, with whatever is around them, under measurement.
    pub fn around(self, routes: Routes) -> Routes {
        routes.into_axum_router().layer(self).into()
    }

    fn begin(&self, path: &str) -> Call {
        let known = self.methods.binary_search(&path).map(|at| self.methods[at].trim_start_matches('/'));
        Call {
            duration: self.duration.clone(),
            method: known.unwrap_or(OTHER_METHOD),
            started: monotonic(),
            // Unless something else is heard, whoever called has hung up.
            ended: Code::Cancelled,
        }
    }
}

impl<S> Layer<S> for RpcMeter {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured { meter: self.clone(), inner }
    }
}

/// A service under an [`RpcMeter`].
#[derive(Clone)]
pub struct Measured<S> {
    meter: RpcMeter,
    inner: S,
}

impl<S, B> Service<Request<B>> for Measured<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut call = self.meter.begin(request.uri().path());
        let answer = self.inner.call(request);
        async move {
            let (head, body) = answer.await?.into_parts();
            call.hear(&head.headers);
            Ok(Response::from_parts(head, Body::new(MeasuredBody { body, call })))
        }
        .boxed()
    }
}

/// One call. It is over when dropped.
struct Call {
    duration: Histogram,
    method: &'static str,
    started: Instant,
    ended: Code,
}

impl Call {
    /// A failure without an answer has its status among the headers, everything else among the trailers.
    fn hear(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get(STATUS) {
            self.ended = Code::from_bytes(status.as_bytes());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.duration.record(self.started.elapsed(), [self.method.into(), code_name(self.ended).into()]);
    }
}

/// The body of an answer, read along for its status.
struct MeasuredBody {
    body: Body,
    call: Call,
}

impl HttpBody for MeasuredBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(trailers) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.trailers_ref()) {
            self.call.hear(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
