//! I3, second half: every case of a store's contract is listed exactly once, and every backend runs every suite.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;
use syn::visit::Visit;

use super::Violation;
use crate::source::{RustFile, Tree, tokens_within};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut by_store: BTreeMap<&str, Vec<&RustFile>> = BTreeMap::new();
    for file in tree.rust.iter().filter(|file| file.is_in("store/contract")) {
        by_store.entry(file.package()).or_default().push(file);
    }
    by_store.into_iter().flat_map(|(package, suite)| of_suite(tree, package, &suite)).collect()
}

fn of_suite(tree: &Tree, package: &str, suite: &[&RustFile]) -> Vec<Violation> {
    let listed = listed_names(suite);
    let mut violations = Vec::new();
    for (file, case) in suite.iter().flat_map(|file| cases(file).map(move |case| (file, case))) {
        let name = case.ident.to_string();
        let times = listed.iter().filter(|listed| **listed == name).count();
        if times != 1 {
            let problem = format!("the contract case `{name}` is listed {times} times; list it once");
            violations.push(Violation::new(&file.path, case.ident.span().start().line, "I3", problem));
        }
    }
    for backend in ["sqlite", "mongo"] {
        let folder = format!("store/{backend}");
        let files: Vec<_> = tree.rust.iter().filter(|file| file.package() == package && file.is_in(&folder)).collect();
        if files.is_empty() {
            continue;
        }
        let run = suites_run(&files);
        for (file, name, line) in suite.iter().flat_map(|file| suites(file)) {
            if !run.names.contains(&name) {
                let problem = format!("{package}/src/{folder} does not run `{name}!`");
                violations.push(Violation::new(&file.path, line, "I3", problem));
            }
        }
    }
    violations
}

/// The cases of a suite: async functions visible outside their file.
fn cases(file: &RustFile) -> impl Iterator<Item = &syn::Signature> {
    file.syntax.items.iter().filter_map(|item| match item {
        syn::Item::Fn(function) if function.sig.asyncness.is_some() && is_visible(&function.vis) => Some(&function.sig),
        _ => None,
    })
}

/// `pub` or `pub(crate)`; `pub(super)` is for helpers.
fn is_visible(visibility: &syn::Visibility) -> bool {
    match visibility {
        syn::Visibility::Public(_) => true,
        syn::Visibility::Restricted(to) => to.path.is_ident("crate"),
        syn::Visibility::Inherited => false,
    }
}

/// Every name inside the macros of the suite, definitions and calls alike.
fn listed_names(suite: &[&RustFile]) -> Vec<String> {
    let macros = suite.iter().flat_map(|file| &file.syntax.items).filter_map(|item| match item {
        syn::Item::Macro(item) => Some(item.mac.tokens.clone()),
        _ => None,
    });
    let tokens = macros.flat_map(tokens_within);
    tokens.filter_map(|token| if let TokenTree::Ident(name) = token { Some(name.to_string()) } else { None }).collect()
}

/// The suites that a file defines, `macro_rules! …_contract`, each with its line.
fn suites<'a>(file: &&'a RustFile) -> Vec<(&'a RustFile, String, usize)> {
    let file: &'a RustFile = file;
    let defined = file.syntax.items.iter().filter_map(|item| match item {
        syn::Item::Macro(item) => item.ident.as_ref(),
        _ => None,
    });
    let named = defined.filter(|name| name.to_string().ends_with("_contract"));
    named.map(|name| (file, name.to_string(), name.span().start().line)).collect()
}

/// The suites that the files of a backend call, in whatever module.
fn suites_run(files: &[&RustFile]) -> Calls {
    let mut calls = Calls::default();
    files.iter().for_each(|file| calls.visit_file(&file.syntax));
    calls
}

#[derive(Default)]
struct Calls {
    names: Vec<String>,
}

impl<'ast> Visit<'ast> for Calls {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.names.extend(call.path.segments.last().map(|segment| segment.ident.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: (&str, &str) = ("a/src/store/sqlite/tests.rs", "mod on_disk { job_contract!(open); }");

    fn problems(contract: &str, backend: (&str, &str)) -> Vec<String> {
        let tree = Tree::of([("a/src/store/contract/jobs.rs", contract), backend]);
        check(&tree).into_iter().map(|violation| violation.problem).collect()
    }

    #[test]
    fn a_case_that_no_list_names_is_reported() {
        let contract = "pub async fn merged(s: S) {} pub(crate) async fn forgotten(s: S) {}
            macro_rules! job_contract { ($open:path) => { cases!($open: merged,); }; }";

        assert_eq!(problems(contract, RUN), ["the contract case `forgotten` is listed 0 times; list it once"]);
    }

    #[test]
    fn a_case_listed_twice_is_reported() {
        let contract = "pub async fn merged(s: S) {}
            macro_rules! job_contract { ($open:path) => { cases!($open: merged, merged); }; }";

        assert_eq!(problems(contract, RUN), ["the contract case `merged` is listed 2 times; list it once"]);
    }

    #[test]
    fn a_backend_that_does_not_run_a_suite_is_reported() {
        let contract = "macro_rules! job_contract { () => {}; }";

        let found = problems(contract, ("a/src/store/mongo/mod.rs", ""));

        assert_eq!(found, ["a/src/store/mongo does not run `job_contract!`"]);
    }

    #[test]
    fn helpers_are_no_cases() {
        let contract = "pub(super) async fn conversation() {} async fn message() {} pub fn at() {}
            macro_rules! job_contract { () => {}; }";

        assert!(problems(contract, RUN).is_empty());
    }
}
