//! Having conversations read again by a better prompt or model.

use std::sync::Arc;

use jiff::Timestamp;
use kit::id::UserId;

use super::model::{Cause, ConversationId, Outdated, ReadWith, Trigger};
use super::schedule::{Schedule, ScheduleError};
use crate::llm::Readers;
use crate::store::RereadingStore;

/// How many jobs may wait for a rereading to be added to them.
const WAITING_MAX: u64 = 100;

/// How many one write asks for: others wait behind it.
const PIECE: usize = 100;

/// Asks for what an operator wants to be read again. Clones share the queue.
#[derive(Clone)]
pub struct Rereading {
    store: Arc<dyn RereadingStore>,
    schedule: Schedule,
    readers: Readers,
}

/// What an operator wants to be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Only this user's.
    pub user_id: Option<UserId>,
    /// Of these only this one.
    pub conversation_id: Option<ConversationId>,
    /// Only what was read with this prompt version; `None` for any but that of now.
    pub prompt_version: Option<String>,
    /// Only what was read before then; `None` for now.
    pub extracted_before: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Granted {
    /// How many conversations are meant, as far as the limit.
    pub matched: usize,
    /// How many of them will be read again.
    pub queued: usize,
    /// Whether there may be more.
    pub more: bool,
}

impl Rereading {
    /// Has `readers` read, and asks on the terms of `schedule`.
    pub fn new(store: Arc<dyn RereadingStore>, schedule: Schedule, readers: Readers) -> Self {
        Self { store, schedule, readers }
    }

    /// How many that would be.
    pub async fn count(&self, wish: &Wish) -> Result<Granted, ScheduleError> {
        let which = self.outdated(wish, self.schedule.trigger(Cause::Manual).at);
        let found = self.store.list_outdated(&which, wish.limit + 1).await?.len();
        Ok(Granted { matched: found.min(wish.limit), queued: 0, more: found > wish.limit })
    }

    /// Asks for them, as long as half the queue is empty and few jobs wait: what becomes due later waits behind what is due already,
    /// and those who are talking now must not wait for hours.
    ///
    /// [`ScheduleError::QueueFull`] only if there was no room for a single one.
    pub async fn begin(&self, wish: &Wish) -> Result<Granted, ScheduleError> {
        let trigger = self.schedule.trigger(Cause::Manual);
        let trigger = Trigger { depth_limit: (trigger.depth_limit / 2).clamp(1, WAITING_MAX), ..trigger };
        let which = self.outdated(wish, trigger.at);
        let mut granted = Granted::default();
        while granted.queued < wish.limit {
            let piece = PIECE.min(wish.limit - granted.queued);
            let reread = self.store.reread(&which, piece, &trigger).await?;
            let accepted = reread.accepted.len();
            self.schedule.accepted(&trigger, reread.accepted.iter().map(|(_, outcome)| *outcome));
            granted.queued += accepted;
            if reread.is_full && granted.queued == 0 {
                return Err(self.schedule.refuse(&trigger));
            }
            if reread.is_full || accepted < piece {
                return Ok(Granted { matched: granted.queued, more: reread.is_full, ..granted });
            }
        }
        Ok(Granted { matched: granted.queued, more: true, ..granted })
    }

    fn outdated(&self, wish: &Wish, now: Timestamp) -> Outdated {
        let read_with = match &wish.prompt_version {
            Some(version) => ReadWith::Version(version.clone()),
            None => ReadWith::AnyBut(self.readers.prompt_version()),
        };
        Outdated {
            user_id: wish.user_id.clone(),
            conversation_id: wish.conversation_id.clone(),
            read_with,
            extracted_before: wish.extracted_before.unwrap_or(now),
        }
    }
}
