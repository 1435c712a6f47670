//! What is promised about what users say of items.

use async_trait::async_trait;
use kit::id::UserId;

use super::StoreError;
use crate::domain::model::{ForgottenRejection, Verdict, VerdictSaved, Verdicts};

/// Verdicts of users on items, apart from what was extracted: no extraction touches them, and one on an item that is gone is kept
/// for when it comes back.
///
/// Deleting a conversation takes the verdicts on its items. Of a rejection the marks stay, which hold no word: the statement stays
/// rejected, and nobody can read it. An erasure takes everything.
#[async_trait]
pub trait VerdictStore: Send + Sync {
    /// Everything the user has said about items.
    async fn list_verdicts(&self, user: &UserId) -> Result<Verdicts, StoreError>;

    /// Puts a verdict in the place of the one of the [`Verdict::revision`] before, if the user can read the item now.
    async fn save_verdict(&self, user: &UserId, verdict: &Verdict) -> Result<VerdictSaved, StoreError>;

    /// Keeps a verdict that was given elsewhere, also on an item that is not there yet. `false`: the user has given the same or a
    /// later one on that item here, or has no such conversation. Its [`Verdict::revision`] is made anew.
    async fn take_over_verdict(&self, user: &UserId, verdict: &Verdict) -> Result<bool, StoreError>;

    /// Keeps what was left elsewhere of a rejection. `false`: it is here, or the user's account is closed.
    async fn take_over_rejection(&self, user: &UserId, rejection: &ForgottenRejection) -> Result<bool, StoreError>;
}
