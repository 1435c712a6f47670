//! The hand-written text of the repository, read once: Rust files parsed, other files as text.

mod mentions;

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

pub(crate) use mentions::{Mention, is_for_tests, mentions, tokens_within};

/// One hand-written Rust file.
pub(crate) struct RustFile {
    /// Relative to the workspace, with forward slashes: `auth-svc/src/domain/logout.rs`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its text, parsed.
    pub(crate) syntax: syn::File,
}

/// Any other file that is read as text.
pub(crate) struct TextFile {
    /// Relative to the workspace, with forward slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Everything the commands look at.
#[derive(Default)]
pub(crate) struct Tree {
    /// Every `.rs` file, sorted by path.
    pub(crate) rust: Vec<RustFile>,
    /// Every `.md` and `.toml` file, sorted by path.
    pub(crate) texts: Vec<TextFile>,
    /// Every file and folder, sorted: `kit/src`, `kit/src/clock.rs`.
    pub(crate) entries: Vec<String>,
}

/// The tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("cannot walk the workspace: {0}")]
    Walk(#[from] walkdir::Error),
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: std::io::Error },
    #[error("{path}:{line}: not Rust: {problem}")]
    NotRust { path: String, line: usize, problem: String },
}

impl RustFile {
    /// Parses `text`.
    pub(crate) fn parse(path: impl Into<String>, text: impl Into<String>) -> Result<Self, SourceError> {
        let (path, text) = (path.into(), text.into());
        match syn::parse_file(&text) {
            Ok(syntax) => Ok(Self { path, text, syntax }),
            Err(error) => {
                Err(SourceError::NotRust { path, line: error.span().start().line, problem: error.to_string() })
            }
        }
    }

    /// Whether the path starts with `CRATE/src/FOLDER/` for any crate, or is `CRATE/src/FOLDER.rs`.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        let inside = self.path.split_once("/src/").map(|(_, inside)| inside).unwrap_or_default();
        inside.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    }

    /// The crate's folder: `auth-svc`.
    pub(crate) fn package(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Whether the whole file is for tests: `tests.rs`, `…_tests.rs`, or anything under a `tests` or `examples` folder.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "tests.rs"
            || name.ends_with("_tests.rs")
            || self.path.split('/').any(|part| part == "tests" || part == "examples")
    }

    /// Number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

impl Tree {
    /// Reads the workspace at `root`, leaving out what nobody wrote by hand.
    pub(crate) fn read(root: &Path) -> Result<Self, SourceError> {
        let mut tree = Self::default();
        for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_ours) {
            let entry = entry?;
            let path = relative(entry.path(), root);
            if path.is_empty() {
                continue;
            }
            tree.entries.push(path.clone());
            match entry.path().extension().and_then(|extension| extension.to_str()) {
                Some("rs") => tree.rust.push(RustFile::parse(path, read(entry.path())?)?),
                Some("md" | "toml") => tree.texts.push(TextFile { path, text: read(entry.path())? }),
                _ => {}
            }
        }
        Ok(tree)
    }

    /// The text file at exactly `path`.
    pub(crate) fn text(&self, path: &str) -> Option<&TextFile> {
        self.texts.iter().find(|file| file.path == path)
    }
}

fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_str().unwrap_or_default();
    let is_top = entry.depth() == 1;
    let is_output = is_top && matches!(name, "target" | "data");
    !(is_output || name == ".git" || name == "node_modules")
}

fn relative(path: &Path, root: &Path) -> String {
    let inside = path.strip_prefix(root).map_or_else(|_| PathBuf::from(path), PathBuf::from);
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn read(path: &Path) -> Result<String, SourceError> {
    std::fs::read_to_string(path).map_err(|source| SourceError::Read { path: path.display().to_string(), source })
}

#[cfg(test)]
impl Tree {
    /// A tree of these Rust files and nothing else, for the tests of the checks.
    pub(crate) fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        let rust = files.map(|(path, text)| RustFile::parse(path, text).unwrap());
        let entries = files.map(|(path, _)| path.to_owned()).to_vec();
        Self { rust: rust.into(), texts: Vec::new(), entries }
    }

    /// The same tree with one text file more.
    pub(crate) fn with_text(mut self, path: &str, text: &str) -> Self {
        self.texts.push(TextFile { path: path.into(), text: text.into() });
        self.entries.push(path.into());
        self
    }
}
