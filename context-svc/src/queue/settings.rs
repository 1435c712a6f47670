//! The numbers of the queue.

use std::time::Duration;

use kit::config::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How jobs are claimed, kept and given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// How many jobs this process works on at once, at least 1.
    pub slots: usize,
    /// How many of them may be one user's, at least 1.
    pub slots_per_user: usize,
    /// How long a claim holds without a heartbeat, at least 1s. A crashed worker's jobs are taken over after it.
    pub lease: Period,
    /// How often a claim is renewed, at least 100ms and less than 0.7 of `lease`.
    pub heartbeat: Period,
    /// How often to look for due jobs and expired leases when nothing wakes the queue, and for changes that another process made to
    /// a watched extraction; 100ms to 10s.
    pub poll: Period,
    /// How long one pass over a conversation may take, at least 1s.
    pub pass: Period,
    /// How many attempts a job gets, at least 1.
    pub attempts: u32,
    /// How often in a row a job may be claimed without a verdict, because its worker dies, before it counts as poison.
    pub deliveries: u32,
    /// The wait after the first failed attempt, at least 100ms; doubled with each further one, and up to half of it random.
    pub backoff: Period,
    /// The longest wait between attempts, at least `backoff`.
    pub backoff_max: Period,
    /// How long a job is kept alive while the model cannot be reached.
    pub outage_max: Period,
    /// The longest that a job may be put off without an attempt being counted.
    pub snooze_max: Period,
    /// How long running jobs may go on after the stop signal. Then they are given back.
    pub drain: Period,
    /// How often to look for conversations that fell silent, at least 1s.
    pub sweep: Period,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            slots: 4,
            slots_per_user: 2,
            lease: Period::secs(60),
            heartbeat: Period::secs(15),
            poll: Period::secs(1),
            pass: Period::secs(120),
            attempts: 8,
            deliveries: 5,
            backoff: Period::secs(2),
            backoff_max: Period::secs(900),
            outage_max: Period::hours(24),
            snooze_max: Period::hours(24),
            drain: Period::secs(20),
            sweep: Period::secs(60),
        }
    }
}

impl QueueSettings {
    /// How long a worker goes on without a successful heartbeat: it must stop before another may start.
    pub(super) fn faith(&self) -> Duration {
        self.lease.mul_f64(0.7)
    }
}

/// When the session contexts of a user are rolled up into a summary. How the job is kept and given up is the same as for
/// extractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SummarySettings {
    /// How many conversations that no summary covers make one due, 1 to 200.
    pub threshold: usize,
    /// How often to look for users of whom so many are waiting, 1s to 1h; also looked for after each extraction.
    pub sweep: Period,
}

impl Default for SummarySettings {
    fn default() -> Self {
        Self { threshold: 20, sweep: Period::secs(60) }
    }
}
