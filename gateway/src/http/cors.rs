//! Which pages of other origins may use the gateway from a browser.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HOST, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::refusal::list;

const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, accept-language, grpc-timeout, idempotency-key, traceparent, tracestate, x-request-id",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static("x-request-id, retry-after, www-authenticate");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins that are allowed besides our own. Cookies play no part, so credentials are never allowed.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    allowed: Arc<[String]>,
}

impl Origins {
    /// Allows `allowed`, written as browsers send them: `https://app.example.com`; `*` is every origin.
    pub fn new(allowed: impl IntoIterator<Item = String>) -> Self {
        Self { allowed: allowed.into_iter().collect() }
    }

    /// Whether a page may connect that was loaded from another place: listed, or the host it is talking to.
    ///
    /// Only browsers send an origin, so a request without one is none of a page's.
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        self.is_listed(origin) || is_same_host(origin, headers)
    }

    /// Lets the page that asked read the answer.
    pub fn mark(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if self.allowed.is_empty() {
            return;
        }
        answer.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin.filter(|origin| self.is_listed(origin)) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }

    fn is_listed(&self, origin: &HeaderValue) -> bool {
        self.allowed.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    }
}

fn is_same_host(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
    let authority = origin.as_ref().and_then(Uri::authority).map(|authority| authority.as_str().as_bytes());
    authority.is_some() && authority == headers.get(HOST).map(HeaderValue::as_bytes)
}

/// The answer to OPTIONS: what may be asked. [`Origins::mark`] adds who may.
pub fn preflight(methods: &[Method]) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::from_str(&list(methods)) {
        headers.insert(ALLOW, methods.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            (ORIGIN, HeaderValue::from_static(origin)),
            (HOST, HeaderValue::from_static("api.example.com")),
        ])
    }

    #[test]
    fn a_page_connects_from_our_host_or_a_listed_origin() {
        let origins = Origins::new(["https://app.example.com".to_owned()]);

        assert!(origins.admit(&from("https://api.example.com")));
        assert!(origins.admit(&from("https://app.example.com")));
        assert!(origins.admit(&HeaderMap::new()));
        assert!(!origins.admit(&from("https://evil.example.com")));
        assert!(!origins.admit(&from("null")));
        assert!(!origins.admit(&from("https://api.example.com.evil.com")));
    }
}
