//! `cargo xtask bench NAME`: measures a release build of the real programs.

use std::path::Path;

use crate::{Failure, cargo};

/// Builds what is measured and what measures, then runs the benchmark; its result is one JSON object on standard output.
pub(crate) fn run(root: &Path, name: &str, arguments: &[String]) -> Result<(), Failure> {
    let programs = cargo(root)
        .args(["build", "--release", "--bins", "--quiet", "-p", "auth-svc", "-p", "context-svc", "-p", "gateway"])
        .status()?;
    if !programs.success() {
        return Err("bench: the programs do not build".into());
    }
    let measured =
        cargo(root).args(["bench", "--package", "e2e", "--quiet", "--bench", name, "--"]).args(arguments).status()?;
    if measured.success() { Ok(()) } else { Err(format!("bench: {name} failed").into()) }
}
