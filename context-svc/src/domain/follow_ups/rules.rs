//! Which statements are worth asking about, and in what order. Pure: the time to reckon from comes in.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use kit::config::Period;

use super::{FollowUp, FollowUpPlace, FollowUpReason, FollowUpSettings};
use crate::domain::model::{Item, ItemKind, ItemStatus, Reviser};

const DAY: i64 = 86_400;

/// Quotes that a decision is given back with.
const EVIDENCE_MAX: usize = 8;

/// What is worth asking about of `statements`, each of which is there once, in its order.
pub(super) fn follow_ups(statements: &[Item], now: Timestamp, settings: &FollowUpSettings) -> Vec<FollowUp> {
    let links = Links::among(statements);
    let all = statements.iter().filter_map(|item| match item.kind {
        ItemKind::Goal => goal(item, now, settings),
        ItemKind::Decision => decision(item, &links, now, settings),
        ItemKind::Insight => None,
    });
    let mut all: Vec<FollowUp> = all.collect();
    all.sort_by(|a, b| a.place.cmp(&b.place));
    all
}

/// A goal that is pursued, if it is pressing.
fn goal(item: &Item, now: Timestamp, settings: &FollowUpSettings) -> Option<FollowUp> {
    if item.status != Some(ItemStatus::Active) || item.superseded_by.is_some() {
        return None;
    }
    // Words that came to no time are due at none.
    if let Some(due) = item.due.as_ref().and_then(|due| due.instant) {
        if due < now {
            return Some(FollowUp::of(item.clone(), FollowUpReason::Overdue, due, now));
        }
        if is_within(now, due, settings.due_within) {
            return Some(FollowUp::of(item.clone(), FollowUpReason::DueSoon, due, now));
        }
    }
    let mentioned_at = item.last_said().max(put_right_at(item).unwrap_or(Timestamp::MIN));
    let is_silent = mentioned_at <= now && !is_within(mentioned_at, now, settings.silent_after);
    is_silent.then(|| FollowUp::of(item.clone(), FollowUpReason::Silent, mentioned_at, now))
}

/// What replaces what.
struct Links<'a> {
    by_id: HashMap<&'a str, &'a Item>,
    /// Ids of statements that took the place of a decision.
    replacing: HashSet<&'a str>,
}

impl<'a> Links<'a> {
    fn among(statements: &'a [Item]) -> Self {
        let taken = statements.iter().filter(|item| is_taken(item));
        Self {
            by_id: statements.iter().map(|item| (item.id.as_str(), item)).collect(),
            replacing: taken.filter_map(|item| item.superseded_by.as_deref()).collect(),
        }
    }

    fn named(&self, id: Option<&String>) -> Option<&'a Item> {
        self.by_id.get(id?.as_str()).copied()
    }

    /// Whether what `item` takes back is told in its place, or holds again.
    fn speak_for(&self, item: &Item) -> bool {
        self.replacing.contains(item.id.as_str()) || self.named(item.supersedes.as_ref()).is_some_and(is_taken)
    }
}

/// A decision that was taken back of late: by what is said of itself, or by a later statement.
fn decision(item: &Item, links: &Links<'_>, now: Timestamp, settings: &FollowUpSettings) -> Option<FollowUp> {
    let (told, taken_back_by) = match links.named(item.superseded_by.as_ref()) {
        Some(later) if is_taken(item) => (together(item, later), later),
        None if item.superseded_by.is_none() && !links.speak_for(item) => (item.clone(), item),
        Some(_) | None => return None,
    };
    if taken_back_by.status != Some(ItemStatus::Reversed) || taken_back_by.superseded_by.is_some() {
        return None;
    }
    let at = taken_back_at(taken_back_by);
    let is_news = at <= now && is_within(at, now, settings.reversed_within);
    is_news.then(|| FollowUp::of(told, FollowUpReason::Reversed, at, now))
}

fn is_taken(decision: &Item) -> bool {
    decision.status == Some(ItemStatus::Taken)
}

/// A decision as `later` has left it.
fn together(decision: &Item, later: &Item) -> Item {
    let mut told = decision.clone();
    told.status = later.status;
    told.evidence = later.evidence.iter().chain(&decision.evidence).take(EVIDENCE_MAX).cloned().collect();
    told.last_mentioned_at = Some(later.last_said());
    told
}

/// When a decision was taken back: when that was said, or when its user corrected the record.
fn taken_back_at(item: &Item) -> Timestamp {
    let reversed = Some(ItemStatus::Reversed);
    let stood_then = item.revisions.iter().map(|revision| revision.status).skip(1).chain([item.status]);
    let changes = item.revisions.iter().zip(stood_then);
    let last = changes.filter(|(revision, then)| revision.status != reversed && *then == reversed).last();
    let by_user = last.filter(|(revision, _)| revision.by == Reviser::User);
    by_user.map_or_else(|| item.last_said(), |(revision, _)| revision.at)
}

/// When the user last put an item right: that is speaking of it, too.
fn put_right_at(item: &Item) -> Option<Timestamp> {
    item.revisions.iter().filter(|revision| revision.by == Reviser::User).map(|revision| revision.at).max()
}

/// Whether `later` comes less than `period` after `earlier`, or just as long after it.
fn is_within(earlier: Timestamp, later: Timestamp, period: Period) -> bool {
    let period = SignedDuration::try_from(*period).unwrap_or(SignedDuration::MAX);
    later.duration_since(earlier) <= period
}

impl FollowUp {
    fn of(item: Item, reason: FollowUpReason, at: Timestamp, now: Timestamp) -> Self {
        let distance = now.duration_since(at).abs();
        let distance_micros = i64::try_from(distance.as_micros()).unwrap_or(i64::MAX);
        let days = i32::try_from(distance.as_secs() / DAY).unwrap_or(i32::MAX);
        let place = FollowUpPlace { reason, distance_micros, item_id: item.id.clone() };
        Self { item, reason, at, days, place }
    }
}
