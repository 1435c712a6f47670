//! Who is calling: access tokens verified locally, revocations followed live, a gate in front of every method.
//!
//! The gateway and each gRPC service use the same [`Verifier`]. It never asks another service while it answers;
//! [`follow()`] keeps its keys and its revocations current in the background.

mod follow;
mod gate;
mod jwks;
mod token;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::clock::SharedClock;
use crate::error::{Classify, Kind};
use crate::id::{SessionId, UserId};
use crate::serve::Part;

pub use follow::follow;
pub use gate::{AccessTable, Gate, Gated, INTERNAL_TOKEN_HEADER, InternalToken, InternalTokens, bearer};
pub use jwks::{Jwk, KeySet, Keys};
pub use token::{LEEWAY, Policy, signature_only};
pub use trust::{Change, Entry, News, TrustSet};

/// For how long no news of revocations may come before somebody should look; they come each second.
const TRUST_LAG_MAX: Duration = Duration::from_secs(30);

/// The user a request is made for, as a verified access token states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose data the request is about. No other source of a user id exists.
    pub user_id: UserId,
    /// The login session the token belongs to.
    pub session_id: SessionId,
    /// The account's generation when the token was issued; an older one than the account's is revoked.
    pub generation: i64,
    /// The account's IANA time zone (claim `zoneinfo`); `None` if the token names none that exists. Not known to change before
    /// the next token.
    pub time_zone: Option<String>,
    /// When the token expires. It is still accepted for [`LEEWAY`] after that.
    pub expires_at: Timestamp,
}

impl Caller {
    /// The caller of a request that has passed the [`Gate`] by a user method.
    ///
    /// A refusal, never a guess, if there is none: a public or internal method has no caller.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, tonic::Status> {
        let caller = request.extensions().get::<Self>();
        caller.cloned().ok_or_else(|| crate::status::to_status(AuthnError::TokenMissing))
    }
}

/// Why a caller was turned away.
///
/// Everything about a user token reads the same to people, so that a forger learns nothing from the words;
/// the reason is for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthnError {
    /// There is no token.
    #[error("a valid access token is required")]
    TokenMissing,
    /// The token is malformed, forged, or not for us.
    #[error("a valid access token is required")]
    TokenInvalid,
    /// The token was good once.
    #[error("a valid access token is required")]
    TokenExpired,
    /// The session was ended, or everything issued to the account before now was.
    #[error("a valid access token is required")]
    TokenRevoked,
    /// What has been revoked is not known yet, so nothing can be accepted.
    #[error("sign-in state is still loading, try again shortly")]
    VerifierNotReady,
    /// The method is for services and operators only.
    #[error("this method requires the internal token")]
    InternalTokenRequired,
}

impl Classify for AuthnError {
    fn kind(&self) -> Kind {
        match self {
            Self::TokenMissing | Self::TokenInvalid | Self::TokenExpired | Self::TokenRevoked => Kind::Unauthenticated,
            Self::VerifierNotReady => Kind::Unavailable,
            Self::InternalTokenRequired => Kind::Unauthenticated,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenRevoked => "TOKEN_REVOKED",
            Self::VerifierNotReady => "VERIFIER_NOT_READY",
            Self::InternalTokenRequired => "INTERNAL_TOKEN_REQUIRED",
        }
    }
}

/// Turns access tokens into [`Caller`]s. Clones share keys and revocations.
#[derive(Clone)]
pub struct Verifier {
    policy: Arc<Policy>,
    keys: Keys,
    trust: TrustSet,
    clock: SharedClock,
    heard: Arc<Mutex<Heard>>,
}

/// As of when the revocations were known when that was last looked at, and since when of our uptime it has been so.
///
/// The two are never compared: the one is told by a machine whose clock may go differently.
#[derive(Debug, Default)]
struct Heard {
    as_of: Option<Timestamp>,
    since: Duration,
}

impl Verifier {
    /// A verifier over keys and revocations that somebody else keeps current: [`follow()`], or auth-svc itself.
    pub fn new(policy: Policy, keys: Keys, trust: TrustSet, clock: SharedClock) -> Self {
        Self { policy: Arc::new(policy), keys, trust, clock, heard: Arc::default() }
    }

    /// The caller that `token` proves, if it is ours, in time and not revoked.
    ///
    /// Reads memory only. A key that is not known yet is asked for in the background; this token is refused.
    pub fn verify(&self, token: &str) -> Result<Caller, AuthnError> {
        if !self.is_ready() {
            return Err(AuthnError::VerifierNotReady);
        }
        let unverified = token::Parts::parse(token)?;
        let Some(signed) = unverified.signed_by(&self.keys.current())? else {
            self.keys.ask_for_news();
            return Err(AuthnError::TokenInvalid);
        };
        let caller = signed.claims(&self.policy)?.in_time(&self.policy, self.clock.now())?;
        self.trust.check(&caller)?;
        Ok(caller)
    }

    /// Whether both the keys and a complete set of revocations have arrived. Until then nothing is accepted.
    pub fn is_ready(&self) -> bool {
        self.keys.are_loaded() && self.trust.is_ready()
    }

    /// Its readiness: not before a complete set of keys and revocations, and degraded while it hears nothing new, since a token
    /// that was revoked meanwhile is still accepted. It notices only when asked, so ask every few seconds.
    pub fn readiness(&self) -> Part {
        if !self.is_ready() {
            return Part::NotReady("no complete set of keys and revocations has come from auth-svc".to_owned());
        }
        let lag = self.lag();
        if lag > TRUST_LAG_MAX {
            return Part::Degraded(format!("revocations of the last {} s are not known", lag.as_secs()));
        }
        Part::Ready
    }

    /// For how long nothing newer has been heard, as far as anybody has looked.
    fn lag(&self) -> Duration {
        let (as_of, uptime) = (self.trust.as_of(), self.clock.uptime());
        let mut heard = self.heard.lock();
        if heard.as_of != as_of {
            *heard = Heard { as_of, since: uptime };
        }
        uptime.saturating_sub(heard.since)
    }

    /// The keys it verifies with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The revocations it heeds.
    pub fn trust(&self) -> &TrustSet {
        &self.trust
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.clock
    }
}

/// Settles which cryptography signs and verifies tokens. Call it first in `main`; again is harmless.
///
/// Without it `jsonwebtoken` would choose by crate features, and panic at the first token if a dependency enabled two.
pub fn install_crypto() {
    // An error only says that a provider is installed already.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
