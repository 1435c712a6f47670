//! The handler behind every rule: from a request to a rule, to a call, to an answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, request};
use kit::clock::monotonic;
use kit::serve::REQUEST_MAX;
use prost_reflect::DynamicMessage;
use tonic::Code;

use super::access::Route;

use super::guard::Guard;
use super::{body, cors, headers, stream};
use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::transcode::request::Parts;
use crate::transcode::rule::Rule;
use crate::transcode::{Found, Table};
use crate::upstream::Upstreams;

/// How far two timers for the same moment may lie apart.
const TIMER_SLACK: Duration = Duration::from_millis(20);

/// What the handler needs.
pub struct Transcoder {
    /// The routes.
    pub table: Table,
    /// The services behind them.
    pub upstreams: Upstreams,
    /// Who may call what; `None` lets everybody call everything.
    pub guard: Option<Guard>,
    /// The longest request body.
    pub body_bytes_max: usize,
    /// The longest a request may take.
    pub deadline_max: Duration,
    /// How many proxies in front of the gateway are ours.
    pub trusted_proxies: usize,
}

impl Transcoder {
    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response {
        let (request, body) = request.into_parts();
        let target = request.uri.path();
        let is_ascii = request.uri.path_and_query().is_none_or(|target| target.as_str().is_ascii());
        if !is_ascii {
            return Failure::from(Refusal::MalformedTarget).into_response();
        }
        match self.table.find(&request.method, target) {
            Found::Rule(rule, segments) => {
                let called = Called { rule, segments, request: &request };
                let mut response = self.serve(called, body).await.unwrap_or_else(IntoResponse::into_response);
                response.extensions_mut().insert(Route(Arc::clone(&rule.template.text)));
                response
            }
            Found::OtherMethods(allow) if request.method == Method::OPTIONS => cors::preflight(&allow),
            Found::OtherMethods(allow) => {
                Failure::from(Refusal::MethodNotAllowed { method: request.method, allow }).into_response()
            }
            Found::Nothing => Failure::from(Refusal::RouteNotFound).into_response(),
        }
    }

    async fn serve(&self, called: Called<'_>, body: Body) -> Result<Response, Failure> {
        let started = monotonic();
        let headers = &called.request.headers;
        let limit = headers::deadline(headers, self.deadline_max)?;
        if let Some(guard) = &self.guard {
            guard.admit(called.rule.rpc.path.as_str(), headers).map_err(Failure::of)?;
        }
        let answer = async {
            let body = self.read(&called, body).await?;
            let message = called.rule.bind(&called.parts(), &body)?;
            let mut call = tonic::Request::new(message);
            *call.metadata_mut() = headers::to_metadata(headers, self.client(called.request));
            call.set_timeout(limit.saturating_sub(started.elapsed()));
            if called.rule.rpc.is_streaming {
                let answer = self.upstreams.listen(&called.rule.rpc, call).await?;
                return Ok(stream::response(answer, Arc::clone(called.rule)));
            }
            let answer = self.upstreams.call(&called.rule.rpc, call).await?;
            response(called.rule, answer)
        };
        // The timer of the call ends its stream; this one also covers a body that never comes.
        let answer = tokio::time::timeout(limit, answer).await;
        let answer = answer.unwrap_or_else(|_| Err(Refusal::DeadlineExceeded.into()));
        answer.map_err(
            |failure| {
                if is_late(&failure, limit, started) { Refusal::DeadlineExceeded.into() } else { failure }
            },
        )
    }

    async fn read(&self, called: &Called<'_>, body: Body) -> Result<Bytes, Refusal> {
        if !called.rule.reads_body() || http_body::Body::is_end_stream(&body) {
            return Ok(Bytes::new());
        }
        let checked = called.rule.check_media_type(&called.request.headers);
        let is_announced = http_body::Body::size_hint(&body).lower() > 0;
        if is_announced {
            checked.clone()?;
        }
        let body = body::read(body, self.body_bytes_max).await?;
        if !body.is_empty() {
            checked?;
        }
        Ok(body)
    }

    fn client(&self, request: &request::Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(headers::client_address(&request.headers, peer.ip(), self.trusted_proxies))
    }
}

/// The whole answer.
fn response(rule: &Rule, answer: tonic::Response<DynamicMessage>) -> Result<Response, Failure> {
    let (metadata, message, _) = answer.into_parts();
    let rendered = rule.render(&message).map_err(Failure::of)?;
    let mut response = Response::new(Body::from(rendered.body));
    headers::from_metadata(metadata, response.headers_mut());
    response.headers_mut().insert(CONTENT_TYPE, rendered.content_type);
    Ok(response)
}

/// A request and the rule it means.
struct Called<'a> {
    rule: &'a Arc<Rule>,
    segments: Vec<std::ops::Range<usize>>,
    request: &'a request::Parts,
}

impl Called<'_> {
    fn parts(&self) -> Parts<'_> {
        Parts {
            path: self.request.uri.path(),
            segments: &self.segments,
            query: self.request.uri.query().unwrap_or_default(),
            is_patch: self.request.method == Method::PATCH,
            content_type: self.request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
        }
    }
}

/// Whether the service's own timer for the same deadline went off a moment before ours: tonic's says CANCELLED then.
fn is_late(failure: &Failure, limit: Duration, started: Instant) -> bool {
    // Our own services have a timer of their own besides.
    failure.code() == Code::Cancelled && started.elapsed() + TIMER_SLACK >= limit.min(REQUEST_MAX)
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    #[test]
    fn a_call_that_its_service_gave_up_is_late_also_under_a_longer_deadline() {
        let given_up = Failure::Answered(Status::cancelled("Timeout expired"));
        let begun = monotonic() - REQUEST_MAX;

        assert!(is_late(&given_up, REQUEST_MAX * 2, begun));
        assert!(!is_late(&given_up, REQUEST_MAX * 2, monotonic()), "whoever cancelled it, it was not the time");
    }
}
