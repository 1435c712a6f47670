//! Forgets what is old, and removes rows that nothing leads to any more.

use std::sync::Arc;

use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use kit::serve::Beat;
use tokio_util::sync::CancellationToken;

use super::{ROWS, UpkeepSettings};
use crate::metrics::Metrics;
use crate::store::{StoreError, UpkeepStore};

/// What the janitor works with.
#[derive(Clone)]
pub struct Janitor {
    /// The time.
    pub clock: SharedClock,
    /// What is looked after.
    pub store: Arc<dyn UpkeepStore>,
    /// Where failures of the store are counted.
    pub metrics: Metrics,
    /// How long what is kept.
    pub settings: UpkeepSettings,
}

impl Janitor {
    /// Makes the round now and then at each interval, until the drain.
    pub fn start(self, lifecycle: &Lifecycle, beat: Beat) {
        let draining = lifecycle.draining();
        let looking_after = async move {
            loop {
                if let Err(error) = self.round(&draining).await {
                    self.metrics.store_failed("forget");
                    tracing::warn!(error = &error as &dyn std::error::Error, "what is old is forgotten later");
                }
                if draining.run_until_cancelled(self.clock.sleep(self.settings.every.0)).await.is_none() {
                    return;
                }
            }
        };
        lifecycle.spawn("janitor", beat.accompany(looking_after));
    }

    /// One round over everything. Ends early when the drain begins.
    async fn round(&self, draining: &CancellationToken) -> Result<(), StoreError> {
        let now = self.clock.now();
        let before = |age: kit::config::Period| now.checked_sub(age.0).unwrap_or(jiff::Timestamp::MIN);
        let (done, ended_badly) = (before(self.settings.done_details), before(self.settings.dead_details));
        while !draining.is_cancelled() && self.store.forget_details(done, ended_badly, ROWS).await? == ROWS {}
        while !draining.is_cancelled() && self.store.forget_calls(done, ROWS).await? == ROWS {}
        let erased = before(self.settings.erasures);
        while !draining.is_cancelled() && self.store.forget_erasures(erased, ROWS).await? == ROWS {}
        while !draining.is_cancelled() && self.store.remove_gone_eras(ROWS).await? == ROWS {}
        if !self.settings.conversations.is_zero() {
            self.delete_silent(before(self.settings.conversations), draining).await?;
        }
        self.remove_orphans(draining).await
    }

    async fn delete_silent(&self, since: jiff::Timestamp, draining: &CancellationToken) -> Result<(), StoreError> {
        loop {
            let silent = self.store.list_silent(since, ROWS).await?;
            let mut deleted = 0;
            for key in &silent {
                if draining.is_cancelled() {
                    return Ok(());
                }
                deleted += usize::from(self.store.delete_silent(key, since).await?);
            }
            if deleted > 0 {
                tracing::info!(deleted, "conversations deleted that were silent for too long");
            }
            if silent.len() < ROWS || deleted == 0 {
                return Ok(());
            }
        }
    }

    async fn remove_orphans(&self, draining: &CancellationToken) -> Result<(), StoreError> {
        let mut place = None;
        while !draining.is_cancelled() {
            let (orphans, next) = self.store.find_orphans(place.as_ref(), ROWS).await?;
            for life in &orphans {
                while !draining.is_cancelled() && self.store.remove_orphans(life, ROWS).await? == ROWS {}
            }
            if next.is_none() {
                return Ok(());
            }
            place = next;
        }
        Ok(())
    }
}
