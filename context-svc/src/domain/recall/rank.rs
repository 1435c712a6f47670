//! Which items matter most for the talk that is about to begin.

use std::collections::HashSet;

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation;

use super::Ask;
use crate::domain::extract::fold::{fingerprint, fold};
use crate::domain::model::{Basis, Horizon, Item, ItemKind, ItemStatus, Opinion};
use crate::domain::search::Theme;

/// So many letters of a word tell which one it is.
const STEM_CHARS: usize = 4;

/// After this many days an item counts half as much for being recent.
const HALF_LIFE_DAYS: f64 = 30.0;

/// Items that still hold, each statement once (as last said), the most relevant first.
pub(in crate::domain) fn rank(items: impl IntoIterator<Item = Item>, query: &str, now: Timestamp) -> Vec<Item> {
    let mut theme = Theme::of(query);
    let mut items: Vec<Item> = items.into_iter().collect();
    items.sort_by(|a, b| b.last_said().cmp(&a.last_said()).then_with(|| a.id.cmp(&b.id)));
    let mut seen = HashSet::new();
    // What was taken back, or reached, when it was last spoken of does not hold because it did before.
    items.retain(|item| seen.insert((item.kind, fingerprint(&item.text))) && still_holds(item));
    let mut ranked: Vec<(f64, Item)> =
        items.into_iter().map(|item| (relevance(&item, &mut theme, now), item)).collect();
    // Stable: of equals the one said last stays first.
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.into_iter().map(|(_, item)| item).collect()
}

pub(in crate::domain) fn still_holds(item: &Item) -> bool {
    let given_up = matches!(item.status, Some(ItemStatus::Dropped | ItemStatus::Reversed));
    item.superseded_by.is_none() && !given_up
}

fn relevance(item: &Item, theme: &mut Theme, now: Timestamp) -> f64 {
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
    standing + certainty + vouched_for + 0.5 * recency(item.last_said(), now) + 2.0 * theme.share(&item.text)
}

/// Puts what speaks of the query first; without one, and among equals, what was said last, `at`.
pub(super) fn by_query<T>(told: &mut [T], ask: &Ask, at: impl Fn(&T) -> Timestamp, text: impl Fn(&T) -> String) {
    let mut theme = Theme::of(&ask.query);
    told.sort_by_cached_key(|each| {
        let at = at(each);
        let worth = if theme.is_empty() { 0.0 } else { 2.0 * theme.share(&text(each)) + 0.5 * recency(at, ask.now) };
        // In millionths: floats have no order to sort by.
        std::cmp::Reverse(((worth * 1e6) as i64, at))
    });
}

/// 1 for what is said now, half as much for each half-life that has gone by.
fn recency(at: Timestamp, now: Timestamp) -> f64 {
    let age_days = now.duration_since(at).as_secs_f64().max(0.0) / 86_400.0;
    (-age_days / HALF_LIFE_DAYS).exp2()
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
