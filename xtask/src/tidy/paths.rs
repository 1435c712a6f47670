//! Documents name only what exists: every path in backticks and every relative link of a Markdown file.

use std::collections::BTreeSet;

use super::Violation;
use crate::source::{TextFile, Tree};

const EXTENSIONS: [&str; 8] = ["rs", "toml", "md", "proto", "sql", "json", "yaml", "golden"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let entries: BTreeSet<_> = tree.entries.iter().map(String::as_str).collect();
    let documents = tree.texts.iter().filter(|file| file.path.ends_with(".md"));
    documents.flat_map(|document| of_document(document, &entries)).collect()
}

fn of_document(document: &TextFile, entries: &BTreeSet<&str>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut in_block = false;
    for (number, line) in document.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        let named = code_spans(line).flat_map(expanded).filter(|path| is_missing(path, entries));
        let linked = links(line).filter(|target| is_dangling(target, &document.path, entries)).map(str::to_owned);
        for path in named.chain(linked) {
            violations.push(Violation::new(&document.path, number + 1, "docs", format!("`{path}` does not exist")));
        }
    }
    violations
}

/// What stands between backticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// `store/{open,mod}.rs` names two paths.
fn expanded(span: &str) -> Vec<String> {
    let braces =
        span.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(list, after)| (before, list, after)));
    match braces {
        Some((before, list, after)) => list.split(',').map(|part| format!("{before}{part}{after}")).collect(),
        None => vec![span.to_owned()],
    }
}

/// Whether `span` looks like a path of this repository and is none.
fn is_missing(span: &str, entries: &BTreeSet<&str>) -> bool {
    let is_plain = span.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter));
    if !is_plain || span.starts_with('/') || !span.contains('/') {
        return false;
    }
    let path = span.trim_end_matches('/').trim_start_matches("./");
    let top = path.split('/').next().unwrap_or_default();
    if entries.contains(top) {
        return !entries.contains(path);
    }
    let extension = path.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    let suffix = format!("/{path}");
    EXTENSIONS.contains(&extension) && !entries.iter().any(|entry| entry.ends_with(&suffix))
}

fn is_dangling(target: &str, document: &str, entries: &BTreeSet<&str>) -> bool {
    let target = target.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains(':') {
        return false;
    }
    let mut path: Vec<_> = document.split('/').collect();
    path.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    !path.is_empty() && !entries.contains(path.join("/").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str) -> Vec<String> {
        let tree = Tree::of([("kit/src/clock.rs", "")]).with_text("kit/src", "").with_text("kit", "");
        check(&tree.with_text("docs/guide.md", text)).into_iter().map(|violation| violation.problem).collect()
    }

    #[test]
    fn a_path_that_is_gone_is_reported() {
        let found = missing("See `kit/src/clock.rs`, `kit/src/gone.rs`, `kit/old/` and `src/lost.rs`.");

        assert_eq!(
            found,
            ["`kit/src/gone.rs` does not exist", "`kit/old/` does not exist", "`src/lost.rs` does not exist"]
        );
    }

    #[test]
    fn braces_name_several_paths() {
        assert_eq!(missing("`kit/src/{clock,gone}.rs`"), ["`kit/src/gone.rs` does not exist"]);
    }

    #[test]
    fn a_dangling_link_is_reported() {
        let found = missing("[clock](../kit/src/clock.rs) [gone](../kit/gone.md#part) [web](https://example.org/x.md)");

        assert_eq!(found, ["`../kit/gone.md#part` does not exist"]);
    }

    #[test]
    fn what_is_no_path_is_left_alone() {
        assert!(missing("`GET /api/v1/context`, `AuthService/Login`, `and/or`, `/etc/x.toml`").is_empty());
        assert!(missing("```\ncat kit/gone.rs `kit/gone.rs`\n```").is_empty());
    }
}
