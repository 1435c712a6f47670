//! English: the turns of phrase by which people state goals, decisions and insights in the first person.
//!
//! A phrase counts only if nothing before it in the sentence takes it back: a condition, a negation, somebody else's words.

mod back;
mod report;
mod words;

use unicode_segmentation::UnicodeSegmentation;

use self::words::{
    ADVERBS, ARTICLES, BLOCKERS, FILLERS, LATELY, LEAD_INS, ONLY_POINTED_AT, OTHERS, PRONOUNS, SELF, SPEAKER_LABELS,
    TALK, THANKED_FOR, UNNAMED, VAGUE,
};
use super::Found;
use super::words::Words;
use crate::domain::model::{Horizon, ItemKind};

pub(super) use back::takes_back;
pub(super) use report::{Reported, called, find as find_report, is_unit};

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
    /// What is chosen, not how.
    Choice,
    /// A thing or a deed that one likes or not.
    Liking,
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
    Phrase { follows: Follows::Choice, ..decision("i chose") },
    decision("i made up my mind"),
    decision("i made the decision"),
    decision("i am committed to"),
    decision("my decision is"),
    decision("let us go with"),
    Phrase { follows: Follows::Choice, ..decision("i settled on") },
    Phrase { follows: Follows::Choice, ..decision("i opted for") },
    decision("i opted to"),
    decision("i resolved to"),
    Phrase { follows: Follows::Choice, ..decision("i am sticking with") },
    goal("my goal", Follows::Anything),
    goal("my goals", Follows::Anything),
    goal("my aim is", Follows::Anything),
    goal("my dream is", Follows::Anything),
    goal("my plan is", Follows::Anything),
    goal("my resolution is", Follows::Anything),
    goal("my new year's resolution is", Follows::Anything),
    goal("i set myself the goal", Follows::Anything),
    goal("i promised myself", Follows::Anything),
    goal("i am hoping to", Follows::Deed),
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
    insight("i am interested in", Horizon::Standing, Follows::Thing),
    insight("i am good at", Horizon::Standing, Follows::Thing),
    insight("i am bad at", Horizon::Standing, Follows::Thing),
    insight("i have trouble", Horizon::Standing, Follows::Thing),
    insight("i have a hard time", Horizon::Standing, Follows::Thing),
    insight("i find it hard to", Horizon::Standing, Follows::Anything),
    insight("i find it difficult to", Horizon::Standing, Follows::Anything),
    insight("i cannot stand", Horizon::Standing, Follows::Liking),
    insight("i can not stand", Horizon::Standing, Follows::Liking),
    insight("i do not like", Horizon::Standing, Follows::Liking),
    insight("i prefer", Horizon::Standing, Follows::Liking),
    insight("i like", Horizon::Standing, Follows::Liking),
    insight("i enjoy", Horizon::Standing, Follows::Liking),
    insight("i love", Horizon::Standing, Follows::Liking),
    insight("i hate", Horizon::Standing, Follows::Liking),
];

/// The words that a phrase can begin with: most sentences hold none and need no further look.
const OPENINGS: Words = Words("i we my it let");

/// Moves in the talk only where they go on like that: "see whether", "give you", "be honest".
const TALK_BEFORE: &[(&str, Words)] = &[
    ("see", Words("if whether what how you your that it this")),
    ("give", Words("you it that this")),
    ("show", Words("you off")),
    ("be", Words("honest clear sure alone frank there with able back in")),
    ("take", Words("a this that")),
    ("make", Words("sure")),
    ("find", Words("a an some something any out")),
    ("choose", Words("a an some something")),
    ("try", Words("it that this them")),
    ("do", Words("it that this so something")),
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
                && !is_relative(sentence, &words, first, next, phrase.follows)
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

/// Whether the phrase only describes a thing: "the point I want to make is …", "he sells the books I love".
fn is_relative(sentence: &str, words: &[Word], first: usize, next: usize, follows: Follows) -> bool {
    let border =
        sentence[..words[first].at].char_indices().rev().find(|(_, c)| !(c.is_alphanumeric() || " '’".contains(*c)));
    let clause = border.map_or(0, |(at, c)| at + c.len_utf8());
    let before: Vec<&Word> = words[..first].iter().filter(|word| word.at >= clause).collect();
    let opens_with_thing = before.first().is_some_and(|word| ARTICLES.contain(&word.text));
    let is_subject = opens_with_thing && words[next..].iter().any(|word| Words("is are was were").contain(&word.text));
    let has_antecedent = before.last().is_some_and(|word| !FILLERS.contain(&word.text) && !LATELY.contain(&word.text));
    is_subject || (follows == Follows::Liking && has_antecedent)
}

fn says_enough(after: &[Word], follows: Follows) -> bool {
    let is_one_of = |at: usize, list: Words| after.get(at).is_some_and(|word| list.contain(&word.text));
    let verb = after.iter().take_while(|word| is_adverb(word) || word.text == "to").count();
    let talks = is_one_of(verb, TALK)
        || (after.len() == verb + 2 && is_one_of(verb, Words("give")) && is_one_of(verb + 1, Words("up")))
        || TALK_BEFORE.iter().any(|(deed, rest)| is_one_of(verb, Words(deed)) && is_one_of(verb + 1, *rest));
    match follows {
        Follows::Anything => !after.is_empty(),
        Follows::Deed => verb < after.len() && !talks,
        // "I will try to sleep more" says as much as what is tried.
        Follows::FirmDeed if is_one_of(verb, Words("try")) && is_one_of(verb + 1, Words("to")) => {
            let points = after.iter().any(|word| Words("these those this them you").contain(&word.text));
            !points && says_enough(&after[verb + 2..], follows)
        }
        Follows::FirmDeed => {
            let flatters = after.iter().any(|word| Words("your yours").contain(&word.text));
            let is_vague = is_one_of(verb, VAGUE) || is_one_of(verb + 1, UNNAMED);
            after.len() >= 3 && !talks && !is_vague && !flatters
        }
        Follows::Choice => after.first().is_some_and(|word| !is_adverb(word)) && !is_one_of(0, UNNAMED),
        Follows::Liking => {
            let does = is_one_of(0, Words("to")) && verb < after.len() && !talks;
            let names = is_one_of(0, Words("the")) && after.len() >= 2 && !is_one_of(1, ONLY_POINTED_AT);
            does || names || (!after.is_empty() && !is_one_of(0, PRONOUNS))
        }
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
    let is_number = |word: &Word| word.text.len() <= 2 && word.text.bytes().all(|byte| byte.is_ascii_digit());
    let thanks = words[..first].iter().any(|word| word.text.starts_with("thank"));
    let is_filler = |word: &Word| FILLERS.contain(&word.text) || (thanks && THANKED_FOR.contain(&word.text));
    let carries_nothing = words[..first].iter().all(|word| is_number(word) || is_filler(word));
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
