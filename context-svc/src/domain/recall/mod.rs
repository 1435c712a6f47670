//! Gives back what is remembered, ready for a prompt and as data.
//!
//! Waits for no model: it reads what extractions saved, and what was said since.

mod compose;
pub(super) mod rank;
mod read;
mod render;
pub mod tokens;

#[cfg(test)]
mod degraded_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::UserId;

use self::read::Sources;
use super::model::{
    ConversationId, ConversationKey, Item, ItemKind, ItemStatus, Replacements, SessionContext, Summary, TailMessage,
};
use super::verdicts::{Overlay, is_rejected};
use crate::store::{Store, StoreError};

/// How many of the latest conversations a context is made of, and how many messages that are not extracted yet.
const CONVERSATIONS_MAX: usize = 200;
const TAIL_MAX: usize = 200;

/// How many conversations' items can be listed.
const LISTED_CONVERSATIONS_MAX: usize = 10_000;

/// Reads the memory of users.
#[derive(Clone)]
pub struct Recall {
    store: Arc<dyn Store>,
}

/// What a context is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The most tokens of `o200k_base` the text may have.
    pub budget_tokens: usize,
    /// What the talk is about to be about; empty if not known.
    pub query: String,
    /// The time to reckon from.
    pub now: Timestamp,
}

/// A context, as text and as the data it was made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Ready to be put into a prompt; empty if nothing is remembered.
    pub text: String,
    /// Its length in tokens.
    pub tokens: usize,
    /// The summary as it appears in the text; empty if nothing of it does.
    pub summary: String,
    /// The items in the text, in that order.
    pub items: Vec<Item>,
    /// The conversations in the text, newest first.
    pub sessions: Vec<Session>,
    /// The messages in the text, oldest first: said, but not extracted yet.
    pub recent: Vec<TailMessage>,
    /// The parts that could not be read and are missing.
    pub degraded: Vec<Section>,
}

/// A part of a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What earlier conversations were about.
    Summary,
    /// Goals, decisions and insights.
    Items,
    /// Conversations that no summary covers yet.
    Sessions,
    /// What was said and is not extracted yet.
    Recent,
}

/// A conversation as a context speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Its title.
    pub title: String,
    /// What it was about.
    pub summary: String,
    /// When its last message was said.
    pub last_at: Timestamp,
}

/// Which items are wanted. The filters add up; within one, any value matches; an empty one matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// Of these kinds.
    pub kinds: Vec<ItemKind>,
    /// With these statuses.
    pub statuses: Vec<ItemStatus>,
    /// Of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Whether items that a later one replaced are wanted too.
    pub include_superseded: bool,
    /// Whether items that the user rejected are wanted too.
    pub include_rejected: bool,
}

/// Why nothing can be given back.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// The caller has no such conversation.
    #[error("there is no conversation {0}")]
    NoSuchConversation(ConversationId),
    /// The conversation has not been extracted yet.
    #[error("conversation {0} has not been extracted yet; try again when its extraction is done")]
    NotReady(ConversationId),
    /// The store could not be read.
    #[error("memory could not be read")]
    Store(#[from] StoreError),
}

impl Classify for RecallError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchConversation(_) | Self::NotReady(_) => Kind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchConversation(_) => "CONVERSATION_NOT_FOUND",
            Self::NotReady(_) => "CONTEXT_NOT_READY",
            Self::Store(error) => error.reason(),
        }
    }
}

impl Recall {
    /// A reader of `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The best context of the user that fits the budget. A user of whom nothing is known gets an empty one.
    ///
    /// What cannot be read just now is missing and said to be; it is an error only if nothing can be read.
    pub async fn context(&self, user: &UserId, ask: &Ask) -> Result<Context, RecallError> {
        self.context_beside(user, ask, None).await
    }

