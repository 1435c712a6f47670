//! What the comments of the contract promise about errors, held against what the code gives.
//!
//! A comment says it as "NOT_FOUND `CONVERSATION_NOT_FOUND`": the gRPC code, and the reason in backticks.

use std::collections::{BTreeMap, BTreeSet};

/// The codes that each reason comes with; none where it is as its cause.
pub(super) type Given = BTreeMap<String, BTreeSet<String>>;

/// What is wrong with the comment of `rpc`, apart from the reasons that come `later`.
pub(super) fn broken(rpc: &str, comment: &str, given: &Given, later: &BTreeMap<String, String>) -> Vec<String> {
    let mut broken = Vec::new();
    for (code, reason) in promises(comment) {
        match given.get(reason) {
            None if later.contains_key(reason) => {}
            None => broken.push(format!("{rpc} promises `{reason}`, which no code gives")),
            Some(codes) if codes.is_empty() || codes.contains(code) => {}
            Some(codes) => {
                let codes = codes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                broken.push(format!("{rpc} promises `{reason}` as {code}, and the code gives it as {codes}"));
            }
        }
    }
    broken
}

fn promises(comment: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = comment.split('`').collect();
    let pairs = parts.windows(2).step_by(2).filter_map(|pair| Some((pair[0].split_whitespace().last()?, pair[1])));
    pairs.filter(|(code, reason)| is_shouted(code) && is_shouted(reason)).collect()
}

fn is_shouted(word: &str) -> bool {
    word.len() > 3 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        [("GONE".to_owned(), BTreeSet::from(["NOT_FOUND".to_owned()])), ("AWAY".to_owned(), BTreeSet::new())].into()
    }

    fn later() -> BTreeMap<String, String> {
        [("TIRED".to_owned(), "It is tired.".to_owned())].into()
    }

    #[test]
    fn kept_promises_are_quiet() {
        let comment = "Reads `x`. Errors: NOT_FOUND `GONE` until it is there;\n UNAVAILABLE `AWAY`; ABORTED `TIRED`.";

        assert!(broken("A.Get", comment, &given(), &later()).is_empty());
    }

    #[test]
    fn a_reason_that_nothing_gives_is_broken() {
        assert_eq!(
            broken("A.Get", "NOT_FOUND `LOST`", &given(), &later()),
            ["A.Get promises `LOST`, which no code gives"]
        );
    }

    #[test]
    fn another_code_than_promised_is_broken() {
        assert_eq!(
            broken("A.Get", "INVALID_ARGUMENT `GONE`", &given(), &later()),
            ["A.Get promises `GONE` as INVALID_ARGUMENT, and the code gives it as NOT_FOUND"]
        );
    }
}
