//! Fits what is remembered into a budget of tokens: line by line, the most relevant first, and never a part of a line.

use super::{Context, Passage, Session, render, tokens};
use crate::domain::model::{Item, ItemKind, TailMessage};

/// What there is to choose from, each list the most relevant first.
pub(super) struct Candidates {
    pub(super) items: Vec<Item>,
    pub(super) sessions: Vec<Session>,
    /// Of the summary, newest first.
    pub(super) summary: Vec<Passage>,
    /// Newest first.
    pub(super) recent: Vec<TailMessage>,
}

/// Shares of the budget that each section may take before the others have had theirs.
const ITEMS_SHARE: usize = 50;
const RECENT_SHARE: usize = 30;

/// A line that may become part of the text.
struct Line<T> {
    subject: T,
    text: String,
    tokens: usize,
    taken: bool,
}

struct Budget {
    left: usize,
    headings: Vec<&'static str>,
}

impl Budget {
    /// Takes the line if it fits, with its heading if that is not there yet; within `share` tokens, which it uses up.
    fn take<T>(&mut self, line: &mut Line<T>, heading: &'static str, share: &mut usize) {
        if line.taken {
            return;
        }
        let opens_section = !self.headings.contains(&heading);
        let cost = line.tokens + if opens_section { tokens::count(heading) } else { 0 };
        if cost > self.left.min(*share) {
            return;
        }
        line.taken = true;
        self.left -= cost;
        *share -= cost;
        if opens_section {
            self.headings.push(heading);
        }
    }
}

/// The best context of at most `budget` tokens; an empty one if nothing fits.
pub(super) fn compose(candidates: Candidates, budget: usize) -> Context {
    let frame = tokens::count(&render::opening()) + tokens::count(render::closing());
    let Some(left) = budget.checked_sub(frame) else {
        return Context::default();
    };
    let mut items = lines(candidates.items, |item| Some(render::brief(item)), budget);
    let mut sessions = lines(candidates.sessions, |session| Some(render::session(session)), budget);
    let mut summary = lines(candidates.summary, |passage| Some(render::passage(passage)), budget);
    let mut recent = lines(candidates.recent, render::message, budget);

    let mut budget_left = Budget { left, headings: Vec::new() };
    let first_round = [left * ITEMS_SHARE / 100, left * RECENT_SHARE / 100, left];
    for [mut for_items, mut for_recent, mut for_sessions] in [first_round, [left; 3]] {
        for line in &mut items {
            let heading = render::heading(line.subject.kind);
            budget_left.take(line, heading, &mut for_items);
        }
        recent.iter_mut().for_each(|line| budget_left.take(line, render::RECENT, &mut for_recent));
        sessions.iter_mut().for_each(|line| budget_left.take(line, render::SESSIONS, &mut for_sessions));
        summary.iter_mut().for_each(|line| budget_left.take(line, render::SUMMARY, &mut for_sessions));
    }
    spell_out(&mut items, &mut budget_left.left);

    items.retain(|line| line.taken);
    items.sort_by_key(|line| line.subject.kind as u8);
    sessions.retain(|line| line.taken);
    summary.retain(|line| line.taken);
    recent.retain(|line| line.taken);
    recent.reverse();
    Chosen { items, summary, sessions, recent }.fit(budget)
}

/// With what is left, the most relevant items are given their date and quote.
fn spell_out(items: &mut [Line<Item>], left: &mut usize) {
    for line in items.iter_mut().filter(|line| line.taken) {
        let text = render::full(&line.subject);
        let tokens = tokens::count(&text);
        let more = tokens.saturating_sub(line.tokens);
        if more <= *left {
            *left -= more;
            line.text = text;
            line.tokens = tokens;
        }
    }
}

fn lines<T>(subjects: Vec<T>, render: impl Fn(&T) -> Option<String>, budget: usize) -> Vec<Line<T>> {
    let mut lines = Vec::new();
    let mut counted = 0;
    for subject in subjects {
        // Beyond four budgets' worth of better lines, none has a chance; counting it would only take time.
        if counted > budget.saturating_mul(4) {
            break;
        }
        if let Some(text) = render(&subject) {
            let tokens = tokens::count(&text);
            counted += tokens;
            lines.push(Line { subject, text, tokens, taken: false });
        }
    }
    lines
}

/// What the text is made of.
struct Chosen {
    items: Vec<Line<Item>>,
    summary: Vec<Line<Passage>>,
    sessions: Vec<Line<Session>>,
    recent: Vec<Line<TailMessage>>,
}

impl Chosen {
    /// Writes the text. Should lines ever have more tokens together than one by one, the least relevant make room.
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
