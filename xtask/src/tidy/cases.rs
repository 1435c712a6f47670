//! Documents name only tests that exist: a table row with a function in one cell and a Rust file in the next.

use super::Violation;
use crate::source::{TextFile, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let documents = tree.texts.iter().filter(|file| file.path.ends_with(".md"));
    documents.flat_map(|document| of_document(document, tree)).collect()
}

fn of_document(document: &TextFile, tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, line) in document.text.lines().enumerate() {
        let Some((test, path)) = test_and_file(line) else { continue };
        // A file that does not exist is reported as any other path.
        let Some(file) = tree.rust.iter().find(|file| file.path == path) else { continue };
        if !file.text.contains(&format!("fn {test}(")) {
            let problem = format!("`{path}` has no test `{test}`");
            violations.push(Violation::new(&document.path, number + 1, "docs", problem));
        }
    }
    violations
}

/// The last two cells of a row, if they are a name and a Rust file in backticks.
fn test_and_file(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.trim().strip_prefix('|')?.strip_suffix('|')?.rsplit('|').map(str::trim);
    let (path, test) = (in_backticks(cells.next()?)?, in_backticks(cells.next()?)?);
    let is_name = test.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (is_name && path.ends_with(".rs")).then_some((test, path))
}

fn in_backticks(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(document: &str) -> Vec<String> {
        let tree =
            Tree::of([("a/tests/it/kill.rs", "async fn it_survives() {}")]).with_text("docs/testing.md", document);
        check(&tree).into_iter().map(|violation| violation.problem).collect()
    }

    #[test]
    fn a_test_that_is_gone_is_reported() {
        let found =
            problems("| kill | `it_survives` | `a/tests/it/kill.rs` |\n| | `it_lives` | `a/tests/it/kill.rs` |");

        assert_eq!(found, ["`a/tests/it/kill.rs` has no test `it_lives`"]);
    }

    #[test]
    fn other_rows_are_left_alone() {
        assert!(problems("| kill | absent | needs a kill loop |\n| level | `a/tests/it/kill.rs` | shows |").is_empty());
    }
}
