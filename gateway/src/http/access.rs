//! Around every request: an id, a trace, and one line in the log and one more on the count when it is answered.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::ORIGIN;
use kit::clock::monotonic;
use kit::telemetry::trace;

use super::cors::Origins;
use super::headers::{REQUEST_ID, request_id};
use crate::metrics::Metrics;

/// What the log calls the route of an answer. Handlers leave it among the answer's extensions.
#[derive(Debug, Clone)]
pub struct Route(pub Arc<str>);

/// What is needed around every request.
#[derive(Clone)]
pub struct Around {
    /// Who may read answers in a browser.
    pub origins: Origins,
    /// Where requests are counted.
    pub metrics: Metrics,
}

/// Gives the request its id and its trace, lets it through, marks the answer, counts it and logs it. Never a token, a query or a body.
pub async fn around(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let started = monotonic();
    let method = request.method().clone();
    let origin = request.headers().get(ORIGIN).cloned();
    let id = match request_id(request.headers()) {
        Some(id) => id.clone(),
        None => fresh_id(),
    };
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let trace_id = trace::settle(request.headers_mut()).trace_id();

    let mut response = next.run(request).await;

    around.origins.mark(origin.as_ref(), response.headers_mut());
    let (route, took) = (response.extensions().get::<Route>().cloned(), started.elapsed());
    around.metrics.answered(&method, route.map(|Route(template)| template), response.status(), took);
    tracing::info!(
        http.method = %method,
        http.route = response.extensions().get::<Route>().map_or("-", |route| &*route.0),
        http.status = response.status().as_u16(),
        duration_ms = took.as_secs_f64() * 1000.0,
        request.id = id.to_str().unwrap_or_default(),
        trace_id = %trace_id,
        "answered"
    );
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn fresh_id() -> HeaderValue {
    // An id of ours is hexadecimal digits, so the fallback is never taken.
    HeaderValue::from_str(&kit::id::random()).unwrap_or(HeaderValue::from_static("unknown"))
}
