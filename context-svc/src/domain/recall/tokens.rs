//! Counts tokens of `o200k_base`, the measure of every budget.

/// How many tokens `text` has.
pub fn count(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().count_ordinary(text)
}

/// Loads the vocabulary, which takes a moment, so that the first request need not.
pub fn warm_up() {
    count("");
}