    /// The same for a prompt that holds the messages of one conversation from a `seq` on already: it does not repeat these.
    pub async fn context_beside(
        &self,
        user: &UserId,
        ask: &Ask,
        held: Option<(&ConversationId, i64)>,
    ) -> Result<Context, RecallError> {
        // In the order in which things move on: what is extracted or rolled up in between is seen twice rather than not at all.
        let recent = self.store.raw_tail(user, TAIL_MAX).await.map(|recent| without(recent, held));
        let contexts = self.store.list_unsummarised(user, CONVERSATIONS_MAX).await;
        let summary = self.store.find_summary(user).await;
        // Last: what the user rejects from now on is not given back, wherever it comes from.
        let overlay = self.overlay(user).await;
        let read = Sources { recent, contexts, summary, overlay }.read()?;
        let ask = ask.clone();
        // Ranking and counting take a while, and the threads of the runtime have others to serve.
        let composing = tokio::task::spawn_blocking(move || read.best(&ask));
        Ok(composing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())))
    }

    /// What was extracted from one conversation.
    pub async fn session_context(&self, key: &ConversationKey) -> Result<SessionContext, RecallError> {
        if let Some(mut context) = self.store.find_context(key).await? {
            self.overlay(&key.user_id).await?.lay_over_context(&mut context);
            return Ok(context);
        }
        let exists = self.store.find_conversation(key).await?.is_some();
        let id = key.conversation_id.clone();
        Err(if exists { RecallError::NotReady(id) } else { RecallError::NoSuchConversation(id) })
    }

    /// The user's items that pass the filter, the last said first.
    pub async fn items(&self, user: &UserId, filter: &ItemFilter) -> Result<Vec<Item>, RecallError> {
        let mut contexts = match &filter.conversation_id {
            Some(id) => {
                let key = ConversationKey::new(user.clone(), id.clone());
                self.store.find_context(&key).await?.into_iter().collect()
            }
            None => self.store.list_contexts(user, LISTED_CONVERSATIONS_MAX).await?,
        };
        // What another conversation says may hold instead.
        let others = match &filter.conversation_id {
            Some(_) => self.store.list_unsummarised(user, LISTED_CONVERSATIONS_MAX).await?,
            None => Vec::new(),
        };
        let mut others: Vec<SessionContext> = others.into_iter().map(|each| each.context).collect();
        let mut summary = self.store.find_summary(user).await?.unwrap_or_else(Summary::empty);
        let overlay = self.overlay(user).await?;
        overlay.lay_over_summary(&mut summary);
        contexts.iter_mut().chain(&mut others).for_each(|context| overlay.lay_over(&mut context.items));
        let said = contexts.iter().chain(&others).flat_map(|context| &context.items);
        let replacements = summary.replacements().and(said.filter(|item| !is_rejected(item)));
        let all = contexts.into_iter().flat_map(|context| context.items).map(|item| replaced(item, &replacements));
        let mut items: Vec<Item> = all.filter(|item| filter.passes(item)).collect();
        items.sort_by(|a, b| b.said_at.cmp(&a.said_at).then_with(|| a.id.cmp(&b.id)));
        Ok(items)
    }

    async fn overlay(&self, user: &UserId) -> Result<Overlay, StoreError> {
        Overlay::read(&*self.store, user).await
    }
}

impl ItemFilter {
    fn passes(&self, item: &Item) -> bool {
        let of_kind = self.kinds.is_empty() || self.kinds.contains(&item.kind);
        let of_status = self.statuses.is_empty() || item.status.is_some_and(|status| self.statuses.contains(&status));
        let is_left =
            (self.include_superseded || item.superseded_by.is_none()) && (self.include_rejected || !is_rejected(item));
        of_kind && of_status && is_left
    }
}

/// The messages that the prompt does not hold already.
fn without(mut recent: Vec<TailMessage>, held: Option<(&ConversationId, i64)>) -> Vec<TailMessage> {
    let is_held = |tail: &TailMessage| {
        held.is_some_and(|(conversation_id, from)| tail.conversation_id == *conversation_id && tail.message.seq >= from)
    };
    recent.retain(|tail| !is_held(tail));
    recent
}

/// An item as it stands beside those of other conversations.
fn replaced(mut item: Item, replacements: &Replacements) -> Item {
    let replacement = replacements.of(&item);
    item.superseded_by = item.superseded_by.or(replacement);
    item
}
