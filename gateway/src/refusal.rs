//! Everything the gateway itself refuses, before or instead of an answer of the service.

use http::{HeaderValue, Method, StatusCode};
use kit::error::InvalidField;
use tonic::Code;

use crate::transcode::EscapeError;

/// How much of what a client sent is said back to it.
const QUOTED_CHARS_MAX: usize = 200;

/// Why the gateway answers a request itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No rule matches the path.
    #[error("no route matches this path")]
    RouteNotFound,
    /// Rules match the path, none of them with this method.
    #[error("{method} is not allowed here; use {}", list(allow))]
    MethodNotAllowed {
        /// What was asked.
        method: Method,
        /// What would be answered.
        allow: Vec<Method>,
    },
    /// The request target holds bytes that a URI cannot hold.
    #[error("the request target must be ASCII: percent-encode everything else")]
    MalformedTarget,
    /// The body is neither JSON nor expected to be anything else.
    #[error("the body must be application/json, without content encoding")]
    UnsupportedMediaType,
    /// The body is longer than the limit.
    #[error("the body must not be longer than {limit_bytes} bytes")]
    BodyTooLarge {
        /// The limit in force.
        limit_bytes: usize,
    },
    /// The client stopped sending before the body was complete.
    #[error("the body could not be read to its end")]
    BodyIncomplete,
    /// The body is not JSON.
    #[error("not valid JSON: {0}")]
    InvalidJson(InvalidField),
    /// A value in path, query, body or header cannot be accepted.
    #[error("{0}")]
    InvalidField(InvalidField),
    /// `grpc-timeout` cannot be read.
    #[error("grpc-timeout must be 1 to 8 digits and one of H, M, S, m, u, n")]
    InvalidDeadline,
    /// The time allowed for the request is over.
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// A page of another origin must not open a WebSocket.
    #[error("this origin may not connect; allow it with the setting `origins`")]
    OriginNotAllowed,
    /// The request cannot become a WebSocket.
    #[error("a WebSocket handshake is required here")]
    NotAWebSocket,
    /// No connection to the service.
    #[error("{service} is not reachable, try again shortly")]
    UpstreamUnavailable {
        /// Full name of the service.
        service: String,
    },
}

impl Refusal {
    /// A value of a request that cannot be accepted, named as in the proto file.
    pub fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::InvalidField(invalid(field, problem))
    }

    /// A body that is not JSON.
    pub(crate) fn json(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::InvalidJson(invalid(field, problem))
    }

    /// A value of the URL that cannot be decoded.
    pub(crate) fn escape(field: impl Into<String>, error: EscapeError) -> Self {
        Self::field(field, error.to_string())
    }

    /// Stable, part of the API.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::RouteNotFound => "ROUTE_NOT_FOUND",
            Self::MethodNotAllowed { .. } => "METHOD_NOT_ALLOWED",
            Self::MalformedTarget => "MALFORMED_TARGET",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::BodyIncomplete => "BODY_INCOMPLETE",
            Self::InvalidJson(_) => "INVALID_JSON",
            Self::InvalidField(_) => "INVALID_FIELD",
            Self::InvalidDeadline => "INVALID_DEADLINE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::OriginNotAllowed => "ORIGIN_NOT_ALLOWED",
            Self::NotAWebSocket => "NOT_A_WEBSOCKET",
            Self::UpstreamUnavailable { .. } => "UPSTREAM_UNAVAILABLE",
        }
    }

    /// The canonical code in the body of the answer.
    pub fn code(&self) -> Code {
        match self {
            Self::RouteNotFound => Code::NotFound,
            Self::MethodNotAllowed { .. } => Code::Unimplemented,
            Self::MalformedTarget
            | Self::UnsupportedMediaType
            | Self::BodyIncomplete
            | Self::InvalidJson(_)
            | Self::InvalidField(_)
            | Self::InvalidDeadline
            | Self::NotAWebSocket => Code::InvalidArgument,
            Self::BodyTooLarge { .. } => Code::OutOfRange,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::OriginNotAllowed => Code::PermissionDenied,
            Self::UpstreamUnavailable { .. } => Code::Unavailable,
        }
    }

    /// The HTTP status, where HTTP has a more exact one than the code maps to.
    pub fn exact_http_status(&self) -> Option<StatusCode> {
        match self {
            Self::MethodNotAllowed { .. } => Some(StatusCode::METHOD_NOT_ALLOWED),
            Self::UnsupportedMediaType => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::BodyTooLarge { .. } => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Self::NotAWebSocket => Some(StatusCode::UPGRADE_REQUIRED),
            _ => None,
        }
    }

    /// The field to name as a violation.
    pub fn invalid_field(&self) -> Option<InvalidField> {
        match self {
            Self::InvalidJson(field) | Self::InvalidField(field) => Some(field.clone()),
            Self::InvalidDeadline => Some(InvalidField::new("grpc-timeout", self.to_string())),
            _ => None,
        }
    }

    /// The value of the `Allow` header.
    pub fn allow(&self) -> Option<HeaderValue> {
        let Self::MethodNotAllowed { allow, .. } = self else { return None };
        HeaderValue::from_str(&list(allow)).ok()
    }
}

/// Methods as a header writes them: `GET, POST`.
pub(crate) fn list(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

/// Names and problems quote what the client sent, which may be long; nobody reads, and no queue should hold, all of it.
fn invalid(field: impl Into<String>, problem: impl Into<String>) -> InvalidField {
    InvalidField::new(shortened(field.into()), shortened(problem.into()))
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(QUOTED_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}
