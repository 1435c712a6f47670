//! Which words of a message a hit rests on.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::bm25::Fit;
use super::language::{Language, Languages};
use super::query::Query;
use super::words::{Word, each_word, term};

/// How long a passage may be.
const BYTES_MAX: usize = 400;

/// Looks for the words of a query in messages.
pub(super) struct Finder<'a> {
    query: &'a Query,
    fit: &'a Fit,
    languages: Languages,
    /// Words that were looked for before, and where they stand in the query.
    known: HashMap<Box<str>, Option<u16>>,
}

impl<'a> Finder<'a> {
    /// Of a query to a memory in these languages.
    pub(super) fn new(query: &'a Query, fit: &'a Fit, mut languages: Languages) -> Self {
        languages.insert(Language::ENGLISH);
        Self { query, fit, languages, known: HashMap::new() }
    }

    /// The sentences of `text` that fit best, as they stand there; its beginning if none does.
    pub(super) fn passage<'t>(&mut self, text: &'t str) -> &'t str {
        let units = units(text);
        let tells: Vec<f64> = units.iter().map(|unit| self.tells(&text[unit.clone()])).collect();
        let best = (0..units.len()).rev().max_by(|a, b| tells[*a].total_cmp(&tells[*b]));
        let Some(best) = best else { return "" };
        let mut passage = units[best].clone();
        // What stands beside it and fits as well belongs to it, also for who reads it.
        for (unit, tells) in units.iter().zip(&tells).skip(best + 1) {
            if *tells == 0.0 || unit.start > passage.end || unit.end - passage.start > BYTES_MAX {
                break;
            }
            passage.end = passage.end.max(unit.end);
        }
        for (unit, tells) in units[..best].iter().zip(&tells).rev() {
            if *tells == 0.0 || unit.end < passage.start || passage.end - unit.start > BYTES_MAX {
                break;
            }
            passage.start = passage.start.min(unit.start);
        }
        text[passage].trim()
    }

    /// How much the words of the query tell that stand in `text`.
    fn tells(&mut self, text: &str) -> f64 {
        let mut found = BTreeSet::new();
        each_word(text, |word| found.extend(self.place(word)));
        found.into_iter().map(|place| self.fit.weight(place)).sum()
    }

    /// Where a word of whatever language stands in the query.
    fn place(&mut self, word: Word<'_>) -> Option<u16> {
        let (Word::Spaced(text) | Word::Pair(text) | Word::Single { text, .. }) = word;
        if let Some(place) = self.known.get(text) {
            return *place;
        }
        let place = self.languages.iter().find_map(|language| self.query.place(term(word, language)));
        self.known.insert(text.into(), place);
        place
    }
}

/// Sentences, and pieces of those that are too long.
fn units(text: &str) -> Vec<Range<usize>> {
    let mut units = Vec::new();
    let mut at = 0;
    for sentence in text.unicode_sentences() {
        // Sentences are parts of the text, those without a letter are left out.
        at += text[at..].find(sentence).unwrap_or(0);
        let all = at..at + sentence.len();
        at = all.end;
        if sentence.len() <= BYTES_MAX { units.push(all) } else { pieces(sentence, all.start, &mut units) }
    }
    units
}

/// Pieces between words, each beginning in the middle of the one before.
fn pieces(sentence: &str, offset: usize, units: &mut Vec<Range<usize>>) {
    let borders: Vec<usize> = sentence.split_word_bound_indices().map(|(at, _)| at).chain([sentence.len()]).collect();
    let mut begin = 0;
    loop {
        let within = borders.partition_point(|border| *border <= begin + BYTES_MAX);
        let last = borders[..within].last().copied().filter(|border| *border > begin);
        // A word that is longer than a passage is cut between characters.
        let end = last.unwrap_or_else(|| sentence.floor_char_boundary(begin + BYTES_MAX));
        units.push(offset + begin..offset + end);
        if end == sentence.len() {
            return;
        }
        // Further on in any case: of two borders around a single character the first is in the middle.
        let middle = begin + (end - begin) / 2;
        let next = borders.partition_point(|border| *border <= begin || *border < middle);
        begin = borders.get(next).copied().filter(|border| *border <= end).unwrap_or(end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bm25::Counts;
    use super::*;

    fn passage<'t>(query: &str, text: &'t str) -> &'t str {
        let query = Query::of(query, Languages::default()).unwrap();
        let fit = Counts::new(query.times().len()).fit(query.times());
        Finder::new(&query, &fit, Languages::default()).passage(text)
    }

    #[test]
    fn it_is_the_sentences_that_fit_word_for_word() {
        let text = "Hi there!  I bought running shoes. They are for the marathon. Nice weather, too.";

        assert_eq!(passage("shoe", text), "I bought running shoes.");
        assert_eq!(passage("shoes for a marathon", text), "I bought running shoes. They are for the marathon.");
        assert_eq!(passage("跑步", "你好。我每天跑步。再见。"), "我每天跑步。");
    }

    #[test]
    fn of_a_message_that_fits_by_its_neighbours_it_is_the_beginning() {
        assert_eq!(passage("wedding", "Yes, in May! I cannot wait."), "Yes, in May!");
        assert_eq!(passage("wedding", " … "), "");
    }

    #[test]
    fn of_an_endless_sentence_it_is_the_part_that_fits() {
        let text = format!("{}we saw a heron {}", "and then on and on ".repeat(100), "and so on ".repeat(100));

        let found = passage("heron", &text);

        assert!(found.contains("a heron") && found.len() <= BYTES_MAX && text.contains(found), "{found}");
        let word = "x".repeat(3000);
        assert_eq!(passage("heron", &word).len(), BYTES_MAX);
        let long = "跑".repeat(900);
        assert!(passage("跑跑", &long).len() <= BYTES_MAX);
    }

    #[test]
    fn a_long_word_after_a_short_one_is_cut_as_well() {
        let zalgo = format!("a{}", "\u{301}\u{327}".repeat(300));
        for text in [
            format!("see this {}", "x".repeat(500)),
            format!("a{}b", " ".repeat(400)),
            format!("so {zalgo} {zalgo} end"),
        ] {
            let units = units(&text);

            assert!(units.iter().all(|unit| !unit.is_empty() && unit.len() <= BYTES_MAX), "{units:?}");
            assert_eq!((units[0].start, units[units.len() - 1].end), (0, text.len()));
            assert!(units.is_sorted_by(|a, b| a.start < b.start && a.end >= b.start), "{units:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn of_any_text_it_is_a_part_that_is_not_too_long(
            parts in prop::collection::vec(("\\PC{1,12}|[ .x\u{301}跑]", 1..600_usize), 0..6),
        ) {
            let text: String = parts.iter().map(|(part, times)| part.repeat(*times)).collect();

            let found = passage("x", &text);

            prop_assert!(found.len() <= BYTES_MAX && text.contains(found));
        }
    }
}
