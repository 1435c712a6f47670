//! How a socket ends, and the close code that says so.

use axum::extract::ws::{CloseFrame, Utf8Bytes};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tonic::Code;

use crate::failure::Failure;

/// The close codes that are sent (RFC 6455, section 7.4, and the IANA registry). Reserved ones never are.
mod code {
    pub(super) const NORMAL: u16 = 1000;
    pub(super) const PROTOCOL: u16 = 1002;
    pub(super) const UNSUPPORTED: u16 = 1003;
    pub(super) const INVALID_DATA: u16 = 1007;
    pub(super) const POLICY: u16 = 1008;
    pub(super) const TOO_BIG: u16 = 1009;
    pub(super) const INTERNAL: u16 = 1011;
    pub(super) const RESTART: u16 = 1012;
    pub(super) const TRY_LATER: u16 = 1013;
    pub(super) const SESSION_REVOKED: u16 = 4001;
    pub(super) const UNAUTHENTICATED: u16 = 4401;
}

/// The longest reason that a close frame holds.
const REASON_BYTES_MAX: usize = 123;

/// Why a socket ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client closed it, or is gone.
    ClientLeft,
    /// The service said all it had to say.
    Finished,
    /// This process is about to stop.
    Draining,
    /// The client does not take what it is sent.
    SlowConsumer,
    /// A binary frame.
    Binary,
    /// The client broke the protocol, or a limit.
    Broken(axum::Error),
    /// The service, or the check of the token, says no.
    Failed(Failure),
    /// The client did not show a token in time.
    TokenOverdue,
}

impl Ending {
    /// The close frame to send; `None` if there is nobody to send it to.
    pub(super) fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::ClientLeft => return None,
            Self::Finished => (code::NORMAL, String::new()),
            Self::Draining => (code::RESTART, "restarting, please reconnect".to_owned()),
            Self::SlowConsumer => (code::TRY_LATER, "SLOW_CONSUMER".to_owned()),
            Self::Binary => (code::UNSUPPORTED, "text frames only".to_owned()),
            Self::Broken(error) => (broken(error)?, String::new()),
            Self::Failed(failure) => (failed(failure), failure.reason()),
            Self::TokenOverdue => (code::UNAUTHENTICATED, "TOKEN_MISSING".to_owned()),
        };
        let reason = if reason.len() > REASON_BYTES_MAX { String::new() } else { reason };
        Some(CloseFrame { code, reason: Utf8Bytes::from(reason) })
    }
}

/// The code for what the client did wrong. `None` if the connection itself is gone.
fn broken(error: &axum::Error) -> Option<u16> {
    let cause = std::error::Error::source(error).and_then(|source| source.downcast_ref::<tungstenite::Error>());
    match cause? {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(code::TOO_BIG),
        tungstenite::Error::Utf8(_) => Some(code::INVALID_DATA),
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(code::PROTOCOL),
        _ => None,
    }
}

fn failed(failure: &Failure) -> u16 {
    match failure.code() {
        Code::Unauthenticated if failure.reason() == "TOKEN_REVOKED" => code::SESSION_REVOKED,
        Code::Unauthenticated => code::UNAUTHENTICATED,
        Code::Unavailable | Code::ResourceExhausted => code::TRY_LATER,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::PermissionDenied => code::POLICY,
        _ => code::INTERNAL,
    }
}
