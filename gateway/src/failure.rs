//! Why a request failed, whoever says so. It must not know whether HTTP or a socket tells the client.

use kit::error::Classify;
use kit::status::to_status;
use tonic::{Code, Status};

use crate::refusal::Refusal;

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
                kit::status::reason_of(status).unwrap_or_else(|| kit::status::code_name(status.code()).to_owned())
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
}
