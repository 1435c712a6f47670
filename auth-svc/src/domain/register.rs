//! Creating an account, and logging it in.

use kit::error::{Classify, Kind};
use kit::id::UserId;

use super::account::{Account, Email};
use super::admission::{Admission, AdmissionError, Admitted};
use super::hashing::{Hasher, HashingError};
use super::password::Password;
use crate::store::StoreError;

/// Who is to be registered.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// The name to show.
    pub display_name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Label of the device.
    pub device: String,
}

/// Why no account was made, or nobody logged in to it.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The address belongs to an account.
    #[error("an account with this e-mail address exists; log in instead")]
    EmailTaken,
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The account exists now, but its first session could not be started: log in.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        Self::Admission(error.into())
    }
}

impl Classify for RegisterError {
    fn kind(&self) -> Kind {
        match self {
            Self::EmailTaken => Kind::Conflict,
            Self::Hashing(error) => error.kind(),
            Self::Admission(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::Hashing(error) => error.reason(),
            Self::Admission(error) => error.reason(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Hashing(error) => error.retry_after(),
            Self::EmailTaken | Self::Admission(_) => None,
        }
    }
}

/// Creates accounts.
#[derive(Clone)]
pub struct Register {
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Starts the first session.
    pub admission: Admission,
}

impl Register {
    /// Creates the account and starts its first session.
    pub async fn register(&self, registration: Registration) -> Result<Admitted, RegisterError> {
        let read_at = self.admission.revoke.clock.now();
        let accounts = &self.admission.accounts;
        // Hashing is the dear part, and a taken address needs none; the write below decides.
        if accounts.find_account_by_email(&registration.email).await?.is_some() {
            return Err(RegisterError::EmailTaken);
        }
        let account = Account {
            id: UserId::random(),
            email: registration.email,
            display_name: registration.display_name,
            time_zone: registration.time_zone,
            password_hash: self.hasher.hash(registration.password).await?,
            generation: 0,
            kept_session: None,
            created_at: self.admission.revoke.clock.now(),
        };
        if !accounts.create_account(&account).await? {
            return Err(RegisterError::EmailTaken);
        }
        Ok(self.admission.start_session(account, registration.device, read_at).await?)
    }
}
