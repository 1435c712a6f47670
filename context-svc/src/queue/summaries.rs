//! The worker that makes summaries, one at a time: asks for them where they are due, claims, and lets go when the process ends.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use kit::clock::SharedClock;
use kit::id::UserId;
use kit::lifecycle::Lifecycle;
use kit::serve::Beat;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::summary_run::SummaryRun;
use super::{QueueSettings, Summariser, SummarySettings};
use crate::domain::model::{SummaryAsked, WorkerId};
use crate::metrics::Metrics;
use crate::store::{ClaimTerms, StoreError, SummaryStore};

/// How many users one read of the sweep may bring.
const SWEPT_AT_ONCE: usize = 500;

/// What summaries are made with.
pub struct Summaries {
    /// The time.
    pub clock: SharedClock,
    /// Where the contexts, summaries and jobs are.
    pub store: Arc<dyn SummaryStore>,
    /// Who rolls up.
    pub summariser: Arc<dyn Summariser>,
    /// Whose memory has just grown. What is missed here is the sweep's.
    pub extracted: Receiver<UserId>,
    /// How jobs are kept and given up.
    pub queue: QueueSettings,
    /// When they are due.
    pub settings: SummarySettings,
    /// Where what happens is counted.
    pub metrics: Metrics,
}

impl Summaries {
    /// Works until the drain, on the terms of [`super::Queue::start`].
    pub fn start(self, lifecycle: &Lifecycle, beat: Beat) {
        let draining = lifecycle.draining();
        lifecycle.spawn("summaries", beat.accompany(self.work(draining)));
    }

    async fn work(mut self, draining: CancellationToken) {
        let worker = WorkerId::random();
        let mut sweep_at = self.clock.now();
        let mut served = None;
        while !draining.is_cancelled() {
            if self.clock.now() >= sweep_at {
                sweep_at = self.clock.now() + self.settings.sweep.0;
                if let Err(error) = self.sweep(&draining).await {
                    self.metrics.store_failed("sweep_summaries");
                    tracing::warn!(error = &error as &dyn Error, "the sweep for summaries failed");
                }
            }
            self.ask_for_who_has_grown().await;
            if let Some(user) = served.take() {
                // There may be more than one summary covers; whoever waits already goes first.
                self.ask(&user).await;
            }
            served = self.run_one(&worker, &draining).await;
            if served.is_some() {
                continue;
            }
            let poll = self.clock.sleep(self.queue.poll.0);
            tokio::select! {
                () = draining.cancelled() => {}
                Some(user) = self.extracted.recv() => self.ask(&user).await,
                () = poll => {}
            }
        }
    }

    /// Between any two summaries, or one user's many would keep all others waiting.
    async fn ask_for_who_has_grown(&mut self) {
        let grown: BTreeSet<UserId> = std::iter::from_fn(|| self.extracted.try_recv().ok()).collect();
        for user in &grown {
            self.ask(user).await;
        }
    }

    /// Asks for every user of whom enough is unsummarised.
    async fn sweep(&self, draining: &CancellationToken) -> Result<(), StoreError> {
        let enough = self.settings.threshold;
        let mut after: Option<UserId> = None;
        while !draining.is_cancelled() {
            let users = self.store.list_unsummarised_users(enough, after.as_ref(), SWEPT_AT_ONCE).await?;
            let is_last = users.len() < SWEPT_AT_ONCE;
            for user in &users {
                self.ask(user).await;
            }
            match users.into_iter().next_back() {
                Some(last) if !is_last => after = Some(last),
                _ => break,
            }
        }
        Ok(())
    }

    async fn ask(&self, user: &UserId) {
        match self.store.ask_summary(user, self.settings.threshold, self.clock.now()).await {
            Ok(SummaryAsked::Queued) => tracing::info!("a summary is due"),
            Ok(SummaryAsked::Live | SummaryAsked::NotDue | SummaryAsked::GivenUp) => {}
            Err(error) => {
                self.metrics.store_failed("ask_summary");
                tracing::warn!(error = &error as &dyn Error, "the next sweep has to ask for a summary");
            }
        }
    }

    /// Claims a job and works on it to its end. Whose it was; `None`: none is due.
    async fn run_one(&self, worker: &WorkerId, draining: &CancellationToken) -> Option<UserId> {
        if !self.summariser.is_ready() {
            return None;
        }
        let now = self.clock.now();
        let terms = ClaimTerms { now, lease: self.queue.lease.0, deliveries_max: self.queue.deliveries };
        let job = match self.store.claim_summary(worker, &terms).await {
            Ok(Some(job)) => job,
            Ok(None) => return None,
            Err(error) => {
                self.metrics.store_failed("claim_summary");
                tracing::warn!(error = &error as &dyn Error, "no summary could be claimed");
                return None;
            }
        };
        let user = job.lease.user_id.clone();
        let give_back = async {
            draining.cancelled().await;
            self.clock.sleep(self.queue.drain.0).await;
        };
        SummaryRun::new(self, job, now).run(give_back).await;
        Some(user)
    }
}
