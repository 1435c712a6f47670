//! A store of which somebody reads all the time, so that its log cannot be emptied.

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::UserId;

use crate::domain::model::*;
use crate::store::{ErasureStore, SqliteStore, StoreError};

pub(super) struct BeingRead(pub(super) SqliteStore);

#[async_trait]
impl ErasureStore for BeingRead {
    async fn begin_erasure(&self, request: &ErasureRequest) -> Result<Erasure, StoreError> {
        self.0.begin_erasure(request).await
    }

    async fn is_closed(&self, user: &UserId) -> Result<bool, StoreError> {
        self.0.is_closed(user).await
    }

    async fn claim_erasure(
        &self,
        worker: &WorkerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<ErasureLease>, StoreError> {
        self.0.claim_erasure(worker, now, lease_until).await
    }

    async fn erase_some(
        &self,
        lease: &ErasureLease,
        limit: usize,
        lease_until: Timestamp,
    ) -> Result<Option<usize>, StoreError> {
        self.0.erase_some(lease, limit, lease_until).await
    }

    async fn scrub(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn finish_erasure(&self, lease: &ErasureLease, now: Timestamp) -> Result<ErasureEnd, StoreError> {
        self.0.finish_erasure(lease, now).await
    }
}
