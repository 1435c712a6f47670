//! What a backend promises about summaries and the job that makes them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::UserId;

use super::{ClaimTerms, StoreError};
use crate::domain::model::{
    Covered, Fate, LastError, Pick, Stand, Summarised, Summary, SummaryAsked, SummaryJob, SummaryLease,
    SummaryStanding, WorkerId, Written,
};

/// Summaries, and durable jobs that make them, at most one a user.
///
/// The truth is which session contexts are unsummarised: a job is due while they are enough, whatever became of the one
/// before. Saving a summary, marking what it covers and ending the job are steps of their own, each harmless to repeat, and
/// whoever claims the job after a crash goes on where it stopped.
#[async_trait]
pub trait SummaryStore: Send + Sync {
    /// The user's summary, if there is one.
    async fn find_summary(&self, user: &UserId) -> Result<Option<Summary>, StoreError>;

    /// The user's summary job as it stands, if anything is known of the user.
    async fn find_summary_job(&self, user: &UserId) -> Result<Option<SummaryStanding>, StoreError>;

    /// Users after `after`, in the order of their ids, for whom it may be worth asking: enough is unsummarised or a summary is
    /// not wholly marked, and no job is live.
    async fn list_unsummarised_users(
        &self,
        enough: usize,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Asks for a summary. A job is queued if `enough` contexts are unsummarised or a saved summary is not wholly marked; after
    /// a job that gave up, only if one of them is new to it.
    async fn ask_summary(&self, user: &UserId, enough: usize, now: Timestamp) -> Result<SummaryAsked, StoreError>;

    /// Leases a job, on the terms of [`super::JobStore::claim`]. One that is given up as `POISON` has failed on everything that
    /// is unsummarised by then.
    async fn claim_summary(&self, worker: &WorkerId, terms: &ClaimTerms) -> Result<Option<SummaryJob>, StoreError>;

    /// Leases it for longer, until `lease_until`. `false`: the lease is lost.
    async fn heartbeat_summary(&self, lease: &SummaryLease, lease_until: Timestamp) -> Result<bool, StoreError>;

    /// What is to go into the next summary, with the `limit` oldest contexts, all of the era that the memory was read in.
    async fn pick(&self, user: &UserId, limit: usize) -> Result<Pick, StoreError>;

    /// Saves a summary and what it covers in one write, if nothing was deleted, erased or saved since `stand` was read.
    async fn write_summary(
        &self,
        lease: &SummaryLease,
        stand: &Stand,
        summarised: &Summarised,
    ) -> Result<Written, StoreError>;

    /// Marks one context as covered by `epoch`. `false`: it was marked before, or is another by now and stays unsummarised.
    async fn mark_summarised(&self, user: &UserId, covered: &Covered, epoch: i64) -> Result<bool, StoreError>;

    /// Ends the job and forgets what was to be marked. `false`: the lease was lost before.
    async fn finish_summary(&self, lease: &SummaryLease, now: Timestamp) -> Result<bool, StoreError>;

    /// Records why an attempt did not succeed, what becomes of the job, and what was unsummarised when it was tried. `false`:
    /// the lease was lost before.
    async fn fail_summary(
        &self,
        lease: &SummaryLease,
        fate: Fate,
        error: &LastError,
        failed_on: &BTreeSet<Covered>,
    ) -> Result<bool, StoreError>;

    /// Gives the job back as if it had not been claimed. `false`: the lease was lost before.
    async fn release_summary(&self, lease: &SummaryLease, now: Timestamp) -> Result<bool, StoreError>;
}
