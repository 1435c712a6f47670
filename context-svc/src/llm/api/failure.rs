//! That a call brought no answer: why, and whether it would be different asked again.

use std::error::Error;

use super::draft::Tokens;
use super::manner::Feature;
use super::reason;
use crate::llm::ModelError;

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    /// What to say if nothing helps.
    pub(super) error: ModelError,
    /// What may help at once.
    pub(super) remedy: Remedy,
    /// What the call consumed, as far as the provider said before it failed.
    pub(super) tokens: Tokens,
}

/// What may help against a failure at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing.
    Nothing,
    /// Asking once more.
    AskAgain,
    /// Asking without that.
    AskWithout(Feature),
}

impl Failure {
    /// One that only time mends.
    pub(super) fn of(error: ModelError) -> Self {
        Self { error, remedy: Remedy::Nothing, tokens: Tokens::default() }
    }

    /// One of the network or of the server, which may be over at once.
    pub(super) fn passing(reason: &'static str, message: impl Into<String>) -> Self {
        let error = ModelError::Unreachable { reason, message: message.into() };
        Self { remedy: Remedy::AskAgain, ..Self::of(error) }
    }

    /// What came is no answer of the API.
    pub(super) fn unreadable(message: impl Into<String>) -> Self {
        Self::of(ModelError::Unreachable { reason: reason::ANSWER_UNREADABLE, message: message.into() })
    }

    /// The connection ended before the answer did.
    pub(super) fn cut() -> Self {
        Self::passing(reason::UNREACHABLE, "the connection broke before the answer was complete")
    }

    /// What `reqwest` says of a request. Its own words name the URL, whose query may hold a key: they are not used.
    pub(super) fn of_transport(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            let what =
                if error.is_connect() { "connecting to the server took too long" } else { "the server took too long" };
            return Self::passing(reason::TIMEOUT, what);
        }
        if error.is_connect() {
            return Self::passing(reason::UNREACHABLE, format!("cannot connect to the server: {}", root(error)));
        }
        Self::cut()
    }

    /// Whether the provider is to blame, and perhaps down: what the circuit breaker counts.
    pub(super) fn is_down(&self) -> bool {
        // A model that does not exist says nothing of the others.
        matches!(&self.error, ModelError::Unreachable { reason, .. } if *reason != reason::NOT_FOUND)
    }
}

/// The cause that has no cause: of a connection that failed, the operating system, the resolver or TLS, which see no request.
fn root(error: &reqwest::Error) -> String {
    let mut root = error.source();
    while let Some(cause) = root.and_then(Error::source) {
        root = Some(cause);
    }
    root.map_or_else(String::new, ToString::to_string)
}
