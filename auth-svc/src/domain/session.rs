//! A login session: what Login creates and Logout ends.

use std::time::Duration;

use jiff::Timestamp;
use kit::id::{SessionId, UserId};
use kit::telemetry::trace::TraceContext;

use super::account::Account;
use super::refresh_token::TokenHash;

/// One login on one device. The conversations held under it are context-svc's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// Claim `sid` of its access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The account's generation when the password was verified.
    pub born: i64,
    /// The label the client gave; empty if none.
    pub device: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its absolute end.
    pub expires_at: Timestamp,
    /// The refresh key that all of its refresh tokens after the first are made with.
    pub refresh_key: String,
    /// The refresh token that comes next.
    pub current: TokenHash,
    /// The parent of the current token.
    pub previous: Option<TokenHash>,
    /// How often it has moved on to another token.
    pub rotations: i64,
    /// When it last did, or was created. A repeated answer does not move it.
    pub rotated_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// Why a session does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallen {
    /// It was ended.
    Revoked,
    /// It came to its idle or absolute end.
    Expired,
    /// It belongs to an older generation of its account.
    Superseded,
}

impl LoginSession {
    /// Whether it may still act: the one test of Refresh, CheckSession and everything else that asks.
    pub fn stands(&self, account: &Account, now: Timestamp, idle: Duration) -> Result<(), Fallen> {
        let of_this_generation = self.born == account.generation || account.kept_session.as_ref() == Some(&self.id);
        if self.revoked_at.is_some() {
            Err(Fallen::Revoked)
        } else if now >= self.expires_at || now >= self.rotated_at + idle {
            Err(Fallen::Expired)
        } else if !of_this_generation {
            Err(Fallen::Superseded)
        } else {
            Ok(())
        }
    }
}

/// The same test as [`LoginSession::stands`], as a filter for a store.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The account's generation.
    pub generation: i64,
    /// The session that outlived the last raise.
    pub kept_session: Option<SessionId>,
    /// The time of asking.
    pub now: Timestamp,
    /// How long a session may go unused.
    pub idle: Duration,
}

impl Standing {
    /// A session last used at or before this time has come to its idle end.
    pub fn used_after(&self) -> Timestamp {
        self.now - self.idle
    }
}

/// A part of a list, last used first.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where the page before ended.
    pub after: Option<(Timestamp, SessionId)>,
    /// At most this many.
    pub size: usize,
}

/// From one refresh token to the next.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The token that was presented; the session must still be there.
    pub from: TokenHash,
    /// Its child.
    pub to: TokenHash,
    /// When.
    pub at: Timestamp,
}

/// The end of a session.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// Which one.
    pub session: SessionId,
    /// Whose: another user's session of that id is left alone.
    pub user: UserId,
    /// Why.
    pub reason: RevokeReason,
    /// When.
    pub at: Timestamp,
    /// The trace of the request that ends it, if one does. Kept with the outbox entry.
    pub trace: Option<TraceContext>,
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeReason {
    /// Its holder logged out.
    Logout,
    /// Its user ended it from another one.
    SessionRevoked,
    /// A refresh token older than the parent of the current one was presented: somebody holds a copy.
    RefreshReuse,
    /// The account moved on while the login was under way; nothing was said under the session.
    StaleLogin,
}

impl RevokeReason {
    const ALL: [Self; 4] = [Self::Logout, Self::SessionRevoked, Self::RefreshReuse, Self::StaleLogin];

    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::SessionRevoked => "session_revoked",
            Self::RefreshReuse => "refresh_reuse",
            Self::StaleLogin => "stale_login",
        }
    }

    /// The reason that `word` stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Whether there may be conversations to extract.
    pub fn asks_for_extraction(self) -> bool {
        match self {
            Self::Logout | Self::SessionRevoked | Self::RefreshReuse => true,
            Self::StaleLogin => false,
        }
    }
}
