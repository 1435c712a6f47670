//! Makes a title and a summary out of the user's own sentences.

use super::sentence::Reading;
use super::{SENTENCE_BYTES_MAX, title as words};
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::ItemKind;
use crate::domain::secrets::has_secret;
use crate::llm::Transcript;

const SUMMARY_SENTENCES_MAX: usize = 3;

/// What one sentence contributes.
pub(super) struct Pick<'a> {
    pub(super) text: &'a str,
    /// What the sentence is about, for a title.
    pub(super) topic: &'a str,
    pub(super) kind: Option<ItemKind>,
}

/// The title there was, else what the first decision, goal, insight or other sentence is about.
pub(super) fn title(transcript: &Transcript, picks: &[Pick<'_>]) -> String {
    if let Some(before) = transcript.previous.as_ref().filter(|before| !before.title.is_empty()) {
        return before.title.clone();
    }
    let by_weight = |weight: u8| picks.iter().find(|pick| weight_of(pick.kind) == weight);
    let first = (0..=3).rev().find_map(by_weight);
    first.map(|pick| words::of(pick.topic)).unwrap_or_default()
}

/// At most three sentences in the order they were said, those that became items before all others.
pub(super) fn summary(transcript: &Transcript, picks: &[Pick<'_>]) -> String {
    let before = transcript.previous.as_ref().map(|before| before.summary.as_str()).unwrap_or_default();
    let earlier = Reading::of(before);
    let mut candidates: Vec<(u8, &str)> = earlier.sentences().iter().map(|s| (2, s.text)).collect();
    candidates.extend(picks.iter().map(|pick| (weight_of(pick.kind), pick.text)));
    let mut chosen: Vec<(usize, &str)> = Vec::new();
    for weight in (0..=3).rev() {
        for (place, (_, text)) in candidates.iter().enumerate().filter(|(_, (own, _))| *own == weight) {
            if chosen.len() == SUMMARY_SENTENCES_MAX || text.len() > SENTENCE_BYTES_MAX {
                continue;
            }
            let is_new = !chosen.iter().any(|(_, taken)| fingerprint(taken) == fingerprint(text));
            if is_new {
                chosen.push((place, text));
            }
        }
    }
    chosen.sort_unstable_by_key(|(place, _)| *place);
    let sentences: Vec<&str> = chosen.into_iter().map(|(_, text)| text).collect();
    let summary = sentences.join(" ");
    // Harmless digits of two sentences may look like a card number side by side.
    if has_secret(&summary) { String::new() } else { summary }
}

fn weight_of(kind: Option<ItemKind>) -> u8 {
    match kind {
        Some(ItemKind::Decision) => 3,
        Some(ItemKind::Goal) => 2,
        Some(ItemKind::Insight) => 1,
        None => 0,
    }
}
