//! Which items matter most for the talk that is about to begin.

use std::collections::HashSet;

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::extract::fold::{fingerprint, fold};
use crate::domain::model::{Basis, Horizon, Item, ItemKind, ItemStatus, Opinion};

/// So many letters of a word tell which one it is.
const STEM_CHARS: usize = 4;

/// After this many days an item counts half as much for being recent.
const HALF_LIFE_DAYS: f64 = 30.0;

/// Items that still hold, each statement once (as last said), the most relevant first.
pub(in crate::domain) fn rank(items: impl IntoIterator<Item = Item>, query: &str, now: Timestamp) -> Vec<Item> {
    let wanted = terms(query);
    let mut items: Vec<Item> = items.into_iter().filter(still_holds).collect();
    items.sort_by(|a, b| b.said_at.cmp(&a.said_at).then_with(|| a.id.cmp(&b.id)));
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert((item.kind, fingerprint(&item.text))));
    let mut ranked: Vec<(f64, Item)> = items.into_iter().map(|item| (relevance(&item, &wanted, now), item)).collect();
    // Stable: of equals the one said last stays first.
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.into_iter().map(|(_, item)| item).collect()
}

pub(in crate::domain) fn still_holds(item: &Item) -> bool {
    let given_up = matches!(item.status, Some(ItemStatus::Dropped | ItemStatus::Reversed));
    item.superseded_by.is_none() && !given_up
}

fn relevance(item: &Item, wanted: &HashSet<String>, now: Timestamp) -> f64 {
    let standing = match (item.kind, item.status, item.horizon) {
        (ItemKind::Goal, Some(ItemStatus::Active), _) => 1.0,
        (ItemKind::Decision, _, _) => 0.9,
        (ItemKind::Insight, _, Some(Horizon::Standing)) => 0.8,
        (ItemKind::Insight, _, _) => 0.5,
        (ItemKind::Goal, _, _) => 0.3,
    };
    let certainty = match item.basis {
        Basis::Stated => 0.2,
        Basis::Accepted => 0.1,
        Basis::Inferred => 0.0,
    };
    let vouched_for = match item.verdict {
        Some(Opinion::Confirmed | Opinion::Edited) => 0.3,
        Some(Opinion::Rejected) | None => 0.0,
    };
    let last = item.last_mentioned_at.unwrap_or(item.said_at).max(item.said_at);
    let age_days = now.duration_since(last).as_secs_f64().max(0.0) / 86_400.0;
    let recency = (-age_days / HALF_LIFE_DAYS).exp2();
    standing + certainty + vouched_for + 0.5 * recency + 2.0 * overlap(item, wanted)
}

/// Which part of what is wanted the item speaks of.
fn overlap(item: &Item, wanted: &HashSet<String>) -> f64 {
    if wanted.is_empty() {
        return 0.0;
    }
    let spoken_of = terms(&item.text);
    wanted.intersection(&spoken_of).count() as f64 / wanted.len() as f64
}

/// Words of one stem begin alike: "smoking", "smoke".
pub(in crate::domain) fn stem(term: &str) -> String {
    term.chars().take(STEM_CHARS).collect()
}

/// Words of three letters or more; scripts without spaces by pairs of characters.
pub(in crate::domain) fn terms(text: &str) -> HashSet<String> {
    let folded = fold(text);
    let mut terms = HashSet::new();
    let mut before: Option<char> = None;
    for word in folded.unicode_words() {
        let first = word.chars().next();
        match first.filter(|c| *c >= '\u{2e80}') {
            Some(character) => {
                terms.extend(before.map(|before| format!("{before}{character}")));
                before = word.chars().next_back();
            }
            None => {
                before = None;
                if word.chars().count() >= 3 {
                    terms.insert(word.to_owned());
                }
            }
        }
    }
    terms
}
