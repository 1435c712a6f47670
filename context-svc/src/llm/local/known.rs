//! What a sentence says of a goal or decision that was stated before: how far it is, or that it is taken back.
//!
//! Which one it speaks of must be plain from its words: it has nothing to say of anything else, and no other fits as well. So it
//! is English only, and leaves out much that a reader who understands would not.

use std::collections::HashSet;

use super::Items;
use super::english::{self, Reported};
use super::words::Words;
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{Item, ItemKind, ItemStatus};
use crate::llm::{Proposal, Quote, Report, Transcript};

/// How many statements of the same talk a sentence is held against, the latest, and how many sentences are.
const PROPOSED_MAX: usize = 60;
const LOOKUPS_MAX: usize = 60;

/// Shorter words say little.
const WORD_BYTES_MIN: usize = 3;

/// They say nothing of what it is about: the frame of a statement, and words of time.
const FRAME: Words = Words(
    "the and for but not all you are was has had can now get got our his her its out how who why any too yes one two \
     this that these those with have will want would like been from into about more also goal far week month year day \
     today yesterday already just really going plan decided decision made mind chose settled resolved committed finally \
     changed after longer against since then last every some total still only even well okay have",
);

/// Something stated before.
enum Source<'a> {
    /// In this very talk; its place among the proposals.
    Proposed(usize),
    /// Earlier in the conversation.
    Remembered(&'a Item),
    /// In another conversation.
    Elsewhere(&'a Item),
}

/// Notes what a sentence of the message `seq` reports, with the goal that it is about, if that is plain.
pub(super) fn report(items: &mut Items, transcript: &Transcript, reported: Reported, sentence: &str, seq: i64) {
    let deed = base(reported.deed);
    let mut said = content(sentence);
    said.retain(|word| !english::is_unit(word) && !english::is_unit(&format!("{word}s")));
    let fits = |goal: &HashSet<String>| goal.contains(&deed) && said.is_subset(goal);
    let Some(source) = the_one(items, transcript, ItemKind::Goal, fits) else { return };
    let quote = Quote { seq, text: sentence.to_owned() };
    let Reported { value, unit, target, .. } = reported;
    let report = Report { note: sentence.to_owned(), value: Some(value), unit, target, quote };
    match source {
        Source::Proposed(place) => items.proposals[place].progress.push(report),
        Source::Remembered(goal) => {
            // It rests on what it rested on: the sentence may have no word of it but in another form.
            let known = goal.evidence.iter().map(|each| Quote { seq: each.seq, text: each.quote.clone() });
            let again = Proposal { evidence: known.collect(), ..Proposal::stated(ItemKind::Goal, seq, &*goal.text) };
            add(items, Proposal { same_as: Some(goal.id.clone()), progress: vec![report], ..again });
        }
        // It would have to be said again here to be reported on.
        Source::Elsewhere(_) => {}
    }
}

/// Notes that `sentences` of the message `seq`, the first of which takes something back, take back a decision. `false`: it is not
/// plain which.
pub(super) fn take_back(items: &mut Items, transcript: &Transcript, sentences: &[&str], seq: i64) -> bool {
    let said: HashSet<String> = sentences.iter().flat_map(|sentence| content(sentence)).collect();
    let fits = |decision: &HashSet<String>| {
        !said.is_disjoint(decision) && (said.is_subset(decision) || decision.is_subset(&said))
    };
    let Some(source) = the_one(items, transcript, ItemKind::Decision, fits) else { return false };
    let quotes = sentences.iter().map(|sentence| Quote { seq, text: (*sentence).to_owned() });
    let text = sentences.last().copied().unwrap_or_default();
    let reversed = Proposal {
        status: Some(ItemStatus::Reversed),
        evidence: quotes.collect(),
        ..Proposal::stated(ItemKind::Decision, seq, text)
    };
    match source {
        Source::Proposed(place) => {
            let decision = &mut items.proposals[place];
            decision.status = reversed.status;
            decision.evidence.extend(reversed.evidence);
        }
        Source::Remembered(decision) => add(items, Proposal { same_as: Some(decision.id.clone()), ..reversed }),
        Source::Elsewhere(decision) => add(items, Proposal { supersedes: Some(decision.id.clone()), ..reversed }),
    }
    true
}

fn add(items: &mut Items, proposal: Proposal) {
    let gist = fingerprint(&proposal.text);
    items.add(proposal, gist);
}

/// The statement of a kind that holds and whose words fit; `None` if there is none, or several that fit as well.
fn the_one<'a>(
    items: &mut Items,
    transcript: &'a Transcript,
    kind: ItemKind,
    fits: impl Fn(&HashSet<String>) -> bool,
) -> Option<Source<'a>> {
    if items.lookups >= LOOKUPS_MAX {
        return None;
    }
    items.lookups += 1;
    let passed_over = items.proposals.len().saturating_sub(PROPOSED_MAX);
    let proposed = items.proposals.iter().enumerate().skip(passed_over).filter(|(_, each)| each.kind == kind);
    let proposed = proposed.filter(|(_, each)| each.status.is_none() && each.same_as.is_none());
    let proposed = proposed.map(|(place, each)| (Source::Proposed(place), each.text.as_str()));
    let holds = |item: &&Item| {
        let stands = matches!(item.status, Some(ItemStatus::Active | ItemStatus::Taken));
        item.kind == kind && stands && item.superseded_by.is_none()
    };
    let remembered = transcript.remembered().iter().filter(holds);
    let remembered = remembered.map(|item| (Source::Remembered(item), item.text.as_str()));
    let elsewhere = transcript.elsewhere.iter().filter(holds);
    let elsewhere = elsewhere.map(|item| (Source::Elsewhere(item), item.text.as_str()));
    let mut seen = HashSet::new();
    let all = proposed.chain(remembered).chain(elsewhere).filter(|(_, text)| seen.insert(fingerprint(text)));
    let mut fitting = all.filter(|(_, text)| fits(&content(text)));
    let (first, second) = (fitting.next(), fitting.next());
    first.filter(|_| second.is_none()).map(|(source, _)| source)
}

/// What a sentence is about: its words, each in the form they have in common.
fn content(text: &str) -> HashSet<String> {
    let words = fingerprint(text);
    let is_told = |word: &&str| word.len() >= WORD_BYTES_MIN && !word.starts_with(|c: char| c.is_ascii_digit());
    let about = words.split(' ').filter(is_told).filter(|word| !FRAME.contain(word)).map(base);
    about.filter(|base| !FRAME.contain(base)).collect()
}

/// The form that a word has in common with its others, roughly: "quitting", "quit"; "ran", "run"; "books", "book".
fn base(word: &str) -> String {
    let word = english::called(word);
    let stem = ["ing", "ed", "s"].iter().find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.len() >= 3));
    let stem = stem.unwrap_or(word).trim_end_matches('e');
    let mut letters: Vec<char> = stem.chars().collect();
    if letters.len() > 2 && letters[letters.len() - 1] == letters[letters.len() - 2] {
        letters.pop();
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests;
