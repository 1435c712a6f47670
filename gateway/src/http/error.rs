//! The one writer of failures: every answer that is not a success has the same shape and an `ErrorInfo`.
//!
//! Nothing else in this crate turns a gRPC status into HTTP.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use kit::error::Classify;
use kit::status::{DOMAIN, to_status};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::error_details;
use crate::refusal::Refusal;
use crate::transcode::response::JSON;

/// How soon to try again when a service is away and did not say.
const RETRY_SOON: Duration = Duration::from_secs(1);

/// Why a request failed: by our word or by the service's.
#[derive(Debug)]
pub enum Failure {
    /// The gateway refused it.
    Refused(Refusal),
    /// The service, or the check of its caller, answered with an error.
    Answered(Status),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Answered(status)
    }
}

impl Failure {
    /// A failure that knows its kind.
    pub fn of(error: impl Classify) -> Self {
        Self::Answered(to_status(error))
    }

    /// The canonical code.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Answered(status) => status.code(),
        }
    }

    /// The stable reason; the name of the code if the service gave none.
    pub fn reason(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.reason().to_owned(),
            Self::Answered(status) => {
                kit::status::reason_of(status).unwrap_or_else(|| code_name(status.code()).to_owned())
            }
        }
    }

    /// The same for people.
    pub fn message(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::Answered(status) => status.message().to_owned(),
        }
    }

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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({"code": i32::from(self.code()), "message": self.message(), "details": self.details()});
        let mut response = Response::new(Body::from(body.to_string()));
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

/// The name of a code as google/rpc/code.proto writes it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
