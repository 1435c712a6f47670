//! Claiming jobs while there are free slots, and letting go of them when the process ends.

use std::collections::HashMap;
use std::sync::Arc;

use kit::clock::SharedClock;
use kit::id::UserId;
use kit::lifecycle::Lifecycle;
use kit::serve::Beat;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::running::Running;
use super::{Processor, QueueSettings};
use crate::domain::model::WorkerId;
use crate::domain::watch::Changes;
use crate::metrics::Metrics;
use crate::store::{ClaimTerms, JobStore};

/// What a queue works with.
#[derive(Clone)]
pub struct Queue {
    /// The time.
    pub clock: SharedClock,
    /// Where the jobs are.
    pub jobs: Arc<dyn JobStore>,
    /// Who does the work.
    pub processor: Arc<dyn Processor>,
    /// Rung when a job may have become due.
    pub bell: Arc<Notify>,
    /// Told of every job that is taken up or laid down.
    pub changes: Changes,
    /// Told whose memory has grown, if anybody wants to know: a summary may have become due.
    pub extracted: Option<Sender<UserId>>,
    /// The numbers.
    pub settings: QueueSettings,
    /// Where it counts.
    pub metrics: Metrics,
    /// How it says that it still looks for work.
    pub beat: Beat,
}

impl Queue {
    /// Works until the drain: then claims nothing more, lets running jobs end for [`QueueSettings::drain`], and gives the
    /// rest back. A hard stop before that drops them where they stand; their leases expire.
    pub fn start(self, lifecycle: &Lifecycle) {
        let draining = lifecycle.draining();
        lifecycle.spawn("queue", async move { Slots::new(self).work(draining).await });
    }

    pub(super) fn tells_extracted(&self, user: &UserId) {
        if let Some(extracted) = &self.extracted {
            // What finds no room, or nobody who listens, is the sweep's.
            let _ = extracted.try_send(user.clone());
        }
    }
}

/// The slots, and who sits in them.
struct Slots {
    queue: Arc<Queue>,
    worker: WorkerId,
    tasks: JoinSet<()>,
    users: HashMap<Id, UserId>,
    give_back: CancellationToken,
}

impl Slots {
    fn new(queue: Queue) -> Self {
        Self {
            queue: Arc::new(queue),
            worker: WorkerId::random(),
            tasks: JoinSet::new(),
            users: HashMap::new(),
            give_back: CancellationToken::new(),
        }
    }

    async fn work(mut self, draining: CancellationToken) {
        let beat = self.queue.beat.clone();
        while !draining.is_cancelled() {
            // A look counts whatever it finds and however long it takes: neither a store that is down or hangs nor full slots
            // are mended by a restart.
            beat.through(self.fill(&draining)).await;
            let poll = self.queue.clock.sleep(self.queue.settings.poll.0);
            tokio::select! {
                () = draining.cancelled() => {}
                Some(ended) = self.tasks.join_next_with_id() => self.free(ended.map(|(id, ())| id).map_err(|e| e.id())),
                () = self.queue.bell.notified() => {}
                () = poll => {}
            }
        }
        beat.rest();
        self.drain().await;
    }

    /// Claims until every slot is taken or nothing is due. Never more: a waiting job must hold no lease.
    async fn fill(&mut self, draining: &CancellationToken) {
        while self.tasks.len() < self.queue.settings.slots && !draining.is_cancelled() {
            if !self.queue.processor.is_ready() {
                return;
            }
            let settings = &self.queue.settings;
            let terms = ClaimTerms {
                now: self.queue.clock.now(),
                lease: settings.lease.0,
                deliveries_max: settings.deliveries,
            };
            match self.queue.jobs.claim(&self.worker, &self.capped(), &terms).await {
                Ok(Some(job)) => {
                    kit::failpoint::reached("job-claimed");
                    self.queue.changes.touched(job.key());
                    let user = job.key().user_id.clone();
                    let running = Running::new(self.queue.clone(), job, terms.now);
                    let task = self.tasks.spawn(running.run(self.give_back.clone()));
                    self.users.insert(task.id(), user);
                }
                Ok(None) => return,
                Err(error) => {
                    self.queue.metrics.store_failed("claim");
                    tracing::warn!(error = &error as &dyn std::error::Error, "no job could be claimed");
                    return;
                }
            }
        }
    }

    /// Users who have as many jobs running here as one may.
    fn capped(&self) -> Vec<UserId> {
        let mut running: HashMap<&UserId, usize> = HashMap::new();
        for user in self.users.values() {
            *running.entry(user).or_default() += 1;
        }
        let limit = self.queue.settings.slots_per_user;
        running.into_iter().filter(|(_, jobs)| *jobs >= limit).map(|(user, _)| user.clone()).collect()
    }

    fn free(&mut self, task: Result<Id, Id>) {
        let id = task.unwrap_or_else(|panicked| {
            tracing::error!("a worker slot panicked; its job is due again when the lease ends");
            panicked
        });
        self.users.remove(&id);
    }

    async fn drain(mut self) {
        let patience = self.queue.clock.sleep(self.queue.settings.drain.0);
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => return,
            () = patience => {}
        }
        tracing::info!(jobs = self.tasks.len(), "giving running jobs back");
        self.give_back.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
