//! Which messages and items fit a query, the best first.
//!
//! A message seldom says by itself what it is about: "Yes, in May!" answers a question that was asked before it, in a talk about a
//! wedding. So each is scored three times, in its own words, in those of the messages around it, and in those of its whole
//! conversation, each by its best, and the three are weighed. An item is scored like a message that stands where its evidence does,
//! in its own words: that makes both comparable. See docs/adr/0012-search-is-an-exact-scan.md for what was measured.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::bm25::{Counts, Fit};
use super::index::Index;
use super::query::Query;
use super::talk::{Remembered, Said, Talk};
use super::words::Term;
use crate::domain::extract::when::Named;
use crate::domain::model::ItemKind;

/// So many messages before and after one are around it.
const AROUND: usize = 2;

/// What the own words, those around and those of the conversation weigh.
const OWN: f64 = 0.3;
const NEAR: f64 = 0.4;
const TALK: f64 = 0.3;

/// What is left of the score of what somebody else said, if the query names somebody who speaks.
const OF_ANOTHER: f64 = 0.6;

/// The same of what was said at another time, if the query names one.
const OF_ANOTHER_TIME: f64 = 2.0 / 3.0;

/// So many days after something has happened people speak of it.
const SPOKEN_OF_DAYS: i32 = 7;

/// Something that fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) talk: &'a Arc<Talk>,
    pub(super) what: What<'a>,
    pub(super) score: f64,
}

/// What fits.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    Item(&'a Remembered),
    Message(&'a Said),
}

/// What may be found. Scores are the same whatever may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Items of these kinds.
    pub items: Vec<ItemKind>,
    /// Whether messages.
    pub messages: bool,
    /// Said at that time or later.
    pub since: Option<Timestamp>,
    /// Said before that time.
    pub until: Option<Timestamp>,
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) query: Query,
    /// The time that the query names.
    pub(super) then: Option<Then>,
}

/// Days in the time zone of whoever asks for them.
#[derive(Debug)]
pub(super) struct Then {
    pub(super) named: Named,
    pub(super) zone: TimeZone,
}

impl Then {
    fn holds(&self, at: Timestamp) -> bool {
        self.named.is_then_or_within(SPOKEN_OF_DAYS, self.zone.to_datetime(at))
    }
}

/// Everything in scope that fits, the best first; of equals the one said last, and never in another order. Items that say the same
/// are together, where the best of them is.
pub(super) fn rank<'a>(index: &'a Index, asked: &Asked, scope: &Scope) -> (Vec<Found<'a>>, Fit) {
    let query = &asked.query;
    let scan = Scan::of(index, query);
    let (own_fit, near_fit) = (scan.own.fit(query.times()), scan.near.fit(query.times()));
    let scores = Scores {
        own: scan.own.scores(&own_fit),
        items: scan.items(index, query, &own_fit),
        near: by_best(scan.near.scores(&near_fit)),
        talks: by_best(scan.talks.scores(&scan.talks.fit(query.times()))),
        names_one: index.talks().any(|talk| talk.authors().any(|name| query.names(name))),
    };
    let scores = scores.own_by_best();
    let mut found = Vec::new();
    let (mut first, mut first_item) = (0, 0);
    for (place, talk) in index.talks().enumerate() {
        let at = Place { first, first_item, talk: scores.talks.get(place).copied().unwrap_or(0.0) };
        scores.collect(talk, at, asked, scope, &mut found);
        first += talk.messages.len();
        first_item += talk.items.len();
    }
    found.sort_unstable_by(order);
    (together(found), own_fit)
}

/// The words of the query in everything there is.
struct Scan {
    own: Counts,
    near: Counts,
    talks: Counts,
}

impl Scan {
    fn of(index: &Index, query: &Query) -> Self {
        let words = query.times().len();
        let mut scan = Self { own: Counts::new(words), near: Counts::new(words), talks: Counts::new(words) };
        let mut tally = Tally::new(words);
        let mut first = 0;
        for talk in index.talks() {
            for said in &talk.messages {
                tally.count(talk.words_of(said), query);
                scan.own.push(tally.take(), said.extent.length as f32);
            }
            let all = first..first + talk.messages.len();
            for place in all.clone() {
                let around = place.saturating_sub(AROUND).max(all.start)..(place + AROUND + 1).min(all.end);
                let length = scan.own_of(around, &mut tally);
                scan.near.push(tally.take(), length);
            }
            first = all.end;
            let length = scan.own_of(all, &mut tally);
            scan.talks.push(tally.take(), length);
        }
        scan
    }

    /// Adds up what is counted in these messages, and returns how long they are.
    fn own_of(&self, messages: Range<usize>, tally: &mut Tally) -> f32 {
        let mut length = 0.0;
        for message in messages {
            length += self.own.length(message);
            self.own.of(message).iter().for_each(|(word, often)| tally.add(*word, *often));
        }
        length
    }

    /// How well the items fit in their own words, measured as messages are.
    fn items(&self, index: &Index, query: &Query, fit: &Fit) -> Vec<f64> {
        let mut tally = Tally::new(query.times().len());
        let items = index.talks().flat_map(|talk| talk.items.iter().map(move |item| (talk, item)));
        let score = |(talk, item): (&Arc<Talk>, &Remembered)| {
            tally.count(talk.words_of_item(item), query);
            let found: Vec<(u16, f32)> = tally.take().collect();
            fit.of(&found, item.extent.length as f32)
        };
        items.map(score).collect()
    }
}

