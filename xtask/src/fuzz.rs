//! `cargo xtask fuzz TARGET`: throws strangers' bytes at the code that reads them, for as long as asked.
//!
//! Runs cargo-fuzz, which is installed if it is missing, on the nightly compiler that it needs. Without the address sanitizer:
//! the code forbids `unsafe`, so that panics, hangs and hunger for memory are what can be found.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;

const FOLDER: &str = "context-svc/fuzz";

/// Fuzzes `target` for `seconds`; fails with the first input that breaks it, which is kept under `artifacts`.
pub(crate) fn run(root: &Path, target: &str, seconds: u32) -> Result<(), Failure> {
    let folder = root.join(FOLDER);
    if !folder.join("fuzz_targets").join(format!("{target}.rs")).exists() {
        return Err(format!("fuzz: there is no target {target:?} in {FOLDER}/fuzz_targets").into());
    }
    install()?;
    let (corpus, seeds) = (folder.join("corpus").join(target), folder.join("seeds").join(target));
    std::fs::create_dir_all(&corpus)?;
    let mut command = nightly(root);
    command
        .args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir", FOLDER, "--target-dir", "target/fuzz", target])
        .args([corpus, seeds]);
    command.args(["--", "-timeout=10", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    if command.status()?.success() { Ok(()) } else { Err(format!("fuzz: {target} broke, or could not be run").into()) }
}

fn install() -> Result<(), Failure> {
    let is_there = Command::new("cargo-fuzz").arg("--version").stdout(Stdio::null()).status().is_ok();
    if is_there {
        return Ok(());
    }
    let installed = Command::new("cargo").args(["install", "--locked", "cargo-fuzz"]).status()?;
    if installed.success() { Ok(()) } else { Err("fuzz: cargo-fuzz could not be installed".into()) }
}

/// The cargo of the nightly toolchain: what the environment says of this one's must not reach it.
fn nightly(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").current_dir(root).stdin(Stdio::null());
    for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_TARGET_DIR"] {
        command.env_remove(name);
    }
    command
}
