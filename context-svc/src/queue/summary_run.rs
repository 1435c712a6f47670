//! One claimed summary job: pick, roll up, save, mark, end. Each step is a write of its own; whoever takes over after a crash goes
//! on behind the last one that was made.

use std::collections::BTreeSet;
use std::error::Error;

use futures::FutureExt;
use jiff::Timestamp;
use kit::failpoint;
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::Summaries;
use super::keeping::Keeper;
use crate::domain::model::{Covered, Failure, LastError, Marking, Pick, Summarised, SummaryJob, WhatNext, Written};
use crate::store::StoreError;

/// How many of the oldest contexts are read for one summary.
const PICKED_AT_ONCE: usize = 200;

/// How often in a row a summary may be made in vain because something was deleted or saved meanwhile.
const STALE_AT_MOST: usize = 3;

/// A summary job that this process has claimed.
pub(super) struct SummaryRun<'a> {
    with: &'a Summaries,
    job: SummaryJob,
    claimed_at: Timestamp,
    /// What was unsummarised when it was last tried.
    tried: Mutex<BTreeSet<Covered>>,
}

impl<'a> SummaryRun<'a> {
    pub(super) fn new(with: &'a Summaries, job: SummaryJob, claimed_at: Timestamp) -> Self {
        Self { with, job, claimed_at, tried: Mutex::default() }
    }

    /// Works until there is a verdict, the lease is lost, or the job is to be given back.
    pub(super) async fn run(self, give_back: impl Future<Output = ()>) {
        let span = tracing::info_span!("summary", job.fence = self.job.lease.fence);
        let (store, lease, keeper) = (&self.with.store, &self.job.lease, self.keeper());
        let settled = async {
            tokio::select! {
                // In this order: a heartbeat that finds the job ended by our own verdict is no loss.
                biased;
                () = self.work() => {}
                () = keeper.keep_alive(self.claimed_at, |until| store.heartbeat_summary(lease, until)) => {}
                () = give_back => self.release().await,
            }
        };
        settled.instrument(span).await;
    }

    async fn work(&self) {
        let recorded = match self.advance().await {
            Ok(recorded) => recorded,
            Err(failure) => self.fail(failure).await,
        };
        if !recorded {
            tracing::warn!("LEASE_LOST: the summary was dropped");
        }
    }

    /// From wherever the job stands to its end. Whether that was recorded.
    async fn advance(&self) -> Result<bool, Failure> {
        let Summaries { store, settings, metrics, .. } = self.with;
        for _ in 0..STALE_AT_MOST {
            let pick = store.pick(&self.job.lease.user_id, PICKED_AT_ONCE).await.map_err(unreadable)?;
            self.tried.lock().clone_from(&pick.open);
            if let Some(marking) = &pick.marking {
                return Ok(self.mark(marking).await);
            }
            // It is counted again: what made the job due may be summarised or deleted by now.
            if pick.open.len() < settings.threshold {
                return Ok(self.finish().await);
            }
            let stand = pick.stand;
            let summarised = self.summarise(pick).await?;
            let write = || store.write_summary(&self.job.lease, &stand, &summarised);
            match self.keeper().insist(write).await {
                Written::Saved => {
                    failpoint::reached("summary-written");
                    let Summarised { summary, covered } = summarised;
                    tracing::info!(epoch = summary.epoch, contexts = covered.len(), "summary saved");
                    metrics.summary_saved();
                    return Ok(self.mark(&Marking { epoch: summary.epoch, covered }).await);
                }
                Written::Stale => tracing::info!("something was deleted or saved meanwhile: picking again"),
                Written::LeaseLost => return Ok(false),
            }
        }
        Err(Failure::retry("MEMORY_MOVES", "something was deleted or saved during each roll-up"))
    }

    /// In a task of its own, so that neither a panic nor a long computation touches the heartbeats.
    async fn summarise(&self, pick: Pick) -> Result<Summarised, Failure> {
        let summariser = self.with.summariser.clone();
        let (all, epoch) = (pick.open.clone(), pick.summary.epoch);
        let work =
            AbortOnDropHandle::new(tokio::spawn(async move { summariser.summarise(&pick).await }.in_current_span()));
        let pass = self.with.queue.pass;
        let summarised = tokio::select! {
            result = work => result.unwrap_or_else(|_| Err(Failure::retry("PANIC", "the summary panicked")))?,
            () = self.with.clock.sleep(pass.0) => {
                return Err(Failure::retry("PASS_TIMEOUT", format!("the summary took longer than {pass}")));
            }
        };
        let is_progress = !summarised.covered.is_empty() && summarised.covered.is_subset(&all);
        if is_progress && summarised.summary.epoch == epoch + 1 {
            Ok(summarised)
        } else {
            Err(Failure::retry(
                "BAD_COVERAGE",
                "the summary covers nothing it was given, or does not follow the last one",
            ))
        }
    }

    /// Marks what a saved summary covers, and ends the job.
    async fn mark(&self, marking: &Marking) -> bool {
        let (store, keeper) = (&self.with.store, self.keeper());
        let user = &self.job.lease.user_id;
        let half = marking.covered.len() / 2;
        for (place, covered) in marking.covered.iter().enumerate() {
            if place == half {
                failpoint::reached("summary-half-marked");
            }
            keeper.insist(|| store.mark_summarised(user, covered, marking.epoch)).await;
        }
        failpoint::reached("summary-marked");
        self.finish().await
    }

    async fn finish(&self) -> bool {
        let Summaries { clock, store, .. } = self.with;
        self.keeper().insist(|| store.finish_summary(&self.job.lease, clock.now())).await
    }

    async fn fail(&self, failure: Failure) -> bool {
        let Summaries { clock, store, metrics, .. } = self.with;
        let now = clock.now();
        let failure = counted(failure);
        let fate = self.keeper().fate(&failure, self.job.attempt, self.job.first_at, now);
        tracing::warn!(fate = ?fate, reason = failure.reason, attempt = self.job.attempt, "summary failed");
        let error = LastError { reason: failure.reason.into(), message: failure.message, at: now };
        let tried = self.tried.lock().clone();
        let recorded = self.keeper().insist(|| store.fail_summary(&self.job.lease, fate, &error, &tried).boxed()).await;
        metrics.summary_failed(fate, recorded);
        recorded
    }

    fn keeper(&self) -> Keeper<'_> {
        let Summaries { clock, queue, metrics, .. } = self.with;
        Keeper { clock, settings: queue, metrics }
    }

    async fn release(&self) {
        let Summaries { clock, store, .. } = self.with;
        if let Err(error) = store.release_summary(&self.job.lease, clock.now()).await {
            self.with.metrics.store_failed("release_summary");
            tracing::warn!(error = &error as &dyn Error, "a summary is due again when its lease ends");
        }
    }
}

/// Attempts bound an outage too: nobody waits for a summary, and the next context asks for it again.
fn counted(failure: Failure) -> Failure {
    let next = match failure.next {
        WhatNext::Outage { not_before } => WhatNext::Retry { not_before },
        next => next,
    };
    Failure { next, ..failure }
}

fn unreadable(error: StoreError) -> Failure {
    Failure::outage("STORE_UNAVAILABLE", error.to_string())
}
