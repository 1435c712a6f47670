//! Who may call which method, read off the `AccessTable` of each service.

use syn::visit::{self, Visit};

use crate::source::Tree;

/// The entries of every table: paths such as `/afterword.auth.v1.AuthService/Login`, or whole services, which end in `/`.
#[derive(Debug, Default)]
pub(super) struct Access {
    public: Vec<String>,
    internal: Vec<String>,
}

impl Access {
    /// What the services say.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut access = Self::default();
        for file in tree.rust.iter().filter(|file| file.is_in("grpc") && !file.is_test()) {
            access.visit_file(&file.syntax);
        }
        access
    }

    /// `public`, `internal` or `user`.
    pub(super) fn to(&self, method: &str) -> &'static str {
        let is_listed = |list: &[String]| {
            list.iter().any(|entry| entry == method || (entry.ends_with('/') && method.starts_with(entry)))
        };
        if is_listed(&self.internal) {
            "internal"
        } else if is_listed(&self.public) {
            "public"
        } else {
            "user"
        }
    }
}

impl<'ast> Visit<'ast> for Access {
    fn visit_expr_struct(&mut self, table: &'ast syn::ExprStruct) {
        if table.path.segments.last().is_some_and(|last| last.ident == "AccessTable") {
            for field in &table.fields {
                match &field.member {
                    syn::Member::Named(name) if name == "public" => Entries(&mut self.public).visit_expr(&field.expr),
                    syn::Member::Named(name) if name == "internal" => {
                        Entries(&mut self.internal).visit_expr(&field.expr)
                    }
                    _ => {}
                }
            }
        }
        visit::visit_expr_struct(self, table);
    }
}

struct Entries<'a>(&'a mut Vec<String>);

impl<'ast> Visit<'ast> for Entries<'_> {
    fn visit_lit_str(&mut self, entry: &'ast syn::LitStr) {
        self.0.push(entry.value());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let text = "const T: AccessTable = AccessTable { public: &[\"/a.A/Login\"], internal: &[\"/a.Trust/\"] };";

        let access = Access::of(&Tree::of([("a/src/grpc/mod.rs", text)]));

        assert_eq!(
            (access.to("/a.A/Login"), access.to("/a.Trust/Watch"), access.to("/a.A/Other")),
            ("public", "internal", "user")
        );
    }
}
