//! The only place that builds a [`tonic::Status`].

use std::error::Error;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::error::{Classify, Kind};

/// The `domain` of every `google.rpc.ErrorInfo` that we send.
pub const DOMAIN: &str = "afterword";

/// The gRPC status of a failure: its code by [`Kind`], its message, and as details an `ErrorInfo` with the stable reason, a
/// `RetryInfo` where it is known how long to wait and a `BadRequest` where a field is wrong (AIP-193).
///
/// An internal failure is logged here and told to the caller as "internal error" alone.
pub fn to_status(error: impl Classify) -> Status {
    let code = code_of(error.kind());
    let message = if code == Code::Internal {
        tracing::error!(error = &error as &dyn Error, reason = error.reason(), "request failed");
        "internal error".to_owned()
    } else {
        error.to_string()
    };
    let mut details = ErrorDetails::new();
    details.set_error_info(error.reason(), DOMAIN, [] as [(String, String); 0]);
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
    }
    if let Some(field) = error.invalid_field() {
        details.add_bad_request_violation(field.field, field.problem);
    }
    Status::with_error_details(code, message, details)
}

/// The answer of an RPC that is in the contract but not built yet: UNIMPLEMENTED, reason `NOT_BUILT_YET`.
pub fn unbuilt(rpc: &'static str) -> Status {
    to_status(Unbuilt { rpc })
}

/// The stable reason that a status carries, if one of ours made it.
pub fn reason_of(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// How long the sender of a status asked to wait.
pub fn retry_after_of(status: &Status) -> Option<std::time::Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
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

fn code_of(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Conflict => Code::AlreadyExists,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::Busy => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Unbuilt => Code::Unimplemented,
        Kind::Internal => Code::Internal,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{rpc} is not built yet")]
struct Unbuilt {
    rpc: &'static str,
}

impl Classify for Unbuilt {
    fn kind(&self) -> Kind {
        Kind::Unbuilt
    }

    fn reason(&self) -> &'static str {
        "NOT_BUILT_YET"
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::InvalidField;

    #[derive(Debug, thiserror::Error)]
    #[error("disk on fire at /var/lib/secret")]
    struct Fire(Kind);

    impl Classify for Fire {
        fn kind(&self) -> Kind {
            self.0
        }
        fn reason(&self) -> &'static str {
            "FIRE"
        }
        fn retry_after(&self) -> Option<Duration> {
            Some(Duration::from_millis(1500))
        }
    }

    #[test]
    fn a_wrong_field_is_named_in_the_details() {
        let status = to_status(InvalidField::new("messages[1].text", "must not be empty"));

        let violations = status.get_details_bad_request().expect("a bad request").field_violations;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "messages[1].text: must not be empty");
        assert_eq!(
            (violations[0].field.as_str(), violations[0].description.as_str()),
            ("messages[1].text", "must not be empty")
        );
    }

    #[test]
    fn an_internal_failure_tells_the_caller_nothing() {
        let status = to_status(Fire(Kind::Internal));

        assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
    }

    #[test]
    fn reason_and_delay_reach_the_caller() {
        let status = to_status(Fire(Kind::Busy));

        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason_of(&status).as_deref(), Some("FIRE"));
        assert_eq!(retry_after_of(&status), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn what_is_not_built_says_so() {
        let status = unbuilt("MemoryService.SearchMemory");

        assert_eq!(
            (status.code(), status.message()),
            (Code::Unimplemented, "MemoryService.SearchMemory is not built yet")
        );
        assert_eq!(reason_of(&status).as_deref(), Some("NOT_BUILT_YET"));
    }
}
