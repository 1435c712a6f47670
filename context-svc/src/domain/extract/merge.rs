//! Lays what a pass found over what earlier passes remember: nothing is doubled, nothing is lost by being left unsaid.

use std::collections::HashMap;

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation;

use super::fold::{fold, on_one_line};
use super::judge::says_template_words;
use crate::domain::model::{Due, Evidence, Item, ItemChanges, ItemStatus, Progress, Reviser, Revision, SessionContext};
use crate::domain::recall::rank::terms;
use crate::domain::secrets::has_secret;
use crate::domain::verdicts::Overlay;

const EVIDENCE_MAX: usize = 8;
const TITLE_CHARS_MAX: usize = 120;
const SUMMARY_SENTENCES_MAX: usize = 3;
const SUMMARY_BYTES_MAX: usize = 2048;

/// Adds `item`, or what it adds to the same statement made before. What lies before the message `fresh_seq` has been read before.
pub(super) fn remember(items: &mut Vec<Item>, item: Item, fresh_seq: i64, now: Timestamp) {
    let is_old = item.evidence.iter().all(|evidence| evidence.seq < fresh_seq);
    // What is read a second time, for the sense, may be put into other words.
    let in_other_words = || if is_old { same_statement(items.iter(), &item) } else { None };
    if let Some(place) = items.iter().position(|known| known.id == item.id).or_else(in_other_words) {
        comes_back(items, place, &item);
        repeat(&mut items[place], item, now);
        return;
    }
    let replaced = item.supersedes.as_ref().and_then(|id| items.iter_mut().find(|known| known.id == *id));
    let mut item = item;
    match replaced {
        // What was said later wins, in whatever order it is read.
        Some(earlier) if earlier.said_at <= item.said_at => earlier.superseded_by = Some(item.id.clone()),
        // Whether that was said before is looked at when both are read: it may be said again.
        None if item.replaces_elsewhere() => {}
        _ => item.supersedes = None,
    }
    items.push(item);
}

/// A statement that was replaced and is made again after what replaced it: it holds, and the other does not.
fn comes_back(items: &mut [Item], place: usize, again: &Item) {
    let Some(successor) = items[place].superseded_by.clone() else { return };
    let Some(other) = items.iter().position(|item| item.id == successor) else { return };
    if again.said_at <= items[other].said_at {
        return;
    }
    let id = items[place].id.clone();
    items[place].superseded_by = None;
    if items[other].supersedes.as_ref() == Some(&id) {
        items[other].supersedes = None;
    }
    if again.supersedes.as_ref() == Some(&successor) {
        items[other].superseded_by = Some(id);
        items[place].supersedes = Some(successor);
    }
}

/// `context` without what rests on messages after `seq` alone: it is from before a pass that has not come so far yet.
pub(super) fn read_until(mut context: SessionContext, seq: i64) -> SessionContext {
    context.items.retain(|item| !is_unread(&item.evidence, seq));
    for item in &mut context.items {
        item.progress.retain(|report| !is_unread(&report.evidence, seq));
    }
    context
}

/// Keeps what was known from messages after `seq`, which have not been read again yet.
pub(super) fn keep_unread(items: &mut Vec<Item>, before: &[Item], seq: i64) {
    for known in before {
        match items.iter_mut().find(|item| item.id == known.id) {
            Some(item) => {
                let unread = known.progress.iter().filter(|report| is_unread(&report.evidence, seq));
                Progress::add(&mut item.progress, unread.cloned());
            }
            None if is_unread(&known.evidence, seq) => items.push(known.clone()),
            None => {}
        }
    }
    in_order_of_saying(items);
}

fn is_unread(evidence: &[Evidence], seq: i64) -> bool {
    evidence.iter().all(|evidence| evidence.seq > seq)
}

/// Puts items into the order in which they were said.
pub(super) fn in_order_of_saying(items: &mut [Item]) {
    let first_seq = |item: &Item| item.evidence.iter().map(|evidence| evidence.seq).min().unwrap_or(0);
    items.sort_by_key(first_seq);
}

/// Gives items that were extracted anew the ids by which the same statements were known `before`, whatever their words are now.
pub(super) fn keep_ids(items: &mut [Item], before: &[Item]) {
    let mut free: Vec<&Item> = before.iter().filter(|known| items.iter().all(|item| item.id != known.id)).collect();
    let mut renamed: HashMap<String, String> = HashMap::new();
    for item in items.iter_mut().filter(|item| before.iter().all(|known| known.id != item.id)) {
        let Some(place) = same_statement(free.iter().copied(), item) else { continue };
        let known = free.remove(place);
        renamed.insert(std::mem::replace(&mut item.id, known.id.clone()), known.id.clone());
    }
    for item in items {
        let known = before.iter().find(|known| known.id == item.id);
        if let Some(known) = known.filter(|_| item.revisions.is_empty()) {
            item.revisions.clone_from(&known.revisions);
        }
        for link in [&mut item.supersedes, &mut item.superseded_by].into_iter().flatten() {
            if let Some(id) = renamed.get(link) {
                link.clone_from(id);
            }
        }
    }
}

