//! The numbers of the guard.

use kit::config::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a model provider is asked at once, and when it is left alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// How many calls may be under way at once, at least 1. Further ones wait for their turn.
    pub concurrency: usize,
    /// How many tokens a minute may be sent and received, counted roughly beforehand and corrected afterwards; 0 for any number.
    pub tokens_per_minute: u64,
    /// How many calls in a row must fail before the provider is left alone, at least 1. A rate limit is no failure.
    pub breaker_failures: u32,
    /// How long the provider is then left alone before one call tries again, at least 1s.
    pub breaker_pause: Period,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { concurrency: 4, tokens_per_minute: 0, breaker_failures: 5, breaker_pause: Period::secs(30) }
    }
}
