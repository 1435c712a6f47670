//! The mistakes and the tests that must notice them, as they stand in `xtask/bugs/*.toml`.

use std::fmt;

use serde::Deserialize;

use crate::source::Tree;

/// Where the mistakes are written down.
pub(crate) const FOLDER: &str = "xtask/bugs/";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    bug: Vec<Bug>,
}

/// One mistake.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bug {
    /// What to call it.
    pub(crate) name: String,
    /// What is wrong, in one sentence.
    pub(crate) wrong: String,
    /// What it changes in the code.
    #[serde(default)]
    pub(crate) change: Vec<Change>,
    package: Option<String>,
    /// The program that holds the test: one under `tests`, or the library if absent.
    program: Option<String>,
    test: Option<String>,
    command: Option<Vec<String>>,
    /// Why it cannot be made here.
    not_here: Option<String>,
    /// Where it was read.
    #[serde(skip)]
    pub(crate) catalogue: String,
}

/// One place in the code, and what stands there instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Relative to the workspace.
    pub(crate) file: String,
    /// Text that occurs exactly once in the file.
    pub(crate) find: String,
    /// What it becomes.
    pub(crate) replace: String,
}

/// What has to fail once the mistake is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// One test, by its whole name.
    Test { package: String, program: Option<String>, test: String },
    /// A command, run in the copy after its programs were built.
    Command(Vec<String>),
    /// Nothing: the mistake cannot be made.
    NotHere(String),
}

impl Bug {
    /// What the mistake is held against.
    pub(crate) fn proof(&self) -> Result<Proof, String> {
        let proof = match (&self.package, &self.test, &self.command, &self.not_here) {
            (Some(package), Some(test), None, None) => {
                Proof::Test { package: package.clone(), program: self.program.clone(), test: test.clone() }
            }
            (None, None, Some(command), None) if !command.is_empty() => Proof::Command(command.clone()),
            (None, None, None, Some(reason)) if self.change.is_empty() => return Ok(Proof::NotHere(reason.clone())),
            _ => return Err(format!("{}: give package and test, or command, or not_here", self.name)),
        };
        if self.change.is_empty() { Err(format!("{}: it changes nothing", self.name)) } else { Ok(proof) }
    }
}

impl Change {
    /// The text of the file with the mistake in it. An error says what is in the way.
    pub(crate) fn made_in(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            times => Err(format!("{} holds this {times} times, not once: {:?}", self.file, self.find)),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test { package, test, .. } => write!(f, "{package} {test}"),
            Self::Command(words) => f.write_str(&words.join(" ")),
            Self::NotHere(reason) => f.write_str(reason),
        }
    }
}

/// Every mistake, in the order in which they stand.
pub(crate) fn read(tree: &Tree) -> Result<Vec<Bug>, String> {
    let mut bugs: Vec<Bug> = Vec::new();
    for file in tree.texts.iter().filter(|file| file.path.starts_with(FOLDER)) {
        let catalogue: Catalogue = toml::from_str(&file.text).map_err(|error| format!("{}: {error}", file.path))?;
        for bug in catalogue.bug {
            if bugs.iter().any(|other| other.name == bug.name) {
                return Err(format!("{}: there are two {}", file.path, bug.name));
            }
            bugs.push(Bug { catalogue: file.path.clone(), ..bug });
        }
    }
    Ok(bugs)
}
