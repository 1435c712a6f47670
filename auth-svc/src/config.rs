//! The settings of auth-svc.

use std::num::{NonZeroU32, NonZeroUsize};

use kit::authn::InternalTokens;
use kit::config::{Period, Settings};
use kit::error::InvalidField;
use kit::id::Secret;
use kit::telemetry::LogFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::hashing::{Cost, Room};
use crate::lookout::HealthSettings;

/// What the names of environment variables begin with.
pub const ENV_PREFIX: &str = "AFTERWORD_AUTH";

/// The least memory a password hash may take, in KiB: the smallest of the settings that OWASP calls equivalent.
const MEMORY_KIB_MIN: u32 = 7168;

/// The most, 1 GiB: beyond that a process would sooner end than hash.
const MEMORY_KIB_MAX: u32 = 1 << 20;

const PASSWORDS_MAX: usize = 10_000;

/// Longer than anybody means, and far from where times overflow.
const LONGEST: Period = Period::days(3650);

/// The settings of auth-svc.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the gRPC server, `host:port`.
    pub listen: String,
    /// Address of the admin server, `host:port`: health, readiness and metrics. Keep it off the public network.
    pub admin_listen: String,
    /// Where accounts and sessions are kept: `sqlite:PATH`.
    pub store: String,
    /// Key under which private keys are sealed: 32 random bytes in base64. Without it, the file `auth.master.key` beside the
    /// SQLite file is used, and made at the first start.
    pub master_key: Option<Secret>,
    /// Where context-svc listens, a URI.
    pub context_svc: String,
    /// Tokens by which services and operators prove themselves, at least 32 characters each. Required; a second one is accepted
    /// as well, for rotation. The first is sent to context-svc.
    pub internal_tokens: Vec<Secret>,
    /// Claim `iss` of access tokens. All services must be given the same.
    pub issuer: String,
    /// Claim `aud` of access tokens. All services must be given the same.
    pub audience: String,
    /// How long an access token is good for, 10 s to 1 h. A revocation reaches the services within a second all the same.
    pub access_ttl: Period,
    /// How long a login session may go unused.
    pub session_idle: Period,
    /// How long a login session lasts at most, however much it is used.
    pub session_absolute: Period,
    /// How passwords are hashed.
    pub password: PasswordConfig,
    /// How ended sessions are passed on to context-svc.
    pub relay: RelayConfig,
    /// From when on the service says that it is degraded.
    pub health: HealthSettings,
    /// Whether gRPC reflection answers.
    pub reflection: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged, a `tracing` filter such as `info` or `warn,auth_svc=debug`.
    pub log_filter: String,
    /// How long calls under way may take to finish after SIGTERM.
    pub drain: Period,
}

/// How passwords are hashed: argon2id. A weaker hash is replaced at the next login.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordConfig {
    /// Memory of one hash in KiB, 7168 to 1048576.
    pub memory_kib: u32,
    /// Passes over it, at least 1.
    pub iterations: NonZeroU32,
    /// Lanes, at least 1.
    pub lanes: NonZeroU32,
    /// How many passwords are hashed at the same time; each takes a CPU and `memory_kib`.
    pub running_max: NonZeroUsize,
    /// How many more may wait. Beyond that, logins are answered `RESOURCE_EXHAUSTED`.
    pub waiting_max: usize,
}

