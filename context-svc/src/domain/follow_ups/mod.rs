//! What a coach opens with when a user comes back: goals overdue, due soon or long not spoken of, and decisions taken back.
//!
//! Waits for no model: it reads what extractions saved, as its user wants it to read.

mod rules;
mod settings;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use kit::id::UserId;

use super::model::{Item, Summary};
use super::summarise::statements;
use super::verdicts::Overlay;
use crate::store::{Store, StoreError};

pub use settings::FollowUpSettings;

/// From how many conversations that no summary covers yet; the latest.
const CONVERSATIONS_MAX: usize = 10_000;

/// Finds what is worth asking about.
#[derive(Clone)]
pub struct FollowUps {
    store: Arc<dyn Store>,
    settings: FollowUpSettings,
}

/// Something worth asking about.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    /// The goal or decision, with the words to quote. Of a decision that a later one takes back: its own words, `REVERSED`, and
    /// the quotes of both, those that take it back first.
    pub item: Item,
    /// Why it is worth asking.
    pub reason: FollowUpReason,
    /// The moment it turns on: when it was or is due, was last mentioned, or was taken back.
    pub at: Timestamp,
    /// Whole days between `at` and now.
    pub days: i32,
    /// Where it stands in the list.
    pub place: FollowUpPlace,
}

/// Why something is worth asking about, the most pressing first. An item has one reason: the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FollowUpReason {
    /// A goal whose due time has passed.
    Overdue,
    /// A goal that is due shortly.
    DueSoon,
    /// A decision that was taken back of late.
    Reversed,
    /// A goal not spoken of for long.
    Silent,
}

/// A place in the list: first by reason, then what is nearest to now, before or behind it, then by id. No two items share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FollowUpPlace {
    /// Why it is worth asking.
    pub reason: FollowUpReason,
    /// How far the moment it turns on is from now.
    pub distance_micros: i64,
    /// The item.
    pub item_id: String,
}

impl FollowUps {
    /// Reads `store`, and takes for pressing what `settings` say.
    pub fn new(store: Arc<dyn Store>, settings: FollowUpSettings) -> Self {
        Self { store, settings }
    }

    /// What is worth asking the user about, reckoned from `now`, the most pressing first.
    pub async fn list(&self, user: &UserId, now: Timestamp) -> Result<Vec<FollowUp>, StoreError> {
        // In the order in which things move on: what is rolled up in between is seen twice rather than not at all.
        let contexts = self.store.list_unsummarised(user, CONVERSATIONS_MAX).await?;
        let mut summary = self.store.find_summary(user).await?.unwrap_or_else(Summary::empty);
        // Last: what the user rejects from now on is not given back, wherever it comes from.
        let overlay = Overlay::read(&*self.store, user).await?;
        let settings = self.settings.clone();
        // Comparing statements takes a while, and the threads of the runtime have others to serve.
        let finding = tokio::task::spawn_blocking(move || {
            let contexts = contexts.iter().map(|each| &each.context);
            rules::follow_ups(&statements(&mut summary, contexts, &overlay), now, &settings)
        });
        Ok(finding.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())))
    }
}
