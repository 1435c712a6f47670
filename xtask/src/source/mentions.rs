//! Which names a Rust file uses: every path in `use` items, types, expressions, patterns, attributes and macro calls.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::RustFile;

/// One path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// `["crate", "store", "sqlite"]`: `self` and `super` are resolved to `crate`, and globs and renames are left off.
    pub(crate) path: Vec<String>,
    /// The line it stands on, from 1.
    pub(crate) line: usize,
    /// Whether it stands in a test module or a test function.
    pub(crate) in_test: bool,
}

impl Mention {
    /// Whether the path begins with these segments, written `crate::grpc`.
    pub(crate) fn starts_with(&self, prefix: &str) -> bool {
        let mut segments = self.path.iter();
        prefix.split("::").all(|wanted| segments.next().is_some_and(|segment| segment == wanted))
    }

    /// The path as one would write it.
    pub(crate) fn written(&self) -> String {
        self.path.join("::")
    }
}

/// Every path that `file` names, in the order of the text.
pub(crate) fn mentions(file: &RustFile) -> Vec<Mention> {
    let mut reader = Reader { module: module_of(&file.path), in_test: file.is_test(), found: Vec::new() };
    reader.visit_file(&file.syntax);
    reader.found
}

/// Every token of `stream`, groups flattened.
pub(crate) fn tokens_within(stream: TokenStream) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    for token in stream {
        let inner = match &token {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        };
        tokens.push(token);
        tokens.extend(inner.map(tokens_within).unwrap_or_default());
    }
    tokens
}

struct Reader {
    /// The module being read, from the crate's root.
    module: Vec<String>,
    in_test: bool,
    found: Vec<Mention>,
}

impl Reader {
    fn note(&mut self, path: Vec<String>, span: Span) {
        let path = self.resolved(path);
        self.found.push(Mention { path, line: span.start().line, in_test: self.in_test });
    }

    fn resolved(&self, path: Vec<String>) -> Vec<String> {
        let ups = path.iter().take_while(|segment| *segment == "super").count();
        let is_relative = ups > 0 || path.first().is_some_and(|first| first == "self");
        if !is_relative || path.len() == 1 && ups == 0 {
            return path;
        }
        let kept = self.module.len().saturating_sub(ups);
        let rest = path.into_iter().skip(ups.max(1));
        std::iter::once("crate".to_owned()).chain(self.module[..kept].iter().cloned()).chain(rest).collect()
    }

    fn note_use(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.note_use(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => self.note(before.to_vec(), name.ident.span()),
            syn::UseTree::Name(name) => self.note(with(&name.ident), name.ident.span()),
            syn::UseTree::Rename(rename) => self.note(with(&rename.ident), rename.ident.span()),
            syn::UseTree::Glob(glob) => self.note(before.to_vec(), glob.star_token.spans[0]),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.note_use(before, item)),
        }
    }

    /// Macro input is not syntax yet: a path is a name followed by `::` and names.
    fn note_tokens(&mut self, stream: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut start = Span::call_site();
        for token in stream {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 || path.is_empty() {
                        self.flush(&mut path, start);
                        start = name.span();
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.flush(&mut path, start);
                    self.note_tokens(group.stream());
                    colons = 0;
                }
                _ => {
                    self.flush(&mut path, start);
                    colons = 0;
                }
            }
        }
        self.flush(&mut path, start);
    }

    fn flush(&mut self, path: &mut Vec<String>, start: Span) {
        // A lone name in a macro call is nearly always a variable.
        if path.len() > 1 {
            self.note(std::mem::take(path), start);
        }
        path.clear();
    }

    fn within_test(&mut self, is_test: bool, read: impl FnOnce(&mut Self)) {
        let outer = self.in_test;
        self.in_test |= is_test;
        read(self);
        self.in_test = outer;
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_use(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.note(segments, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.note_tokens(call.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        visit::visit_meta_list(self, list);
        self.note_tokens(list.tokens.clone());
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        self.within_test(is_for_tests(&module.attrs), |reader| visit::visit_item_mod(reader, module));
        self.module.pop();
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.within_test(is_for_tests(&function.attrs), |reader| visit::visit_item_fn(reader, function));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.within_test(is_for_tests(&item.attrs), |reader| visit::visit_item_impl(reader, item));
    }
}

/// Whether the attributes say `#[cfg(test)]`, `#[test]` or `#[tokio::test]`.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg_test = attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test");
        let is_test = attribute.path().segments.last().is_some_and(|last| last.ident == "test");
        is_cfg_test || is_test
    })
}

/// `auth-svc/src/store/sqlite/mod.rs` is the module `store::sqlite`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map(|(_, inside)| inside).unwrap_or_default();
    let mut module: Vec<_> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main" | "")) {
        module.pop();
    }
    module
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &str, text: &str) -> Vec<String> {
        mentions(&RustFile::parse(path, text).unwrap()).iter().map(Mention::written).collect()
    }

    #[test]
    fn a_use_tree_is_flattened() {
        let found = written("a/src/lib.rs", "use tonic::{Code, transport::{self, Channel as Line}, codec::*};");

        assert_eq!(found, ["tonic::Code", "tonic::transport", "tonic::transport::Channel", "tonic::codec"]);
    }

    #[test]
    fn relative_paths_are_resolved() {
        let found =
            written("a/src/domain/logout.rs", "use super::super::grpc::X; mod inner { use super::Y; use self::Z; }");

        assert_eq!(found, ["crate::grpc::X", "crate::domain::logout::Y", "crate::domain::logout::inner::Z"]);
    }

    #[test]
    fn types_expressions_patterns_and_macro_calls_count() {
        let text = "fn f(x: a::A) { b::b(); if let c::C = x {} println!(\"{}\", d::D::new(1)); }";

        let found = written("a/src/lib.rs", text);

        for path in ["a::A", "b::b", "c::C", "d::D::new"] {
            assert!(found.contains(&path.to_owned()), "{path} is not among {found:?}");
        }
    }

    #[test]
    fn test_code_is_told_apart() {
        let file = RustFile::parse("a/src/lib.rs", "use b::B; #[cfg(test)] mod tests { use c::C; }").unwrap();

        let in_test: Vec<_> =
            mentions(&file).into_iter().filter(|m| m.in_test && m.path.len() > 1).map(|m| m.written()).collect();

        assert_eq!(in_test, ["c::C"]);
    }
}
