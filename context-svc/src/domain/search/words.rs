//! The words of a text, as they are compared: plain, small, and by their stems.
//!
//! Words are found as Unicode segments a text. Scripts that put no spaces between words are told by pairs of neighbouring
//! characters. A stem is that of one language, so whoever looks for a word in texts of several languages has to stem it in each.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::language::Language;
use crate::domain::extract::fold::unfolded;

/// What joins the parts of one segment: "l'amour", "example.com", "snake_case".
const JOINTS: [char; 5] = ['\'', '.', ':', '_', '\u{b7}'];

/// A word of a text, plain and in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Of a script that puts spaces between words.
    Spaced(&'a str),
    /// Two neighbouring characters of one that does not.
    Pair(&'a str),
    /// One character of such a script.
    Single {
        /// The character.
        text: &'a str,
        /// Whether it has no neighbour to be a pair with.
        is_alone: bool,
    },
}

/// A word as an index keeps it: a number that equal stems share, and nobody can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Term(pub(super) u32);

impl Term {
    fn of(stem: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        stem.hash(&mut hasher);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is as good as the upper")]
        Self(hasher.finish() as u32)
    }

    /// A word as it is, whatever its language: for names.
    pub(super) fn as_is(word: Word<'_>) -> Self {
        let (Word::Spaced(text) | Word::Pair(text) | Word::Single { text, .. }) = word;
        if text.is_ascii() { Self::of(text) } else { Self::of(&unmarked(text)) }
    }
}

/// Calls `each` with the words of a text in the order they stand.
pub(super) fn each_word(text: &str, mut each: impl FnMut(Word<'_>)) {
    let plain = plain(text);
    let mut run = Run::default();
    let of_one_kind = |(at, segment)| pieces(segment).map(move |(within, piece)| (at + within, piece));
    for (at, piece) in plain.unicode_word_indices().flat_map(of_one_kind) {
        if piece.starts_with(is_unspaced) {
            if run.end != at {
                run.tell(&plain, &mut each);
                run = Run { begin: at, end: at };
            }
            run.end = at + piece.len();
        } else {
            run.tell(&plain, &mut each);
            run = Run::default();
            each_part(piece, &mut each);
        }
    }
    run.tell(&plain, &mut each);
}

/// A segment cut where scripts with and without spaces meet: "5월에" is a figure and two characters. Marks stay on what bears them.
fn pieces(segment: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let rest = &segment[begin..];
        let kind = is_unspaced(rest.chars().next()?);
        let is_other = |c: char| is_unspaced(c) != kind && !is_combining_mark(c);
        let length = rest.find(is_other).unwrap_or(rest.len());
        let at = begin;
        begin += length;
        Some((at, &rest[..length]))
    })
}

/// Characters of a script without spaces that stand together.
#[derive(Clone, Copy, Default)]
struct Run {
    begin: usize,
    end: usize,
}

impl Run {
    fn tell(self, plain: &str, each: &mut impl FnMut(Word<'_>)) {
        let text = &plain[self.begin..self.end];
        let mut before: Option<usize> = None;
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            if let Some(before) = before {
                each(Word::Pair(&text[before..end]));
            }
            each(Word::Single { text: &text[at..end], is_alone: c.len_utf8() == text.len() });
            before = Some(at);
        }
    }
}

/// The parts of a segment: both sides of an apostrophe or a dot, but not single letters such as the l of "l'amour"; figures as they are.
fn each_part(segment: &str, each: &mut impl FnMut(Word<'_>)) {
    let segment = segment.trim_matches(JOINTS);
    if !segment.contains(char::is_alphanumeric) {
        return;
    }
    if !segment.contains(JOINTS) || segment.starts_with(|c: char| c.is_ascii_digit()) {
        return each(Word::Spaced(segment));
    }
    let parts = segment.split(JOINTS).filter(|part| part.chars().nth(1).is_some());
    let mut told = false;
    for part in parts {
        told = true;
        each(Word::Spaced(part));
    }
    if !told {
        each(Word::Spaced(&segment.replace(JOINTS, "")));
    }
}

/// The stem of a word in plain small letters, without the marks on its Latin letters.
pub(super) fn stemmed(word: &str, language: Language) -> Cow<'_, str> {
    let stem = language.stem(word);
    if stem.is_ascii() { stem } else { Cow::Owned(unmarked(&stem)) }
}

/// The term of a word in `language`.
pub(super) fn term(word: Word<'_>, language: Language) -> Term {
    match word {
        Word::Spaced(text) => Term::of(&stemmed(text, language)),
        Word::Pair(text) | Word::Single { text, .. } => Term::of(text),
    }
}

/// Remembers the terms of words that come again and again.
#[derive(Default)]
pub(super) struct Terms {
    known: HashMap<Language, HashMap<Box<str>, Term>>,
}