/// How ended sessions are passed on to context-svc.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// How many calls may be under way at the same time.
    pub in_flight_max: NonZeroUsize,
    /// How long one call may take.
    pub deadline: Period,
    /// How long an entry is hidden from other replicas while it is being delivered; longer than `relay.deadline`.
    pub claim: Period,
    /// The longest wait between two tries of one entry. It is tried for ever.
    pub backoff_max: Period,
    /// How long delivered entries are kept.
    pub keep_sent: Period,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:50051".to_owned(),
            admin_listen: "127.0.0.1:9051".to_owned(),
            store: "sqlite:./data/auth.db".to_owned(),
            master_key: None,
            context_svc: "http://127.0.0.1:50052".to_owned(),
            internal_tokens: Vec::new(),
            issuer: "https://afterword.local".to_owned(),
            audience: "afterword".to_owned(),
            access_ttl: Period::mins(5),
            session_idle: Period::days(14),
            session_absolute: Period::days(30),
            password: PasswordConfig::default(),
            relay: RelayConfig::default(),
            health: HealthSettings::default(),
            reflection: true,
            log_format: LogFormat::default(),
            log_filter: "info".to_owned(),
            drain: Period::secs(20),
        }
    }
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: NonZeroU32::MIN.saturating_add(1),
            lanes: NonZeroU32::MIN,
            running_max: NonZeroUsize::MIN.saturating_add(1),
            waiting_max: 64,
        }
    }
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            in_flight_max: NonZeroUsize::MIN.saturating_add(63),
            deadline: Period::secs(2),
            claim: Period::secs(10),
            backoff_max: Period::secs(60),
            keep_sent: Period::days(7),
        }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), InvalidField> {
        self.tokens()?;
        let wrong = |key: &str, problem: &str| Err(InvalidField::new(key, problem));
        if self.issuer.is_empty() || self.audience.is_empty() {
            return wrong("issuer", "issuer and audience must not be empty");
        }
        if !(Period::secs(10)..=Period::hours(1)).contains(&self.access_ttl) {
            return wrong("access_ttl", "must be 10s to 1h");
        }
        if self.session_idle <= self.access_ttl || self.session_absolute < self.session_idle {
            return wrong("session_idle", "must be longer than access_ttl and not longer than session_absolute");
        }
        for (key, period) in [
            ("session_absolute", self.session_absolute),
            ("relay.claim", self.relay.claim),
            ("relay.backoff_max", self.relay.backoff_max),
            ("relay.keep_sent", self.relay.keep_sent),
            ("health.outbox_age_max", self.health.outbox_age_max),
        ] {
            if period > LONGEST {
                return wrong(key, "must be at most 3650d");
            }
        }
        if !(MEMORY_KIB_MIN..=MEMORY_KIB_MAX).contains(&self.password.memory_kib) {
            return wrong("password.memory_kib", "must be 7168 to 1048576");
        }
        if self.password.running_max.get() > PASSWORDS_MAX || self.password.waiting_max > PASSWORDS_MAX {
            return wrong("password.waiting_max", "running_max and waiting_max must be at most 10000");
        }
        if self.relay.claim <= self.relay.deadline {
            return wrong("relay.claim", "must be longer than relay.deadline");
        }
        if self.health.outbox_age_max < Period::secs(1) {
            return wrong("health.outbox_age_max", "must be at least 1s");
        }
        Ok(())
    }
}

impl Config {
    /// The internal tokens that are accepted; the first is the one sent.
    pub fn tokens(&self) -> Result<InternalTokens, InvalidField> {
        InternalTokens::of_setting("internal_tokens", &self.internal_tokens)
    }
}

impl PasswordConfig {
    pub(crate) fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, iterations: self.iterations.get(), lanes: self.lanes.get() }
    }

    pub(crate) fn room(&self) -> Room {
        Room { running: self.running_max.get(), waiting: self.waiting_max }
    }
}

impl RelayConfig {
    pub(crate) fn terms(&self) -> crate::relay::Terms {
        crate::relay::Terms {
            in_flight_max: self.in_flight_max.get(),
            deadline: *self.deadline,
            claim: *self.claim,
            backoff_max: *self.backoff_max,
            keep_sent: *self.keep_sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use kit::config::{Sources, load};

    use super::*;

    fn with(flags: &[(&str, &str)]) -> Result<Config, String> {
        let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        load(&Sources { env_prefix: ENV_PREFIX, flags, ..Sources::default() }).map_err(|error| error.to_string())
    }

    const TOKEN: (&str, &str) = ("internal_tokens", "0123456789abcdef0123456789abcdef");

    #[test]
    fn the_internal_token_is_required_by_name() {
        let refused = with(&[]).unwrap_err();

        assert!(refused.starts_with("setting `internal_tokens`: is required"), "{refused}");
    }

    #[test]
    fn with_a_token_the_defaults_are_enough() {
        assert_eq!(with(&[TOKEN]).unwrap().listen, "127.0.0.1:50051");
    }

    #[test]
    fn values_out_of_bounds_are_refused_by_name() {
        for (key, value) in [
            ("access_ttl", "5s"),
            ("session_idle", "31d"),
            ("password.memory_kib", "1024"),
            ("password.iterations", "0"),
            ("password.waiting_max", "18446744073709551615"),
            ("session_absolute", "9999999d"),
            ("relay.claim", "1s"),
            ("relay.keep_sent", "9999999d"),
            ("health.outbox_age_max", "0s"),
            ("internal_tokens", "short"),
        ] {
            let refused = with(&[TOKEN, (key, value)]).expect_err(key);
            assert!(refused.contains(&format!("`{key}`")), "{key}: {refused}");
        }
    }
}
