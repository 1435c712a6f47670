//! Other languages than English and Chinese: for each a few turns of phrase that can hardly mean anything else, as data.
//!
//! They are read only where the message is in that language, so that a word that two languages share does no harm.

mod french;
mod german;
mod italian;
mod japanese;
mod portuguese;
mod spanish;

use unicode_segmentation::UnicodeSegmentation;

use super::Found;
use super::words::Words;
use crate::domain::model::ItemKind;

/// What the reader knows of a language that is written with spaces.
struct Book {
    /// BCP 47 tag.
    language: &'static str,
    /// Turns of phrase, in lower case.
    phrases: &'static [(ItemKind, &'static str)],
    /// May stand inside a phrase, or right after it.
    adverbs: Words,
    /// Before a phrase they turn it into a condition, a negation, a doubt or somebody else's words.
    blockers: Words,
    /// Anywhere after a phrase they make it a move in the talk.
    talk: Words,
    /// Right after a phrase they take it back, or only point at something.
    unless: Words,
    /// Before a phrase they carry nothing.
    fillers: Words,
}

const BOOKS: &[&Book] = &[&german::BOOK, &spanish::BOOK, &french::BOOK, &portuguese::BOOK, &italian::BOOK];

/// Fewer words after a phrase name nothing.
const COMPLEMENT_LETTERS_MIN: usize = 4;

struct Word {
    text: String,
    at: usize,
}

/// What `sentence`, of a message in `language`, states. `is_foreign` tells of a byte whether it lies in quoted speech or code.
pub(super) fn find(language: &str, sentence: &str, is_foreign: impl Fn(usize) -> bool) -> Option<Found> {
    if language == japanese::LANGUAGE {
        return japanese::find(sentence, is_foreign);
    }
    let book = BOOKS.iter().find(|book| book.language == language)?;
    let words = words(sentence);
    for (kind, phrase) in book.phrases {
        for first in 0..words.len() {
            let Some(next) = match_at(&words, first, phrase, book.adverbs) else {
                continue;
            };
            let (before, after) = (&words[..first], &words[next..]);
            let hindered = before.iter().any(|word| book.blockers.contain(&word.text)) || is_foreign(words[first].at);
            if !hindered && book.says_enough(after) {
                let carries_nothing = before.iter().all(|word| book.fillers.contain(&word.text));
                let begin = if carries_nothing { words[first].at } else { words[0].at };
                let complement = after.first().map_or(sentence.len(), |word| word.at);
                return Some(Found { kind: *kind, horizon: None, begin, complement });
            }
        }
    }
    None
}

impl Book {
    fn says_enough(&self, after: &[Word]) -> bool {
        let letters: usize = after.iter().map(|word| word.text.chars().count()).sum();
        let takes_back = after.first().is_some_and(|word| self.unless.contain(&word.text));
        let talks = after.iter().any(|word| self.talk.contain(&word.text));
        letters >= COMPLEMENT_LETTERS_MIN && !takes_back && !talks
    }
}

/// The index after the phrase, if it stands at `first`, with adverbs in between and behind.
fn match_at(words: &[Word], first: usize, phrase: &str, adverbs: Words) -> Option<usize> {
    let mut at = first;
    for (place, expected) in phrase.split(' ').enumerate() {
        while place > 0 && words.get(at).is_some_and(|word| word.text != expected && adverbs.contain(&word.text)) {
            at += 1;
        }
        if words.get(at)?.text != expected {
            return None;
        }
        at += 1;
    }
    while words.get(at).is_some_and(|word| adverbs.contain(&word.text)) {
        at += 1;
    }
    Some(at)
}

fn words(sentence: &str) -> Vec<Word> {
    let indices = sentence.unicode_word_indices();
    indices.map(|(at, word)| Word { text: word.to_lowercase().replace('’', "'"), at }).collect()
}

#[cfg(test)]
mod tests;
