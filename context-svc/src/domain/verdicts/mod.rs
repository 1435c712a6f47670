//! A user corrects what is remembered: calls an item right or wrong, or changes it.
//!
//! Nothing that was extracted is touched. What the user says is kept apart and laid over it when it is read ([`Overlay`]).

mod change;
mod overlay;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kit::clock::SharedClock;
use kit::error::{Classify, InvalidField, Kind};
use kit::id::UserId;

use super::model::{
    ConversationId, ConversationKey, Edit, Item, Opinion, Reviser, Revision, Verdict, VerdictSaved, Verdicts, zone_of,
};
use crate::store::{Store, StoreError};

pub use change::{Change, DueChange, WishedDue, Wording};
pub use overlay::Overlay;
pub(super) use overlay::{is_rejected, mark};

use overlay::lay;

/// Takes what users say about items.
#[derive(Clone)]
pub struct Correct {
    store: Arc<dyn Store>,
    clock: SharedClock,
}

/// Why an item is not corrected.
#[derive(Debug, thiserror::Error)]
pub enum CorrectError {
    /// The caller has no such item.
    #[error("there is no item of this id")]
    NoSuchItem,
    /// The change does not fit the item.
    #[error(transparent)]
    Unfit(#[from] InvalidField),
    /// The store could not be used.
    #[error("the item could not be corrected")]
    Store(#[from] StoreError),
}

impl Classify for CorrectError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchItem => Kind::NotFound,
            Self::Unfit(field) => field.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchItem => "ITEM_NOT_FOUND",
            Self::Unfit(field) => field.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn invalid_field(&self) -> Option<InvalidField> {
        match self {
            Self::Unfit(field) => Some(field.clone()),
            Self::NoSuchItem | Self::Store(_) => None,
        }
    }
}

impl Correct {
    /// Keeps verdicts in `store`.
    pub fn new(store: Arc<dyn Store>, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Has an item read or stand as its user wants it, whatever is extracted later. Takes a rejection back.
    pub async fn update(&self, user: &UserId, item_id: &str, change: &Change) -> Result<Item, CorrectError> {
        let now = self.clock.now();
        self.give(user, item_id, |found| {
            let before = found.edit();
            let edit = change.clone().over(&before, found.item.kind, now, &found.zone)?;
            // Also what reads the same is kept: from now on no extraction changes it.
            let is_new =
                found.shown.verdict != Some(Opinion::Edited) || Edit { at: before.at, ..edit.clone() } != before;
            Ok(is_new.then(|| found.verdict(user, Opinion::Edited, edit, now)))
        })
        .await
    }

    /// Records that an item is right. Takes a rejection back and leaves what was edited.
    pub async fn confirm(&self, user: &UserId, item_id: &str) -> Result<Item, CorrectError> {
        self.opine(user, item_id, Opinion::Confirmed).await
    }

    /// Records that an item is wrong: it is never given back again, nor is the same statement made anywhere else.
    pub async fn reject(&self, user: &UserId, item_id: &str) -> Result<Item, CorrectError> {
        self.opine(user, item_id, Opinion::Rejected).await
    }

    async fn opine(&self, user: &UserId, item_id: &str, opinion: Opinion) -> Result<Item, CorrectError> {
        let now = self.clock.now();
        self.give(user, item_id, |found| {
            let stands = found.own().is_some_and(|own| own.opinion == opinion) && found.shown.verdict == Some(opinion);
            Ok((!stands).then(|| found.verdict(user, opinion, found.edit(), now)))
        })
        .await
    }

    /// Saves what `say` makes of the item as it stands; `None` if there is nothing to say. The item as it is then.
    async fn give(
        &self,
        user: &UserId,
        item_id: &str,
        say: impl Fn(&Found) -> Result<Option<Verdict>, CorrectError>,
    ) -> Result<Item, CorrectError> {
        loop {
            let Some(found) = self.find(user, item_id).await? else {
                return Err(CorrectError::NoSuchItem);
            };
            let Some(verdict) = say(&found)? else { return Ok(found.shown) };
            match self.store.save_verdict(user, &verdict).await? {
                VerdictSaved::Saved => return Ok(found.with(user, verdict)),
                VerdictSaved::NoSuchItem => return Err(CorrectError::NoSuchItem),
                // Whenever this happens somebody else has been served, so it ends.
                VerdictSaved::Overtaken => {}
            }
        }
    }

    async fn find(&self, user: &UserId, item_id: &str) -> Result<Option<Found>, StoreError> {
        let Some(conversation_id) = conversation_of(item_id) else { return Ok(None) };
        let key = ConversationKey::new(user.clone(), conversation_id);
        let Some(context) = self.store.find_context(&key).await? else { return Ok(None) };
        let Some(item) = context.items.iter().find(|item| item.id == item_id).cloned() else { return Ok(None) };
        let zone = self.store.find_conversation(&key).await?.and_then(|conversation| conversation.time_zone);
        let zone = zone_of(zone.as_deref());
        let said = self.store.list_verdicts(user).await?;
        let shown = shown(user, &said, &context.items, &item);
        Ok(Some(Found { item, all: context.items, shown, zone, said }))
    }
}

/// An item that its user speaks of.
struct Found {
    /// As it was extracted, and those beside it.
    item: Item,
    all: Vec<Item>,
    /// As its user sees it.
    shown: Item,
    /// Where its conversation is held.
    zone: TimeZone,
    said: Verdicts,
}

impl Found {
    fn own(&self) -> Option<&Verdict> {
        self.said.verdicts.iter().find(|verdict| verdict.item_id == self.item.id)
    }

