//! `docs/extraction.md` tells every reason once, and none that there is not.

use std::collections::BTreeSet;

use super::judge::Rejection;
use crate::llm::{api, reason};

const DOCUMENT: &str = include_str!("../../../../docs/extraction.md");

/// Reasons of the queue and the ledger, which are told in the same table.
const OF_OTHERS: &[&str] = &["STORE_UNAVAILABLE", "BUDGET", "PASS_TIMEOUT", "PANIC", "BAD_WATERMARK", "POISON"];

#[test]
fn every_reason_is_told_once_and_none_that_there_is_not() {
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let told: Vec<&str> = rows.map(|(reason, _)| reason).collect();

    let rejections = Rejection::ALL.iter().map(|rejection| rejection.as_str());
    // Nobody waits for a call that was given up, so it stands on no job.
    let of_calls = api::reason::ALL.iter().copied().filter(|reason| *reason != api::reason::NO_ANSWER);
    let known: BTreeSet<&str> =
        rejections.chain(of_calls).chain(reason::ALL.iter().copied()).chain(OF_OTHERS.iter().copied()).collect();
    assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), known);
    assert_eq!(told.len(), known.len(), "a reason is told twice");
}
