//! English: the turns of phrase by which people state goals, decisions and insights in the first person.
//!
//! A phrase counts only if nothing before it in the sentence takes it back: a condition, a negation, somebody else's words.

mod words;

use unicode_segmentation::UnicodeSegmentation;

use self::words::{ADVERBS, BLOCKERS, FILLERS, LEAD_INS, OTHERS, PRONOUNS, SELF, SPEAKER_LABELS, TALK, UNNAMED, VAGUE};
use super::Found;
use super::words::Words;
use crate::domain::model::{Horizon, ItemKind};

/// A word in lower case, with contractions taken apart: "I'm" is "i" and "am", both at the same place.
struct Word {
    text: String,
    at: usize,
    end: usize,
}

/// A turn of phrase: the words themselves, and how much is expected of what follows.
struct Phrase {
    kind: ItemKind,
    horizon: Option<Horizon>,
    words: &'static str,
    follows: Follows,
}

/// What must follow a phrase for it to mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// A verb that is not merely a move in the talk ("ask", "thank").
    Deed,
    /// The same, but said so lightly in passing that vague deeds ("try that", "take a look") do not count.
    FirmDeed,
    /// A thing, named with more than a pronoun.
    Thing,
    /// Anything at all.
    Anything,
    /// A statement that has to do with the speaker, or with people in general.
    Lesson,
}

const fn goal(words: &'static str, follows: Follows) -> Phrase {
    Phrase { kind: ItemKind::Goal, horizon: None, words, follows }
}

const fn decision(words: &'static str) -> Phrase {
    Phrase { kind: ItemKind::Decision, horizon: None, words, follows: Follows::Anything }
}

const fn insight(words: &'static str, horizon: Horizon, follows: Follows) -> Phrase {
    Phrase { kind: ItemKind::Insight, horizon: Some(horizon), words, follows }
}

/// The first that fits wins, so the surer come first.
const PHRASES: &[Phrase] = &[
    decision("i decided"),
    decision("we decided"),
    decision("we have decided"),
    decision("i chose"),
    decision("i made up my mind"),
    decision("i made the decision"),
    decision("i am committed to"),
    decision("my decision is"),
    decision("let us go with"),
    decision("i settled on"),
    goal("my goal", Follows::Anything),
    goal("my goals", Follows::Anything),
    goal("my aim is", Follows::Anything),
    goal("my dream is", Follows::Anything),
    goal("my plan is", Follows::Anything),
    goal("my resolution is", Follows::Anything),
    goal("i want to", Follows::Deed),
    goal("i wanna", Follows::Deed),
    goal("i would like to", Follows::Deed),
    goal("i would love to", Follows::Deed),
    goal("i would rather", Follows::Deed),
    goal("i hope to", Follows::Deed),
    goal("i plan to", Follows::Deed),
    goal("i plan on", Follows::Deed),
    goal("i am planning to", Follows::Deed),
    goal("i am planning on", Follows::Deed),
    goal("i am planning", Follows::Thing),
    goal("i intend to", Follows::Deed),
    goal("i aim to", Follows::Deed),
    goal("i am aiming to", Follows::Deed),
    goal("i am determined to", Follows::Deed),
    goal("i am trying to", Follows::Deed),
    goal("i am training for", Follows::Thing),
    goal("i am saving for", Follows::Thing),
    goal("i am saving up for", Follows::Thing),
    goal("i am working towards", Follows::Thing),
    goal("we plan to", Follows::Deed),
    goal("we are planning to", Follows::Deed),
    goal("i am going to", Follows::FirmDeed),
    goal("i need to", Follows::FirmDeed),
    goal("i will", Follows::FirmDeed),
    goal("i want", Follows::Thing),
    insight("i realized", Horizon::Situational, Follows::Lesson),
    insight("i realised", Horizon::Situational, Follows::Lesson),
    insight("i learned that", Horizon::Situational, Follows::Lesson),
    insight("i learnt that", Horizon::Situational, Follows::Lesson),
    insight("i notice", Horizon::Situational, Follows::Lesson),
    insight("i noticed", Horizon::Situational, Follows::Lesson),
    insight("i discovered that", Horizon::Situational, Follows::Lesson),
    insight("i found out that", Horizon::Situational, Follows::Lesson),
    insight("i find that", Horizon::Situational, Follows::Lesson),
    insight("it turns out", Horizon::Situational, Follows::Lesson),
    insight("i tend to", Horizon::Standing, Follows::Anything),
    insight("i am allergic to", Horizon::Standing, Follows::Anything),
    insight("i am afraid of", Horizon::Standing, Follows::Thing),
    insight("i struggle with", Horizon::Standing, Follows::Thing),
    insight("i prefer", Horizon::Standing, Follows::Thing),
    insight("i enjoy", Horizon::Standing, Follows::Thing),
    insight("i love", Horizon::Standing, Follows::Thing),
    insight("i hate", Horizon::Standing, Follows::Thing),
];

/// The words that a phrase can begin with: most sentences hold none and need no further look.
const OPENINGS: Words = Words("i we my it let");

