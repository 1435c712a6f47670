//! The worker of erasures: removes piece by piece, waits for the last writer, removes once more, and looks.

use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use kit::serve::Beat;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::ROWS;
use crate::domain::model::{ErasureEnd, ErasureLease, WorkerId};
use crate::metrics::Metrics;
use crate::store::{ErasureStore, StoreError};

/// What the erasing worker works with.
#[derive(Clone)]
pub struct Eraser {
    /// The time.
    pub clock: SharedClock,
    /// Where the erasures and what they remove are.
    pub erasures: Arc<dyn ErasureStore>,
    /// Rung when an erasure has begun.
    pub bell: Arc<Notify>,
    /// How long a claim holds; renewed with every piece.
    pub lease: Duration,
    /// Where failures of the store are counted.
    pub metrics: Metrics,
    /// How often to look for erasures that are due when the bell is silent.
    pub poll: Duration,
}

impl Eraser {
    /// Works until the drain, and leaves off between two pieces: another worker goes on when the lease ends.
    pub fn start(self, lifecycle: &Lifecycle, beat: Beat) {
        let draining = lifecycle.draining();
        lifecycle.spawn("erasures", beat.accompany(self.work(draining)));
    }

    async fn work(self, draining: CancellationToken) {
        let worker = WorkerId::random();
        while !draining.is_cancelled() {
            match self.next(&worker, &draining).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.metrics.store_failed("erase");
                    tracing::warn!(error = &error as &dyn std::error::Error, "an erasure waits for the store")
                }
            }
            tokio::select! {
                () = draining.cancelled() => {}
                () = self.bell.notified() => {}
                () = self.clock.sleep(self.poll) => {}
            }
        }
    }

    /// Works on the next erasure that is due. Whether there was one.
    async fn next(&self, worker: &WorkerId, draining: &CancellationToken) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let Some(lease) = self.erasures.claim_erasure(worker, now, now + self.lease).await? else { return Ok(false) };
        self.erase(&lease, draining).await?;
        Ok(true)
    }

    async fn erase(&self, lease: &ErasureLease, draining: &CancellationToken) -> Result<(), StoreError> {
        while !draining.is_cancelled() {
            match self.erasures.erase_some(lease, ROWS, self.clock.now() + self.lease).await? {
                None => return Ok(()),
                Some(0) => {}
                Some(_) => {
                    kit::failpoint::reached("erasure-half-removed");
                    continue;
                }
            }
            // Before it counts as done, or a crash in between would leave the log as it is.
            if !self.erasures.scrub().await? {
                // Nor wait for the reader: others are to be erased as well.
                tracing::debug!("somebody reads: the log of the database is emptied when the lease ends");
                return Ok(());
            }
            match self.erasures.finish_erasure(lease, self.clock.now()).await? {
                ErasureEnd::Remains => {}
                ErasureEnd::Done => {
                    tracing::info!(era = lease.era, "a user is erased");
                    return Ok(());
                }
                ErasureEnd::TooEarly | ErasureEnd::LeaseLost => return Ok(()),
            }
        }
        Ok(())
    }
}
