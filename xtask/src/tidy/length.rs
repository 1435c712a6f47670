//! I6: no hand-written file over 400 lines; a test module over 100 lines moves to a sibling file.

use syn::spanned::Spanned;

use super::Violation;
use crate::source::{RustFile, Tree};

const FILE_LINES_MAX: usize = 400;
const TEST_MODULE_LINES_MAX: usize = 100;

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(|file| file_too_long(file).into_iter().chain(test_module_too_long(file))).collect()
}

/// "34 files, median 97 lines, longest 231 (kit/src/x.rs)".
pub(super) fn figures(tree: &Tree) -> String {
    let mut lengths: Vec<_> = tree.rust.iter().map(|file| (file.lines(), file.path.as_str())).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).map_or(0, |(lines, _)| *lines);
    let (longest, path) = lengths.last().copied().unwrap_or_default();
    format!("{} files, median {median} lines, longest {longest} ({path})", lengths.len())
}

fn file_too_long(file: &RustFile) -> Option<Violation> {
    let problem = || format!("{} lines; at most {FILE_LINES_MAX}", file.lines());
    (file.lines() > FILE_LINES_MAX).then(|| Violation::new(&file.path, FILE_LINES_MAX, "I6", problem()))
}

fn test_module_too_long(file: &RustFile) -> Option<Violation> {
    let module = file.syntax.items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "tests" && module.content.is_some() => Some(module),
        _ => None,
    })?;
    let first = module.mod_token.span().start().line;
    let lines = module.span().end().line + 1 - first;
    let problem =
        || format!("the test module has {lines} lines; over {TEST_MODULE_LINES_MAX} it moves to a sibling file");
    (lines > TEST_MODULE_LINES_MAX).then(|| Violation::new(&file.path, first, "I6", problem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_401_is_one_too_many() {
        let at_most = "//\n".repeat(400);
        let too_many = "//\n".repeat(401);

        let tree = Tree::of([("a/src/ok.rs", &at_most), ("a/src/long.rs", &too_many)]);

        let found: Vec<_> = check(&tree).iter().map(Violation::to_string).collect();
        assert_eq!(found, ["a/src/long.rs:400: I6: 401 lines; at most 400"]);
    }

    #[test]
    fn a_long_test_module_has_to_move() {
        let module =
            |lines: usize| format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "//\n".repeat(lines - 2));

        let tree = Tree::of([("a/src/ok.rs", &module(100)), ("a/src/long.rs", &module(101))]);

        let found: Vec<_> = check(&tree).iter().map(|violation| (violation.path.clone(), violation.line)).collect();
        assert_eq!(found, [("a/src/long.rs".to_owned(), 3)]);
    }

    #[test]
    fn the_figures_name_the_longest() {
        let tree = Tree::of([("a.rs", "//\n"), ("b.rs", "//\n//\n//\n"), ("c.rs", "//\n//\n")]);

        assert_eq!(figures(&tree), "3 files, median 2 lines, longest 3 (b.rs)");
    }
}
