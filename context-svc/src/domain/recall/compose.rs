//! Fits what is remembered into a budget of tokens: line by line, the most relevant first, and never a part of a line.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::Timestamp;

use super::{Context, Session, render, tokens};
use crate::domain::model::{Item, ItemKind, Part, TailMessage};

/// What there is to choose from, each list the most relevant first.
pub(super) struct Candidates {
    pub(super) items: Vec<Item>,
    pub(super) sessions: Vec<Session>,
    /// Of the summary.
    pub(super) summary: Vec<Part>,
    /// What the items say, by its fingerprints.
    pub(super) told: HashSet<String>,
    /// Newest first.
    pub(super) recent: Vec<TailMessage>,
    /// The time to reckon from.
    pub(super) now: Timestamp,
}

/// Shares of the budget that each section may take before the others have had theirs.
const ITEMS_SHARE: usize = 50;
const RECENT_SHARE: usize = 30;

/// After so many lines in a row that do not fit, the rest of a section is not tried: it would take time and rarely fit.
const MISSES_MAX: usize = 8;

/// A line that may become part of the text.
struct Line<T> {
    subject: T,
    text: String,
    tokens: OnceCell<usize>,
    taken: bool,
}

impl<T> Line<T> {
    fn new(subject: T, text: String) -> Self {
        Self { subject, text, tokens: OnceCell::new(), taken: false }
    }

    fn tokens(&self) -> usize {
        *self.tokens.get_or_init(|| tokens::count(&self.text))
    }

    /// Whether it has at most `room` tokens. Counting takes most of the time, so it is done only for what may fit.
    fn fits(&self, room: usize) -> bool {
        tokens::at_least(&self.text) <= room && self.tokens() <= room
    }
}

/// The lines of a section, written only as far as they are tried.
struct Lines<T, F> {
    written: Vec<Line<T>>,
    left: std::vec::IntoIter<T>,
    write: F,
}

impl<T, F: Fn(&T) -> Option<String>> Lines<T, F> {
    fn of(subjects: Vec<T>, write: F) -> Self {
        Self { written: Vec::new(), left: subjects.into_iter(), write }
    }

    fn get(&mut self, place: usize) -> Option<&mut Line<T>> {
        while self.written.len() <= place {
            let subject = self.left.next()?;
            self.written.extend((self.write)(&subject).map(|text| Line::new(subject, text)));
        }
        self.written.get_mut(place)
    }

    /// Takes what fits into `share` of the budget, under the heading that each subject stands under.
    fn take(&mut self, budget: &mut Budget, share: &mut usize, heading: impl Fn(&T) -> &'static str) {
        let mut misses = 0;
        let mut place = 0;
        while let Some(line) = self.get(place).filter(|_| misses < MISSES_MAX) {
            let heading = heading(&line.subject);
            misses = if budget.take(line, heading, share) { 0 } else { misses + 1 };
            place += 1;
        }
    }

    fn taken(self) -> Vec<Line<T>> {
        self.written.into_iter().filter(|line| line.taken).collect()
    }
}

struct Budget {
    left: usize,
    headings: Vec<&'static str>,
}

impl Budget {
    /// Takes the line if it fits, with its heading if that is not there yet; within `share` tokens, which it uses up. Whether it
    /// is taken.
    fn take<T>(&mut self, line: &mut Line<T>, heading: &'static str, share: &mut usize) -> bool {
        if line.taken {
            return true;
        }
        let opens_section = !self.headings.contains(&heading);
        let for_heading = if opens_section { tokens::count(heading) } else { 0 };
        let room = self.left.min(*share).checked_sub(for_heading);
        if !room.is_some_and(|room| line.fits(room)) {
            return false;
        }
        let cost = line.tokens() + for_heading;
        line.taken = true;
        self.left -= cost;
        *share -= cost;
        if opens_section {
            self.headings.push(heading);
        }
        true
    }
}

