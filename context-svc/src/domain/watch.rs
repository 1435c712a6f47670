//! Following the extraction of one conversation, wherever it is worked on.
//!
//! The truth is the store: it is looked into again and again, once for all who watch the same conversation, so that a job
//! that another process works on is followed as well. A worker of this process says when a look is worth it at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit::clock::SharedClock;
use kit::error::{Classify, Kind};
use kit::id::UserId;
use kit::lifecycle::Lifecycle;
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, Notify, watch};

use super::conversations::ConversationError;
use super::model::{ConversationId, ConversationKey, Extraction};
use crate::store::{Store, StoreError};

/// How many conversations of one user are looked at in one process: each costs a read of the store every time, however many
/// watch it.
const WATCHED_MAX: usize = 64;

/// Where extractions are looked up.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The extraction of a conversation as it stands; `None`: there is no such conversation.
    async fn find(&self, key: &ConversationKey) -> Result<Option<Extraction>, StoreError>;
}

#[async_trait]
impl Lookup for Arc<dyn Store> {
    async fn find(&self, key: &ConversationKey) -> Result<Option<Extraction>, StoreError> {
        self.find_extraction(key).await
    }
}

/// Lets users watch their extractions. Clones share what they look at.
#[derive(Clone)]
pub struct Watch {
    /// Where to look.
    pub lookup: Arc<dyn Lookup>,
    /// The time.
    pub clock: SharedClock,
    /// Who says that there is something to see.
    pub changes: Changes,
    /// How long after a look the next one comes, if nobody says anything.
    pub every: Duration,
    /// The life of this process.
    pub lifecycle: Lifecycle,
}

/// Told of changes as they are made in this process. What nobody tells is seen at the next look. Clones share the listeners.
#[derive(Clone, Default)]
pub struct Changes {
    places: Arc<Mutex<Places>>,
}

/// What is being watched of whom.
type Places = HashMap<UserId, HashMap<ConversationId, Arc<Place>>>;

/// One conversation that is being watched, by however many.
struct Place {
    newest: watch::Sender<Look>,
    bell: Notify,
    /// Looks take turns, so that what was read earlier never covers what was read later.
    turn: Turn<()>,
}

/// What was seen last.
#[derive(Debug)]
enum Look {
    NotYet,
    There(Box<Extraction>),
    /// For good: another conversation of that id is not the one that was watched.
    Gone,
}

/// One watcher. Dropping it is all it takes to leave.
pub struct Watching {
    newest: watch::Receiver<Look>,
}

/// Why a watch does not begin.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Its user watches as many other conversations here as one may.
    #[error("too many conversations are being watched; stop watching another one first")]
    TooMany,
    /// It could not be read.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
}

impl Classify for WatchError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooMany => Kind::Busy,
            Self::Conversation(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TooMany => "TOO_MANY_WATCHED",
            Self::Conversation(error) => error.reason(),
        }
    }
}

impl Watch {
    /// Begins to watch. The first state comes at once.
    pub async fn extraction(&self, key: &ConversationKey) -> Result<Watching, WatchError> {
        loop {
            let (place, mut newest, is_new) = self.changes.seat(key).ok_or(WatchError::TooMany)?;
            if is_new {
                self.lifecycle.spawn("watched extraction", self.clone().follow(key.clone(), place.clone()));
            }
            // What was seen last may be as old as a look: this watcher wants to know how it is now.
            if !self.look(key, &place).await.map_err(ConversationError::from)? {
                return Err(ConversationError::NotFound.into());
            }
            if !newest.borrow().is_gone() {
                newest.mark_changed();
                return Ok(Watching { newest });
            }
            // Others watched an earlier conversation of that id. This one has not been looked at yet.
        }
    }

    /// Looks for as long as anybody watches and the process goes on. A watcher who does not read is not waited for.
    async fn follow(self, key: ConversationKey, place: Arc<Place>) {
        let draining = self.lifecycle.draining();
        while !place.newest.borrow().is_gone() {
            tokio::select! {
                biased;
                () = place.newest.closed() => if self.changes.is_left(&key, &place) { return },
                () = draining.cancelled() => return,
                () = place.bell.notified() => {}
                () = self.clock.sleep(self.every) => {}
            }
            if let Err(error) = self.look(&key, &place).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a watched extraction could not be read");
            }
        }
    }

    /// Whether there is a conversation of that id. Whoever watches is told of what changed.
    async fn look(&self, key: &ConversationKey, place: &Arc<Place>) -> Result<bool, StoreError> {
        let _turn = place.turn.lock().await;
        let found = self.lookup.find(key).await?;
        let is_there = found.is_some();
        place.newest.send_if_modified(|newest| newest.heed(found));
        if place.newest.borrow().is_gone() {
            self.changes.forget(key, place);
        }
        Ok(is_there)
    }
}