/// Keeps what its user has rejected, which was not extracted again: so the rejection can still be seen and taken back.
pub(super) fn keep_rejected(items: &mut Vec<Item>, before: &[Item], overlay: &Overlay) {
    let is_gone = |item: &&Item| overlay.hides(item) && items.iter().all(|other| other.id != item.id);
    let gone: Vec<Item> = before.iter().filter(is_gone).cloned().collect();
    if !gone.is_empty() {
        items.extend(gone);
        in_order_of_saying(items);
    }
}

/// How `after` differs from `before`.
pub(super) fn changes(before: &[Item], after: &[Item]) -> ItemChanges {
    let of_before: HashMap<&str, &Item> = before.iter().map(|item| (item.id.as_str(), item)).collect();
    let of_after: HashMap<&str, &Item> = after.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut changes = ItemChanges::default();
    for item in after {
        let id = || item.id.clone();
        match of_before.get(item.id.as_str()) {
            None => changes.added.push(id()),
            Some(known) => {
                if known.superseded_by.is_none() && item.superseded_by.is_some() {
                    changes.superseded.push(id());
                } else if how_it_stands(known) != how_it_stands(item) {
                    changes.updated.push(id());
                }
            }
        }
    }
    let dropped = before.iter().filter(|item| !of_after.contains_key(item.id.as_str()));
    changes.dropped = dropped.map(|item| item.id.clone()).collect();
    changes
}

fn how_it_stands(item: &Item) -> (&str, Option<ItemStatus>, Option<&Due>, &[Progress]) {
    (&item.text, item.status, item.due.as_ref(), &item.progress)
}

/// Which of `known` states the same as `item` in other words: it is of its kind, has every quote of it, and more words in common
/// than any other that has. `None` if two have as many.
fn same_statement<'a>(known: impl Iterator<Item = &'a Item>, item: &Item) -> Option<usize> {
    let overlap = |a: &Evidence, b: &Evidence| {
        let (own, other) = (fold(&a.quote), fold(&b.quote));
        a.seq == b.seq && (own.contains(&other) || other.contains(&own))
    };
    let has_every_quote =
        |known: &Item| item.evidence.iter().all(|new| known.evidence.iter().any(|old| overlap(old, new)));
    let words = terms(&item.text);
    let in_common = |known: &Item| terms(&known.text).intersection(&words).count();
    let like = known.enumerate().filter(|(_, known)| known.kind == item.kind && has_every_quote(known));
    let mut like: Vec<(usize, usize)> = like.map(|(place, known)| (in_common(known), place)).collect();
    like.sort_unstable();
    match *like.as_slice() {
        [.., (second, _), (first, _)] if first == second => None,
        [.., (_, place)] => Some(place),
        [] => None,
    }
}

/// The same statement again: more evidence, and for a goal a newer mention and standing.
fn repeat(known: &mut Item, again: Item, now: Timestamp) {
    let is_news = again.evidence.iter().any(|evidence| !known.evidence.contains(evidence));
    let replaced_elsewhere = again.supersedes.clone().filter(|_| again.replaces_elsewhere());
    for evidence in again.evidence {
        if !known.evidence.contains(&evidence) && known.evidence.len() < EVIDENCE_MAX {
            known.evidence.push(evidence);
        }
    }
    let due = again.due.or_else(|| known.due.clone());
    if is_news && (known.status, &known.due) != (again.status, &due) {
        let (text, before) = (known.text.clone(), known.due.take());
        let revision = Revision { by: Reviser::Extraction, at: now, text, status: known.status, due: before };
        revision.follows(&mut known.revisions);
        known.status = again.status;
        known.due = due;
    }
    known.said_at = known.said_at.min(again.said_at);
    known.last_mentioned_at = known.last_mentioned_at.max(again.last_mentioned_at);
    if known.supersedes.is_none() {
        known.supersedes = replaced_elsewhere;
    }
    Progress::add(&mut known.progress, again.progress);
}

/// A model's title, if it can be shown; else the one there was.
pub(super) fn title(proposed: &str, before: &str) -> String {
    let title = on_one_line(proposed);
    let is_long = title.chars().count() > TITLE_CHARS_MAX;
    let is_unfit = title.is_empty() || has_secret(&title) || is_long || says_template_words(&title);
    if is_unfit { before.to_owned() } else { title }
}

/// A model's summary without the sentences that give away a secret, and no longer than three; if nothing is left, the one there was.
pub(in crate::domain) fn summary(proposed: &str, before: &str) -> String {
    let proposed = on_one_line(proposed);
    let harmless = proposed.unicode_sentences().filter(|sentence| !has_secret(sentence)).take(SUMMARY_SENTENCES_MAX);
    let summary = harmless.collect::<String>().trim().to_owned();
    // A secret may stretch over what Unicode takes for the end of a sentence.
    let is_unfit = summary.is_empty()
        || has_secret(&summary)
        || summary.len() > SUMMARY_BYTES_MAX
        || says_template_words(&summary);
    if is_unfit { before.to_owned() } else { summary }
}
