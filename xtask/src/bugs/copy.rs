//! A copy of the workspace in which mistakes can be made.

use std::path::{Path, PathBuf};

use super::catalogue::Bug;
use crate::Failure;

/// What nobody wrote by hand, or a copy does not need.
const LEFT_OUT: [&str; 4] = ["target", "data", ".git", "node_modules"];

/// A copy of everything that was written by hand.
pub(super) struct Copy {
    /// Its workspace.
    pub(super) root: PathBuf,
    /// Where it compiles to.
    pub(super) target: PathBuf,
}

/// A mistake that was made in the copy.
#[must_use]
pub(super) struct Changed {
    originals: Vec<(PathBuf, String)>,
}

impl Copy {
    /// Brings the copy under `target/bugs` up to date. A file that is the same is left alone, and so is what was compiled.
    pub(super) fn of(root: &Path) -> Result<Self, Failure> {
        // Absolute, because cargo is run from within the copy.
        let folder = std::path::absolute(root)?.join("target").join("bugs");
        let copy = Self { root: folder.join("tree"), target: folder.join("target") };
        remove_what_is_gone(root, &copy.root)?;
        bring_up_to_date(root, &copy.root)?;
        Ok(copy)
    }

    /// Makes the mistake.
    pub(super) fn with(&self, bug: &Bug) -> Result<Changed, Failure> {
        let mut originals: Vec<(PathBuf, String)> = Vec::new();
        for change in &bug.change {
            let path = self.root.join(&change.file);
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", change.file))?;
            let made = change.made_in(&text).map_err(|problem| format!("bugs: {}: {problem}", bug.name))?;
            std::fs::write(&path, made)?;
            // A second change of a file comes back to what it was before the first.
            if originals.iter().all(|(other, _)| *other != path) {
                originals.push((path, text));
            }
        }
        Ok(Changed { originals })
    }
}

impl Changed {
    /// Takes the mistake back.
    pub(super) fn undo(self) -> Result<(), Failure> {
        self.originals.into_iter().try_for_each(|(path, text)| Ok(std::fs::write(path, text)?))
    }
}

fn bring_up_to_date(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let there = to.join(entry.file_name());
        if is_left_out(&entry.file_name()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            bring_up_to_date(&entry.path(), &there)?;
        } else if std::fs::read(&there).ok() != Some(std::fs::read(entry.path())?) {
            std::fs::copy(entry.path(), there)?;
        }
    }
    Ok(())
}

fn remove_what_is_gone(from: &Path, to: &Path) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(to) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let original = from.join(entry.file_name());
        match (entry.file_type()?.is_dir(), original.exists()) {
            (true, true) => remove_what_is_gone(&original, &entry.path())?,
            (true, false) => std::fs::remove_dir_all(entry.path())?,
            (false, false) => std::fs::remove_file(entry.path())?,
            (false, true) => {}
        }
    }
    Ok(())
}

fn is_left_out(name: &std::ffi::OsStr) -> bool {
    LEFT_OUT.iter().any(|left_out| name == *left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::catalogue;
    use crate::source::Tree;

    fn bug(find: &str) -> Bug {
        let catalogue = format!(
            "[[bug]]\nname = \"b\"\nwrong = \"w\"\npackage = \"p\"\ntest = \"t\"\n
             [[bug.change]]\nfile = \"a.rs\"\nfind = \"{find}\"\nreplace = \"fn b\""
        );
        catalogue::read(&Tree::default().with_text("xtask/bugs/x.toml", &catalogue)).unwrap().remove(0)
    }

    /// A workspace of one file, and a copy of it.
    fn copy() -> (tempfile::TempDir, Copy) {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.rs"), "fn a() {} fn c() {}").unwrap();
        let copy = Copy::of(root.path()).unwrap();
        (root, copy)
    }

    fn text(copy: &Copy) -> String {
        std::fs::read_to_string(copy.root.join("a.rs")).unwrap()
    }

    #[test]
    fn a_mistake_is_made_and_taken_back() {
        let (_root, copy) = copy();

        let changed = copy.with(&bug("fn a")).unwrap();
        let made = text(&copy);
        changed.undo().unwrap();

        assert_eq!((made.as_str(), text(&copy).as_str()), ("fn b() {} fn c() {}", "fn a() {} fn c() {}"));
    }

    #[test]
    fn what_does_not_occur_just_once_is_refused_by_name() {
        let (_root, copy) = copy();

        for find in ["fn z", "fn "] {
            let refused = copy.with(&bug(find)).err().unwrap().to_string();
            assert!(refused.starts_with("bugs: b: a.rs holds this"), "{refused}");
        }
    }

    #[test]
    fn a_file_that_is_gone_goes_from_the_copy_too() {
        let (root, _) = copy();

        std::fs::remove_file(root.path().join("a.rs")).unwrap();
        let again = Copy::of(root.path()).unwrap();

        assert!(!again.root.join("a.rs").exists());
    }
}
