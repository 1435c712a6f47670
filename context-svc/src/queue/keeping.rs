//! What every running job needs, whatever it is about: a lease kept alive, a verdict recorded, a fate after a failure.

use std::error::Error;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use kit::clock::SharedClock;

use super::QueueSettings;
use crate::domain::model::{Failure, Fate, WhatNext};
use crate::metrics::Metrics;
use crate::store::StoreError;

/// How long to wait before a verdict that the store did not take is tried again.
const VERDICT_RETRY: Duration = Duration::from_secs(1);

/// Keeps running jobs.
pub(super) struct Keeper<'a> {
    pub(super) clock: &'a SharedClock,
    pub(super) settings: &'a QueueSettings,
    pub(super) metrics: &'a Metrics,
}

impl Keeper<'_> {
    /// Renews a lease with `beat`, and returns when it is lost or may be.
    pub(super) async fn keep_alive<'a>(
        &self,
        claimed_at: Timestamp,
        beat: impl Fn(Timestamp) -> BoxFuture<'a, Result<bool, StoreError>>,
    ) {
        let Self { clock, settings, metrics } = self;
        let mut renewed_at = claimed_at;
        loop {
            clock.sleep(settings.heartbeat.0).await;
            let now = clock.now();
            match beat(now + settings.lease.0).await {
                Ok(true) => renewed_at = now,
                Ok(false) => {
                    metrics.lost();
                    tracing::warn!("LEASE_LOST: the work is abandoned");
                    return;
                }
                Err(error) => {
                    metrics.heartbeat_failed();
                    tracing::warn!(error = &error as &dyn Error, "a heartbeat failed");
                    if now > renewed_at + settings.faith() {
                        metrics.lost();
                        tracing::warn!("no heartbeat for too long: abandoned");
                        return;
                    }
                }
            }
        }
    }

    /// Records a verdict for as long as it takes: the heartbeats decide when it is too late for it.
    pub(super) async fn insist<'a, T>(&self, record: impl Fn() -> BoxFuture<'a, Result<T, StoreError>>) -> T {
        loop {
            match record().await {
                Ok(recorded) => return recorded,
                Err(error) => {
                    self.metrics.store_failed("verdict");
                    tracing::warn!(error = &error as &dyn Error, "the verdict is not recorded yet");
                }
            }
            self.clock.sleep(VERDICT_RETRY).await;
        }
    }

    /// What becomes of a job after its `attempt`th failed; it is as old as `first_at`.
    pub(super) fn fate(&self, failure: &Failure, attempt: u32, first_at: Timestamp, now: Timestamp) -> Fate {
        let settings = self.settings;
        let backoff = || now + kit::retry::backoff(attempt, settings.backoff.0, settings.backoff_max.0);
        match failure.next {
            WhatNext::GiveUp => Fate::Dead,
            WhatNext::Retry { .. } if attempt >= settings.attempts => Fate::Dead,
            WhatNext::Outage { .. } if now >= first_at + settings.outage_max.0 => Fate::DeadOfOutage,
            WhatNext::Retry { not_before } | WhatNext::Outage { not_before } => {
                Fate::Retry { not_before: not_before.unwrap_or_else(backoff) }
            }
            WhatNext::Snooze { until } => Fate::Snooze { until: until.min(now + settings.snooze_max.0) },
        }
    }
}
