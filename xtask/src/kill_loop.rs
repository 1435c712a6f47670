//! `cargo xtask kill-loop`: the real programs with their failpoints, killed again and again.

use std::path::Path;

use crate::{Failure, cargo};

/// Builds the programs and the loop in one go, so that the programs have the failpoints that the loop counts on, and runs it.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    let built = cargo(root).args(["build", "--workspace", "--bins", "--quiet"]).status()?;
    if !built.success() {
        return Err("kill-loop: the programs do not build".into());
    }
    let looped = cargo(root)
        .args(["run", "--quiet", "--package", "e2e", "--example", "kill_loop", "--"])
        .args(arguments)
        .status()?;
    match looped.code() {
        Some(0) => Ok(()),
        Some(1) => Err("kill-loop: a promise was not kept".into()),
        _ => Err("kill-loop: it could not be run".into()),
    }
}
