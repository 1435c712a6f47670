//! A look every few seconds at what the requests do not show: how full and how old the queue is, how the model is doing, whether
//! revocations still arrive. It keeps the gauges and an honest readiness; what it reads costs the same however full the queue is.

use std::sync::Arc;
use std::time::Duration;

use kit::authn::Verifier;
use kit::clock::SharedClock;
use kit::config::Period;
use kit::serve::{Health, Part};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::operate::{Degradation, Operate, QueueStatus};
use crate::metrics::Metrics;
use crate::store::JobStore;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a look may take. A store that takes longer answers nobody in time.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// From when on somebody should look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HealthSettings {
    /// How long a due job may wait before the service says that it is degraded, at least 1s.
    pub ready_age_max: Period,
    /// How many calls of the model in a row may fail before the service says that it is degraded, at least 1.
    pub model_failures_max: u32,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { ready_age_max: Period::mins(10), model_failures_max: 5 }
    }
}

/// Whoever looks.
pub(crate) struct Lookout {
    /// Reads the queue.
    pub(crate) operate: Operate,
    /// Knows what it gave up.
    pub(crate) jobs: Arc<dyn JobStore>,
    /// Hears of revocations.
    pub(crate) verifier: Verifier,
    /// Where gauges are set.
    pub(crate) metrics: Metrics,
    /// What is told to load balancers and people.
    pub(crate) health: Health,
    /// The time.
    pub(crate) clock: SharedClock,
}

impl Lookout {
    /// Looks until the task is dropped.
    pub(crate) async fn keep_looking(self) {
        let mut poisoned = 0;
        loop {
            self.look().await;
            let so_far = self.jobs.poisoned();
            self.metrics.poisoned(so_far.saturating_sub(poisoned));
            poisoned = so_far;
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) async fn look(&self) {
        self.health.set("trust", self.verifier.readiness());
        let answer = tokio::select! {
            biased;
            answer = self.operate.status() => answer,
            () = self.clock.sleep(LOOK_MAX) => return self.hears_nothing(),
        };
        match answer {
            Ok(status) => {
                self.metrics.queue_is(&status);
                self.health.set("store", Part::Ready);
                self.health.set("queue", queue_part(&status));
                self.health.set("model", model_part(&status));
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the store cannot be read");
                self.metrics.store_failed("look");
                self.health.set("store", Part::NotReady("cannot be read".to_owned()));
            }
        }
    }

    fn hears_nothing(&self) {
        tracing::warn!("the store does not answer");
        self.metrics.store_failed("look");
        self.health.set("store", Part::NotReady("does not answer".to_owned()));
    }
}

fn queue_part(status: &QueueStatus) -> Part {
    let reasons = status.degraded.iter().filter(|reason| !reason.is_of_the_model());
    part(reasons)
}

fn model_part(status: &QueueStatus) -> Part {
    let reasons = status.degraded.iter().filter(|reason| reason.is_of_the_model());
    part(reasons)
}

fn part<'a>(reasons: impl Iterator<Item = &'a Degradation>) -> Part {
    let reasons: Vec<_> = reasons.map(|reason| format!("{}: {reason}", reason.as_str())).collect();
    if reasons.is_empty() { Part::Ready } else { Part::Degraded(reasons.join("; ")) }
}
