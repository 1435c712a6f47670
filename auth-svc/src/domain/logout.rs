//! Ending the session one is in: idempotent, and never an obstacle.

use std::sync::Arc;

use kit::authn::{KeySet, signature_only};
use kit::id::{SessionId, UserId};
use kit::telemetry::trace::TraceContext;

use super::refresh_token::{RefreshKeys, RefreshToken};
use super::revoke::Revoke;
use super::session::RevokeReason;
use crate::metrics::Metrics;
use crate::store::StoreError;

/// What the caller holds. Either is enough; the bearer token counts first.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// The bearer token, in whatever state.
    pub bearer: Option<String>,
    /// A refresh token.
    pub refresh_token: Option<String>,
    /// The trace of the request. It proves nothing.
    pub trace: Option<TraceContext>,
}

/// What came of it. All of them are success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedOut {
    /// This call ended the session and recorded that its conversations are to be extracted.
    Now,
    /// Nothing had to be done: the session had ended, is not known, or nothing was proved.
    Before,
}

/// Ends sessions for whoever once held them.
///
/// The verifier has no say here, nor has the trust feed or a limit: an expired token, a revoked one or one signed by a key long
/// withdrawn still names the session its holder wants ended.
pub struct Logout {
    /// Ends sessions.
    pub revoke: Revoke,
    /// The public halves of all signing keys, old ones included.
    pub kept_keys: KeySet,
    /// What refresh tokens are made with.
    pub refresh_keys: Arc<RefreshKeys>,
    /// The `iss` of our tokens.
    pub issuer: String,
    /// The `aud` of our tokens.
    pub audience: String,
    /// Counts.
    pub metrics: Metrics,
}

impl Logout {
    /// Ends the session that is proved by what was presented. An error means that the store could not be asked, nothing else.
    pub async fn log_out(&self, presented: Presented) -> Result<LoggedOut, StoreError> {
        let outcome = self.end(presented).await;
        self.metrics.logged_out(outcome.as_ref().ok().copied());
        outcome
    }

    async fn end(&self, presented: Presented) -> Result<LoggedOut, StoreError> {
        let trace = presented.trace;
        let Some((user, session)) = self.proved(presented).await? else {
            return Ok(LoggedOut::Before);
        };
        let ended = self.revoke.end(&user, &session, RevokeReason::Logout, trace).await?;
        Ok(if ended { LoggedOut::Now } else { LoggedOut::Before })
    }

    async fn proved(&self, presented: Presented) -> Result<Option<(UserId, SessionId)>, StoreError> {
        let by_signature =
            presented.bearer.and_then(|token| signature_only(&token, &self.kept_keys, &self.issuer, &self.audience));
        if by_signature.is_some() {
            return Ok(by_signature);
        }
        match presented.refresh_token.as_deref().and_then(RefreshToken::parse) {
            Some(token) => self.proved_by_refresh(token).await,
            None => Ok(None),
        }
    }

    /// Any refresh token that the session ever had proves it.
    async fn proved_by_refresh(&self, token: RefreshToken) -> Result<Option<(UserId, SessionId)>, StoreError> {
        let found = self.revoke.sessions.find_session(&token.session).await?;
        let Some(session) = found.filter(|session| session.revoked_at.is_none()) else {
            return Ok(None);
        };
        let keys = self.refresh_keys.clone();
        let walk = move || {
            let is_newest = session.current == token.hash();
            let is_its_own =
                is_newest || keys.is_ancestor(&session.refresh_key, &token, &session.current, session.rotations);
            is_its_own.then_some((session.user, session.id))
        };
        // A chain may be thousands of steps long.
        Ok(tokio::task::spawn_blocking(walk).await.unwrap_or(None))
    }
}
