//! The provider `local/extractive`: a rule-based reader that needs neither key nor network.
//!
//! It picks sentences in which the user states a goal, a decision or an insight in the first person, in English or Chinese and,
//! with a few phrases each, in six other languages, and lists in which they note what they are going to do; and quotes them. It
//! understands nothing: no paraphrase, no agreement to a suggestion. So it is precise rather than greedy: it notices progress and a
//! change of mind only where they are told in the words of what they are about, and leaves out whatever is asked, supposed, denied, quoted or said about others.

mod books;
mod chinese;
mod digest;
mod english;
mod known;
mod language;
mod plan;
mod rollup;
mod sentence;
mod title;
mod words;

#[cfg(test)]
mod kind_tests;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use async_trait::async_trait;

use self::digest::{Pick, summary, title};
use self::language::Tally;
use self::plan::Entry;
use self::sentence::{Reading, Sentence};
use super::{Answer, Model, ModelError, Proposal, RollUp, RolledUp, Transcript, When};
use crate::domain::extract::fold::fingerprint;
use crate::domain::extract::when;
use crate::domain::model::{Horizon, ItemKind, Role};
use crate::domain::secrets::has_secret;

/// The name under which the reader signs.
pub const PROVIDER: &str = "local/extractive";

/// Changes whenever the rules do, so that what older rules read can be read again.
const RULES_VERSION: &str = "rules-3";

/// Longer is no sentence that anybody would remember.
const SENTENCE_BYTES_MAX: usize = 640;
const ENGLISH_WORDS_MIN: usize = 5;
const CHINESE_CHARS_MIN: usize = 8;
/// So much may stand between the words of a time and what is to be then: "tonight I really want to".
const GAP_WORDS_MAX: usize = 5;

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
    fn reconsiders(&self) -> bool {
        false
    }

    fn prompt_version(&self) -> String {
        RULES_VERSION.to_owned()
    }

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

fn read(transcript: &Transcript) -> Answer {
    let mut items = Items::default();
    let mut picks: Vec<Pick<'_>> = Vec::new();
    let turns = || transcript.messages.iter().filter(|message| message.role == Role::User);
    let tallies: Vec<Tally> = turns().map(|message| Tally::of(&message.text)).collect();
    let mut together = Tally::default();
    tallies.iter().for_each(|tally| together.add(tally));
    let language = together.language();
    for (message, tally) in turns().zip(&tallies) {
        let reading = Reading::of(&message.text);
        let sentences = reading.sentences();
        let are_secret = secrets(&message.text, &sentences);
        let plan = plan_of(&message.text, &reading);
        for entry in &plan {
            let text = &message.text[entry.begin..entry.end];
            picks.push(Pick { text, topic: text, kind: Some(ItemKind::Goal) });
            items.plan(text, message.seq);
        }
        let own_language = match tally.language() {
            "" => language,
            own => own,
        };
        for (place, (sentence, is_secret)) in sentences.iter().copied().zip(are_secret.iter().copied()).enumerate() {
            let is_planned = plan.iter().any(|entry| sentence.overlaps(entry.begin, entry.end));
            if is_planned || is_secret || is_instruction(sentence.text) {
                continue;
            }
            let Some(sentence) = sentence.stated() else {
                continue;
            };
            let is_foreign = |at| reading.is_foreign(&sentence, at);
            if let Some(reported) = english::find_report(sentence.text, is_foreign) {
                known::report(&mut items, transcript, reported, sentence.text, message.seq);
            }
            let rest = sentences.get(place + 1).filter(|_| are_secret.get(place + 1) == Some(&false));
            if english::takes_back(sentence.text, is_foreign)
                && takes_back(&mut items, transcript, &sentence, rest, message.seq)
            {
                picks.push(Pick { text: sentence.text, topic: sentence.text, kind: Some(ItemKind::Decision) });
                continue;
            }
            if let Some(found) = find(&reading, &sentence, own_language) {
                let text = &sentence.text[found.begin..];
                picks.push(Pick { text, topic: &sentence.text[found.complement..], kind: Some(found.kind) });
                items.propose(&found, text, message.seq);
            } else if !sentence.goes_on_asking() && is_substantial(sentence.text) && !reading.quotes_others(&sentence) {
                picks.push(Pick { text: sentence.text, topic: sentence.text, kind: None });
            }
        }
    }
    let summary = summary(transcript, &picks);
    let items = items.proposals;
    Answer {
        title: title(transcript, &picks),
        summary,
        language: language.to_owned(),
        nothing_said: items.is_empty().then(|| "no sentence states a goal, a decision or an insight".to_owned()),
        items,
        provider: PROVIDER.to_owned(),
        model: RULES_VERSION.to_owned(),
        prompt_version: RULES_VERSION.to_owned(),
        ..Answer::default()
    }
}

