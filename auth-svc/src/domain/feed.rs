//! The trust feed: everything that has ended, told to every service within a second.
//!
//! Two sources: what this process ends is published at once, what other replicas end is found by looking into the store every
//! second. A message says as of when the store was last read, so a replica that has lost it cannot pretend to be current.

mod subscription;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kit::authn::{Change, Entry, LEEWAY, News, TrustSet};
use kit::clock::SharedClock;
use kit::error::{Classify, Kind};
use kit::id::{SessionId, UserId};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::store::{StoreError, TrustStore};

pub use subscription::Subscription;

/// How often the store is looked into, and how often a feed says something.
const BEAT: Duration = Duration::from_secs(1);

/// How long a look may take. A store that takes longer answers nobody in time.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// How far each look reaches back behind the one before: a write that was under way then, or made by a clock behind ours.
const OVERLAP: Duration = Duration::from_secs(10);

/// How far the clocks of replicas may differ.
const SKEW: Duration = Duration::from_secs(10);

/// How many entries a subscriber may be behind.
const REMEMBERED: usize = 16 * 1024;

/// An entry takes at most 400 bytes on the wire (a foreign subject, a kept session, a time): so many are below 1 MiB.
const ENTRIES_PER_EVENT: usize = 2048;

/// Something ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What.
    pub what: Ended,
    /// When.
    pub at: Timestamp,
}

/// What ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ended {
    /// One session.
    Session(SessionId),
    /// The older generations of an account.
    Generations {
        /// The account.
        user: UserId,
        /// The lowest generation that goes on.
        below: i64,
        /// The session that goes on whatever its generation.
        kept: Option<SessionId>,
    },
}

/// A place in the feed of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Which process. Positions of another one mean nothing here.
    pub boot: String,
    /// How many entries it had told before.
    pub position: i64,
}

/// One event of the feed, and the place after it.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it says.
    pub change: Change,
    /// Where a later subscription may go on.
    pub cursor: Cursor,
}

/// Why a subscription cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// This process has not read its store yet, so it does not know what has ended.
    #[error("revocations are still being loaded; try again shortly")]
    NotReady,
    /// The subscriber did not keep up. It should subscribe again.
    #[error("the subscriber fell behind; connect again")]
    FellBehind,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for FeedError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotReady => Kind::Unavailable,
            Self::FellBehind => Kind::Busy,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotReady => "NOT_READY",
            Self::FellBehind => "SLOW_CONSUMER",
            Self::Store(error) => error.reason(),
        }
    }
}

/// Why a look into the store brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// It took too long.
    #[error("the store does not answer")]
    NoAnswer,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The feed of this process. Clones share it.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

struct Shared {
    boot: String,
    store: Arc<dyn TrustStore>,
    clock: SharedClock,
    entry_life: Duration,
    trust: TrustSet,
    told: Mutex<Told>,
    /// Moves on with every entry and every beat.
    beats: watch::Sender<()>,
}

#[derive(Default)]
struct Told {
    entries: VecDeque<Entry>,
    /// Position of the first of them.
    first: i64,
    /// What was told lately, so that finding it in the store again is no news.
    lately: HashMap<Ended, Timestamp>,
    as_of: Option<Timestamp>,
}

impl Told {
    fn end(&self) -> i64 {
        self.first + self.entries.len() as i64
    }
}

impl Feed {
    /// A feed that has not looked into `store` yet. `access_life` is how long an access token lives at most.
    pub fn new(store: Arc<dyn TrustStore>, clock: SharedClock, access_life: Duration) -> Self {
        let entry_life = access_life + LEEWAY + SKEW;
        let (boot, trust) = (kit::id::random(), TrustSet::new());
        let (told, beats) = (Mutex::default(), watch::Sender::new(()));
        Self { shared: Arc::new(Shared { boot, store, clock, entry_life, trust, told, beats }) }
    }

    /// What has ended, for this process's own verifier.
    pub fn trust(&self) -> TrustSet {
        self.shared.trust.clone()
    }

    /// Tells everybody, this process's own verifier first. Call it after the write.
    pub fn publish(&self, ending: Ending) {
        self.tell(&[ending]);
        self.shared.beats.send_replace(());
    }

