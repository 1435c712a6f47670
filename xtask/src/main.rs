//! The workspace's own tools: `cargo xtask tidy | docs | test | bench | bugs | kill-loop | fuzz | measure`.
//!
//! One module per command. They read the source tree and run cargo; no service depends on them.
#![allow(clippy::print_stdout, reason = "printing is what these commands are for")]

mod bench;
mod bugs;
mod docs;
mod fuzz;
mod kill_loop;
mod measure;
mod source;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode, Stdio};

use clap::{Parser, Subcommand};

/// Tools that hold this repository together.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold the source tree to its invariants, I1 to I6 of ARCHITECTURE.md.
    Tidy,
    /// Write the generated documents: docs/configuration.md, docs/errors.md, docs/metrics.md and the tables of docs/api.md.
    Docs {
        /// Write nothing; fail if a document is not what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Measure a release build: `logout` is how long logging out takes, in whatever state the other services are; `queue` is
    /// what the extraction queue bears, beside Celery with Redis.
    #[command(disable_help_flag = true)]
    Bench {
        /// Which benchmark.
        #[arg(value_parser = ["logout", "queue"])]
        name: String,
        /// Passed on to it; `--help` lists what it knows.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Kill the real programs under load, again and again, and check that nothing acknowledged is lost: `--minutes N --seed S`.
    #[command(disable_help_flag = true)]
    KillLoop {
        /// Passed on to it; `--help` lists what it knows.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Put known mistakes into a copy of the code, one at a time: each must make its test fail.
    Bugs {
        /// Which ones; all if none is named.
        names: Vec<String>,
        /// Only say what they are.
        #[arg(long)]
        list: bool,
    },
    /// Throw strangers' bytes at the code that reads them. Needs the nightly compiler.
    Fuzz {
        /// Which target, such as `model_answer`.
        target: String,
        /// For how long.
        #[arg(long, default_value_t = 600)]
        seconds: u32,
    },
    /// Measure what the service makes of transcripts that lie outside the repository.
    Measure {
        #[command(subcommand)]
        measure: measure::Measure,
    },
    /// Build every program, run every test, and say loudly what was skipped.
    #[command(disable_help_flag = true)]
    Test {
        /// Passed on to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let root = workspace_root();
    let done = match Arguments::parse().command {
        Command::Tidy => tidy::run(&root),
        Command::Docs { check } => docs::run(&root, check),
        Command::Bench { name, arguments } => bench::run(&root, &name, &arguments),
        Command::KillLoop { arguments } => kill_loop::run(&root, &arguments),
        Command::Bugs { names, list } => bugs::run(&root, &names, list),
        Command::Fuzz { target, seconds } => fuzz::run(&root, &target, seconds),
        Command::Measure { measure } => measure::run(&measure),
        Command::Test { arguments } => test::run(&root, &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// What a command ends with when it did not succeed: text for a person.
type Failure = Box<dyn std::error::Error>;

fn workspace_root() -> PathBuf {
    // Cargo sets it for `cargo run`, which is what `cargo xtask` is; started by hand, the current folder must be the workspace.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    manifest.as_deref().and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The cargo that runs this, in the workspace.
fn cargo(root: &Path) -> Process {
    let mut command = Process::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null());
    command
}
