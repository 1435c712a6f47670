//! The settings of the all-in-one: a section for each service, and what they share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kit::config::Settings;
use kit::error::InvalidField;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the names of environment variables begin with.
pub const ENV_PREFIX: &str = "AFTERWORD";

/// The settings of `afterword`. What the services must agree on is taken from `auth`; their admin addresses, and the addresses
/// under which they look for each other, are not used in one process.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of all data, created if need be. A store that is set explicitly stays where it is.
    pub data_dir: PathBuf,
    /// Address of the admin server for all services, `host:port`: health, readiness and metrics. Keep it off the public network.
    pub admin_listen: String,
    /// Settings of auth-svc.
    pub auth: auth_svc::Config,
    /// Settings of context-svc.
    pub context: context_svc::Config,
    /// Settings of the gateway.
    pub gateway: gateway::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "./data".into(),
            admin_listen: "127.0.0.1:9090".to_owned(),
            auth: auth_svc::Config::default(),
            context: context_svc::Config::default(),
            gateway: gateway::Config::default(),
        }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), InvalidField> {
        let within = |section: &'static str| {
            move |wrong: InvalidField| InvalidField { field: format!("{section}.{}", wrong.field), ..wrong }
        };
        // What a service must be given by hand when it is alone, it is given by `shared` here.
        let shared = self.clone().shared();
        shared.auth.check().map_err(within("auth"))?;
        shared.context.check().map_err(within("context"))?;
        shared.gateway.check().map_err(within("gateway"))
    }
}

impl Config {
    /// How long all services together may take to finish after SIGTERM: as long as the most patient of them.
    pub fn drain(&self) -> Duration {
        (*self.auth.drain).max(*self.context.drain).max(*self.gateway.drain)
    }

    /// The settings as the services are to be given them: stores in the data directory, one internal token, one issuer.
    ///
    /// The internal token is made here, fresh at each start, unless one is set: nobody outside the process needs it by default.
    pub fn shared(mut self) -> Self {
        settle(&mut self.auth.store, auth_svc::Config::default().store, &self.data_dir, "auth.db");
        settle(&mut self.context.store, context_svc::Config::default().store, &self.data_dir, "context.db");
        let given = [&self.auth.internal_tokens, &self.context.internal_tokens, &self.gateway.internal_tokens];
        let given = given.into_iter().find(|tokens| !tokens.is_empty()).cloned();
        self.auth.internal_tokens =
            given.unwrap_or_else(|| vec![kit::id::Secret::new(format!("{}{}", kit::id::random(), kit::id::random()))]);
        self.context.internal_tokens = self.auth.internal_tokens.clone();
        self.gateway.internal_tokens = self.auth.internal_tokens.clone();
        for (issuer, audience) in [
            (&mut self.context.issuer, &mut self.context.audience),
            (&mut self.gateway.issuer, &mut self.gateway.audience),
        ] {
            issuer.clone_from(&self.auth.issuer);
            audience.clone_from(&self.auth.audience);
        }
        self
    }
}

/// Moves a store that nobody placed into the data directory.
fn settle(store: &mut String, unplaced: String, directory: &Path, file: &str) {
    if *store == unplaced {
        *store = format!("sqlite:{}", directory.join(file).display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_follow_the_data_directory_unless_placed() {
        let mut config = Config { data_dir: "/srv/memory".into(), ..Config::default() };
        config.auth.store = "sqlite:/elsewhere/a.db".into();

        let shared = config.shared();

        assert_eq!(shared.auth.store, "sqlite:/elsewhere/a.db");
        assert_eq!(shared.context.store, "sqlite:/srv/memory/context.db");
    }

    #[test]
    fn an_internal_token_set_for_one_service_serves_all() {
        let mut config = Config::default();
        config.context.internal_tokens = vec![kit::id::Secret::new("x".repeat(32))];

        let shared = config.clone().shared();

        assert_eq!(shared.auth.internal_tokens, config.context.internal_tokens);
    }

    #[test]
    fn the_services_agree_on_issuer_and_internal_token() {
        let mut config = Config::default();
        config.auth.issuer = "https://coach.example".into();

        let shared = config.shared();

        assert_eq!(
            (shared.context.issuer.as_str(), shared.gateway.issuer.as_str()),
            ("https://coach.example", "https://coach.example")
        );
        assert_eq!(shared.auth.internal_tokens, shared.context.internal_tokens);
        assert!(shared.auth.internal_tokens[0].expose().len() >= 32);
    }
}
