//! The settings of the gateway.

use http::Uri;
use kit::authn::InternalToken;
use kit::config::{Period, Settings};
use kit::error::InvalidField;
use kit::id::Secret;
use kit::telemetry::LogFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the names of environment variables begin with.
pub const ENV_PREFIX: &str = "AFTERWORD_GATEWAY";

/// The settings of the gateway.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the HTTP server, `host:port`.
    pub listen: String,
    /// Address of the admin server, `host:port`: health, readiness and metrics. Keep it off the public network.
    pub admin_listen: String,
    /// Where auth-svc listens, a URI.
    pub auth_svc: String,
    /// Where context-svc listens, a URI.
    pub context_svc: String,
    /// Claim `iss` of access tokens. All services must be given the same.
    pub issuer: String,
    /// Claim `aud` of access tokens. All services must be given the same.
    pub audience: String,
    /// Tokens by which services prove themselves, at least 32 characters each. Required in front of auth-svc; the first is sent to it.
    pub internal_tokens: Vec<Secret>,
    /// The longest request body in bytes, 1024 to 4194304. A longer one is answered 413.
    pub body_bytes_max: usize,
    /// The longest that one request may take; our own services begin their answer within 50 s. A client's `grpc-timeout` may
    /// shorten it.
    pub deadline_max: Period,
    /// Origins whose pages may use the gateway, such as `https://app.example.com`; `*` is every one. Empty: its own host only.
    pub origins: Vec<String>,
    /// How many proxies in front of the gateway are trusted to say where a request came from.
    pub trusted_proxies: usize,
    /// How long running requests and sockets may take to end after SIGTERM.
    pub drain: Period,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged, a `tracing` filter such as `info` or `warn,gateway=debug`.
    pub log_filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            admin_listen: "127.0.0.1:9080".to_owned(),
            auth_svc: "http://127.0.0.1:50051".to_owned(),
            context_svc: "http://127.0.0.1:50052".to_owned(),
            issuer: "https://afterword.local".to_owned(),
            audience: "afterword".to_owned(),
            internal_tokens: Vec::new(),
            body_bytes_max: 1024 * 1024,
            deadline_max: Period::secs(30),
            origins: Vec::new(),
            trusted_proxies: 0,
            drain: Period::secs(20),
            log_format: LogFormat::default(),
            log_filter: "info".to_owned(),
        }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), InvalidField> {
        if !(1024..=4 * 1024 * 1024).contains(&self.body_bytes_max) {
            return Err(InvalidField::new("body_bytes_max", "must be 1024 to 4194304"));
        }
        if let Some(wrong) = self.origins.iter().find(|origin| !is_origin(origin)) {
            let problem =
                format!("`{wrong}` must be `*` or as browsers send it: https://app.example.com, lower case, no path");
            return Err(InvalidField::new("origins", problem));
        }
        if self.deadline_max.is_zero() {
            return Err(InvalidField::new("deadline_max", "must be longer than nothing"));
        }
        Ok(())
    }
}

impl Config {
    /// The internal token that is sent to auth-svc.
    pub fn internal_token(&self) -> Result<InternalToken, InvalidField> {
        let wrong = |problem: &str| InvalidField::new("internal_tokens", problem);
        let first = self.internal_tokens.first().cloned();
        let first =
            first.ok_or_else(|| wrong("is required: the secret that the services share, at least 32 characters"))?;
        InternalToken::parse(first).map_err(|error| wrong(&error.problem))
    }
}

/// Whether a browser could send this as an `Origin`, so that comparing bytes is enough.
fn is_origin(text: &str) -> bool {
    let uri: Option<Uri> = text.parse().ok();
    let origin = uri.and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?)));
    text == "*" || origin.is_some_and(|origin| origin.to_ascii_lowercase() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_could_never_match_is_refused() {
        let check = |origin: &str| Config { origins: vec![origin.to_owned()], ..Config::default() }.check();

        for good in ["*", "https://app.example.com", "http://localhost:5173", "chrome-extension://abc"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["", "https://app.example.com/", "app.example.com", "https://App.example.com", "https://*.example.com/a"]
        {
            assert!(check(bad).is_err_and(|error| error.field == "origins"), "{bad}");
        }
    }
}
