//! What a number of calls took, from one round or several put together.

use std::time::Duration;

use hdrhistogram::Histogram;
use kit::process::Failure;
use serde_json::{Value, json};

/// What takes longer counts as this long: a minute.
const LONGEST_MICROS: u64 = 60_000_000;

/// Latencies of calls that succeeded, how many did not, and the time in which all of them were made.
pub struct Latencies {
    histogram: Histogram<u64>,
    failed: u64,
    took: Duration,
}

impl Default for Latencies {
    /// Of no call yet.
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_MICROS, 3).expect("the bounds are in order");
        Self { histogram, failed: 0, took: Duration::ZERO }
    }
}

impl Latencies {
    /// Counts a call that succeeded.
    pub fn record(&mut self, latency: Duration) {
        self.record_micros(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_MICROS));
    }

    /// The same, in microseconds.
    pub fn record_micros(&mut self, micros: u64) {
        self.histogram.saturating_record(micros.max(1));
    }

    /// Counts a call that did not.
    pub fn record_failure(&mut self) {
        self.failed += 1;
    }

    /// Puts what was made at the same time into one, whose time is still to be set.
    pub fn join(&mut self, other: &Self) -> Result<(), Failure> {
        self.failed += other.failed;
        Ok(self.histogram.add(&other.histogram)?)
    }

    /// Says how long the calls took together.
    pub fn in_time(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    /// Puts a later round with these.
    pub fn add(&mut self, round: &Self) -> Result<(), Failure> {
        self.took += round.took;
        self.join(round)
    }

    /// How many calls did not succeed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// The 99th percentile in milliseconds.
    pub fn p99_ms(&self) -> f64 {
        self.at(0.99)
    }

    /// All figures, as part of a report.
    pub fn report(&self) -> Value {
        json!({
            "calls": self.histogram.len() + self.failed, "failed": self.failed,
            "per_second": (self.histogram.len() as f64 / self.took.as_secs_f64()).round(),
            "p50_ms": self.at(0.5), "p99_ms": self.at(0.99), "max_ms": self.at(1.0),
        })
    }

    fn at(&self, quantile: f64) -> f64 {
        self.histogram.value_at_quantile(quantile) as f64 / 1000.0
    }
}
