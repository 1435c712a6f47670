//! Whether a token whose signature somebody else has verified is still good, from the store.

use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;
use kit::id::{SessionId, UserId};

use super::session::Fallen;
use crate::store::{Store, StoreError};

/// What a token claims.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Claim `sub`.
    pub user: UserId,
    /// Claim `sid`.
    pub session: SessionId,
    /// Claim `gen`.
    pub generation: i64,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLive {
    /// Its session has fallen.
    Fallen(Fallen),
    /// Session or account do not exist, or do not belong together.
    Unknown,
}

/// Answers for services whose trust feed is late.
#[derive(Clone)]
pub struct CheckSession {
    /// Where accounts and sessions are.
    pub store: Arc<dyn Store>,
    /// How long a session may go unused.
    pub idle: Duration,
    /// The time.
    pub clock: SharedClock,
}

impl CheckSession {
    /// Whether the token is good now.
    pub async fn check(&self, claimed: &Claimed) -> Result<Result<(), NotLive>, StoreError> {
        let session = self.store.find_session(&claimed.session).await?;
        let Some(session) = session.filter(|session| session.user == claimed.user) else {
            return Ok(Err(NotLive::Unknown));
        };
        let Some(account) = self.store.find_account(&claimed.user).await? else {
            return Ok(Err(NotLive::Unknown));
        };
        let is_kept = account.kept_session.as_ref() == Some(&session.id);
        if claimed.generation < account.generation && !is_kept {
            return Ok(Err(NotLive::Fallen(Fallen::Superseded)));
        }
        Ok(session.stands(&account, self.clock.now(), self.idle).map_err(NotLive::Fallen))
    }
}
