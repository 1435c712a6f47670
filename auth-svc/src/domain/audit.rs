//! What is recorded about accounts and sessions, in the same write as what it records. Never a token, never a password.

use jiff::Timestamp;
use kit::id::{SessionId, UserId};

use super::session::RevokeReason;

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose account.
    pub user: UserId,
    /// Which login session, if it concerns one.
    pub session: Option<SessionId>,
    /// What was done.
    pub event: AuditEvent,
    /// When.
    pub at: Timestamp,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditEvent {
    /// An account was created.
    Registered,
    /// A login session was created.
    LoggedIn,
    /// A login session was ended.
    Ended(RevokeReason),
}

impl AuditEvent {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::LoggedIn => "logged_in",
            Self::Ended(reason) => reason.as_str(),
        }
    }

    /// The event that `word` stands for.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "registered" => Some(Self::Registered),
            "logged_in" => Some(Self::LoggedIn),
            reason => RevokeReason::parse(reason).map(Self::Ended),
        }
    }
}

impl From<RevokeReason> for AuditEvent {
    fn from(reason: RevokeReason) -> Self {
        Self::Ended(reason)
    }
}
