//! A minute of the kill loop. `cargo xtask kill-loop` runs it for longer.

use std::time::Duration;

use e2e::killing::{Plan, run};

/// Another seed, to look for what this one does not find.
const SEED: &str = "AFTERWORD_KILL_LOOP_SEED";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_in_a_minute_of_kills() {
    let seed = std::env::var(SEED).map_or(4, |seed| seed.parse().expect("a seed is a number"));
    let plan = Plan::of(seed, Duration::from_secs(60));

    let report = run(&plan, &e2e::beside_the_tests()).await;

    assert!(report.violations.is_empty(), "{SEED}={seed}: {report:#?}");
    assert!(report.kills_at.values().any(|deaths| *deaths > 0), "the programs have no failpoints: {report:#?}");
    assert!(report.acknowledged_by_kind.messages > 0 && report.summaries > 0, "there was no load: {report:#?}");
}
