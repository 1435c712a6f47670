//! The kill loop as a program: `cargo xtask kill-loop` builds everything and runs it.
#![allow(clippy::print_stdout, reason = "the result of a run")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use e2e::killing::{Plan, Report, run};

/// Kills the three services again and again under load, and holds what they acknowledged against what they kept.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask kill-loop")]
struct Arguments {
    /// How long the faults go on, in minutes.
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// And seconds. A minute if neither is given.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// What the faults are drawn from: the same seed, the same faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the whole result as one JSON object.
    #[arg(long)]
    json: bool,
    /// Only print what would be done, as JSON.
    #[arg(long)]
    plan: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    let arguments = Arguments::parse();
    let seconds = match arguments.minutes * 60 + arguments.seconds {
        0 => 60,
        seconds => seconds,
    };
    let plan = Plan::of(arguments.seed, Duration::from_secs(seconds));
    if arguments.plan {
        println!("{}", serde_json::to_string_pretty(&plan).expect("a plan can be written as JSON"));
        return ExitCode::SUCCESS;
    }
    let report = run(&plan, &e2e::beside_the_tests()).await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report).expect("a report can be written as JSON"));
    } else {
        tell(&report);
    }
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(report: &Report) {
    let at_failpoints: u64 = report.kills_at.values().sum();
    let acknowledged = &report.acknowledged_by_kind;
    println!("seed {}, {} s", report.seed, report.seconds);
    println!(
        "{} kills, {at_failpoints} of them at failpoints, {} stops, {} terms, {} restarts",
        report.kills, report.stops, report.terms, report.restarts
    );
    println!(
        "acknowledged: {} messages, {} logouts, {} triggers, {} deletions, {} of everything",
        acknowledged.messages,
        acknowledged.logouts,
        acknowledged.triggers,
        acknowledged.deletions,
        acknowledged.erasures
    );
    println!(
        "{} extracted in {} model calls, {} summaries, {} dead, settled after {} ms",
        report.extracted,
        report.model_calls,
        report.summaries,
        report.dead.values().sum::<u64>(),
        report.settled_ms
    );
    println!("{} lost, {} doubled", report.lost, report.doubled);
    for violation in &report.violations {
        println!("{}: {}", violation.check, violation.what);
    }
}