/// Notes a decision that `sentence` takes back, by itself or together with what follows: "I changed my mind. I'm not leaving."
fn takes_back(
    items: &mut Items,
    transcript: &Transcript,
    sentence: &Sentence<'_>,
    rest: Option<&Sentence<'_>>,
    seq: i64,
) -> bool {
    let rest = rest.filter(|rest| rest.stated().is_some() && !is_instruction(rest.text));
    known::take_back(items, transcript, &[sentence.text], seq)
        || rest.is_some_and(|rest| known::take_back(items, transcript, &[sentence.text, rest.text], seq))
}

/// What the message lists as things to do, except what is quoted, secret, or said to the reader.
fn plan_of(message: &str, reading: &Reading<'_>) -> Vec<Entry> {
    let mut entries = plan::entries(message);
    entries.retain(|entry| {
        let text = &message[entry.begin..entry.end];
        !reading.is_foreign_at(entry.begin) && !has_secret(text) && !is_instruction(text)
    });
    entries
}

fn find(reading: &Reading<'_>, sentence: &Sentence<'_>, language: &str) -> Option<Found> {
    if sentence.text.len() > SENTENCE_BYTES_MAX {
        return None;
    }
    let is_foreign = |at| reading.is_foreign(sentence, at);
    let found = english::find(sentence.text, is_foreign)
        .or_else(|| chinese::find(sentence.text, is_foreign))
        .or_else(|| books::find(language, sentence.text, is_foreign))?;
    // "I love jazz, and you?" says what is loved; "I will sell it, what do you think?" leaves the sale open.
    let is_open = sentence.goes_on_asking() && found.horizon != Some(Horizon::Standing);
    (!is_open).then_some(found)
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

/// When it is to be, what begins at `complement` of `text`: words of a time in it, or close before it. Those of another clause
/// are of something else: "Today it rained, and I want to learn to sail".
fn due(text: &str, complement: usize) -> Option<When> {
    let before = |phrase: &&str| {
        let end = text.find(*phrase).map_or(0, |at| at + phrase.len());
        let gap = text.get(end..complement).unwrap_or_default();
        gap.split_whitespace().count() <= GAP_WORDS_MAX
            && gap.chars().filter(|c| !c.is_ascii()).count() <= GAP_WORDS_MAX
    };
    let phrase = when::find(&text[complement..]).or_else(|| when::find(text).filter(before))?;
    Some(When { phrase: phrase.to_owned(), value: None })
}

/// What is proposed so far, each statement once.
#[derive(Default)]
struct Items {
    proposals: Vec<Proposal>,
    places: HashMap<(ItemKind, String), usize>,
    /// How often a sentence was held against what is known.
    lookups: usize,
}

impl Items {
    /// Adds an item, or a further quote to the same one.
    fn propose(&mut self, found: &Found, text: &str, seq: i64) {
        let due = due(text, found.complement - found.begin).filter(|_| found.kind != ItemKind::Insight);
        let proposal = Proposal { horizon: found.horizon, due, ..Proposal::stated(found.kind, seq, text) };
        self.add(proposal, fingerprint(text));
    }

    /// Adds a thing to do, which stays the same however sure one is to manage.
    fn plan(&mut self, text: &str, seq: i64) {
        let gist = text.split('(').next().unwrap_or(text);
        self.add(Proposal { due: due(text, 0), ..Proposal::stated(ItemKind::Goal, seq, text) }, fingerprint(gist));
    }

    fn add(&mut self, proposal: Proposal, gist: String) {
        let place = *self.places.entry((proposal.kind, gist)).or_insert(self.proposals.len());
        match self.proposals.get_mut(place) {
            Some(same) => {
                same.evidence.extend(proposal.evidence);
                same.progress.extend(proposal.progress);
                // Decided again after it was taken back.
                same.status = proposal.status;
            }
            None => self.proposals.push(proposal),
        }
    }
}

fn is_instruction(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    INSTRUCTIONS.iter().any(|words| lower.contains(words))
}

/// Whether a sentence says something: long enough, no mere greeting, and not about whom it is said to.
fn is_substantial(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    if words.any(|word| matches!(word, "you" | "your" | "yours")) || sentence.contains(['你', '您']) {
        return false;
    }
    let greets = GREETINGS.iter().any(|greeting| {
        let rest = lower.strip_prefix(greeting);
        rest.is_some_and(|rest| !greeting.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    let chinese = sentence.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
    let words = sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    !greets && (words >= ENGLISH_WORDS_MIN || chinese >= CHINESE_CHARS_MIN)
}
