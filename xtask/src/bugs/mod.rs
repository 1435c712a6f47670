//! `cargo xtask bugs`: puts known mistakes into a copy of the code, one at a time; each must make its test fail.
//!
//! The mistakes are data, `xtask/bugs/*.toml` ([`catalogue`]). Each is made in a copy of the workspace ([`copy`]) under
//! `target/bugs`, which keeps what it has compiled from one to the next.

pub(crate) mod catalogue;
mod copy;
mod trial;

use std::path::Path;

use crate::Failure;
use crate::source::Tree;
use catalogue::{Bug, Proof};
use copy::Copy;
use trial::{Trial, Verdict};

/// Tries the mistakes of these names, or all, and fails if one of them is noticed by nothing.
pub(crate) fn run(root: &Path, names: &[String], list: bool) -> Result<(), Failure> {
    let bugs = chosen(catalogue::read(&Tree::read(root)?)?, names)?;
    if list {
        bugs.iter().for_each(|bug| println!("{:<30} {}", bug.name, bug.wrong));
        return Ok(());
    }
    let copy = Copy::of(root)?;
    let trial = Trial::new(&copy);
    // All of them before the first mistake: the copy then compiles once unchanged, and once for each mistake.
    for bug in &bugs {
        trial.passes_unchanged(&bug.proof()?)?;
    }
    let (mut caught, mut survived) = (0, Vec::new());
    for bug in &bugs {
        let proof = bug.proof()?;
        if let Proof::NotHere(reason) = &proof {
            println!("{:<30} not tried: {reason}", bug.name);
            continue;
        }
        let changed = copy.with(bug)?;
        let verdict = trial.of(&proof);
        changed.undo()?;
        match verdict.map_err(|problem| format!("bugs: {}: {problem}", bug.name))? {
            Verdict::Caught => {
                caught += 1;
                println!("{:<30} caught by {proof}", bug.name);
            }
            Verdict::Survived => {
                survived.push(bug.name.as_str());
                println!("{:<30} SURVIVED {proof}", bug.name);
            }
        }
    }
    println!("bugs: {caught} caught, {} survived, {} not tried", survived.len(), bugs.len() - caught - survived.len());
    if survived.is_empty() { Ok(()) } else { Err(format!("bugs: nothing noticed {}", survived.join(", ")).into()) }
}

fn chosen(bugs: Vec<Bug>, names: &[String]) -> Result<Vec<Bug>, Failure> {
    if let Some(unknown) = names.iter().find(|name| bugs.iter().all(|bug| bug.name != **name)) {
        return Err(format!("bugs: there is no {unknown}; `cargo xtask bugs --list` lists them").into());
    }
    Ok(bugs.into_iter().filter(|bug| names.is_empty() || names.contains(&bug.name)).collect())
}
