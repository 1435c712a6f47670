//! `cargo xtask test`: every program built, every test run, and nothing skipped in silence.
//!
//! A test that cannot run here appends a line with its name and the reason to the file named by `AFTERWORD_TEST_SKIPS`.
//! Where `CI` is set, a skip is a failure: there, everything a test needs is installed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Failure, cargo};

const SKIPS: &str = "AFTERWORD_TEST_SKIPS";

/// How many tests ended how.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

/// Builds, tests with `arguments` for `cargo test`, and ends with one line of figures.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    let skips = root.join("target").join("test-skips.txt");
    std::fs::create_dir_all(root.join("target"))?;
    std::fs::write(&skips, "")?;

    // Stories start the programs themselves; `cargo test` builds a package's programs for its own tests only.
    let built = cargo(root).args(["build", "--workspace", "--bins"]).status()?;
    if !built.success() {
        return Err("test: the programs do not build".into());
    }
    let mut tests = cargo(root);
    tests.args(["test", "--no-fail-fast"]).args(scope(arguments)).args(arguments).env(SKIPS, &skips);
    let (tally, succeeded) = run_counted(tests)?;

    let skipped: Vec<_> = std::fs::read_to_string(&skips)?.lines().map(str::to_owned).collect();
    for skip in &skipped {
        println!("SKIPPED: {skip}");
    }
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, skipped.len());
    verdict(&tally, succeeded, skipped.len(), is_ci())
}

/// Every package, unless the arguments choose some.
fn scope(arguments: &[String]) -> Option<&'static str> {
    let chosen = arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    (!chosen).then_some("--workspace")
}

fn verdict(tally: &Tally, succeeded: bool, skipped: usize, is_ci: bool) -> Result<(), Failure> {
    if !succeeded {
        return Err("test: not everything passed".into());
    }
    if tally.passed == 0 {
        return Err("test: no test ran".into());
    }
    if is_ci && skipped > 0 {
        return Err(format!("test: {skipped} skipped, and CI may skip none").into());
    }
    Ok(())
}

fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Passes the output on as it comes and adds up the `test result:` lines.
fn run_counted(mut command: Command) -> Result<(Tally, bool), Failure> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut tally = Tally::default();
    let mut ours = std::io::stdout().lock();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            // A test may print what is not UTF-8.
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            writeln!(ours, "{line}")?;
            add(&line, &mut tally);
        }
    }
    Ok((tally, child.wait()?.success()))
}

/// `test result: ok. 5 passed; 0 failed; 0 ignored; …`
fn add(line: &str, tally: &mut Tally) {
    let Some(figures) = line.strip_prefix("test result: ") else {
        return;
    };
    let count = |what: &str| {
        let part = figures.split([';', '.']).find_map(|part| part.trim().strip_suffix(what));
        part.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    tally.passed += count("passed");
    tally.failed += count("failed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_all_programs_are_added_up() {
        let mut tally = Tally::default();

        add(
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.01s",
            &mut tally,
        );
        add(
            "test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            &mut tally,
        );
        add("test some::name ... ok", &mut tally);

        assert_eq!(tally, Tally { passed: 12, failed: 1 });
    }

    #[test]
    fn every_package_is_tested_unless_some_are_chosen() {
        assert_eq!(scope(&["the_second_trigger".to_owned()]), Some("--workspace"));
        assert_eq!(scope(&["-p".to_owned(), "kit".to_owned()]), None);
    }

    #[test]
    fn a_skip_fails_where_everything_is_installed() {
        let tally = Tally { passed: 3, failed: 0 };

        assert!(verdict(&tally, true, 1, false).is_ok());
        assert_eq!(verdict(&tally, true, 1, true).unwrap_err().to_string(), "test: 1 skipped, and CI may skip none");
    }

    #[test]
    fn a_run_without_tests_is_no_success() {
        assert!(verdict(&Tally::default(), true, 0, false).is_err());
    }
}
