//! An answer that could not be used, kept for whoever mends it.

use std::fmt;

/// How much of it is kept.
const BYTES_MAX: usize = 16 * 1024;

/// What a model answered that could not be used, cut to 16 KiB. It may quote its user: it is shown to operators who ask for it,
/// and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct RawAnswer(String);

impl RawAnswer {
    /// The beginning of `text`, as much as is kept.
    pub fn of(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(BYTES_MAX));
        text.shrink_to_fit();
        Self(text)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawAnswer({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_between_two_letters() {
        let long = RawAnswer::of("ü".repeat(BYTES_MAX));
        let odd = RawAnswer::of(format!("x{}", "ü".repeat(BYTES_MAX)));

        assert_eq!((long.as_str().len(), odd.as_str().len()), (BYTES_MAX, BYTES_MAX - 1));
        assert_eq!(RawAnswer::of("short").as_str(), "short");
    }

    #[test]
    fn what_is_printed_says_nothing_of_it() {
        let failure = crate::domain::model::Failure::retry("TRUNCATED", "it ends too early").with_raw("I want to swim");

        assert_eq!(format!("{failure}"), "TRUNCATED: it ends too early");
        assert!(!format!("{failure:?}").contains("swim"));
    }
}