/// Counts words of a query, again and again.
struct Tally {
    often: Vec<f32>,
    seen: Vec<u16>,
}

impl Tally {
    fn new(words: usize) -> Self {
        Self { often: vec![0.0; words], seen: Vec::new() }
    }

    fn count(&mut self, words: &[Term], query: &Query) {
        words.iter().filter_map(|term| query.place(*term)).for_each(|word| self.add(word, 1.0));
    }

    fn add(&mut self, word: u16, often: f32) {
        let counted = &mut self.often[usize::from(word)];
        if *counted == 0.0 {
            self.seen.push(word);
        }
        *counted += often;
    }

    /// What was counted, in the order of the words, and begins anew.
    fn take(&mut self) -> impl Iterator<Item = (u16, f32)> {
        self.seen.sort_unstable();
        let Self { often, seen } = self;
        seen.drain(..).map(|word| (word, std::mem::take(&mut often[usize::from(word)])))
    }
}

/// How well everything fits.
struct Scores {
    own: Vec<f64>,
    items: Vec<f64>,
    near: Vec<f64>,
    talks: Vec<f64>,
    /// Whether the query names somebody who speaks.
    names_one: bool,
}

/// Where the messages and items of a conversation are among all, and how well it fits.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    first_item: usize,
    talk: f64,
}

impl Scores {
    /// The best of messages and items together is 1.
    fn own_by_best(mut self) -> Self {
        let best = self.own.iter().chain(&self.items).copied().fold(0.0, f64::max);
        if best > 0.0 {
            self.own.iter_mut().chain(&mut self.items).for_each(|score| *score /= best);
        }
        self
    }

    fn collect<'a>(&self, talk: &'a Arc<Talk>, at: Place, asked: &Asked, scope: &Scope, found: &mut Vec<Found<'a>>) {
        let query = &asked.query;
        let marked = |said: &Said| {
            let is_another = self.names_one && !query.names(talk.author_of(said));
            let is_another_time = asked.then.as_ref().is_some_and(|then| !then.holds(said.at));
            (if is_another { OF_ANOTHER } else { 1.0 }) * (if is_another_time { OF_ANOTHER_TIME } else { 1.0 })
        };
        if scope.messages {
            for (place, said) in talk.messages.iter().enumerate() {
                let (own, near) = (self.own[at.first + place], self.near[at.first + place]);
                if near > 0.0 && scope.is_when(said.at) {
                    let score = weighed(own, near, at.talk) * marked(said);
                    found.push(Found { talk, what: What::Message(said), score });
                }
            }
        }
        for (place, item) in talk.items.iter().enumerate() {
            let own = self.items[at.first_item + place];
            if own > 0.0 && scope.has(item.kind) && scope.is_when(item.at) {
                let near = talk.rests_on(item).map(|place| self.near[at.first + place]).fold(0.0, f64::max);
                let marked = talk.rests_on(item).map(|place| marked(&talk.messages[place])).reduce(f64::max);
                let score = weighed(own, near, at.talk) * marked.unwrap_or(1.0);
                found.push(Found { talk, what: What::Item(item), score });
            }
        }
    }
}

impl Scope {
    /// Whether items of that kind may be found.
    pub(super) fn has(&self, kind: ItemKind) -> bool {
        self.items.contains(&kind)
    }

    fn is_when(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

fn weighed(own: f64, near: f64, talk: f64) -> f64 {
    OWN * own + NEAR * near + TALK * talk
}

fn by_best(mut scores: Vec<f64>) -> Vec<f64> {
    let best = scores.iter().copied().fold(0.0, f64::max);
    if best > 0.0 {
        scores.iter_mut().for_each(|score| *score /= best);
    }
    scores
}

fn order(a: &Found<'_>, b: &Found<'_>) -> Ordering {
    let by_score = b.score.total_cmp(&a.score);
    let by_time = || b.what.at().cmp(&a.what.at());
    let by_place = || a.talk.id.cmp(&b.talk.id).then_with(|| a.what.key().cmp(&b.what.key()));
    by_score.then_with(by_time).then_with(by_place)
}

/// Moves items that say the same as a better one to its place, with its score, the one said last first: as that stands they all do.
fn together(found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let mut best_of = HashMap::new();
    let mut placed: Vec<(usize, Found<'_>)> = Vec::with_capacity(found.len());
    for (own, mut each) in found.into_iter().enumerate() {
        let place = match each.what {
            What::Item(item) => *best_of.entry(item.statement).or_insert(own),
            What::Message(_) => own,
        };
        each.score = placed.get(place).map_or(each.score, |(_, best)| best.score);
        placed.push((place, each));
    }
    placed.sort_by_key(|(place, each)| (*place, Reverse(each.what.last_said())));
    placed.into_iter().map(|(_, each)| each).collect()
}

impl What<'_> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Item(item) => item.at,
            Self::Message(said) => said.at,
        }
    }

    fn last_said(&self) -> Timestamp {
        match self {
            Self::Item(item) => item.last_said,
            Self::Message(said) => said.at,
        }
    }

    /// Items first, by their ids; then messages as they were said.
    fn key(&self) -> (bool, &str, i64) {
        match self {
            Self::Item(item) => (false, &item.id, 0),
            Self::Message(said) => (true, "", said.seq),
        }
    }
}