/// Moves in the talk only where they go on like that: "see whether", "give you", "be honest".
const TALK_BEFORE: &[(&str, Words)] = &[
    ("see", Words("if whether what how you your that it this")),
    ("give", Words("you it that this up")),
    ("show", Words("you off")),
    ("be", Words("honest clear sure alone frank there with able back in")),
    ("take", Words("a this that")),
    ("make", Words("sure")),
];

/// What `sentence` states, if anything. `is_foreign` tells of a byte whether it lies in quoted speech or code.
pub(super) fn find(sentence: &str, is_foreign: impl Fn(usize) -> bool) -> Option<Found> {
    let words = words(sentence);
    let openings: Vec<usize> = (0..words.len()).filter(|at| OPENINGS.contain(&words[*at].text)).collect();
    for phrase in PHRASES {
        for &first in &openings {
            let Some(next) = match_at(&words, first, phrase.words) else {
                continue;
            };
            let stated = !is_foreign(words[first].at)
                && is_unhindered(sentence, &words[..first])
                && says_enough(&words[next..], phrase.follows);
            if stated {
                let begin = begin_of_item(&words, first);
                let topic = words[next..].iter().find(|word| !LEAD_INS.contain(&word.text));
                let complement = topic.map_or(sentence.len(), |word| word.at);
                return Some(Found { kind: phrase.kind, horizon: phrase.horizon, begin, complement });
            }
        }
    }
    None
}

/// The index after the phrase, if it stands at `first` with nothing but adverbs and the "have" of a perfect in between.
fn match_at(words: &[Word], first: usize, phrase: &str) -> Option<usize> {
    let mut at = first;
    for (place, expected) in phrase.split(' ').enumerate() {
        let is_in_between = |word: &Word| word.text != expected && (word.text == "have" || ADVERBS.contain(&word.text));
        while place > 0 && words.get(at).is_some_and(is_in_between) {
            at += 1;
        }
        if words.get(at)?.text != expected {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn is_unhindered(sentence: &str, before: &[Word]) -> bool {
    if before.iter().any(|word| BLOCKERS.contain(&word.text)) {
        return false;
    }
    let Some(last) = before.last() else {
        return true;
    };
    let follows_label = sentence[last.end..].trim_start().starts_with(':') || sentence[last.end..].starts_with('：');
    !(follows_label && SPEAKER_LABELS.contain(&last.text))
}

fn says_enough(after: &[Word], follows: Follows) -> bool {
    let is_one_of = |at: usize, list: Words| after.get(at).is_some_and(|word| list.contain(&word.text));
    let verb = after.iter().take_while(|word| is_adverb(word) || word.text == "to").count();
    let talks = is_one_of(verb, TALK)
        || TALK_BEFORE.iter().any(|(deed, rest)| is_one_of(verb, Words(deed)) && is_one_of(verb + 1, *rest));
    match follows {
        Follows::Anything => !after.is_empty(),
        Follows::Deed => verb < after.len() && !talks,
        Follows::FirmDeed => after.len() >= 3 && !talks && !is_one_of(verb, VAGUE) && !is_one_of(verb + 1, UNNAMED),
        Follows::Thing => !after.is_empty() && !is_one_of(0, PRONOUNS),
        Follows::Lesson => {
            let mentions = |list: Words| after.iter().any(|word| list.contain(&word.text));
            after.len() >= 3 && (mentions(SELF) || !mentions(OTHERS))
        }
    }
}

/// The adverbs in -ly are many, the verbs few.
fn is_adverb(word: &Word) -> bool {
    let is_verb = Words("apply reply rely fly supply comply multiply").contain(&word.text);
    ADVERBS.contain(&word.text) || (word.text.ends_with("ly") && !is_verb)
}

/// Skips what comes before the phrase if it carries nothing.
fn begin_of_item(words: &[Word], first: usize) -> usize {
    let carries_nothing = words[..first].iter().all(|word| FILLERS.contain(&word.text));
    if carries_nothing { words[first].at } else { words[0].at }
}

fn words(sentence: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (at, word) in sentence.unicode_word_indices() {
        let end = at + word.len();
        let lower = word.to_lowercase().replace('’', "'");
        let mut push = |text: &str| words.push(Word { text: text.to_owned(), at, end });
        match lower.as_str() {
            "let's" => ["let", "us"].into_iter().for_each(&mut push),
            "won't" => ["will", "not"].into_iter().for_each(&mut push),
            "can't" => ["can", "not"].into_iter().for_each(&mut push),
            "gonna" => ["going", "to"].into_iter().for_each(&mut push),
            contracted => match contracted.split_once('\'') {
                Some((subject, "m")) => [subject, "am"].into_iter().for_each(&mut push),
                Some((subject, "ve")) => [subject, "have"].into_iter().for_each(&mut push),
                Some((subject, "d")) => [subject, "would"].into_iter().for_each(&mut push),
                Some((subject, "ll")) => [subject, "will"].into_iter().for_each(&mut push),
                Some((subject, "re")) => [subject, "are"].into_iter().for_each(&mut push),
                Some((verb, "t")) => [verb.trim_end_matches('n'), "not"].into_iter().for_each(&mut push),
                _ => push(contracted),
            },
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_begins_with_an_opening() {
        for phrase in PHRASES {
            assert!(OPENINGS.iter().any(|opening| phrase.words.split(' ').next() == Some(opening)), "{}", phrase.words);
        }
    }
}
