//! Lays what a pass found over what earlier passes remember: nothing is doubled, nothing is lost by being left unsaid.

use unicode_segmentation::UnicodeSegmentation;

use super::fold::on_one_line;
use crate::domain::model::Item;
use crate::domain::secrets::has_secret;

const EVIDENCE_MAX: usize = 8;
const TITLE_CHARS_MAX: usize = 120;
const SUMMARY_SENTENCES_MAX: usize = 3;
const SUMMARY_BYTES_MAX: usize = 2048;

/// Adds `item`, or what it adds to the same statement made before.
pub(super) fn remember(items: &mut Vec<Item>, item: Item) {
    if let Some(known) = items.iter_mut().find(|known| known.id == item.id) {
        repeat(known, item);
        return;
    }
    let replaced = item.supersedes.as_ref().and_then(|id| items.iter_mut().find(|known| known.id == *id));
    let mut item = item;
    match replaced {
        // What was said later wins, in whatever order it is read.
        Some(earlier) if earlier.said_at <= item.said_at => earlier.superseded_by = Some(item.id.clone()),
        _ => item.supersedes = None,
    }
    items.push(item);
}

/// Puts items into the order in which they were said.
pub(super) fn in_order_of_saying(items: &mut [Item]) {
    let first_seq = |item: &Item| item.evidence.iter().map(|evidence| evidence.seq).min().unwrap_or(0);
    items.sort_by_key(first_seq);
}

/// The same statement again: more evidence, and for a goal a newer mention and standing.
fn repeat(known: &mut Item, again: Item) {
    let is_news = again.evidence.iter().any(|evidence| !known.evidence.contains(evidence));
    for evidence in again.evidence {
        if !known.evidence.contains(&evidence) && known.evidence.len() < EVIDENCE_MAX {
            known.evidence.push(evidence);
        }
    }
    if is_news {
        known.status = again.status;
    }
    known.said_at = known.said_at.min(again.said_at);
    known.last_mentioned_at = known.last_mentioned_at.max(again.last_mentioned_at);
}

/// A model's title, if it can be shown; else the one there was.
pub(super) fn title(proposed: &str, before: &str) -> String {
    let title = on_one_line(proposed);
    let unfit = title.is_empty() || has_secret(&title) || title.chars().count() > TITLE_CHARS_MAX;
    if unfit { before.to_owned() } else { title }
}

/// A model's summary without the sentences that give away a secret, and no longer than three; if nothing is left, the one there was.
pub(in crate::domain) fn summary(proposed: &str, before: &str) -> String {
    let proposed = on_one_line(proposed);
    let harmless = proposed.unicode_sentences().filter(|sentence| !has_secret(sentence)).take(SUMMARY_SENTENCES_MAX);
    let summary = harmless.collect::<String>().trim().to_owned();
    // A secret may stretch over what Unicode takes for the end of a sentence.
    let unfit = summary.is_empty() || has_secret(&summary) || summary.len() > SUMMARY_BYTES_MAX;
    if unfit { before.to_owned() } else { summary }
}
