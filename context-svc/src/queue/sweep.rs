//! Finding conversations that nobody said goodbye to.

use kit::clock::SharedClock;
use kit::config::Period;
use kit::lifecycle::Lifecycle;
use kit::serve::Beat;

use crate::domain::schedule::{Schedule, ScheduleError};
use crate::metrics::Metrics;

/// Sweeps now and then each `interval`, until the drain.
pub fn sweep(
    lifecycle: &Lifecycle,
    clock: SharedClock,
    schedule: Schedule,
    metrics: Metrics,
    interval: Period,
    beat: Beat,
) {
    let draining = lifecycle.draining();
    let sweeping = async move {
        loop {
            match schedule.sweep().await {
                Ok(0) => {}
                Ok(queued) => tracing::info!(queued, "idle conversations queued for extraction"),
                Err(ScheduleError::QueueFull { .. }) => tracing::debug!("queue full: the rest is for the next sweep"),
                Err(error) => {
                    metrics.store_failed("sweep");
                    tracing::warn!(error = &error as &dyn std::error::Error, "idle sweep failed");
                }
            }
            if draining.run_until_cancelled(clock.sleep(interval.0)).await.is_none() {
                return;
            }
        }
    };
    lifecycle.spawn("idle sweep", beat.accompany(sweeping));
}
