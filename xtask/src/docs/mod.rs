//! `cargo xtask docs`: the documents that are read off the code, so that they cannot be wrong.

mod access;
mod api;
mod block;
mod configuration;
mod errors;
mod metrics;
mod promises;
mod reasons;

use std::path::Path;

use crate::Failure;
use crate::source::Tree;

/// Writes the generated documents, or, to `check`, fails if one is not what would be written.
pub(crate) fn run(root: &Path, check: bool) -> Result<(), Failure> {
    let tree = Tree::read(root)?;
    let documents = [
        ("docs/configuration.md", configuration::render()?),
        ("docs/errors.md", errors::render(&tree)?),
        ("docs/api.md", api::render(&tree)?),
        ("docs/metrics.md", metrics::render()?),
    ];
    let mut stale = Vec::new();
    for (path, text) in &documents {
        let is_current = tree.text(path).is_some_and(|file| file.text == *text);
        if is_current {
            continue;
        }
        stale.push(*path);
        if !check {
            std::fs::write(root.join(path), text).map_err(|error| format!("cannot write {path}: {error}"))?;
        }
    }
    match (check, stale.as_slice()) {
        (_, []) => println!("docs: {} documents are current", documents.len()),
        (false, stale) => println!("docs: wrote {}", stale.join(", ")),
        (true, stale) => return Err(format!("docs: {} not current; run `cargo xtask docs`", stale.join(", ")).into()),
    }
    Ok(())
}

/// Text for a cell of a Markdown table: one line, and no bar that would end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
