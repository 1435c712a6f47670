//! What a talk is about to be about, and how much of it a text speaks of.

use super::language::{Language, Languages};
use super::query::Query;
use super::words::{Terms, each_word};

/// The words of a query without those that tell nothing, ready to be looked for in many texts.
pub(in crate::domain) struct Theme {
    query: Option<Query>,
    languages: Vec<Language>,
    terms: Terms,
}

impl Theme {
    /// The theme of `query`, whose language is found by itself; texts may be in English as well.
    pub(in crate::domain) fn of(query: &str) -> Self {
        let mut languages = Languages::default();
        languages.insert(Language::of(query));
        languages.insert(Language::ENGLISH);
        Self { query: Query::of(query, languages), languages: languages.iter().collect(), terms: Terms::default() }
    }

    /// Whether there is nothing to look for.
    pub(in crate::domain) fn is_empty(&self) -> bool {
        self.query.is_none()
    }

    /// Of the words of the theme the share that `text` has, whatever their endings: 0 to 1.
    pub(in crate::domain) fn share(&mut self, text: &str) -> f64 {
        let Self { query: Some(query), languages, terms } = self else { return 0.0 };
        let mut has = vec![false; query.times().len()];
        each_word(text, |word| {
            let place = languages.iter().find_map(|language| query.place(terms.of(word, *language)));
            if let Some(place) = place {
                has[usize::from(place)] = true;
            }
        });
        has.iter().filter(|has| **has).count() as f64 / has.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_whatever_their_endings_and_those_that_tell_nothing_do_not_count() {
        for (query, text, share) in [
            ("How is the running going?", "I run every day.", 0.5),
            ("cello lessons", "I want to learn the cello.", 0.5),
            ("die Läufe im Wald", "Ich war laufen, in den Wäldern.", 1.0),
            ("游泳课", "我打算学游泳", 0.5),
            ("piano", "I love jazz.", 0.0),
            ("", "I love jazz.", 0.0),
        ] {
            assert_eq!(Theme::of(query).share(text), share, "{query:?} in {text:?}");
        }
    }
}
