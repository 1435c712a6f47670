//! The result of a run, as one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// What was done, what was acknowledged meanwhile, and which promise was not kept.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What the faults were drawn from.
    pub seed: u64,
    /// How long they went on.
    pub seconds: u64,
    /// SIGKILLs, from outside and at failpoints.
    pub kills: u64,
    /// Those at failpoints, by place.
    pub kills_at: BTreeMap<&'static str, u64>,
    /// SIGSTOPs.
    pub stops: u64,
    /// SIGTERMs.
    pub terms: u64,
    /// Starts after any of these.
    pub restarts: u64,
    /// Triggers that were acknowledged: logouts, and extractions asked for by hand.
    pub acknowledged: usize,
    /// Everything that clients were told.
    pub acknowledged_by_kind: Acknowledged,
    /// Tries that were never answered, so that nobody knew whether they took effect.
    pub unanswered: u64,
    /// Answers that said no, by status and reason.
    pub refusals: BTreeMap<String, u64>,
    /// Claims of jobs.
    pub claims: usize,
    /// Questions to the model about conversations: one for each piece of one, and again after a kill.
    pub model_calls: u64,
    /// Results that were saved.
    pub extracted: usize,
    /// Summaries that were saved, each of several results.
    pub summaries: i64,
    /// Results that came too late and were dropped.
    pub leases_lost: u64,
    /// Jobs that gave up in the end, by reason.
    pub dead: BTreeMap<String, u64>,
    /// The most jobs that were live at a time.
    pub depth_most: i64,
    /// How long it took until everything accepted was done.
    pub settled_ms: u64,
    /// Logouts while context-svc was away, and nobody else.
    pub logout_ms: Milliseconds,
    /// Logouts while everything was there.
    pub logout_ms_healthy: Milliseconds,
    /// Acknowledged things that are gone.
    pub lost: usize,
    /// Things that are there twice. A message counts twice, for its client id and for its words.
    pub doubled: usize,
    /// Every breach of Q1 to Q9.
    pub violations: Vec<Violation>,
}

/// How much was acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    /// Messages.
    pub messages: usize,
    /// Logouts.
    pub logouts: usize,
    /// Extractions asked for by hand.
    pub triggers: usize,
    /// Deletions of one conversation.
    pub deletions: usize,
    /// Erasures of all that a user has.
    pub erasures: usize,
}

/// One breach of one promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The promise: `Q1` to `Q9`, `deletion`, or `process` when a program ended as nobody told it to or answered 500.
    pub check: &'static str,
    /// What happened, to whom.
    pub what: String,
}

/// The spread of some times.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Milliseconds {
    /// How many there were.
    pub count: usize,
    /// Half of them took no longer.
    pub p50: f64,
    /// Ninety-nine of a hundred took no longer.
    pub p99: f64,
    /// None took longer.
    pub max: f64,
}

impl Milliseconds {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: f64| {
            let last = times.len().saturating_sub(1);
            let time = times.get((last as f64 * part).ceil() as usize).copied().unwrap_or_default();
            (time.as_secs_f64() * 100_000.0).round() / 100.0
        };
        Self { count: times.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_no_times_and_of_some_is_told() {
        let times = (1..=100).map(Duration::from_millis).collect();

        assert_eq!(Milliseconds::of(vec![]), Milliseconds::default());
        assert_eq!(Milliseconds::of(times), Milliseconds { count: 100, p50: 51.0, p99: 100.0, max: 100.0 });
    }
}
