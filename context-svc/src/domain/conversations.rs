//! Reading conversations back and deleting them, each user their own.

use std::sync::Arc;

use kit::error::{Classify, Kind};
use kit::id::UserId;

use super::model::{Conversation, ConversationCursor, ConversationKey, Extraction, Message};
use super::search::Search;
use crate::store::{Store, StoreError};

/// A page of messages ends after so much text, so that it fits into one gRPC message (4 MiB by default).
const PAGE_TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// One user's view of their conversations. Clones share the store.
#[derive(Clone)]
pub struct Conversations {
    store: Arc<dyn Store>,
    search: Option<Search>,
}

/// A part of a list, and where the next part begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The entries.
    pub entries: Vec<T>,
    /// Give this to get the next page; `None` on the last.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// A page of at most `size` entries out of `found`, which was read one further to know whether there is more.
    pub(super) fn cut(mut found: Vec<T>, size: usize, place: impl FnOnce(&T) -> C) -> Self {
        let more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| more).map(place);
        Self { entries: found, next }
    }
}

impl Conversations {
    /// Reads from `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, search: None }
    }

    /// The same, with a search in this process that must not keep anything of what is deleted.
    pub fn searched_by(self, search: Search) -> Self {
        Self { search: Some(search), ..self }
    }

    /// One conversation, without its messages.
    pub async fn get(&self, key: &ConversationKey) -> Result<Conversation, ConversationError> {
        self.store.find_conversation(key).await?.ok_or(ConversationError::NotFound)
    }

    /// The user's conversations, the last spoken in first.
    pub async fn list(
        &self,
        user: &UserId,
        after: Option<&ConversationCursor>,
        size: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, ConversationError> {
        let found = self.store.list_conversations(user, after, size + 1).await?;
        Ok(Page::cut(found, size, |last| ConversationCursor { last_at: last.last_at, id: last.id.clone() }))
    }

    /// The messages after `after_seq` in the order they were said; the place of the next page is a `seq` too. Long messages
    /// make a page shorter than `size`.
    pub async fn messages(
        &self,
        key: &ConversationKey,
        after_seq: i64,
        size: usize,
    ) -> Result<Page<Message, i64>, ConversationError> {
        self.get(key).await?;
        let found = self.store.list_messages(key, after_seq, size + 1).await?;
        let so_far = found.iter().scan(0, |bytes, message| {
            *bytes += message.text.len();
            Some(*bytes)
        });
        let fitting = so_far.take_while(|bytes| *bytes <= PAGE_TEXT_BYTES_MAX).count().max(1);
        Ok(Page::cut(found, size.min(fitting), |last| last.seq))
    }

    /// Deletes a conversation with everything that was extracted from it.
    pub async fn delete(&self, key: &ConversationKey) -> Result<(), ConversationError> {
        let was_there = self.store.delete_conversation(key).await?;
        if let Some(search) = &self.search {
            search.forget(&key.user_id);
        }
        if was_there { Ok(()) } else { Err(ConversationError::NotFound) }
    }

    /// The extraction of one conversation as it stands.
    pub async fn extraction(&self, key: &ConversationKey) -> Result<Extraction, ConversationError> {
        self.store.find_extraction(key).await?.ok_or(ConversationError::NotFound)
    }
}

/// Why a conversation could not be read or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// The caller has no such conversation.
    #[error("there is no such conversation")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for ConversationError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "CONVERSATION_NOT_FOUND",
            Self::Store(error) => error.reason(),
        }
    }
}
