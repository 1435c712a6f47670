//! A store that stops answering at one step of a summary, so that the process before it can be killed there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::UserId;
use tokio::sync::Notify;

use super::world::PATIENCE;
use crate::domain::model::*;
use crate::store::{ClaimTerms, SqliteStore, StoreError, SummaryStore};

/// Before which write the process dies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// The model has answered.
    Write,
    /// The summary is saved, and so many contexts are marked.
    Mark(usize),
    /// Everything is marked.
    Finish,
}

pub(super) struct Stalling {
    step: Step,
    store: SqliteStore,
    marks: AtomicUsize,
    stalled: Notify,
}

impl Stalling {
    pub(super) fn at(step: Step, store: SqliteStore) -> Arc<Self> {
        Arc::new(Self { step, store, marks: AtomicUsize::new(0), stalled: Notify::new() })
    }

    pub(super) async fn until_stalled(&self) {
        tokio::time::timeout(PATIENCE, self.stalled.notified()).await.expect("the step is reached");
    }

    /// Completes when the process is gone, and nothing of it can reach the store any more.
    pub(super) async fn until_abandoned(self: &Arc<Self>) {
        while Arc::strong_count(self) > 1 {
            tokio::task::yield_now().await;
        }
    }

    async fn comes_to(&self, step: Step) {
        if self.step == step {
            self.stalled.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl SummaryStore for Stalling {
    async fn find_summary(&self, user: &UserId) -> Result<Option<Summary>, StoreError> {
        self.store.find_summary(user).await
    }

    async fn find_summary_job(&self, user: &UserId) -> Result<Option<SummaryStanding>, StoreError> {
        self.store.find_summary_job(user).await
    }

    async fn list_unsummarised_users(
        &self,
        enough: usize,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        self.store.list_unsummarised_users(enough, after, limit).await
    }

    async fn ask_summary(&self, user: &UserId, enough: usize, now: Timestamp) -> Result<SummaryAsked, StoreError> {
        self.store.ask_summary(user, enough, now).await
    }

    async fn claim_summary(&self, worker: &WorkerId, terms: &ClaimTerms) -> Result<Option<SummaryJob>, StoreError> {
        self.store.claim_summary(worker, terms).await
    }

    async fn heartbeat_summary(&self, lease: &SummaryLease, lease_until: Timestamp) -> Result<bool, StoreError> {
        self.store.heartbeat_summary(lease, lease_until).await
    }

    async fn pick(&self, user: &UserId, limit: usize) -> Result<Pick, StoreError> {
        self.store.pick(user, limit).await
    }

    async fn write_summary(
        &self,
        lease: &SummaryLease,
        stand: &Stand,
        summarised: &Summarised,
    ) -> Result<Written, StoreError> {
        self.comes_to(Step::Write).await;
        self.store.write_summary(lease, stand, summarised).await
    }

    async fn mark_summarised(&self, user: &UserId, covered: &Covered, epoch: i64) -> Result<bool, StoreError> {
        self.comes_to(Step::Mark(self.marks.fetch_add(1, Ordering::SeqCst))).await;
        self.store.mark_summarised(user, covered, epoch).await
    }

    async fn finish_summary(&self, lease: &SummaryLease, now: Timestamp) -> Result<bool, StoreError> {
        self.comes_to(Step::Finish).await;
        self.store.finish_summary(lease, now).await
    }

    async fn fail_summary(
        &self,
        lease: &SummaryLease,
        fate: Fate,
        error: &LastError,
        failed_on: &BTreeSet<Covered>,
    ) -> Result<bool, StoreError> {
        self.store.fail_summary(lease, fate, error, failed_on).await
    }

    async fn release_summary(&self, lease: &SummaryLease, now: Timestamp) -> Result<bool, StoreError> {
        self.store.release_summary(lease, now).await
    }
}
