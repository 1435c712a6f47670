//! What a number of calls took, from one round or several put together.

use std::time::Duration;

use hdrhistogram::Histogram;
use kit::process::Failure;
use serde_json::{Value, json};

/// What takes longer counts as this long: a minute.
const LONGEST_MICROS: u64 = 60_000_000;

/// Latencies of calls that succeeded, how many did not, and the time in which all of them were made.
pub(super) struct Latencies {
    histogram: Histogram<u64>,
    failed: u64,
    took: Duration,
}

impl Latencies {
    pub(super) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_MICROS, 3).expect("the bounds are in order");
        Self { histogram, failed: 0, took: Duration::ZERO }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.record_micros(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_MICROS));
    }

    pub(super) fn record_micros(&mut self, micros: u64) {
        self.histogram.saturating_record(micros.max(1));
    }

    pub(super) fn record_failure(&mut self) {
        self.failed += 1;
    }

    /// Puts what was made at the same time into one, whose time is still to be set.
    pub(super) fn join(&mut self, other: &Self) -> Result<(), Failure> {
        self.failed += other.failed;
        Ok(self.histogram.add(&other.histogram)?)
    }

    /// Says how long the calls took together.
    pub(super) fn in_time(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    /// Puts a later round with these.
    pub(super) fn add(&mut self, round: &Self) -> Result<(), Failure> {
        self.took += round.took;
        self.join(round)
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    pub(super) fn p99_ms(&self) -> f64 {
        self.at(0.99)
    }

    pub(super) fn report(&self) -> Value {
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
