//! How often, and how sure: what a thing to do is measured by.

use super::lower_words;
use super::words::{COUNTS, PERIODS, RECURRING};

/// Whether it is to be done again and again: "daily", "every morning", "three times a week".
pub(super) fn recurs(text: &str) -> bool {
    let words = lower_words(text);
    let counted = words.iter().any(|word| COUNTS.contain(word));
    words.iter().any(|word| RECURRING.contain(word))
        || words.windows(2).any(|pair| {
            let each = matches!(pair[0].as_str(), "every" | "each");
            let per = matches!(pair[0].as_str(), "a" | "an" | "per") && counted;
            (each || per) && PERIODS.contain(&pair[1])
        })
}

/// Whether somebody says how sure they are to manage: "(8/10 confident)", "confidence 70%".
pub(super) fn is_sure(text: &str) -> bool {
    let words = lower_words(text);
    let near = |at: usize| {
        let from = at.saturating_sub(3);
        words[from..words.len().min(at + 4)].iter().any(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.iter().enumerate().any(|(at, word)| word.starts_with("confiden") && near(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_is_told_from_what_takes_a_while() {
        for recurring in ["walk daily", "stretch every morning", "swim twice a week", "8000 steps per day"] {
            assert!(recurs(recurring), "{recurring}");
        }
        for single in ["stir every 5 minutes", "take a day off", "walk to the station", "bake for an hour"] {
            assert!(!recurs(single), "{single}");
        }
    }

    #[test]
    fn a_rating_of_confidence_has_a_number() {
        for sure in ["Row (8/10 confident)", "Row, confidence level: 7", "Row (70% confidence)"] {
            assert!(is_sure(sure), "{sure}");
        }
        assert!(!is_sure("Become more confident in talks") && !is_sure("Row 10 km"));
    }
}
