//! What a service holds in its hand to count with. Clones count into the same place.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{KeyValue, Value, metrics};

/// The labels of a metric with the values of one event. A value that was not declared has no name, and is a mistake.
fn labelled<const N: usize>(labels: &'static [&'static str], values: [Value; N]) -> [KeyValue; N] {
    debug_assert_eq!(labels.len(), N, "a value for each of {labels:?}");
    let mut labels = labels.iter().copied();
    values.map(|value| KeyValue::new(labels.next().unwrap_or("undeclared"), value))
}

/// Counts events.
#[derive(Clone)]
pub struct Counter {
    pub(super) counter: metrics::Counter<u64>,
    pub(super) labels: &'static [&'static str],
}

impl Counter {
    /// Once more. Takes nanoseconds.
    pub fn count(&self) {
        self.add(1, []);
    }

    /// Once more, with these values of the labels, in the order of their declaration.
    pub fn count_as<const N: usize>(&self, values: [Value; N]) {
        self.add(1, values);
    }

    /// So many more. None makes it appear on the page, so that its first event is a rise and not a beginning.
    pub fn add<const N: usize>(&self, count: u64, values: [Value; N]) {
        self.counter.add(count, &labelled(self.labels, values));
    }
}

/// Says how something stands.
#[derive(Clone)]
pub struct Gauge {
    pub(super) gauge: metrics::Gauge<f64>,
    pub(super) labels: &'static [&'static str],
}

impl Gauge {
    /// It stands at `value`.
    pub fn set(&self, value: f64) {
        self.set_as(value, []);
    }

    /// It stands at `value` for these values of the labels.
    pub fn set_as<const N: usize>(&self, value: f64, values: [Value; N]) {
        self.gauge.record(value, &labelled(self.labels, values));
    }
}

/// Says how many of something there are at the moment, counted by those who hold one.
#[derive(Clone)]
pub struct Level {
    pub(super) level: Arc<metrics::UpDownCounter<i64>>,
}

impl Level {
    /// One more, for as long as what is returned is held.
    pub fn raise(&self) -> Raised {
        self.level.add(1, &[]);
        Raised(self.clone())
    }
}

/// One of what a [`Level`] counts.
pub struct Raised(Level);

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.level.add(-1, &[]);
    }
}

/// Collects how long things take.
#[derive(Clone)]
pub struct Histogram {
    pub(super) histogram: metrics::Histogram<f64>,
    pub(super) labels: &'static [&'static str],
}

impl Histogram {
    /// It took so long.
    pub fn record<const N: usize>(&self, took: Duration, values: [Value; N]) {
        self.histogram.record(took.as_secs_f64(), &labelled(self.labels, values));
    }
}
