//! Finding out whether an outage is over that has outlasted the patience of the queue.

use std::sync::Arc;

use kit::clock::SharedClock;
use kit::config::Period;
use kit::lifecycle::Lifecycle;
use tokio::sync::Notify;

use crate::domain::model::Processor;
use crate::metrics::Metrics;
use crate::store::OutageStore;

/// Tries one of the jobs that died of an outage, now and then each `interval`, until the drain. The queue redrives the others
/// when it succeeds.
///
/// While nobody could do its work anyway there is no point in trying.
pub fn probe(
    lifecycle: &Lifecycle,
    clock: SharedClock,
    outages: Arc<dyn OutageStore>,
    processor: Arc<dyn Processor>,
    bell: Arc<Notify>,
    metrics: Metrics,
    interval: Period,
) {
    let draining = lifecycle.draining();
    lifecycle.spawn("outage probe", async move {
        loop {
            if processor.is_ready() {
                match outages.probe_outage(clock.now()).await {
                    Ok(None) => {}
                    Ok(Some(key)) => {
                        tracing::info!(conversation.id = %key.conversation_id, "trying whether the outage is over");
                        bell.notify_one();
                    }
                    Err(error) => {
                        metrics.store_failed("probe");
                        tracing::warn!(error = &error as &dyn std::error::Error, "no probe could be sent");
                    }
                }
            }
            if draining.run_until_cancelled(clock.sleep(interval.0)).await.is_none() {
                return;
            }
        }
    });
}
