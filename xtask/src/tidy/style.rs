//! What every Rust file has, and what none has: a module doc; nothing unfinished, nothing ignored.

use syn::visit::{self, Visit};

use super::Violation;
use crate::source::{RustFile, Tree};

const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(of_file).collect()
}

fn of_file(file: &RustFile) -> Vec<Violation> {
    let mut reader = Reader { found: Vec::new() };
    reader.visit_file(&file.syntax);
    if !file.is_test() && !has_module_doc(file) {
        reader.found.push((1, "begins without `//!`: say what the module is for and what it must not know".to_owned()));
    }
    reader.found.into_iter().map(|(line, problem)| Violation::new(&file.path, line, "style", problem)).collect()
}

fn has_module_doc(file: &RustFile) -> bool {
    file.syntax.attrs.iter().any(|attribute| attribute.path().is_ident("doc"))
}

struct Reader {
    found: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|segment| &segment.ident);
        if let Some(name) = name.filter(|name| UNFINISHED.iter().any(|unfinished| name == unfinished)) {
            self.found.push((name.span().start().line, format!("`{name}!`: finish it or leave it out")));
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("ignore") {
            let line = attribute.pound_token.spans[0].start().line;
            self.found.push((line, "`#[ignore]`: a test runs or does not exist".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of([(path, text)])).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_file_without_a_module_doc_is_reported() {
        assert_eq!(lines("a/src/x.rs", "fn f() {}"), [1]);
        assert!(lines("a/src/x.rs", "//! X.\nfn f() {}").is_empty());
        assert!(lines("a/src/x/tests.rs", "fn f() {}").is_empty());
        assert!(lines("a/tests/it/main.rs", "mod login;").is_empty());
    }

    #[test]
    fn what_is_unfinished_is_reported() {
        assert_eq!(lines("a/src/x.rs", "//! X.\nfn f() {\n todo!()\n}\nfn g() { dbg!(1); }"), [3, 5]);
    }

    #[test]
    fn an_ignored_test_is_reported() {
        assert_eq!(lines("a/src/x.rs", "//! X.\n#[test]\n#[ignore = \"slow\"]\nfn f() {}"), [3]);
    }
}
