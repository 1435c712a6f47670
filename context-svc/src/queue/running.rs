//! One claimed job: the work, the heartbeats beside it, and the verdict.

use std::error::Error;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use kit::telemetry::metrics::Raised;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::Queue;
use super::keeping::Keeper;
use crate::domain::model::{Committed, Failure, Fate, Job, LastError, SessionContext, Watermark};
use crate::store::StoreError;

/// How many jobs one write brings back, so that others need not wait for long.
const REDRIVEN_AT_ONCE: usize = 500;

/// A job that this process has claimed.
pub(super) struct Running {
    queue: Arc<Queue>,
    job: Job,
    claimed_at: Timestamp,
    _counted: Raised,
}

impl Running {
    pub(super) fn new(queue: Arc<Queue>, job: Job, claimed_at: Timestamp) -> Self {
        let counted = queue.metrics.claimed();
        Self { queue, job, claimed_at, _counted: counted }
    }

    /// Works until there is a verdict, the lease is lost, or the job is to be given back.
    pub(super) async fn run(self, give_back: CancellationToken) {
        let conversation = &self.job.key().conversation_id;
        // A link to each request that asked for it, rather than a parent: a job may have many, and outlives them all.
        let traces = &self.job.traces;
        let span = tracing::info_span!(
            "job", conversation.id = %conversation, job.fence = self.job.lease.fence, trace_ids = %traces
        );
        self.until_settled(give_back).instrument(span).await;
        self.queue.changes.touched(self.job.key());
    }

    async fn until_settled(&self, give_back: CancellationToken) {
        let outage_is_over = tokio::select! {
            // In this order: a heartbeat that finds the job ended by our own verdict is no loss.
            biased;
            outage_is_over = self.work() => outage_is_over,
            () = self.keep_alive() => false,
            () = give_back.cancelled() => {
                self.release().await;
                false
            }
        };
        if outage_is_over {
            // Out of reach of the heartbeats: the lease has ended with the verdict.
            give_back.run_until_cancelled(self.bring_back_what_died_of_outage()).await;
        }
    }

    /// `true`: an outage is over, since this job has come through.
    async fn work(&self) -> bool {
        let verdict = match self.process().await {
            Ok(context) => self.check(context),
            Err(failure) => Err(failure),
        };
        let is_success = verdict.is_ok();
        let recorded = match verdict {
            Ok((upto, context)) => self.complete(upto, context).await,
            Err(failure) => self.fail(failure).await,
        };
        if !recorded {
            tracing::warn!("LEASE_LOST: the verdict was dropped");
        }
        recorded && is_success && self.has_outlasted_patience(self.queue.clock.now())
    }

    /// In a task of its own, so that neither a panic nor a long computation touches the heartbeats.
    async fn process(&self) -> Result<SessionContext, Failure> {
        let (processor, job) = (self.queue.processor.clone(), self.job.clone());
        let work = AbortOnDropHandle::new(tokio::spawn(async move { processor.process(&job).await }.in_current_span()));
        let pass = self.queue.settings.pass;
        tokio::select! {
            result = work => result.unwrap_or_else(|_| Err(Failure::retry("PANIC", "the extraction panicked"))),
            () = self.queue.clock.sleep(pass.0) => {
                Err(Failure::retry("PASS_TIMEOUT", format!("the extraction took longer than {pass}")))
            }
        }
    }

    /// A result must get ahead, and not further than asked.
    fn check(&self, context: SessionContext) -> Result<(Watermark, SessionContext), Failure> {
        let upto = self.job.want.at(context.extracted_seq);
        if upto > self.job.done && upto <= self.job.want {
            return Ok((upto, context));
        }
        Err(Failure::retry("BAD_WATERMARK", format!("the extraction claims to cover message {}", upto.seq())))
    }

    async fn complete(&self, upto: Watermark, context: SessionContext) -> bool {
        let jobs = &self.queue.jobs;
        let lease = &self.job.lease;
        kit::failpoint::reached("job-committing");
        let committed = self.insist(|| jobs.complete(lease, upto, &context, self.queue.clock.now())).await;
        kit::failpoint::reached("job-committed");
        // The trigger may be of another process, whose clock is ahead.
        let since_trigger = self.queue.clock.now().duration_since(self.job.first_at).try_into().unwrap_or_default();
        self.queue.metrics.completed(committed, since_trigger);
        tracing::info!(
            committed = ?committed,
            seq = upto.seq(),
            attempt = self.job.attempt,
            items = context.items.len(),
            outcome = %context.outcome,
            "extraction finished"
        );
        let recorded = committed != Committed::LeaseLost;
        if recorded {
            self.queue.metrics.context_saved(&context);
            self.queue.tells_extracted(&self.job.key().user_id);
        }
        recorded
    }

    /// Whether an outage would be the end of this job by now. If it came through, the outage is over.
    fn has_outlasted_patience(&self, now: Timestamp) -> bool {
        now >= self.job.first_at + self.queue.settings.outage_max.0
    }

    /// What is not brought back now, because the process or the store fails, the next probe brings back.
    async fn bring_back_what_died_of_outage(&self) {
        loop {
            match self.queue.jobs.redrive_after_outage(self.queue.clock.now(), REDRIVEN_AT_ONCE).await {
                Ok(0) => return,
                Ok(redriven) => {
                    tracing::info!(redriven, "the outage is over: extractions that died of it are queued again")
                }
                Err(error) => {
                    self.queue.metrics.store_failed("redrive");
                    tracing::warn!(error = &error as &dyn Error, "what died of the outage waits for the next probe");
                    return;
                }
            }
            self.queue.bell.notify_one();
        }
    }

    async fn fail(&self, failure: Failure) -> bool {
        let now = self.queue.clock.now();
        let fate = self.fate(&failure, now);
        tracing::warn!(fate = ?fate, reason = failure.reason, attempt = self.job.attempt, "extraction failed");
        let error = LastError { reason: failure.reason.into(), message: failure.message, at: now };
        let answer = failure.raw;
        let recorded = self.insist(|| self.queue.jobs.fail(&self.job.lease, fate, &error, answer.as_ref())).await;
        self.queue.metrics.failed(failure.reason, fate, recorded);
        recorded
    }

    fn fate(&self, failure: &Failure, now: Timestamp) -> Fate {
        self.keeper().fate(failure, self.job.attempt, self.job.first_at, now)
    }

    fn keeper(&self) -> Keeper<'_> {
        let Queue { clock, settings, metrics, .. } = &*self.queue;
        Keeper { clock, settings, metrics }
    }

    /// Records a verdict for as long as it takes: the heartbeats decide when it is too late for it.
    async fn insist<'a, T>(&self, record: impl Fn() -> BoxFuture<'a, Result<T, StoreError>>) -> T {
        self.keeper().insist(record).await
    }

    /// Renews the lease, and returns when it is lost or may be.
    async fn keep_alive(&self) {
        let jobs = &self.queue.jobs;
        self.keeper().keep_alive(self.claimed_at, |until| jobs.heartbeat(&self.job.lease, until)).await;
    }

    async fn release(&self) {
        match self.queue.jobs.release(&self.job.lease, self.queue.clock.now()).await {
            Ok(true) => self.queue.metrics.released(),
            Ok(false) => self.queue.metrics.lost(),
            Err(error) => {
                self.queue.metrics.store_failed("release");
                tracing::warn!(error = &error as &dyn Error, "a job is due again when its lease ends");
            }
        }
    }
}