impl Terms {
    /// As [`term`].
    pub(super) fn of(&mut self, word: Word<'_>, language: Language) -> Term {
        let Word::Spaced(text) = word else { return term(word, language) };
        let known = self.known.entry(language).or_default();
        if let Some(term) = known.get(text) {
            return *term;
        }
        let term = term(word, language);
        known.insert(text.into(), term);
        term
    }
}

/// Small letters in one form, without what nobody sees.
fn plain(text: &str) -> Cow<'_, str> {
    match text {
        text if !text.is_ascii() => Cow::Owned(unfolded(text).to_lowercase()),
        text if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(text.to_ascii_lowercase()),
        text => Cow::Borrowed(text),
    }
}

/// "mañana" is looked for as "manana" by whoever has no ñ on the keyboard, and "İstanbul", whose small letter is an i and a mark, as
/// "istanbul".
fn unmarked(stem: &str) -> String {
    let mut unmarked = String::with_capacity(stem.len());
    for c in stem.chars() {
        if !(is_combining_mark(c) && unmarked.ends_with(|before: char| before.is_ascii_alphabetic())) {
            unmarked.push(std::iter::once(c).nfd().next().filter(char::is_ascii_alphabetic).unwrap_or(c));
        }
    }
    unmarked
}

/// Letters of scripts that put no spaces between words, or that hang particles on them.
fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stems of the words of a text in `language`, in the order they stand. Of scripts without spaces pairs of characters, and
    /// single ones that stand alone.
    fn terms(text: &str, language: Language) -> Vec<String> {
        let mut terms = Vec::new();
        each_word(text, |word| match word {
            Word::Spaced(text) => terms.push(stemmed(text, language).into_owned()),
            Word::Pair(text) | Word::Single { text, is_alone: true } => terms.push(text.to_owned()),
            Word::Single { is_alone: false, .. } => {}
        });
        terms
    }

    fn english(text: &str) -> Vec<String> {
        terms(text, Language::ENGLISH)
    }

    fn in_language(tag: &str, text: &str) -> Vec<String> {
        terms(text, Language::of_tag(tag).expect("a language that is known"))
    }

    #[test]
    fn words_are_told_by_their_stems_in_their_language() {
        assert_eq!(english("Running shoes, she RAN happily!"), ["run", "shoe", "she", "ran", "happili"]);
        assert_eq!(in_language("de", "Die Läufe der Wälder"), ["die", "lauf", "der", "wald"]);
        assert_eq!(in_language("es", "mañana corriendo"), ["manan", "corr"]);
        assert_eq!(in_language("fr", "l\u{2019}amour d'une amie"), ["amour", "une", "ami"]);
    }

    #[test]
    fn figures_stay_whole_and_joined_words_are_taken_apart() {
        assert_eq!(english("3.5 km in 2023"), ["3.5", "km", "in", "2023"]);
        assert_eq!(english("Anna's mail is at anna.example"), ["anna", "mail", "is", "at", "anna", "exampl"]);
        assert_eq!(english("the U.S.A"), ["the", "usa"]);
    }

    #[test]
    fn scripts_without_spaces_are_told_by_pairs() {
        assert_eq!(english("我想跑步 10 公里"), ["我想", "想跑", "跑步", "10", "公里"]);
        assert_eq!(english("茶 と 猫が"), ["茶", "と", "猫が"]);
        assert_eq!(english("학교에서"), ["학교", "교에", "에서"]);
        let mut all = Vec::new();
        each_word("跑步", |word| all.push(format!("{word:?}")));
        assert_eq!(all.len(), 3, "and by single characters, for who looks for one: {all:?}");
    }

    #[test]
    fn words_of_both_kinds_of_script_are_cut_where_they_meet() {
        assert_eq!(english("5월에 TV를 봤다"), ["5", "월에", "tv", "를", "봤다"]);
        assert_eq!(english("카페latte와"), ["카페", "latt", "와"]);
        assert_eq!(english("3.5를 학교.에 _값"), ["3.5", "를", "학교", "에", "값"]);
        assert_eq!(english("か\u{3099}x\u{30c}월"), ["が", "x", "월"]);
    }

    #[test]
    fn a_capital_with_a_mark_of_its_own_is_found_without_it() {
        assert_eq!(english("İstanbul"), ["istanbul"]);
        assert_eq!(in_language("tr", "İstanbul İzmir"), in_language("tr", "istanbul izmir"));
    }

    #[test]
    fn letters_are_the_same_in_every_form() {
        assert_eq!(english("Ｃａｆｅ\u{301}"), english("cafe"));
        assert_eq!(english("ŁÓDŹ"), english("łódź"));
        assert_eq!(english(" … ?! 👍"), [""; 0]);
    }

    #[test]
    fn a_remembered_term_is_the_term() {
        let mut terms = Terms::default();
        let word = Word::Spaced("running");

        let seen = [terms.of(word, Language::ENGLISH), terms.of(word, Language::ENGLISH)];

        assert_eq!(seen, [term(word, Language::ENGLISH); 2]);
        assert_ne!(seen[0], term(Word::Spaced("walking"), Language::ENGLISH));
    }
}
