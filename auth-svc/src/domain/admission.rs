//! Letting somebody in whose password is known to be right, or whose account has just been made.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::{Secret, SessionId};

use super::account::Account;
use super::refresh_token::{RefreshKeys, RefreshToken};
use super::revoke::Revoke;
use super::session::{LoginSession, RevokeReason};
use super::token::{AccessToken, Issuer, SigningError, Subject};
use crate::store::{AccountStore, StoreError};

/// Somebody who is in, with what proves it.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// For the next minutes.
    pub access: AccessToken,
    /// For the one after.
    pub refresh: Secret,
    /// The login session.
    pub session: LoginSession,
    /// Whose it is.
    pub account: Account,
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct SessionLife {
    /// Without being used.
    pub idle: Duration,
    /// At most.
    pub absolute: Duration,
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// The account moved on while the login was under way.
    #[error("the account changed while logging in")]
    Stale,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl Classify for AdmissionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stale => Kind::Unauthenticated,
            Self::Store(error) => error.kind(),
            Self::Signing(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Stale => "BAD_CREDENTIALS",
            Self::Store(error) => error.reason(),
            Self::Signing(error) => error.reason(),
        }
    }
}

/// Creates sessions and signs what proves them. Clones share keys and stores.
#[derive(Clone)]
pub struct Admission {
    /// Where accounts are.
    pub accounts: Arc<dyn AccountStore>,
    /// Where sessions are, and how they end.
    pub revoke: Revoke,
    /// Signs access tokens.
    pub issuer: Arc<Issuer>,
    /// Makes refresh tokens.
    pub refresh_keys: Arc<RefreshKeys>,
    /// How long sessions last.
    pub life: SessionLife,
}

impl Admission {
    /// Starts a session of `account` as it was read at or after `read_at`.
    ///
    /// The session is born under the generation that was read. Should the account have moved on since, the session is ended
    /// again and nobody is let in.
    pub async fn start_session(
        &self,
        account: Account,
        device: String,
        read_at: Timestamp,
    ) -> Result<Admitted, AdmissionError> {
        let now = self.revoke.clock.now();
        let token = RefreshToken::first_of(SessionId::random());
        let session = LoginSession {
            id: token.session.clone(),
            user: account.id.clone(),
            born: account.generation,
            device,
            created_at: now,
            expires_at: now + self.life.absolute,
            refresh_key: self.refresh_keys.newest().to_owned(),
            current: token.hash(),
            previous: None,
            rotations: 0,
            rotated_at: now,
            revoked_at: None,
        };
        self.revoke.sessions.create_session(&session).await?;

        let again = self.accounts.find_account(&account.id).await?;
        if again.is_none_or(|again| again.generation != session.born) {
            self.revoke.end(&account.id, &session.id, RevokeReason::StaleLogin, None).await?;
            return Err(AdmissionError::Stale);
        }
        Ok(self.admit(account, session, &token, read_at)?)
    }

    /// What proves that `session`, whose next refresh token is `token`, goes on.
    pub(super) fn admit(
        &self,
        account: Account,
        session: LoginSession,
        token: &RefreshToken,
        read_at: Timestamp,
    ) -> Result<Admitted, SigningError> {
        let subject = Subject {
            user: &account.id,
            session: &session.id,
            generation: account.generation,
            time_zone: account.named_time_zone(),
        };
        let access = self.issuer.issue(subject, read_at)?;
        Ok(Admitted { access, refresh: token.to_text(), session, account })
    }
}