    fn edit(&self) -> Edit {
        self.own().map(|own| own.edit.clone()).unwrap_or_default()
    }

    fn reads_the_same(&self, edit: &Edit) -> bool {
        let (text, status, due) = lay(edit, &self.item.text, self.item.status, self.item.due.as_ref());
        (&text, status, &due) == (&self.shown.text, self.shown.status, &self.shown.due)
    }

    /// The verdict that takes the place of the one before.
    fn verdict(&self, user: &UserId, opinion: Opinion, edit: Edit, now: Timestamp) -> Verdict {
        let mut revisions = self.own().map(|own| own.revisions.clone()).unwrap_or_default();
        if !self.reads_the_same(&edit) {
            let Item { text, status, due, .. } = self.shown.clone();
            Revision { by: Reviser::User, at: now, text, status, due }.follows(&mut revisions);
        }
        let marks = marks(user, opinion, &edit, &self.item.text);
        Verdict {
            item_id: self.item.id.clone(),
            conversation_id: self.item.conversation_id.clone(),
            opinion,
            statement: self.item.text.clone(),
            edit,
            revisions,
            marks,
            at: now,
            revision: self.own().map_or(0, |own| own.revision) + 1,
        }
    }

    /// The item as it is once `verdict` is given.
    fn with(mut self, user: &UserId, verdict: Verdict) -> Item {
        self.said.verdicts.retain(|other| other.item_id != verdict.item_id);
        self.said.verdicts.insert(0, verdict);
        shown(user, &self.said, &self.all, &self.item)
    }
}

/// What tells the statements that an opinion on an item of that text is about from all others of the user.
pub(super) fn marks(user: &UserId, opinion: Opinion, edit: &Edit, statement: &str) -> Vec<String> {
    let reads = edit.text.as_deref().unwrap_or(statement);
    let mut marks = match opinion {
        Opinion::Edited => Vec::new(),
        Opinion::Confirmed => vec![mark(user, reads)],
        Opinion::Rejected => vec![mark(user, reads), mark(user, statement)],
    };
    marks.dedup();
    marks
}

/// The item as its user sees it.
fn shown(user: &UserId, said: &Verdicts, all: &[Item], item: &Item) -> Item {
    let mut all = all.to_vec();
    Overlay::of(user, said).lay_over(&mut all);
    all.into_iter().find(|each| each.id == item.id).unwrap_or_else(|| item.clone())
}

/// The conversation that is contained in the id of an item.
fn conversation_of(item_id: &str) -> Option<ConversationId> {
    let (conversation, _) = item_id.rsplit_once('.')?;
    ConversationId::parse(conversation)
}
