//! How fast memory is given back: `GetContext` and `SearchMemory` of context-svc as a process over loopback, release build.
//!
//! `cargo xtask bench memory` runs it and prints one JSON object; standard error gets the same as the tables of
//! docs/performance.md. One user has said ten thousand things in three hundred conversations; a thousand others a hundred each.
#![allow(missing_docs, reason = "a program, not an interface")]

mod ask;
mod crowd;
mod seed;
mod service;
mod table;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use e2e::machine::{cores, fdatasync_ms};
use kit::process::Failure;
use serde_json::{Map, Value, json};
use service::ContextSvc;

/// Giving memory back.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench memory")]
struct Arguments {
    /// Measure little: to see that everything runs, not for figures.
    #[arg(long)]
    quick: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    kit::process::exit("bench memory", run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let of = |quick: usize, full: usize| if arguments.quick { quick } else { full };
    let amount = seed::Amount { conversations: of(30, 300), others: of(20, 1000) };
    let mut service = ContextSvc::seeded(&programs()?, &amount).await?;

    let mut report = Map::new();
    let machine =
        json!({"cores": cores(), "fdatasync_ms": round(fdatasync_ms(service.data())?), "quick": arguments.quick});
    report.insert("machine".to_owned(), machine);
    report.insert("seeded".to_owned(), service.seeded_in());
    report.insert("first_after_restart".to_owned(), ask::first(&mut service, of(2, 11)).await?);
    report.insert("calls".to_owned(), ask::calls(&service, of(50, 1000)).await?);
    report.insert("crowd".to_owned(), crowd::measure(&mut service, of(1, 5)).await?);
    let report = Value::Object(report);
    eprint!("{}", table::render(&report));
    println(&report);
    Ok(())
}

/// The directory of the release build, from that of this benchmark.
fn programs() -> Result<PathBuf, Failure> {
    let this = std::env::current_exe()?;
    Ok(this.ancestors().nth(2).ok_or("a benchmark is built two levels below the programs")?.to_owned())
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[expect(clippy::print_stdout, reason = "the result of a benchmark")]
fn println(report: &Value) {
    println!("{report:#}");
}
