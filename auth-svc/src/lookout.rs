//! A look every few seconds at what the requests do not show: how much waits in the outbox, and for how long.

use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;
use kit::config::Period;
use kit::serve::{Health, Part};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metrics::Metrics;
use crate::store::OutboxStore;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a look may take. The next one may find a store that answers.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// So that a look costs the same however much is waiting.
const COUNTED_MAX: usize = 10_000;

/// From when on somebody should look.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HealthSettings {
    /// How long an ended session may wait for context-svc before the service says that it is degraded, at least 1s.
    pub outbox_age_max: Period,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { outbox_age_max: Period::mins(5) }
    }
}

/// Whoever looks.
pub(crate) struct Lookout {
    /// What is looked at.
    pub(crate) outbox: Arc<dyn OutboxStore>,
    /// Where gauges are set.
    pub(crate) metrics: Metrics,
    /// What is told to load balancers and people.
    pub(crate) health: Health,
    /// The time.
    pub(crate) clock: SharedClock,
    /// What is still called well.
    pub(crate) settings: HealthSettings,
}

impl Lookout {
    /// Looks until the task is dropped.
    pub(crate) async fn keep_looking(self) {
        loop {
            self.look().await;
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) async fn look(&self) {
        let answer = tokio::select! {
            biased;
            answer = self.outbox.pending(COUNTED_MAX) => answer,
            () = self.clock.sleep(LOOK_MAX) => {
                tracing::warn!("the outbox cannot be counted: the store does not answer");
                return self.metrics.store_failed("look");
            }
        };
        match answer {
            Ok(pending) => {
                let waits_for = |since| self.clock.now().duration_since(since).try_into().unwrap_or(Duration::ZERO);
                let age = pending.oldest.map_or(Duration::ZERO, waits_for);
                self.metrics.outbox_is(pending.entries, age);
                self.health.set("outbox", self.part(pending.entries, age));
            }
            // Whether the store can be read at all is the trust feed's to say, which reads it each second.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the outbox cannot be counted");
                self.metrics.store_failed("look");
            }
        }
    }

    fn part(&self, entries: u64, age: Duration) -> Part {
        if age <= *self.settings.outbox_age_max {
            return Part::Ready;
        }
        Part::Degraded(format!(
            "OUTBOX_OLD: {entries} ended sessions wait for context-svc, the oldest for {} s; nothing is lost",
            age.as_secs()
        ))
    }
}
