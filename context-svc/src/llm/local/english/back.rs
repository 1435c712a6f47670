//! Turns of phrase by which people take back what they had decided.

use super::{is_unhindered, match_at, words};

const CHANGES: &[&str] = &["i changed my mind", "i decided against", "i no longer"];

/// How far after "I" its "not" may stand: "I am not", "I will really not".
const NOT_WITHIN: usize = 4;

/// Whether `sentence` takes something back: "I changed my mind", "I'm not … after all". `is_foreign` tells of a byte whether it
/// lies in quoted speech or code.
pub(in crate::llm::local) fn takes_back(sentence: &str, is_foreign: impl Fn(usize) -> bool) -> bool {
    let words = words(sentence);
    let is_after_all = words.windows(2).any(|pair| pair[0].text == "after" && pair[1].text == "all");
    (0..words.len()).filter(|at| words[*at].text == "i").any(|first| {
        let changes = || CHANGES.iter().any(|phrase| match_at(&words, first, phrase).is_some());
        let is_denied = || words[first + 1..].iter().take(NOT_WITHIN).any(|word| word.text == "not");
        !is_foreign(words[first].at)
            && is_unhindered(sentence, &words[..first])
            && (changes() || (is_after_all && is_denied()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_back_is_told_from_what_only_denies() {
        for said in [
            "I changed my mind.",
            "I've changed my mind about the boat.",
            "Well, I'm not selling the boat after all.",
            "I decided against the evening class.",
            "I no longer want to sell it.",
        ] {
            assert!(takes_back(said, |_| false), "{said}");
        }
        for said in [
            "I am not selling the boat.",
            "She said I changed my mind.",
            "If I changed my mind, I would tell you.",
            "After all, I sold it.",
            "He is not selling it after all.",
        ] {
            assert!(!takes_back(said, |_| false), "{said}");
        }
    }
}
