//! What auth-svc keeps, as promises. Each backend in its own module; nothing above knows which one it talks to.
//!
//! Time comes in as an argument, absent is `Ok(None)`, and every write that is acknowledged is durable.

pub mod master_key;
pub mod open;
mod sqlite;

#[cfg(test)]
mod contract;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::{Secret, SessionId, UserId};

use crate::domain::account::{Account, Email};
use crate::domain::audit::AuditEntry;
use crate::domain::feed::Ending;
use crate::domain::keys::{SealedKey, SigningKeyRecord};
use crate::domain::session::{LoginSession, Page, Revocation, Rotation, Standing};
use crate::relay::outbox::{OutboxEntry, Pending};

pub use sqlite::SqliteStore;

/// Everything auth-svc keeps.
#[async_trait]
pub trait Store: AccountStore + SessionStore + OutboxStore + TrustStore + KeyStore + AuditStore {
    /// Ends once every write accepted so far is durable. Afterwards everything fails, and another process may open the store.
    async fn close(&self);
}

/// Accounts, each under one e-mail address.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Creates the account and records it in the audit log, unless its e-mail address belongs to another.
    ///
    /// `false`: the address is taken and nothing was written. Of any number of concurrent callers exactly one gets `true`.
    async fn create_account(&self, account: &Account) -> Result<bool, StoreError>;

    /// The account with this id.
    async fn find_account(&self, id: &UserId) -> Result<Option<Account>, StoreError>;

    /// The account under this address, in whatever case it was registered. Hash and generation come from one read.
    async fn find_account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;

    /// Replaces the password hash by a stronger one of the same password, if it is still `verified`.
    ///
    /// Somebody who changed the password meanwhile wins, and nothing is written.
    async fn rehash(&self, id: &UserId, verified: &Secret, stronger: &Secret) -> Result<(), StoreError>;
}

/// Login sessions. One that has ended never lives again.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Creates the session and records the login in the audit log.
    async fn create_session(&self, session: &LoginSession) -> Result<(), StoreError>;

    /// The session with this id, ended or not.
    async fn find_session(&self, id: &SessionId) -> Result<Option<LoginSession>, StoreError>;

    /// Moves the session on to its next refresh token, if it lives and its current token is still the one expected.
    ///
    /// `false`: it was ended, or somebody else moved it on first; read it again.
    async fn rotate(&self, id: &SessionId, rotation: &Rotation) -> Result<bool, StoreError>;

    /// Ends the session: revocation, outbox entry and audit entry are one write.
    ///
    /// `false`: it had ended before, or is not known, and nothing was written. Of any number of callers exactly one gets `true`.
    /// A point update whose time does not grow with the number of sessions.
    async fn revoke(&self, revocation: &Revocation) -> Result<bool, StoreError>;

    /// The user's sessions that have not ended in the sense of [`Standing`], last used first.
    async fn list_sessions(
        &self,
        user: &UserId,
        standing: &Standing,
        page: &Page,
    ) -> Result<Vec<LoginSession>, StoreError>;
}

/// Requests for extraction that context-svc has not acknowledged yet.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Takes up to `limit` entries that are due, the longest due first, and hides them until `hidden_until`.
    ///
    /// A caller that dies leaves them due again from then on, so delivering twice must be harmless.
    async fn claim_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError>;

    /// Settles entries for good.
    async fn mark_sent(&self, sessions: &[SessionId], now: Timestamp) -> Result<(), StoreError>;

    /// Makes an entry due at another time. One that was sent meanwhile stays sent.
    async fn put_off(&self, session: &SessionId, until: Timestamp) -> Result<(), StoreError>;

    /// What is not settled yet, due or not. Of more than `counted_max` entries only those due first are looked at.
    async fn pending(&self, counted_max: usize) -> Result<Pending, StoreError>;

    /// Forgets entries sent before `before`, at most `limit` at a time; says how many.
    async fn purge_sent(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}

/// What the trust feed is made of.
#[async_trait]
pub trait TrustStore: Send + Sync {
    /// Every session revoked, and every generation raised, at or after `since`.
    async fn ended_since(&self, since: Timestamp) -> Result<Vec<Ending>, StoreError>;
}

/// Signing keys and refresh keys, their private halves sealed.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Keeps `first` if there is no active signing key yet, and returns all of them.
    ///
    /// Replicas that start at the same time agree on one.
    async fn signing_keys(&self, first: &SigningKeyRecord) -> Result<Vec<SigningKeyRecord>, StoreError>;

    /// Keeps `first` if there is no refresh key yet, and returns all of them, the newest first.
    async fn refresh_keys(&self, first: &SealedKey) -> Result<Vec<SealedKey>, StoreError>;
}

/// What was done to accounts and sessions, append-only.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// The newest `limit` entries about a user, newest first.
    async fn list_audit(&self, user: &UserId, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;
}

/// The store could not do what it was asked, and nothing was written.
#[derive(Debug, thiserror::Error)]
#[error("the store is unavailable; try again")]
pub struct StoreError {
    kind: Kind,
    reason: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// The failure of a backend.
    fn of(error: impl Classify + Send + Sync) -> Self {
        Self { kind: error.kind(), reason: error.reason(), source: Box::new(error) }
    }
}

impl Classify for StoreError {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn reason(&self) -> &'static str {
        self.reason
    }
}
