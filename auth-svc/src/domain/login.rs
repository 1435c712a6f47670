//! Logging in with a password.

use kit::error::{Classify, Kind};

use super::account::{Account, Email};
use super::admission::{Admission, AdmissionError, Admitted};
use super::hashing::{Hasher, HashingError, Verdict};
use super::password::Password;
use crate::metrics::Metrics;
use crate::store::StoreError;

/// Who wants in. An address that is none is an address nobody has: it costs and answers the same.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The address, if it is one.
    pub email: Option<Email>,
    /// The password tried.
    pub password: Password,
    /// Label of the device.
    pub device: String,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown address or wrong password: which of them, nobody is told.
    #[error("e-mail address or password is wrong")]
    Refused,
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The session could not be started.
    #[error(transparent)]
    Admission(AdmissionError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Admission(error.into())
    }
}

impl From<AdmissionError> for LoginError {
    fn from(error: AdmissionError) -> Self {
        match error {
            // The password was right a moment ago; the caller learns no more than that it is not now.
            AdmissionError::Stale => Self::Refused,
            error => Self::Admission(error),
        }
    }
}

impl Classify for LoginError {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused => Kind::Unauthenticated,
            Self::Hashing(error) => error.kind(),
            Self::Admission(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Refused => "BAD_CREDENTIALS",
            Self::Hashing(error) => error.reason(),
            Self::Admission(error) => error.reason(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Hashing(error) => error.retry_after(),
            Self::Refused | Self::Admission(_) => None,
        }
    }
}

/// Lets in whoever knows the password.
#[derive(Clone)]
pub struct Login {
    /// Tries passwords.
    pub hasher: Hasher,
    /// Starts sessions.
    pub admission: Admission,
    /// Counts.
    pub metrics: Metrics,
}

impl Login {
    /// Starts a session if the password is right.
    pub async fn log_in(&self, credentials: Credentials) -> Result<Admitted, LoginError> {
        let outcome = self.try_credentials(credentials).await;
        self.metrics.logged_in(outcome.as_ref().err().map(Classify::reason));
        outcome
    }

    async fn try_credentials(&self, credentials: Credentials) -> Result<Admitted, LoginError> {
        let read_at = self.admission.revoke.clock.now();
        // Hash and generation come from this one read: a later generation could be that of another password.
        let account = match &credentials.email {
            Some(email) => self.admission.accounts.find_account_by_email(email).await?,
            None => None,
        };
        let kept = account.as_ref().map(|account| account.password_hash.clone());
        let verdict = self.hasher.verify(credentials.password.clone(), kept).await?;
        let (Some(account), Verdict::Right { is_weak }) = (account, verdict) else {
            return Err(LoginError::Refused);
        };
        if is_weak && let Err(error) = self.strengthen(&account, credentials.password).await {
            // No reason to keep anybody out: the next login tries again.
            tracing::warn!(error = &error as &dyn std::error::Error, "a weak password hash could not be replaced");
        }
        Ok(self.admission.start_session(account, credentials.device, read_at).await?)
    }

    async fn strengthen(&self, account: &Account, password: Password) -> Result<(), LoginError> {
        let stronger = self.hasher.hash(password).await?;
        Ok(self.admission.accounts.rehash(&account.id, &account.password_hash, &stronger).await?)
    }
}
