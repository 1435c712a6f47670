//! Lists of words, written as people write them: one after the other.

/// Words with white space between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(pub(super) &'static str);

impl Words {
    /// No word.
    pub(super) const NONE: Self = Self("");

    /// Each word.
    pub(super) fn iter(self) -> impl Iterator<Item = &'static str> {
        self.0.split_ascii_whitespace()
    }

    /// Whether `word` is one of them.
    pub(super) fn contain(self, word: &str) -> bool {
        self.iter().any(|own| own == word)
    }

    /// Whether `text` begins with one of them.
    pub(super) fn begin(self, text: &str) -> bool {
        self.iter().any(|own| text.starts_with(own))
    }

    /// Whether one of them is somewhere in `text`.
    pub(super) fn occur_in(self, text: &str) -> bool {
        self.iter().any(|own| text.contains(own))
    }
}
