//! Giving a user everything that is held about them, piece by piece.
//!
//! As it is stored: items as they were extracted, and what the user said about them beside them, not laid over them.

pub mod at_once;
pub mod record;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use jiff::civil::Date;
use kit::error::{Classify, Kind};
use kit::id::UserId;

use super::model::{ConversationId, ConversationKey, Held, Life};
use crate::store::{Store, StoreError};
use record::Record;

/// How many conversations, with their session contexts, are held at a time.
const CONVERSATIONS: usize = 16;

/// How many messages are held at a time; each has 32 KiB at most.
const MESSAGES: usize = 64;

/// The first day that anything can have been consumed on.
const FIRST_DAY: Date = Date::constant(1, 1, 1);

/// Begins exports. Clones share the store.
#[derive(Clone)]
pub struct Export {
    store: Arc<dyn Store>,
}

/// An export under way. It lives by being read: nothing is read ahead of who takes it but one piece.
pub struct Exporting {
    store: Arc<dyn Store>,
    user: UserId,
    /// Before the erasure of which everything was written that belongs to it.
    era: i64,
    ready: VecDeque<Record>,
    stage: Stage,
}

/// What comes next.
enum Stage {
    /// The conversations after this one.
    Conversations(Option<ConversationId>),
    /// The messages of a conversation after this one, then its session context, then these conversations.
    Messages { held: Box<Held>, after_seq: i64, next: VecDeque<Held> },
    /// What the user said about items.
    Verdicts,
    /// What is remembered across conversations.
    Summary,
    /// What calls of the model consumed.
    Usage,
    /// Nothing.
    Ended,
}

impl Export {
    /// Reads from `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Begins to export a user, known or not. What was there by now is in it; what is written meanwhile may be.
    pub async fn begin(&self, user: UserId) -> Result<Exporting, ExportError> {
        let era = self.store.find_era(&user).await?;
        let stage = Stage::Conversations(None);
        Ok(Exporting { store: self.store.clone(), user, era, ready: VecDeque::new(), stage })
    }
}

impl Exporting {
    /// The next record; `None` when that was all. After an error nothing more comes.
    pub async fn next(&mut self) -> Result<Option<Record>, ExportError> {
        while self.ready.is_empty() {
            let (records, stage) = match mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Conversations(after) => self.conversations(after.as_ref()).await?,
                Stage::Messages { held, after_seq, next } => self.messages(held, after_seq, next).await?,
                Stage::Verdicts => (self.verdicts().await?, Stage::Summary),
                Stage::Summary => (self.summary().await?, Stage::Usage),
                Stage::Usage => (self.usage().await?, Stage::Ended),
                Stage::Ended => return Ok(None),
            };
            // Only now: what an erasure had begun to take when it was read is not to be taken for all there was.
            if self.store.find_era(&self.user).await? != self.era {
                return Err(ExportError::Interrupted);
            }
            (self.ready, self.stage) = (records, stage);
        }
        Ok(self.ready.pop_front())
    }

    async fn conversations(&self, after: Option<&ConversationId>) -> Result<(VecDeque<Record>, Stage), ExportError> {
        let held = self.store.list_held(&self.user, after, CONVERSATIONS).await?;
        let Some(last) = held.last().map(|last| last.conversation.id.clone()) else {
            return Ok((VecDeque::new(), Stage::Verdicts));
        };
        Ok(match self.open(held.into()).await? {
            Some((record, stage)) => (record.into(), stage),
            None => (VecDeque::new(), Stage::Conversations(Some(last))),
        })
    }

    /// The record of the first of these conversations, and then its messages; `None` if there are none.
    async fn open(&self, mut held: VecDeque<Held>) -> Result<Option<([Record; 1], Stage)>, ExportError> {
        while let Some(first) = held.pop_front() {
            // One that was deleted before its turn came is not begun.
            if let Some(extraction) = self.store.find_extraction(&self.key(&first)).await? {
                let record = record::conversation(&first.conversation, &extraction)?;
                return Ok(Some(([record], Stage::Messages { held: Box::new(first), after_seq: 0, next: held })));
            }
        }
        Ok(None)
    }

    async fn messages(
        &self,
        held: Box<Held>,
        after_seq: i64,
        next: VecDeque<Held>,
    ) -> Result<(VecDeque<Record>, Stage), ExportError> {
        let key = self.key(&held);
        let last_seq = held.conversation.last_seq;
        let mut records = VecDeque::new();
        let mut read_to = after_seq;
        if after_seq < last_seq {
            let life = Life { key, incarnation: held.incarnation.clone() };
            for message in self.store.list_said(&life, after_seq, MESSAGES).await? {
                // What was said since the conversation was read belongs to the next export.
                if message.seq <= last_seq {
                    records.push_back(record::message(&held.conversation.id, &message)?);
                    read_to = message.seq;
                }
            }
            if read_to == after_seq {
                return Err(ExportError::Interrupted);
            }
        }
        if read_to < last_seq {
            return Ok((records, Stage::Messages { held, after_seq: read_to, next }));
        }
        records.extend(held.context.as_ref().map(record::session_context).transpose()?);
        let last = next.back().unwrap_or(&held).conversation.id.clone();
        let stage = match self.open(next).await? {
            Some((record, stage)) => {
                records.extend(record);
                stage
            }
            None => Stage::Conversations(Some(last)),
        };
        Ok((records, stage))
    }

    async fn verdicts(&self) -> Result<VecDeque<Record>, ExportError> {
        let said = self.store.list_verdicts(&self.user).await?;
        let given = said.verdicts.iter().map(record::verdict);
        given.chain(said.forgotten.iter().map(record::forgotten)).collect()
    }

    async fn summary(&self) -> Result<VecDeque<Record>, ExportError> {
        self.store.find_summary(&self.user).await?.iter().map(record::summary).collect()
    }

    async fn usage(&self) -> Result<VecDeque<Record>, ExportError> {
        self.store.list_usage(&self.user, FIRST_DAY, Date::MAX).await?.iter().map(record::usage).collect()
    }

    fn key(&self, held: &Held) -> ConversationKey {
        ConversationKey::new(self.user.clone(), held.conversation.id.clone())
    }
}

/// Why an export is not complete.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The user has as many exports under way as one may.
    #[error("too many exports are under way; let one of them end first")]
    TooMany,
    /// Something of it was erased or deleted meanwhile.
    #[error("the user's data was erased, or a conversation deleted, while it was exported; begin again")]
    Interrupted,
    /// A record has no JSON form.
    #[error("a record of the export cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for ExportError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooMany => Kind::Busy,
            Self::Interrupted => Kind::Unavailable,
            Self::Unwritable(_) => Kind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TooMany => "TOO_MANY_EXPORTS",
            Self::Interrupted => "EXPORT_INTERRUPTED",
            Self::Unwritable(_) => "EXPORT_UNWRITABLE",
            Self::Store(error) => error.reason(),
        }
    }
}
