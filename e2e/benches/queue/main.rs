//! What the extraction queue bears: context-svc as a process over loopback, release build, every acknowledged write on disk;
//! and beside it Celery with Redis, on the same disk in the same run, if they are installed.
//!
//! `cargo xtask bench queue` runs it and prints one JSON object; standard error gets the same as the tables of
//! docs/performance.md.
#![allow(missing_docs, reason = "a program, not an interface")]

mod celery;
mod depth;
mod killed;
mod recovery;
mod schedule;
mod seed;
mod service;
mod table;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use celery::Celery;
use clap::{Parser, ValueEnum};
use e2e::machine::{cores, fdatasync_ms};
use kit::process::Failure;
use recovery::Terms;
use serde_json::{Map, Value, json};

/// The extraction queue, beside Celery with Redis.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench queue")]
struct Arguments {
    /// Measure little: to see that everything runs, not for figures.
    #[arg(long)]
    quick: bool,
    /// Only these parts; all of them if none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// A Python that has Celery; looked for in the virtual environment `target/celery` otherwise.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Redis.
    #[arg(long, default_value = "redis-server")]
    redis_server: PathBuf,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// How fast triggers are acknowledged, and Celery's `.delay()`.
    Schedule,
    /// How fast jobs are claimed and completed.
    Work,
    /// A long queue against a short one.
    Depth,
    /// How long jobs stand still after a kill.
    Recovery,
    /// What is lost when worker and queue are killed, and with Celery.
    Killed,
}

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(180);

/// Short enough to be killed often.
const SHORT_LEASE: Terms = Terms { lease_s: 5, heartbeat_s: 1, poll_s: 1 };

/// What context-svc comes with.
const DEFAULT_LEASE: Terms = Terms { lease_s: 60, heartbeat_s: 15, poll_s: 1 };

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    kit::process::exit("bench queue", run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let programs = programs()?;
    let of = |quick: usize, full: usize| if arguments.quick { quick } else { full };
    let wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let found = Celery::find(&programs, arguments.python.clone(), arguments.redis_server.clone()).await;
    let celery = found.as_ref().ok();

    let mut report = Map::new();
    let mut add = |name: &str, value: Value| report.insert(name.to_owned(), value);
    add(
        "machine",
        json!({"cores": cores(), "fdatasync_ms": round(fdatasync_ms_at(&programs)?), "quick": arguments.quick}),
    );
    add("celery", celery.map_or(Value::Null, |celery| celery.versions.clone()));
    if let Err(missing) = &found {
        eprintln!("SKIPPED: everything beside Celery: {missing}");
        add("celery_skipped", missing.as_str().into());
    }
    if wanted(Part::Schedule) {
        let amount = schedule::Amount { rounds: of(1, 5), calls: of(100, 1000) };
        add("schedule", schedule::measure(&programs, &amount, celery).await?);
    }
    if wanted(Part::Work) {
        add("work_of_the_service", work::by_the_service(&programs, of(500, 20_000)).await?);
        add("work_of_the_store_alone", work::by_the_store(&programs, of(500, 10_000)).await?);
    }
    if wanted(Part::Depth) {
        let amount =
            depth::Amount { pending: [100, of(2_000, 100_000)], claims: of(100, 3_000), triggers: of(200, 4_000) };
        add("depth", depth::measure(&programs, &amount).await?);
    }
    if wanted(Part::Recovery) {
        add("recovery", recovery::measure(&programs, &SHORT_LEASE, of(2, 11)).await?);
        if !arguments.quick {
            add("recovery_default_lease", recovery::measure(&programs, &DEFAULT_LEASE, 3).await?);
        }
    }
    if wanted(Part::Killed) {
        let amount = killed::Amount { jobs: of(80, 400), tries: of(1, 3) };
        add("killed", killed::measure(&programs, amount, celery).await?);
    }
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

/// On the disk where all the data will be.
fn fdatasync_ms_at(programs: &std::path::Path) -> std::io::Result<f64> {
    fdatasync_ms(tempfile::tempdir_in(programs)?.path())
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[expect(clippy::print_stdout, reason = "the result of a benchmark")]
fn println(report: &Value) {
    println!("{report:#}");
}
