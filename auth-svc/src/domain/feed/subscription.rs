//! One subscriber's way through the feed: a snapshot or the place it had reached, then what comes.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use kit::authn::{Change, Entry, News};
use tokio::sync::watch;

use super::{Cursor, ENTRIES_PER_EVENT, Event, Feed, FeedError};

/// How long a subscriber that was just told something is left alone: under load, one event then tells many.
pub(super) const GATHER: Duration = Duration::from_millis(10);

/// One subscriber's way through the feed.
pub struct Subscription {
    pub(super) feed: Feed,
    pub(super) beats: watch::Receiver<()>,
    pub(super) position: i64,
    /// As of when this subscriber knows everything.
    pub(super) as_of: Timestamp,
    pub(super) snapshot: VecDeque<Vec<Entry>>,
    pub(super) has_just_told: bool,
}

impl Subscription {
    /// The next event; waits for one if there is none.
    pub async fn next(&mut self) -> Result<Event, FeedError> {
        if let Some(entries) = self.snapshot.pop_front() {
            return Ok(self.event(News::Snapshot { entries, last: self.snapshot.is_empty() }));
        }
        if std::mem::take(&mut self.has_just_told) {
            self.feed.shared.clock.sleep(GATHER).await;
        }
        // A beat that is about what this reads anyway must not cause another event.
        self.beats.mark_unchanged();
        let as_of_before = self.as_of;
        let mut news = self.read_on()?;
        if news.is_empty() && self.as_of == as_of_before {
            // The feed holds the sender, so this fails never.
            let _ = self.beats.changed().await;
            news = self.read_on()?;
        }
        self.has_just_told = !news.is_empty();
        Ok(self.event(if news.is_empty() { News::Heartbeat } else { News::Delta(news) }))
    }

    pub(super) fn read_on(&mut self) -> Result<Vec<Entry>, FeedError> {
        // One lock for both: `as_of` must not be ahead of the entries that it vouches for.
        let told = self.feed.shared.told.lock();
        let offset = usize::try_from(self.position - told.first).map_err(|_| FeedError::FellBehind)?;
        let news: Vec<_> = told.entries.iter().skip(offset).take(ENTRIES_PER_EVENT).cloned().collect();
        self.position += news.len() as i64;
        if self.position == told.end() {
            self.as_of = told.as_of.unwrap_or(self.as_of);
        }
        Ok(news)
    }

    fn event(&self, news: News) -> Event {
        let cursor = Cursor { boot: self.feed.shared.boot.clone(), position: self.position };
        Event { change: Change { as_of: self.as_of, news }, cursor }
    }
}
