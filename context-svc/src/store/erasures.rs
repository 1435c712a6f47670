//! What is promised about erasures: nothing can be read from the first write on, and a job removes it.

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::UserId;

use super::StoreError;
use crate::domain::model::{Erasure, ErasureEnd, ErasureLease, ErasureRequest, WorkerId};

/// Durable erasures.
#[async_trait]
pub trait ErasureStore: Send + Sync {
    /// Begins to erase everything stored about a user, also of one who is not known.
    ///
    /// Once this returns nothing of it can be read, no worker can commit anything made of it, and the removal survives a
    /// crash of the process. The counts are what could be read before. An erasure of the same request id is answered as it
    /// stands, and changes nothing; without an id, so is one that still runs if nothing was written since it began.
    ///
    /// With [`ErasureRequest::closes_account`] nothing is ever accepted for the user again. One that closes the account for
    /// the first time always erases, whatever its id.
    async fn begin_erasure(&self, request: &ErasureRequest) -> Result<Erasure, StoreError>;

    /// Whether nothing is accepted for the user any more. Never changes back.
    async fn is_closed(&self, user: &UserId) -> Result<bool, StoreError>;

    /// Leases an erasure that is due until `lease_until`: one that nobody works on, or whose lease has expired.
    async fn claim_erasure(
        &self,
        worker: &WorkerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<ErasureLease>, StoreError>;

    /// Removes at most `limit` things of older eras, renewing the lease. Says how many; 0 if there is nothing left, `None` if
    /// the lease is lost.
    ///
    /// A conversation goes with its job, and no one write takes long: others wait behind it.
    async fn erase_some(
        &self,
        lease: &ErasureLease,
        limit: usize,
        lease_until: Timestamp,
    ) -> Result<Option<usize>, StoreError>;

    /// Takes what was removed out of the files of the database, too, as far as they hold it beside the data itself.
    /// `false`: not now, because somebody reads.
    async fn scrub(&self) -> Result<bool, StoreError>;

    /// Ends an erasure if [`ErasureRequest::again_at`] has come and a read finds nothing of older eras.
    async fn finish_erasure(&self, lease: &ErasureLease, now: Timestamp) -> Result<ErasureEnd, StoreError>;
}
