//! A store whose disk has stopped answering: no call comes back, and none fails.

use std::future::pending;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::{SessionId, UserId};

use crate::domain::model::*;
use crate::store::{ClaimTerms, JobStore, OperatorStore, OutageStore, SessionEnqueued, StoreError};

pub(super) struct Hanging;

#[async_trait]
impl OutageStore for Hanging {
    async fn probe_outage(&self, _: Timestamp) -> Result<Option<ConversationKey>, StoreError> {
        pending().await
    }

    async fn redrive_after_outage(&self, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        pending().await
    }
}

#[async_trait]
impl JobStore for Hanging {
    async fn enqueue(&self, _: &ConversationKey, _: &Trigger) -> Result<Enqueued, StoreError> {
        pending().await
    }

    async fn enqueue_session(&self, _: &UserId, _: &SessionId, _: &Trigger) -> Result<SessionEnqueued, StoreError> {
        pending().await
    }

    async fn backlog(&self, _: &ConversationKey, _: u64) -> Result<Option<Backlog>, StoreError> {
        pending().await
    }

    async fn claim(&self, _: &WorkerId, _: &[UserId], _: &ClaimTerms) -> Result<Option<Job>, StoreError> {
        pending().await
    }

    async fn heartbeat(&self, _: &Lease, _: Timestamp) -> Result<bool, StoreError> {
        pending().await
    }

    async fn complete(
        &self,
        _: &Lease,
        _: Watermark,
        _: &SessionContext,
        _: Timestamp,
    ) -> Result<Committed, StoreError> {
        pending().await
    }

    async fn fail(&self, _: &Lease, _: Fate, _: &LastError, _: Option<&RawAnswer>) -> Result<bool, StoreError> {
        pending().await
    }

    async fn release(&self, _: &Lease, _: Timestamp) -> Result<bool, StoreError> {
        pending().await
    }

    async fn list_idle(&self, _: Timestamp, _: usize) -> Result<Vec<ConversationKey>, StoreError> {
        pending().await
    }

    async fn find_extraction(&self, _: &ConversationKey) -> Result<Option<Extraction>, StoreError> {
        pending().await
    }

    fn poisoned(&self) -> u64 {
        0
    }

    async fn depth(&self) -> Result<u64, StoreError> {
        pending().await
    }
}

#[async_trait]
impl OperatorStore for Hanging {
    async fn list_extractions(
        &self,
        _: &ExtractionFilter,
        _: Option<&ExtractionCursor>,
        _: usize,
    ) -> Result<Vec<Extraction>, StoreError> {
        pending().await
    }

    async fn count_jobs(&self, _: Timestamp) -> Result<QueueCounts, StoreError> {
        pending().await
    }

    async fn cancel(&self, _: &ConversationKey, _: Timestamp) -> Result<Option<Moved>, StoreError> {
        pending().await
    }

    async fn redrive(&self, _: &ConversationKey, _: Timestamp) -> Result<Option<Moved>, StoreError> {
        pending().await
    }
}
