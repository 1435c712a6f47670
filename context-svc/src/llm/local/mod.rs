//! The provider `local/extractive`: a rule-based reader that needs neither key nor network.
//!
//! It picks sentences in which the user states a goal, a decision or an insight in the first person, in English or Chinese, and
//! quotes them. It understands nothing: no paraphrase, no agreement to a suggestion, no date, no change of mind. So it is
//! precise rather than greedy, and leaves out whatever is asked, supposed, denied, quoted or said about others.

mod chinese;
mod english;
mod language;
mod rollup;
mod sentence;
mod title;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use async_trait::async_trait;

use self::sentence::{Reading, Sentence};
use super::{Answer, Model, ModelError, Proposal, RollUp, RolledUp, Transcript};
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{Horizon, ItemKind, Role, Usage};
use crate::domain::secrets::has_secret;

/// The name under which the reader signs.
pub const PROVIDER: &str = "local/extractive";

/// Changes whenever the rules do, so that what older rules read can be read again.
const RULES_VERSION: &str = "rules-1";

const SUMMARY_SENTENCES_MAX: usize = 3;
/// Longer is no sentence that anybody would remember.
const SENTENCE_BYTES_MAX: usize = 640;
const ENGLISH_WORDS_MIN: usize = 5;
const CHINESE_CHARS_MIN: usize = 8;

/// Words by which a sentence speaks to the reader of transcripts instead of about its author.
const INSTRUCTIONS: &[&str] = &[
    "previous instructions",
    "prior instructions",
    "ignore all",
    "ignore the above",
    "ignore your",
    "disregard",
    "system prompt",
    "you are now",
    "new rule",
    "always answer",
    "always respond",
    "respond only",
    "output one",
    "output the",
    "remember for ever",
    "remember forever",
    "jailbreak",
    "developer mode",
    "as your administrator",
    "other users",
    "</",
    "<message",
    "{{",
    "以前的指令",
    "之前的指令",
    "忽略",
    "系统提示",
    "系統提示",
];

const GREETINGS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "good morning",
    "good evening",
    "good afternoon",
    "good night",
    "bye",
    "goodbye",
    "thanks",
    "thank you",
    "ok",
    "okay",
    "yes",
    "no problem",
    "you're welcome",
    "see you",
    "sure",
    "great",
    "nice to",
    "你好",
    "您好",
    "谢谢",
    "謝謝",
    "再见",
    "再見",
    "好的",
    "晚安",
    "早上好",
    "嗨",
    "嘿",
];

/// The reader.
#[derive(Debug, Default, Clone, Copy)]
pub struct Local;

/// A turn of phrase that was found in a sentence.
struct Found {
    kind: ItemKind,
    horizon: Option<Horizon>,
    /// Where the item begins in the sentence.
    begin: usize,
    /// Where what is wanted, decided or learned begins.
    complement: usize,
}

#[async_trait]
impl Model for Local {
    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        // Takes a while on a long talk, and the threads of the runtime have others to serve.
        let transcript = transcript.clone();
        let reading = tokio::task::spawn_blocking(move || read(&transcript));
        reading.await.map_err(|_| ModelError::Temporary { reason: "PANIC", message: "the reader panicked".to_owned() })
    }

    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        Ok(rollup::roll_up(roll_up))
    }
}

/// What one sentence contributes.
struct Pick<'a> {
    text: &'a str,
    /// What the sentence is about, for a title.
    topic: &'a str,
    kind: Option<ItemKind>,
}

