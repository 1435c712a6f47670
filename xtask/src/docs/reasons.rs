//! The stable reasons of every error, read off the impls: which strings `reason` can give, and the `Kind` that `kind`, or the `Code`
//! that `code`, pairs each with.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use crate::source::{RustFile, Tree, is_for_tests};

/// Each reason with its kinds and codes, as `Kind::Busy` or `Code::NotFound`; none where the impl passes on those of its cause.
pub(super) type Reasons = BTreeMap<String, BTreeSet<String>>;

/// Every reason that a service can answer with.
pub(super) fn collect(tree: &Tree) -> Reasons {
    let mut reader = Reader { reasons: Reasons::new() };
    for file in tree.rust.iter().filter(|file| is_shipped(file)) {
        reader.visit_file(&file.syntax);
    }
    reader.reasons
}

fn is_shipped(file: &RustFile) -> bool {
    !file.is_test() && !matches!(file.package(), "xtask" | "e2e")
}

struct Reader {
    reasons: Reasons,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let has = |method: &str| body(item, method).is_some();
        let is_error = has("reason") && (has("kind") || has("code"));
        if is_error && !is_for_tests(&item.attrs) {
            pair(item, &mut self.reasons);
        }
    }
}

/// What an arm of `match self` is for: these variants, or whatever is left.
type Variants = Option<BTreeSet<String>>;

fn pair(item: &syn::ItemImpl, reasons: &mut Reasons) {
    let given = arms(item, "reason");
    let kinds = if body(item, "kind").is_some() { arms(item, "kind") } else { arms(item, "code") };
    let named: BTreeSet<_> = given.iter().filter_map(|(variants, _)| variants.clone()).flatten().collect();
    let all: BTreeSet<_> = kinds.iter().filter_map(|(variants, _)| variants.clone()).flatten().collect();
    for (variants, value) in &given {
        let variants = variants.clone().unwrap_or_else(|| all.difference(&named).cloned().collect());
        let found = kinds_of(&variants, &kinds);
        for reason in literals(value) {
            reasons.entry(reason).or_default().extend(found.iter().cloned());
        }
    }
}

fn kinds_of(variants: &BTreeSet<String>, kinds: &[(Variants, &syn::Expr)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for variant in variants {
        let arm = kinds.iter().find(|(of, _)| of.as_ref().is_none_or(|of| of.contains(variant)));
        found.extend(arm.map(|(_, value)| kinds_in(value)).unwrap_or_default());
    }
    if let ([(None, value)], true) = (kinds, variants.is_empty()) {
        found.extend(kinds_in(value));
    }
    found
}

fn body<'a>(item: &'a syn::ItemImpl, method: &str) -> Option<&'a syn::Block> {
    item.items.iter().find_map(|member| match member {
        syn::ImplItem::Fn(function) if function.sig.ident == method => Some(&function.block),
        _ => None,
    })
}

/// The arms of a method that is one `match`, or its whole body as a single arm.
fn arms<'a>(item: &'a syn::ItemImpl, method: &str) -> Vec<(Variants, &'a syn::Expr)> {
    match body(item, method).and_then(|block| block.stmts.last()) {
        Some(syn::Stmt::Expr(syn::Expr::Match(choice), _)) => {
            choice.arms.iter().map(|arm| (variants(&arm.pat), &*arm.body)).collect()
        }
        Some(syn::Stmt::Expr(value, _)) => vec![(None, value)],
        _ => Vec::new(),
    }
}

fn variants(pattern: &syn::Pat) -> Variants {
    let of_path = |path: &syn::Path| path.segments.last().map(|last| BTreeSet::from([last.ident.to_string()]));
    match pattern {
        syn::Pat::Or(choice) => {
            choice.cases.iter().map(variants).reduce(|a, b| Some(a?.into_iter().chain(b?).collect())).flatten()
        }
        syn::Pat::Path(pattern) => of_path(&pattern.path),
        syn::Pat::TupleStruct(pattern) => of_path(&pattern.path),
        syn::Pat::Struct(pattern) => of_path(&pattern.path),
        syn::Pat::Reference(pattern) => variants(&pattern.pat),
        syn::Pat::Paren(pattern) => variants(&pattern.pat),
        _ => None,
    }
}

fn literals(value: &syn::Expr) -> Vec<String> {
    struct Literals(Vec<String>);
    impl<'ast> Visit<'ast> for Literals {
        fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
            self.0.push(literal.value());
        }
    }
    let mut reader = Literals(Vec::new());
    reader.visit_expr(value);
    reader.0
}

fn kinds_in(value: &syn::Expr) -> BTreeSet<String> {
    struct Kinds(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Kinds {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if let [.., owner, name] = segments.as_slice()
                && (owner == "Kind" || owner == "Code")
            {
                self.0.insert(format!("{owner}::{name}"));
            }
        }
    }
    let mut reader = Kinds(BTreeSet::new());
    reader.visit_expr(value);
    reader.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(text: &str) -> Vec<(String, Vec<String>)> {
        let reasons = collect(&Tree::of([("a/src/domain/error.rs", text)]));
        reasons.into_iter().map(|(reason, kinds)| (reason, kinds.into_iter().collect())).collect()
    }

    fn pairs(expected: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let owned = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        expected.iter().map(|(reason, kinds)| ((*reason).to_owned(), owned(kinds))).collect()
    }

    #[test]
    fn arms_are_paired_by_variant() {
        let text = r#"impl Classify for E {
            fn kind(&self) -> Kind { match self { Self::Full { .. } => Kind::Busy, Self::Gone | Self::Lost => Kind::NotFound, Self::Store(e) => e.kind() } }
            fn reason(&self) -> &'static str { match self { Self::Full { .. } => "QUEUE_FULL", Self::Store(e) => e.reason(), _ => "GONE" } }
        }"#;

        assert_eq!(collected(text), pairs(&[("GONE", &["Kind::NotFound"]), ("QUEUE_FULL", &["Kind::Busy"])]));
    }

    #[test]
    fn an_error_with_one_reason_needs_no_match() {
        let text = r#"impl Classify for E { fn kind(&self) -> Kind { Kind::Invalid } fn reason(&self) -> &'static str { "BAD" } }"#;

        assert_eq!(collected(text), pairs(&[("BAD", &["Kind::Invalid"])]));
    }

    #[test]
    fn an_error_that_speaks_in_codes_counts() {
        let text = r#"impl Refusal { fn code(&self) -> Code { Code::NotFound } fn reason(&self) -> &'static str { "NO_ROUTE" } }"#;

        assert_eq!(collected(text), pairs(&[("NO_ROUTE", &["Code::NotFound"])]));
    }

    #[test]
    fn errors_of_tests_are_no_part_of_the_api() {
        let text = r#"#[cfg(test)] mod tests { impl Classify for E { fn kind(&self) -> Kind { Kind::Busy } fn reason(&self) -> &'static str { "FIRE" } } }"#;

        assert!(collected(text).is_empty());
    }
}
