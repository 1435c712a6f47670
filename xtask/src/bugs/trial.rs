//! Running the test that is to notice a mistake.

use std::cell::RefCell;
use std::process::{Command, Output};

use super::catalogue::Proof;
use super::copy::Copy;
use crate::{Failure, cargo};

/// Runs tests in the copy.
pub(super) struct Trial<'a> {
    copy: &'a Copy,
    /// What was seen to pass in the code as it is.
    passed: RefCell<Vec<Proof>>,
}

/// What became of a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A test failed, and none other than by failing: it compiled and ran.
    Caught,
    /// It passed.
    Survived,
}

impl<'a> Trial<'a> {
    pub(super) fn new(copy: &'a Copy) -> Self {
        Self { copy, passed: RefCell::default() }
    }

    /// A test that fails anyway proves nothing. A command is too slow to be asked twice: its own users run it.
    pub(super) fn passes_unchanged(&self, proof: &Proof) -> Result<(), Failure> {
        if !matches!(proof, Proof::Test { .. }) || self.passed.borrow().contains(proof) {
            return Ok(());
        }
        match self.of(proof)? {
            Verdict::Survived => self.passed.borrow_mut().push(proof.clone()),
            Verdict::Caught => return Err(format!("bugs: without any mistake, {proof} fails").into()),
        }
        Ok(())
    }

    /// Runs what is to notice the mistake that the copy holds now.
    pub(super) fn of(&self, proof: &Proof) -> Result<Verdict, Failure> {
        match proof {
            Proof::Test { package, program, test } => {
                let program = program.as_ref().map_or(vec!["--lib"], |name| vec!["--test", name]);
                let mut run = self.cargo();
                run.args(["test", "--quiet", "--package", package]).args(program).args(["--", "--exact", test]);
                verdict(&run.output()?)
            }
            Proof::Command(words) => {
                let built = self.cargo().args(["build", "--quiet", "--workspace", "--bins"]).output()?;
                if !built.status.success() {
                    return Err(format!("it does not compile:\n{}", said(&built.stderr)).into());
                }
                let mut run = Command::new(&words[0]);
                run.args(&words[1..]).current_dir(&self.copy.root).env("CARGO_TARGET_DIR", &self.copy.target);
                match run.status()?.code() {
                    Some(0) => Ok(Verdict::Survived),
                    Some(1) => Ok(Verdict::Caught),
                    // Cargo's own code for what it cannot build, or a panic: that proves nothing.
                    other => Err(format!("{} ended with {other:?}", words.join(" ")).into()),
                }
            }
            Proof::NotHere(reason) => Err(format!("it cannot be made here: {reason}").into()),
        }
    }

    fn cargo(&self) -> Command {
        let mut command = cargo(&self.copy.root);
        command.env("CARGO_TARGET_DIR", &self.copy.target).env("CARGO_INCREMENTAL", "0");
        command
    }
}

/// One test must have run: an error of the compiler, or a name that no test has, proves nothing.
fn verdict(output: &Output) -> Result<Verdict, Failure> {
    let told = said(&output.stdout);
    let results = || told.lines().filter(|line| line.starts_with("test result: "));
    if results().any(|line| line.contains(" 0 passed; 1 failed;")) {
        return Ok(Verdict::Caught);
    }
    if results().any(|line| line.contains(" 1 passed; 0 failed;")) && output.status.success() {
        return Ok(Verdict::Survived);
    }
    Err(format!("no test ran:\n{told}{}", said(&output.stderr)).into())
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn output(code: i32, stdout: &str) -> Output {
        Output { status: ExitStatus::from_raw(code << 8), stdout: stdout.into(), stderr: "error[E0425]".into() }
    }

    #[test]
    fn a_test_that_failed_has_noticed() {
        let failed = output(101, "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 190 filtered out");

        assert_eq!(verdict(&failed).unwrap(), Verdict::Caught);
    }

    #[test]
    fn a_test_that_passed_has_not() {
        let passed = output(0, "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 190 filtered out");

        assert_eq!(verdict(&passed).unwrap(), Verdict::Survived);
    }

    #[test]
    fn what_does_not_compile_and_what_is_no_test_prove_nothing() {
        let none = output(0, "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 191 filtered out");

        assert!(verdict(&output(101, "")).unwrap_err().to_string().contains("error[E0425]"));
        assert!(verdict(&none).is_err());
    }
}
