//! Counts tokens of `o200k_base`, the measure of every budget.

/// How many tokens `text` has.
pub fn count(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().count_ordinary(text)
}

/// A number of tokens that `text` has for sure, found much faster: none of them reaches from one word into the next.
pub fn at_least(text: &str) -> usize {
    text.split(' ').filter(|word| !word.is_empty()).count()
}

/// Loads the vocabulary, which takes a moment, so that the first request need not.
pub fn warm_up() {
    count("");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_has_fewer_tokens_than_its_least(text in "[\\PC]{0,40}|[a-z ./!\n\t]{0,80}") {
            prop_assert!(at_least(&text) <= count(&text), "{text:?}");
        }
    }
}