    /// Looks into the store once: everything alive the first time, afterwards what is new.
    pub async fn look(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let before = shared.told.lock().as_of;
        let since = before.unwrap_or(now - shared.entry_life) - OVERLAP;
        let endings = shared.store.ended_since(since).await?;
        if before.is_none() {
            let entries = endings.iter().map(|ending| self.entry(ending)).collect();
            shared.trust.apply(Change { as_of: now, news: News::Snapshot { entries, last: true } });
        }
        // In parts: a logout that publishes meanwhile must not wait for all of them.
        for part in endings.chunks(ENTRIES_PER_EVENT) {
            self.tell(part);
        }
        let mut told = shared.told.lock();
        told.as_of = told.as_of.max(Some(now));
        told.lately.retain(|_, at| *at > now - 2 * OVERLAP);
        drop(told);
        shared.trust.apply(Change { as_of: now, news: News::Heartbeat });
        Ok(())
    }

    /// Looks every second, for ever, and reports how it went. Subscribers hear a beat each time, with an old `as_of` if it failed.
    pub async fn keep_looking(&self, report: impl Fn(Result<(), LookError>)) {
        let clock = &self.shared.clock;
        loop {
            clock.sleep(BEAT).await;
            let looked = tokio::select! {
                biased;
                looked = self.look() => looked.map_err(LookError::Store),
                () = clock.sleep(LOOK_MAX) => Err(LookError::NoAnswer),
            };
            report(looked);
            self.shared.beats.send_replace(());
        }
    }

    /// Follows the feed: from `cursor` if it is a place that is still remembered here, else from a snapshot of all that is alive.
    pub async fn subscribe(&self, cursor: Option<Cursor>) -> Result<Subscription, FeedError> {
        let beats = self.shared.beats.subscribe();
        let (end, first, as_of) = {
            let told = self.shared.told.lock();
            (told.end(), told.first, told.as_of.ok_or(FeedError::NotReady)?)
        };
        let resumed = cursor.filter(|c| c.boot == self.shared.boot && (first..=end).contains(&c.position));
        // The place is taken before the store is read: what ends in between is told twice rather than never.
        let position = resumed.as_ref().map_or(end, |cursor| cursor.position);
        let snapshot = if resumed.is_some() { VecDeque::new() } else { self.snapshot().await? };
        Ok(Subscription { feed: self.clone(), beats, position, as_of, snapshot, has_just_told: false })
    }

    async fn snapshot(&self) -> Result<VecDeque<Vec<Entry>>, StoreError> {
        let since = self.shared.clock.now() - self.shared.entry_life;
        let endings = self.shared.store.ended_since(since).await?;
        let entries: Vec<_> = endings.iter().map(|ending| self.entry(ending)).collect();
        let mut parts: VecDeque<_> = entries.chunks(ENTRIES_PER_EVENT).map(<[Entry]>::to_vec).collect();
        if parts.is_empty() {
            parts.push_back(Vec::new());
        }
        Ok(parts)
    }

    fn tell(&self, endings: &[Ending]) {
        let mut told = self.shared.told.lock();
        let mut news = Vec::new();
        for ending in endings {
            if !told.lately.contains_key(&ending.what) {
                told.lately.insert(ending.what.clone(), ending.at);
                news.push(self.entry(ending));
            }
        }
        if news.is_empty() {
            return;
        }
        // Under the lock: the own verifier knows before any subscriber can.
        let as_of = told.as_of.unwrap_or(Timestamp::UNIX_EPOCH);
        self.shared.trust.apply(Change { as_of, news: News::Delta(news.clone()) });
        told.entries.extend(news);
        while told.entries.len() > REMEMBERED {
            told.entries.pop_front();
            told.first += 1;
        }
    }

    fn entry(&self, ending: &Ending) -> Entry {
        let expires_at = ending.at + self.shared.entry_life;
        match &ending.what {
            Ended::Session(session) => Entry::Session { session_id: session.clone(), expires_at },
            Ended::Generations { user, below, kept } => {
                Entry::User { user_id: user.clone(), min_generation: *below, kept_session: kept.clone(), expires_at }
            }
        }
    }
}

#[cfg(test)]
mod tests;
