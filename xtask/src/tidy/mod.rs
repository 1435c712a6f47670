//! `cargo xtask tidy`: holds the source tree to the invariants of ARCHITECTURE.md.
//!
//! One module per invariant, each a function from the [`Tree`] to its violations, each with tests that show it fails.

mod bugs;
mod cases;
mod clock;
mod contract;
mod database;
mod kit;
mod layers;
mod length;
mod model;
mod paths;
mod status;
mod style;

use std::fmt;
use std::path::Path;

use crate::Failure;
use crate::source::Tree;

/// One thing that is not as it must be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    rule: &'static str,
    problem: String,
}

impl Violation {
    fn new(path: &str, line: usize, rule: &'static str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, problem: problem.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.problem)
    }
}

type Check = fn(&Tree) -> Vec<Violation>;

const CHECKS: [Check; 12] = [
    layers::check,
    status::check,
    database::check,
    contract::check,
    clock::check,
    model::check,
    length::check,
    kit::check,
    style::check,
    paths::check,
    cases::check,
    bugs::check,
];

/// Prints one line if all is well, and every violation otherwise.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    let tree = Tree::read(root)?;
    let violations: Vec<_> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    for violation in &violations {
        println!("{violation}");
    }
    if !violations.is_empty() {
        return Err(format!("tidy: {} violations", violations.len()).into());
    }
    println!("tidy: {}; I1..I6, contract suites, kit, style and documents ok", length::figures(&tree));
    Ok(())
}
