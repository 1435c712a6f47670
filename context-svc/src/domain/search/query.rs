//! What is looked for: the words of a query, each in the stems of every language of the memory.

use std::collections::{HashMap, HashSet};

use super::language::{Language, Languages, Votes, stops_in};
use super::words::{Term, Word, each_word, term};

/// How many bits tell most words of a memory from those of a query.
const SIEVE_BITS: usize = 1 << 16;

/// A query, ready to be counted in texts.
#[derive(Debug)]
pub(super) struct Query {
    words: HashMap<Term, u16>,
    /// One bit for the lower half of every term: the others are no words of the query.
    sieve: Vec<u64>,
    /// How often each word stands in the query.
    times: Vec<f64>,
    /// The words as they are, for names.
    names: HashSet<Term>,
}

impl Query {
    /// The query in `text` to a memory in these languages; `None` if there is no word in it.
    ///
    /// Stop words of the language that shows most in it are left out, unless there is nothing else.
    pub(super) fn of(text: &str, mut languages: Languages) -> Option<Self> {
        languages.insert(Language::ENGLISH);
        let mut votes = Votes::default();
        each_word(text, |word| votes.count(word));
        let stopping = votes.foremost(languages);
        let is_telling = |word: Word<'_>| !stops_in(word).intersects(stopping);
        let mut query = Self::empty();
        each_word(text, |word| query.take(word, languages, is_telling(word)));
        if query.times.is_empty() {
            each_word(text, |word| query.take(word, languages, true));
        }
        (!query.times.is_empty()).then_some(query)
    }

    fn empty() -> Self {
        let sieve = vec![0; SIEVE_BITS / 64];
        Self { words: HashMap::new(), sieve, times: Vec::new(), names: HashSet::new() }
    }

    fn take(&mut self, word: Word<'_>, languages: Languages, is_telling: bool) {
        if matches!(word, Word::Single { is_alone: false, .. }) || !is_telling {
            return;
        }
        self.names.insert(Term::as_is(word));
        let stems: Vec<Term> = languages.iter().map(|language| term(word, language)).collect();
        let known = stems.iter().find_map(|stem| self.words.get(stem).copied());
        let place = known.or_else(|| u16::try_from(self.times.len()).ok());
        let Some(place) = place else { return };
        if known.is_none() {
            self.times.push(0.0);
        }
        self.times[usize::from(place)] += 1.0;
        for stem in stems {
            self.sieve[sieved(stem) / 64] |= 1 << (sieved(stem) % 64);
            self.words.entry(stem).or_insert(place);
        }
    }

    /// How often each word stands in the query, by the place of the word.
    pub(super) fn times(&self) -> &[f64] {
        &self.times
    }

    /// The place of the word of the query that `term` is a stem of.
    pub(super) fn place(&self, term: Term) -> Option<u16> {
        let is_sieved_out = self.sieve[sieved(term) / 64] >> (sieved(term) % 64) & 1 == 0;
        if is_sieved_out { None } else { self.words.get(&term).copied() }
    }

    /// Whether the query names somebody of whose name these are the words.
    pub(super) fn names(&self, name: &[Term]) -> bool {
        name.iter().any(|term| self.names.contains(term))
    }
}

fn sieved(term: Term) -> usize {
    term.0 as usize % SIEVE_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> Languages {
        let mut both = Languages::default();
        both.insert(Language::of_tag("de").unwrap());
        both
    }

    fn finds(query: &str, text: &str, language: &str) -> usize {
        let query = Query::of(query, both()).expect("it has words");
        let language = Language::of_tag(language).unwrap();
        let mut found = HashSet::new();
        each_word(text, |word| found.extend(query.place(term(word, language))));
        found.len()
    }

    #[test]
    fn a_word_is_found_by_its_stem_in_every_language_of_the_memory() {
        assert_eq!(finds("running", "she runs", "en"), 1);
        assert_eq!(finds("Häuser", "das Haus", "de"), 1);
        assert_eq!(finds("Rom houses", "ein Haus in Rom", "de"), 1, "house is not Haus");
    }

    #[test]
    fn words_of_one_stem_are_one_word_that_counts_twice() {
        let query = Query::of("run running", Languages::default()).unwrap();

        assert_eq!(query.times(), [2.0]);
    }

    #[test]
    fn stop_words_are_left_out_unless_there_is_nothing_else() {
        let times = |text: &str| Query::of(text, both()).map_or(0, |query| query.times().len());

        assert_eq!(times("when will she marry"), 1);
        assert_eq!(times("ich will nicht heiraten"), 1);
        assert_eq!(times("who are you"), 3);
        assert_eq!(times("… ?! —"), 0);
    }

    #[test]
    fn a_chinese_query_is_pairs_and_a_single_character_itself() {
        let times = |text: &str| Query::of(text, Languages::default()).map_or(0, |query| query.times().len());

        assert_eq!((times("跑步鞋"), times("茶")), (2, 1));
        let query = Query::of("茶", Languages::default()).unwrap();
        let mut found = 0;
        each_word("我喝茶了", |word| found += usize::from(query.place(term(word, Language::ENGLISH)).is_some()));
        assert_eq!(found, 1);
    }

    #[test]
    fn a_name_is_a_name_whatever_its_stem() {
        let query = Query::of("What did Caroline's sister say?", Languages::default()).unwrap();
        let name = |name: &str| {
            let mut words = Vec::new();
            each_word(name, |word| words.push(Term::as_is(word)));
            words
        };

        assert!(query.names(&name("Caroline")) && query.names(&name("caroline Smith")));
        assert!(!query.names(&name("Carol")) && !query.names(&[]));
    }
}
