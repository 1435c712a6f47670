//! The words of one language, ready to be looked up.

use std::collections::HashMap;

use jiff::civil::Weekday;

use super::fold::{Char, folded};
use super::word::Word;

/// What a language calls the parts of a time, and how it puts them together.
///
/// Alternatives are separated by `|`. Case, accents and the kind of an apostrophe do not matter.
pub(super) struct Language {
    /// Monday to Sunday.
    pub(super) weekdays: [&'static str; 7],
    /// January to December.
    pub(super) months: [&'static str; 12],
    /// One, two, three …
    pub(super) numbers: &'static [&'static str],
    /// First, second, third …
    pub(super) ordinals: &'static [&'static str],
    /// What follows a figure to make it an ordinal.
    pub(super) ordinal_ends: &'static [&'static str],
    /// All other words.
    pub(super) words: &'static [(&'static str, &'static [Word])],
    /// Its ways.
    pub(super) ways: Ways,
}

/// How a language puts the words of a time together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ways {
    /// No spaces between words; a month or a feast alone is then said of a time more often than not.
    pub(super) is_unspaced: bool,
    /// "next" may stand behind: "mois prochain".
    pub(super) which_follows: bool,
    /// "next Friday" is the Friday of the next calendar week, not the coming one.
    pub(super) weekday_by_week: bool,
    /// A dot makes a figure an ordinal: "31. Dezember".
    pub(super) dot_is_ordinal: bool,
    /// Hours are written 9h30.
    pub(super) writes_9h30: bool,
}

/// A [`Language`] that can be looked up.
pub(super) struct Lexicon {
    by_first: HashMap<char, Vec<(Vec<char>, Meaning)>>,
    pub(super) ordinal_ends: Vec<Vec<char>>,
    pub(super) ways: Ways,
}

/// What an entry stands for: one word, or several that are written as one.
pub(super) type Meaning = Vec<Word>;

impl Lexicon {
    pub(super) fn of(language: &Language) -> Self {
        let mut lexicon = Self {
            by_first: HashMap::new(),
            ordinal_ends: language.ordinal_ends.iter().map(|end| folded(end)).collect(),
            ways: language.ways,
        };
        for (weekday, words) in Weekday::Monday.cycle_forward().zip(language.weekdays) {
            lexicon.add(words, &[Word::Weekday(weekday)]);
        }
        for (month, words) in (1..).zip(language.months) {
            lexicon.add(words, &[Word::Month(month)]);
        }
        for (number, words) in (1..).zip(language.numbers) {
            lexicon.add(words, &[Word::Num(number)]);
        }
        for (number, words) in (1..).zip(language.ordinals) {
            lexicon.add(words, &[Word::Ord(number)]);
        }
        for (words, meaning) in language.words {
            lexicon.add(words, meaning);
        }
        for entries in lexicon.by_first.values_mut() {
            entries.sort_by_key(|(chars, _)| std::cmp::Reverse(chars.len()));
        }
        lexicon
    }

    fn add(&mut self, words: &str, meaning: &[Word]) {
        for alternative in words.split('|') {
            let chars = folded(alternative);
            if let Some(first) = chars.first() {
                self.by_first.entry(*first).or_default().push((chars, meaning.to_vec()));
            }
        }
    }

    /// The longest entry at `chars[at]`, and its length.
    pub(super) fn look_up(&self, chars: &[Char], at: usize) -> Option<(&Meaning, usize)> {
        let entries = self.by_first.get(&chars[at].c)?;
        let entry = entries.iter().find(|(entry, _)| {
            let rest = &chars[at..];
            let reads = rest.len() >= entry.len() && entry.iter().zip(rest).all(|(a, b)| reads_as(*a, b.c));
            reads && (self.ways.is_unspaced || stands_alone(chars, at, at + entry.len()))
        })?;
        Some((&entry.1, entry.0.len()))
    }
}

fn reads_as(entry: char, said: char) -> bool {
    entry == said || (entry == ' ' && said == '-')
}

/// Whether the words do not begin or end inside another one. A digit ends a word: "9am".
fn stands_alone(chars: &[Char], begin: usize, end: usize) -> bool {
    let joins = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        let both = before.zip(chars.get(at));
        both.is_some_and(|(a, b)| a.c.is_alphabetic() && b.c.is_alphanumeric())
    };
    !joins(begin) && !joins(end)
}
