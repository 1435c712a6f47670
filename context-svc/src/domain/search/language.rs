//! The languages whose words are stemmed, and how a text shows which of them it is in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use stop_words::Language as Listed;

use super::words::{Word, each_word};

/// A language whose stems and stop words are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(u8);

/// What is known of a language: its tag, its stems, its stop words.
struct Known(&'static str, Algorithm, Listed);

/// Of languages that show themselves equally, the first counts.
const KNOWN: [Known; 17] = [
    Known("en", Algorithm::English, Listed::English),
    Known("de", Algorithm::German, Listed::German),
    Known("fr", Algorithm::French, Listed::French),
    Known("es", Algorithm::Spanish, Listed::Spanish),
    Known("pt", Algorithm::Portuguese, Listed::Portuguese),
    Known("it", Algorithm::Italian, Listed::Italian),
    Known("nl", Algorithm::Dutch, Listed::Dutch),
    Known("sv", Algorithm::Swedish, Listed::Swedish),
    Known("da", Algorithm::Danish, Listed::Danish),
    Known("no", Algorithm::Norwegian, Listed::Norwegian),
    Known("fi", Algorithm::Finnish, Listed::Finnish),
    Known("hu", Algorithm::Hungarian, Listed::Hungarian),
    Known("ro", Algorithm::Romanian, Listed::Romanian),
    Known("tr", Algorithm::Turkish, Listed::Turkish),
    Known("ru", Algorithm::Russian, Listed::Russian),
    Known("el", Algorithm::Greek, Listed::Greek),
    Known("ar", Algorithm::Arabic, Listed::Arabic),
];

/// So many stop words of one language, and more than of any other, show by themselves what a text is in.
const SHOWN_BY: u16 = 3;

static STEMMERS: LazyLock<Vec<Stemmer>> =
    LazyLock::new(|| KNOWN.iter().map(|known| Stemmer::create(known.1)).collect());

/// The stop words of all languages, each with the languages that have it.
static STOP_WORDS: LazyLock<HashMap<String, Languages>> = LazyLock::new(|| {
    let mut stop_words: HashMap<String, Languages> = HashMap::new();
    for (language, known) in Language::all().zip(&KNOWN) {
        for word in stop_words::lookup(known.2).into_iter().flatten() {
            // In parts, as texts are read: "don't" is a "don" there.
            each_word(word, |part| {
                if let Word::Spaced(part) = part {
                    stop_words.entry(part.to_owned()).or_default().insert(language);
                }
            });
        }
    }
    stop_words
});

impl Language {
    /// What a text is taken for that shows no other.
    pub const ENGLISH: Self = Self(0);

    /// The language that a BCP 47 tag names, if it is known.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let primary = if matches!(primary.as_str(), "nb" | "nn") { "no" } else { primary.as_str() };
        Self::all().zip(&KNOWN).find(|(_, known)| known.0 == primary).map(|(language, _)| language)
    }

    /// The language of a text by itself.
    pub fn of(text: &str) -> Self {
        Votes::of(text).language()
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self).take(KNOWN.len())
    }

    /// The stem of a word in plain small letters.
    pub(super) fn stem(self, word: &str) -> Cow<'_, str> {
        STEMMERS[usize::from(self.0)].stem(word)
    }

    fn bit(self) -> u32 {
        1 << self.0
    }
}

/// A set of languages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Languages(u32);

impl Languages {
    pub(super) fn insert(&mut self, language: Language) {
        self.0 |= language.bit();
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Language> {
        Language::all().filter(move |language| self.0 & language.bit() != 0)
    }
}

/// The languages that have `word` as a stop word.
pub(super) fn stops_in(word: Word<'_>) -> Languages {
    match word {
        Word::Spaced(word) => STOP_WORDS.get(word).copied().unwrap_or_default(),
        Word::Pair(_) | Word::Single { .. } => Languages::default(),
    }
}

/// How many stop words of each language there are in a text, or in several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Votes([u16; KNOWN.len()]);

impl Votes {
    /// Those of one text.
    pub(super) fn of(text: &str) -> Self {
        let mut votes = Self::default();
        each_word(text, |word| votes.count(word));
        votes
    }

    /// Counts one word.
    pub(super) fn count(&mut self, word: Word<'_>) {
        for language in stops_in(word).iter() {
            let votes = &mut self.0[usize::from(language.0)];
            *votes = votes.saturating_add(1);
        }
    }

    /// Counts those of another text as well.
    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own = own.saturating_add(other));
    }

    /// What there is most of.
    pub(super) fn language(&self) -> Language {
        let most = self.most();
        Language::all().zip(self.0).find(|(_, votes)| *votes == most).map_or(Language::ENGLISH, |(first, _)| first)
    }

    /// The language, if it is plain by itself.
    pub(super) fn shown(&self) -> Option<Language> {
        let most = self.most();
        let is_plain = most >= SHOWN_BY && self.0.iter().filter(|votes| **votes == most).count() == 1;
        is_plain.then(|| self.language())
    }

    /// Those of `among` of which there is most; none if there is nothing of any.
    pub(super) fn foremost(&self, among: Languages) -> Languages {
        let counted = || among.iter().map(|language| (language, self.0[usize::from(language.0)]));
        let most = counted().map(|(_, votes)| votes).max().filter(|most| *most > 0);
        let mut foremost = Languages::default();
        counted().filter(|(_, votes)| Some(*votes) == most).for_each(|(language, _)| foremost.insert(language));
        foremost
    }

    fn most(&self) -> u16 {
        self.0.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_shows_its_language_by_its_stop_words() {
        for (text, tag) in [
            ("I want to run with my sister", "en"),
            ("Ich möchte mit meiner Schwester laufen und nicht gehen", "de"),
            ("Je veux courir avec ma sœur", "fr"),
            ("Quiero correr con mi hermana por el parque", "es"),
            ("Ik wil met mijn zus gaan lopen en niet fietsen", "nl"),
            ("Я хочу бегать с моей сестрой", "ru"),
            ("Running!", "en"),
            ("我想跑步", "en"),
            ("", "en"),
        ] {
            assert_eq!(Some(Language::of(text)), Language::of_tag(tag), "{text}");
        }
    }

    #[test]
    fn a_few_words_show_nothing_by_themselves() {
        assert_eq!(Votes::of("die Liste").shown(), None);
        assert_eq!(Votes::of("ich will nicht und ich kann nicht").shown(), Language::of_tag("de"));
    }

    #[test]
    fn tags_are_read_by_their_language() {
        assert_eq!(Language::of_tag("pt-BR"), Language::of_tag("pt"));
        assert_eq!(Language::of_tag("nb-NO"), Language::of_tag("no"));
        assert_eq!((Language::of_tag("zh"), Language::of_tag("")), (None, None));
    }

    #[test]
    fn of_the_languages_asked_about_those_count_that_show_most() {
        let (english, german) = (Language::ENGLISH, Language::of_tag("de").unwrap());
        let mut both = Languages::default();
        [english, german].into_iter().for_each(|language| both.insert(language));

        let foremost = |text: &str| Votes::of(text).foremost(both).iter().collect::<Vec<_>>();

        assert_eq!(foremost("wann will ich heiraten"), [german]);
        assert_eq!(foremost("when will I marry"), [english]);
        assert_eq!(foremost("Rom Hochzeit"), []);
    }
}
