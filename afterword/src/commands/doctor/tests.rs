use std::collections::BTreeSet;

use super::*;

/// The stable reasons that stand in a source file, but for those that it only hears from others.
fn reasons_in(source: &str) -> impl Iterator<Item = &str> {
    let is_reason =
        |word: &str| word.contains('_') && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    source.split('"').filter(move |word| is_reason(word) && *word != "INTERNAL_TOKEN_REQUIRED")
}

#[test]
fn every_reason_is_documented() {
    let sources = [
        include_str!("clock.rs"),
        include_str!("config.rs"),
        include_str!("model.rs"),
        include_str!("queue.rs"),
        include_str!("store.rs"),
        include_str!("mod.rs"),
    ];
    let document = include_str!("../../../../docs/doctor.md");

    let reasons: BTreeSet<_> = sources.into_iter().flat_map(reasons_in).collect();
    let missing: Vec<_> = reasons.iter().filter(|reason| !document.contains(&format!("`{reason}`"))).collect();

    assert!(reasons.len() > 20, "{reasons:?}");
    assert!(missing.is_empty(), "docs/doctor.md does not say what these mean: {missing:?}");
}

#[test]
fn a_length_of_time_is_told_as_people_do() {
    let told = [640, 1500, 45_000, 900_000, 7_260_000, 200_000_000].map(|millis| span(Duration::from_millis(millis)));

    assert_eq!(told, ["640 ms", "1.5 s", "45 s", "15 min", "2 h 1 min", "2 d 7 h"]);
}