/// The best context of at most `budget` tokens; an empty one if nothing fits.
pub(super) fn compose(candidates: Candidates, budget: usize) -> Context {
    let frame = tokens::count(&render::opening()) + tokens::count(render::closing());
    let Some(left) = budget.checked_sub(frame) else {
        return Context::default();
    };
    let now = candidates.now;
    let mut items = Lines::of(candidates.items, |item| Some(render::brief(item, now)));
    let mut sessions = Lines::of(candidates.sessions, |session| Some(render::session(session)));
    let mut summary = Lines::of(candidates.summary, |part| render::part(part, &candidates.told));
    let mut recent = Lines::of(candidates.recent, render::message);

    let mut budget_left = Budget { left, headings: Vec::new() };
    let first_round = [left * ITEMS_SHARE / 100, left * RECENT_SHARE / 100, left];
    for [mut for_items, mut for_recent, mut for_sessions] in [first_round, [left; 3]] {
        items.take(&mut budget_left, &mut for_items, |item| render::heading(item.kind));
        recent.take(&mut budget_left, &mut for_recent, |_| render::RECENT);
        sessions.take(&mut budget_left, &mut for_sessions, |_| render::SESSIONS);
        summary.take(&mut budget_left, &mut for_sessions, |_| render::SUMMARY);
    }
    let (mut items, mut sessions, mut summary) = (items.taken(), sessions.taken(), summary.taken());
    spell_out(&mut items, now, &mut budget_left.left);

    items.sort_by_key(|line| line.subject.kind as u8);
    sessions.sort_by_key(|line| Reverse(line.subject.last_at));
    summary.sort_by_key(|line| Reverse(line.subject.last_at()));
    let mut recent = recent.taken();
    recent.reverse();
    Chosen { items, summary, sessions, recent }.fit(budget)
}

/// With what is left, the most relevant items are given their date and quote.
fn spell_out(items: &mut [Line<Item>], now: Timestamp, left: &mut usize) {
    for line in items.iter_mut() {
        let full = Line::new((), render::full(&line.subject, now));
        let brief = line.tokens();
        if full.fits(brief + *left) {
            *left -= full.tokens().saturating_sub(brief);
            (line.text, line.tokens) = (full.text, full.tokens);
        }
    }
}

/// What the text is made of.
struct Chosen {
    items: Vec<Line<Item>>,
    summary: Vec<Line<Part>>,
    sessions: Vec<Line<Session>>,
    recent: Vec<Line<TailMessage>>,
}

impl Chosen {
    /// Writes the text. Should lines ever have more tokens together than one by one, the last ones make room.
    fn fit(mut self, budget: usize) -> Context {
        loop {
            let text = self.write();
            let tokens = tokens::count(&text);
            if tokens <= budget {
                return Context {
                    text,
                    tokens,
                    summary: self
                        .summary
                        .iter()
                        .map(|line| line.text.as_str())
                        .collect::<String>()
                        .trim_end()
                        .to_owned(),
                    items: self.items.into_iter().map(|line| line.subject).collect(),
                    sessions: self.sessions.into_iter().map(|line| line.subject).collect(),
                    recent: self.recent.into_iter().map(|line| line.subject).collect(),
                    degraded: Vec::new(),
                };
            }
            let Self { items, summary, sessions, recent } = &mut self;
            let made_room = summary.pop().is_some() || sessions.pop().is_some() || items.pop().is_some();
            if !made_room && recent.pop().is_none() {
                return Context::default();
            }
        }
    }

    fn write(&self) -> String {
        let Self { items, summary, sessions, recent } = self;
        if items.is_empty() && summary.is_empty() && sessions.is_empty() && recent.is_empty() {
            return String::new();
        }
        let mut text = render::opening();
        let mut section: Option<ItemKind> = None;
        for line in items {
            if section != Some(line.subject.kind) {
                text.push_str(render::heading(line.subject.kind));
                section = Some(line.subject.kind);
            }
            text.push_str(&line.text);
        }
        section_of(summary, render::SUMMARY, &mut text);
        section_of(sessions, render::SESSIONS, &mut text);
        section_of(recent, render::RECENT, &mut text);
        text.push_str(render::closing());
        text
    }
}

fn section_of<T>(lines: &[Line<T>], heading: &str, text: &mut String) {
    if !lines.is_empty() {
        text.push_str(heading);
        lines.iter().for_each(|line| text.push_str(&line.text));
    }
}
