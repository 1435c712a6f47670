//! Finds items and messages of one user by words.
//!
//! Every search looks through everything the user has: an exact scan over an index in memory, which holds numbers for words and is
//! brought up to date from the store before each search. What is found is read from the store, so that nothing is given back that is
//! gone. Weighed in docs/adr/0012-search-is-an-exact-scan.md.

mod bm25;
mod cache;
mod harvest;
mod index;
mod language;
mod passage;
mod query;
mod rank;
mod refresh;
mod settings;
mod talk;
mod theme;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use kit::clock::SharedClock;
use kit::id::UserId;

use self::cache::Cache;
use self::harvest::{Candidate, Harvest};
use self::index::Index;
use self::language::Languages;
use self::passage::Finder;
use self::query::Query;
use self::rank::{Asked, Then, rank};
use self::refresh::{apart, look};
use super::extract::when;
use super::model::{Evidence, Item, TailMessage, zone_of};
use super::verdicts::Overlay;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};

pub use language::Language;
pub use rank::Scope;
pub use refresh::Freshness;
pub use settings::SearchSettings;
pub(super) use theme::Theme;

/// Searches the memory of users. Clones share what is kept between searches.
#[derive(Clone)]
pub struct Search {
    store: Arc<dyn Store>,
    clock: SharedClock,
    cache: Cache,
    settings: SearchSettings,
    metrics: Metrics,
}

/// What somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quest {
    /// Words in any language.
    pub query: String,
    /// What may be found.
    pub scope: Scope,
    /// At most so many.
    pub limit: usize,
    /// The IANA time zone in which the query means its "yesterday"; UTC if not known.
    pub time_zone: Option<String>,
}

/// Something found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What was found.
    pub subject: Subject,
    /// How well it fits, at most 1; comparable within one answer only.
    pub score: f64,
    /// The words it rests on: those of the item and of others that say the same, or the passage of the message.
    pub evidence: Vec<Evidence>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// An item, as it reads now.
    Item(Box<Item>),
    /// A message.
    Message(TailMessage),
}

impl Search {
    /// Searches `store`.
    pub fn new(store: Arc<dyn Store>, clock: SharedClock, settings: SearchSettings, metrics: Metrics) -> Self {
        let cache = Cache::new(settings.cache_bytes(), *settings.cache_idle);
        Self { store, clock, cache, settings, metrics }
    }

    /// What fits best, the best first. A query without a word finds nothing.
    pub async fn find(&self, user: &UserId, quest: &Quest) -> Result<Vec<Hit>, StoreError> {
        let (index, overlay) = self.current(user).await?;
        let now = self.clock.now();
        let mut harvest = Harvest::new(self.store.clone(), user.clone(), index.clone(), overlay, quest);
        let quest = quest.clone();
        let ranked = apart(move || Ranked::of(&index, &quest, now)).await;
        let Some(Ranked { asked, fit, languages, candidates }) = ranked else { return Ok(Vec::new()) };
        let mut rest = candidates.as_slice();
        while !rest.is_empty() && !harvest.is_enough() {
            let (next, later) = rest.split_at(harvest.wanted().min(rest.len()));
            harvest.gather(next).await?;
            rest = later;
        }
        Ok(apart(move || harvest.hits(Finder::new(&asked.query, &fit, languages))).await)
    }

    /// Drops what is kept of a user. Call it when something of theirs was deleted or erased.
    pub fn forget(&self, user: &UserId) {
        self.metrics.search_cache_is(self.cache.forget(user));
    }

    /// Drops what nobody searches any more, for ever.
    pub async fn keep_forgetting(self) {
        loop {
            self.clock.sleep(*self.settings.cache_idle / 2).await;
            self.metrics.search_cache_is(self.cache.forget_idle(self.clock.uptime()));
        }
    }

    /// The index of the user as of now, and what they have said about items.
    async fn current(&self, user: &UserId) -> Result<(Arc<Index>, Arc<Overlay>), StoreError> {
        let slot = self.cache.take(user, self.clock.uptime());
        let mut held = slot.lock().await;
        let looked = look(&*self.store, user, &held).await?;
        *held = looked.index.clone();
        drop(held);
        let bytes = looked.index.bytes();
        self.metrics.search_cache_is(self.cache.settle(user, &slot, bytes, self.clock.uptime()));
        self.metrics.searched(looked.found);
        Ok((looked.index, looked.overlay))
    }
}

/// All candidates in their order, and what shows the words they were found by.
struct Ranked {
    asked: Asked,
    fit: bm25::Fit,
    languages: Languages,
    candidates: Vec<Candidate>,
}

impl Ranked {
    /// `None` if there is nothing to look for.
    fn of(index: &Index, quest: &Quest, now: Timestamp) -> Option<Self> {
        let languages = index.languages();
        let query = Query::of(&quest.query, languages)?;
        let zone = zone_of(quest.time_zone.as_deref());
        let then = when::named(&quest.query, now, &zone).map(|named| Then { named, zone });
        let asked = Asked { query, then };
        let (found, fit) = rank(index, &asked, &quest.scope);
        let candidates = found.iter().map(Candidate::of).collect();
        Some(Self { asked, fit, languages, candidates })
    }
}
