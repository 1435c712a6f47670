//! The one writer of failures: every answer that is not a success has the same shape and an `ErrorInfo`.
//!
//! Nothing else in this crate turns a gRPC status into HTTP.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use kit::status::DOMAIN;
use serde_json::{Value, json};
use tonic::Code;

use super::error_details;
use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::transcode::response::JSON;

/// How soon to try again when a service is away and did not say.
const RETRY_SOON: Duration = Duration::from_secs(1);

impl Failure {
    fn details(&self) -> Vec<Value> {
        let mut details = match self {
            Self::Refused(refusal) => {
                refusal.invalid_field().map(|field| error_details::bad_request(&field)).into_iter().collect()
            }
            Self::Answered(status) => error_details::of(status.details()),
        };
        if !details.iter().any(error_details::is_error_info) {
            details.insert(0, error_details::error_info(&self.reason(), DOMAIN));
        }
        details
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(Refusal::UpstreamUnavailable { .. }) => Some(RETRY_SOON),
            Self::Refused(_) => None,
            Self::Answered(status) => kit::status::retry_after_of(status),
        }
    }

    fn http_status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.exact_http_status().unwrap_or_else(|| http_status(refusal.code())),
            Self::Answered(status) => http_status(status.code()),
        }
    }
}

impl Failure {
    /// What a client reads of it: a `google.rpc.Status` as JSON.
    pub(super) fn json(&self) -> Value {
        json!({"code": i32::from(self.code()), "message": self.message(), "details": self.details()})
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.json().to_string()));
        *response.status_mut() = self.http_status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        if let Some(delay) = self.retry_after() {
            // Rounded up: whoever comes a moment too early is only refused again.
            let whole_seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds));
        }
        if self.code() == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, challenge(&self.reason()));
        }
        if let Self::Refused(refusal) = &self
            && let Some(allow) = refusal.allow()
        {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

/// RFC 6750, section 3: no error code for a request that showed no token.
fn challenge(reason: &str) -> HeaderValue {
    match reason {
        "TOKEN_MISSING" => HeaderValue::from_static("Bearer"),
        _ => HeaderValue::from_static("Bearer error=\"invalid_token\""),
    }
}

/// The mapping of google/rpc/code.proto.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