fn read(transcript: &Transcript) -> Answer {
    let mut items = Items::default();
    let mut picks: Vec<Pick<'_>> = Vec::new();
    let turns = || transcript.messages.iter().filter(|message| message.role == Role::User);
    for message in turns() {
        let reading = Reading::of(&message.text);
        let sentences = reading.sentences();
        let is_secret = secrets(&message.text, &sentences);
        for (sentence, is_secret) in sentences.into_iter().zip(is_secret) {
            if is_secret || sentence.is_question() || is_instruction(sentence.text) {
                continue;
            }
            if let Some(found) = find(&reading, &sentence) {
                let text = &sentence.text[found.begin..];
                picks.push(Pick { text, topic: &sentence.text[found.complement..], kind: Some(found.kind) });
                items.propose(&found, text, message.seq);
            } else if is_substantial(sentence.text) && !reading.quotes_others(&sentence) {
                picks.push(Pick { text: sentence.text, topic: sentence.text, kind: None });
            }
        }
    }
    let summary = summary(transcript, &picks);
    let items = items.proposals;
    let nothing = items.is_empty() && summary.is_empty();
    Answer {
        title: title(transcript, &picks),
        summary,
        language: language::of(turns().map(|message| message.text.as_str())).to_owned(),
        nothing_said: nothing.then(|| "no sentence of the user states anything".to_owned()),
        items,
        provider: PROVIDER.to_owned(),
        model: RULES_VERSION.to_owned(),
        prompt_version: RULES_VERSION.to_owned(),
        usage: Usage::default(),
    }
}

fn find(reading: &Reading<'_>, sentence: &Sentence<'_>) -> Option<Found> {
    if sentence.text.len() > SENTENCE_BYTES_MAX {
        return None;
    }
    let is_foreign = |at| reading.is_foreign(sentence, at);
    english::find(sentence.text, is_foreign).or_else(|| chinese::find(sentence.text, is_foreign))
}

/// Of each sentence whether it gives away a secret, by itself or together with the one beside it.
fn secrets(message: &str, sentences: &[Sentence<'_>]) -> Vec<bool> {
    // What is not in the whole is in no part of it, and most messages hold none.
    if !has_secret(message) {
        return vec![false; sentences.len()];
    }
    let mut secrets: Vec<bool> = sentences.iter().map(|sentence| has_secret(sentence.text)).collect();
    for (place, pair) in sentences.windows(2).enumerate() {
        let together = || has_secret(&format!("{} {}", pair[0].text, pair[1].text));
        if !secrets[place] && !secrets[place + 1] && together() {
            (secrets[place], secrets[place + 1]) = (true, true);
        }
    }
    secrets
}

/// What is proposed so far, each statement once.
#[derive(Default)]
struct Items {
    proposals: Vec<Proposal>,
    places: HashMap<(ItemKind, String), usize>,
}

impl Items {
    /// Adds an item, or a further quote to the same one.
    fn propose(&mut self, found: &Found, text: &str, seq: i64) {
        let proposal = Proposal { horizon: found.horizon, ..Proposal::stated(found.kind, seq, text) };
        let place = *self.places.entry((found.kind, fingerprint(text))).or_insert(self.proposals.len());
        match self.proposals.get_mut(place) {
            Some(same) => same.evidence.extend(proposal.evidence),
            None => self.proposals.push(proposal),
        }
    }
}

/// The title there was, else what the first decision, goal, insight or other sentence is about.
fn title(transcript: &Transcript, picks: &[Pick<'_>]) -> String {
    if let Some(before) = transcript.previous.as_ref().filter(|before| !before.title.is_empty()) {
        return before.title.clone();
    }
    let by_weight = |weight: u8| picks.iter().find(|pick| weight_of(pick.kind) == weight);
    let first = (0..=3).rev().find_map(by_weight);
    first.map(|pick| title::of(pick.topic)).unwrap_or_default()
}

/// At most three sentences in the order they were said, those that became items before all others.
fn summary(transcript: &Transcript, picks: &[Pick<'_>]) -> String {
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

fn is_instruction(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    INSTRUCTIONS.iter().any(|words| lower.contains(words))
}

/// Whether a sentence says something: long enough, and no mere greeting.
fn is_substantial(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let greets = GREETINGS.iter().any(|greeting| {
        let rest = lower.strip_prefix(greeting);
        rest.is_some_and(|rest| !greeting.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    let chinese = sentence.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
    let words = sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    !greets && (words >= ENGLISH_WORDS_MIN || chinese >= CHINESE_CHARS_MIN)
}
