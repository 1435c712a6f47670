//! Exchanging a refresh token for the next pair.
//!
//! The parent of the current token always gets the same child, so a lost answer and ten tabs are harmless. An older one is
//! reuse: somebody holds a copy, and the session ends. Anything else is refused without effect, because whoever only knows a
//! session's id must not be able to log anybody out.

use std::time::Duration;

use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::telemetry::trace::TraceContext;

use super::account::Account;
use super::admission::{Admission, Admitted};
use super::refresh_token::RefreshToken;
use super::session::{LoginSession, RevokeReason, Rotation};
use super::token::SigningError;
use crate::store::StoreError;

/// How long an exchange may take: a pair that came later could be older than what the trust feed looks back for.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why there is no next pair.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Used up, expired, revoked or not ours: which of them, nobody is told.
    #[error("the refresh token is not valid; log in again")]
    Refused,
    /// It took too long. The same token gives the same answer.
    #[error("the refresh took too long; repeat it with the same token")]
    TimedOut,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl Classify for RefreshError {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused => Kind::Unauthenticated,
            Self::TimedOut => Kind::Unavailable,
            Self::Store(error) => error.kind(),
            Self::Signing(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Refused => "REFRESH_REFUSED",
            Self::TimedOut => "REFRESH_TIMED_OUT",
            Self::Store(error) => error.reason(),
            Self::Signing(error) => error.reason(),
        }
    }
}

/// Keeps sessions going.
#[derive(Clone)]
pub struct Refresh {
    /// What sessions and their proofs are made with.
    pub admission: Admission,
}

impl Refresh {
    /// The next pair for whoever holds `token`, within ten seconds or not at all. `trace` goes with the end of a session whose
    /// token was copied.
    pub async fn refresh(&self, token: &str, trace: Option<TraceContext>) -> Result<Admitted, RefreshError> {
        tokio::select! {
            biased;
            () = self.admission.revoke.clock.sleep(DEADLINE) => Err(RefreshError::TimedOut),
            answer = self.exchange(token, trace) => answer,
        }
    }

    async fn exchange(&self, token: &str, trace: Option<TraceContext>) -> Result<Admitted, RefreshError> {
        let token = RefreshToken::parse(token).ok_or(RefreshError::Refused)?;
        loop {
            // Before anything is read: the token must not outlive a revocation that this read could still miss.
            let read_at = self.admission.revoke.clock.now();
            let session = self.session_of(&token).await?;
            if session.current == token.hash() {
                if let Some(admitted) = self.rotate(session, &token, read_at).await? {
                    return Ok(admitted);
                }
                // Somebody else moved the session on first: read it again, that is no reuse.
            } else if session.previous.as_ref() == Some(&token.hash()) {
                return self.repeat(session, &token, read_at).await;
            } else {
                return self.refuse(session, token, trace).await;
            }
        }
    }

    async fn session_of(&self, token: &RefreshToken) -> Result<LoginSession, RefreshError> {
        let session = self.admission.revoke.sessions.find_session(&token.session).await?;
        session.filter(|session| session.revoked_at.is_none()).ok_or(RefreshError::Refused)
    }

    /// `None` if the session was moved on, or ended, since it was read.
    async fn rotate(
        &self,
        session: LoginSession,
        token: &RefreshToken,
        read_at: Timestamp,
    ) -> Result<Option<Admitted>, RefreshError> {
        let account = self.account_of(&session, read_at).await?;
        let child = self.child_of(&session, token)?;
        let rotation = Rotation { from: token.hash(), to: child.hash(), at: read_at };
        if !self.admission.revoke.sessions.rotate(&session.id, &rotation).await? {
            return Ok(None);
        }
        let session = LoginSession { rotated_at: read_at, ..session };
        Ok(Some(self.admission.admit(account, session, &child, read_at)?))
    }

    /// The answer that an earlier call with the same token got, with an access token of its own.
    async fn repeat(
        &self,
        session: LoginSession,
        token: &RefreshToken,
        read_at: Timestamp,
    ) -> Result<Admitted, RefreshError> {
        let account = self.account_of(&session, read_at).await?;
        let child = self.child_of(&session, token)?;
        Ok(self.admission.admit(account, session, &child, read_at)?)
    }

    /// Ends the session if the token was one of its own once.
    async fn refuse(
        &self,
        session: LoginSession,
        token: RefreshToken,
        trace: Option<TraceContext>,
    ) -> Result<Admitted, RefreshError> {
        let keys = self.admission.refresh_keys.clone();
        let LoginSession { id, user, refresh_key, current, rotations, .. } = session;
        // A chain may be thousands of steps long.
        let walk = move || keys.is_ancestor(&refresh_key, &token, &current, rotations);
        let was_used_up = tokio::task::spawn_blocking(walk).await.unwrap_or(false);
        if was_used_up {
            tracing::warn!(session.id = %id, "an old refresh token of session {id} was used again");
            self.admission.revoke.end(&user, &id, RevokeReason::RefreshReuse, trace).await?;
        }
        Err(RefreshError::Refused)
    }

    async fn account_of(&self, session: &LoginSession, now: Timestamp) -> Result<Account, RefreshError> {
        let account = self.admission.accounts.find_account(&session.user).await?.ok_or(RefreshError::Refused)?;
        session.stands(&account, now, self.admission.life.idle).map_err(|_| RefreshError::Refused)?;
        Ok(account)
    }

    fn child_of(&self, session: &LoginSession, token: &RefreshToken) -> Result<RefreshToken, RefreshError> {
        self.admission.refresh_keys.child(&session.refresh_key, token).ok_or(RefreshError::Refused)
    }
}

#[cfg(test)]
mod tests;
