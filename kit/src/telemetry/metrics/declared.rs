//! A metric as it is declared: one constant that instruments and the documents are made from.

/// The buckets for how long something took that should take milliseconds, in seconds.
pub const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What can be done with the values of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricKind {
    /// Only grows, until the process ends: ask for its rate.
    Counter,
    /// Is as it is now.
    Gauge,
    /// How often values fell below each of these bounds.
    Histogram(&'static [f64]),
}

impl MetricKind {
    /// As Prometheus calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// A metric: what it is called, what it means and what it is told apart by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Declared {
    /// Its name as OpenTelemetry writes it: `rpc.server.call.duration`.
    pub name: &'static str,
    /// What its values are.
    pub kind: MetricKind,
    /// `s` for seconds, or nothing for a plain number.
    pub unit: &'static str,
    /// What it is told apart by. Each has few values, and none names a user.
    pub labels: &'static [&'static str],
    /// One sentence for whoever has to act on it.
    pub help: &'static str,
}

impl Declared {
    /// Something that is counted.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Counter, unit: "", labels: &[], help }
    }

    /// Something that stands somewhere.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Gauge, unit: "", labels: &[], help }
    }

    /// How long something takes.
    pub const fn duration(name: &'static str, bounds: &'static [f64], help: &'static str) -> Self {
        Self { name, kind: MetricKind::Histogram(bounds), unit: "s", labels: &[], help }
    }

    /// Told apart by these labels.
    pub const fn by(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    /// In seconds.
    pub const fn in_seconds(self) -> Self {
        Self { unit: "s", ..self }
    }

    /// Its name on the page: `rpc_server_call_duration_seconds`.
    pub fn page_name(&self) -> String {
        let unit = if self.unit == "s" { "_seconds" } else { "" };
        let suffix = if self.kind == MetricKind::Counter { "_total" } else { "" };
        format!("{}{unit}{suffix}", self.name.replace('.', "_"))
    }

    /// Its labels on the page: `rpc_method`.
    pub fn page_labels(&self) -> Vec<String> {
        self.labels.iter().map(|label| label.replace('.', "_")).collect()
    }
}