impl Changes {
    /// The extraction of this conversation has just changed, here.
    pub fn touched(&self, key: &ConversationKey) {
        if let Some(place) = self.places.lock().get(&key.user_id).and_then(|of_user| of_user.get(&key.conversation_id))
        {
            place.bell.notify_one();
        }
    }

    /// A seat at the conversation, and whether it is the first. `None` if its user watches too many others.
    fn seat(&self, key: &ConversationKey) -> Option<(Arc<Place>, watch::Receiver<Look>, bool)> {
        let mut places = self.places.lock();
        let of_user = places.entry(key.user_id.clone()).or_default();
        let is_full = of_user.len() >= WATCHED_MAX;
        let (place, is_new) = match of_user.entry(key.conversation_id.clone()) {
            Entry::Occupied(place) => (place.get().clone(), false),
            Entry::Vacant(_) if is_full => return None,
            Entry::Vacant(free) => (free.insert(Arc::new(Place::new())).clone(), true),
        };
        let newest = place.newest.subscribe();
        Some((place, newest, is_new))
    }

    /// Whether the last watcher has left. Then the next one finds a fresh place.
    fn is_left(&self, key: &ConversationKey, place: &Arc<Place>) -> bool {
        let mut places = self.places.lock();
        // Seats are taken under the same lock.
        if place.newest.receiver_count() > 0 {
            return false;
        }
        remove(&mut places, key, place);
        true
    }

    fn forget(&self, key: &ConversationKey, place: &Arc<Place>) {
        remove(&mut self.places.lock(), key, place);
    }
}

fn remove(places: &mut Places, key: &ConversationKey, place: &Arc<Place>) {
    let Entry::Occupied(mut of_user) = places.entry(key.user_id.clone()) else { return };
    if of_user.get().get(&key.conversation_id).is_some_and(|held| Arc::ptr_eq(held, place)) {
        of_user.get_mut().remove(&key.conversation_id);
    }
    if of_user.get().is_empty() {
        of_user.remove();
    }
}

impl Place {
    fn new() -> Self {
        Self { newest: watch::Sender::new(Look::NotYet), bell: Notify::new(), turn: Turn::new(()) }
    }
}

impl Look {
    fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// Takes in what was found. Whether that is worth telling.
    fn heed(&mut self, found: Option<Extraction>) -> bool {
        let next = match (&*self, found) {
            (Self::Gone, _) => return false,
            (_, None) => Self::Gone,
            (Self::There(known), Some(found)) if is_of_another_life(known, &found) => Self::Gone,
            (Self::There(known), Some(found)) if is_the_same(known, &found) => return false,
            (_, Some(found)) => Self::There(Box::new(found)),
        };
        *self = next;
        true
    }
}

/// While a conversation lives its numbers only grow, and it is first asked for once.
fn is_of_another_life(known: &Extraction, found: &Extraction) -> bool {
    let is_less = found.want < known.want || found.done < known.done || found.fence < known.fence;
    is_less || (known.created_at.is_some() && found.created_at != known.created_at)
}

/// A renewed lease is no news: it only says that the worker is still at it.
fn is_the_same(known: &Extraction, found: &Extraction) -> bool {
    *known == Extraction { lease_until: known.lease_until, ..found.clone() }
}

impl Watching {
    /// The next state. Whoever asks seldom gets the newest, and never learns of those in between.
    ///
    /// Safe to drop and call again: a state is missed only for a newer one.
    pub async fn next(&mut self) -> Result<Extraction, ConversationError> {
        let is_watched = self.newest.changed().await.is_ok();
        match &*self.newest.borrow_and_update() {
            Look::There(extraction) if is_watched => Ok(Extraction::clone(extraction)),
            Look::There(_) | Look::NotYet | Look::Gone => Err(ConversationError::NotFound),
        }
    }
}

#[cfg(test)]
mod tests;
