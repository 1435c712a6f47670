//! I2: only `kit::status` builds a `tonic::Status`; only the gateway's error module turns one into HTTP.
//!
//! Tests may: a service that plays a part must be able to answer what ours never would.

use syn::visit::{self, Visit};

use super::Violation;
use crate::source::{Mention, RustFile, Tree, is_for_tests, mentions};

const BUILDER: &str = "kit/src/status.rs";
const TO_HTTP: &str = "gateway/src/http/error.rs";
/// May end a refused call with `to_status(…).into_http()`: below it there is no handler whose `Err` tonic would convert.
const GATE: &str = "kit/src/authn/gate.rs";

const CONSTRUCTORS: [&str; 27] = [
    "new",
    "ok",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
    "with_details",
    "with_metadata",
    "with_details_and_metadata",
    "with_error_details",
    "with_error_details_vec",
    "with_error_details_and_metadata",
    "with_error_details_vec_and_metadata",
    "from_error",
    "try_from_error",
];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &tree.rust {
        let mentions = mentions(file);
        if file.path != BUILDER {
            violations.extend(mentions.iter().filter(|mention| !mention.in_test && builds_a_status(mention)).map(
                |mention| {
                    Violation::new(
                        &file.path,
                        mention.line,
                        "I2",
                        format!("`{}`: only {BUILDER} builds a Status", mention.written()),
                    )
                },
            ));
        }
        violations.extend(conversion_to_http(file, &mentions));
    }
    violations
}

fn builds_a_status(mention: &Mention) -> bool {
    let [.., owner, constructor] = mention.path.as_slice() else {
        return false;
    };
    owner == "Status" && CONSTRUCTORS.contains(&constructor.as_str())
}

/// A file that takes gRPC codes apart and names HTTP ones translates between them.
fn conversion_to_http(file: &RustFile, mentions: &[Mention]) -> Vec<Violation> {
    if file.path == TO_HTTP || file.is_test() {
        return Vec::new();
    }
    let mut reader = Conversions::default();
    reader.visit_file(&file.syntax);
    let names_http = mentions.iter().any(|mention| !mention.in_test && is_member_of(mention, "StatusCode"));
    let tables = reader.codes_taken_apart.first().filter(|_| names_http);
    let answers = reader.into_http.first().filter(|_| file.path != GATE);
    let problem = format!("only {TO_HTTP} turns a Status into HTTP");
    tables.into_iter().chain(answers).map(|line| Violation::new(&file.path, *line, "I2", problem.clone())).collect()
}

fn is_member_of(mention: &Mention, owner: &str) -> bool {
    matches!(mention.path.as_slice(), [.., holder, _] if holder == owner)
}

/// The lines of patterns such as `Code::NotFound` and of calls of `into_http`, outside of tests.
#[derive(Default)]
struct Conversions {
    codes_taken_apart: Vec<usize>,
    into_http: Vec<usize>,
}

impl<'ast> Visit<'ast> for Conversions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        if let syn::Pat::Path(pattern) = pattern {
            let owner = pattern.path.segments.iter().rev().nth(1);
            let code = owner.filter(|owner| owner.ident == "Code");
            self.codes_taken_apart.extend(code.map(|owner| owner.ident.span().start().line));
        }
        visit::visit_pat(self, pattern);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "into_http" {
            self.into_http.push(call.method.span().start().line);
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(path: &str, text: &str) -> usize {
        check(&Tree::of([(path, text)])).len()
    }

    #[test]
    fn a_status_built_in_a_handler_is_reported() {
        let text = "use tonic::Status; fn f() -> Status { Status::not_found(\"no such session\") }";

        assert_eq!(violations("auth-svc/src/grpc/logout.rs", text), 1);
        assert_eq!(violations("kit/src/status.rs", text), 0);
    }

    #[test]
    fn a_status_built_inside_a_macro_call_is_reported() {
        assert_eq!(violations("a/src/grpc/x.rs", "fn f() { let _ = vec![tonic::Status::internal(\"oh\")]; }"), 1);
    }

    #[test]
    fn a_second_table_from_code_to_http_is_reported() {
        let text =
            "fn f(c: Code) -> StatusCode { match c { Code::NotFound => StatusCode::NOT_FOUND, _ => StatusCode::OK } }";

        assert_eq!(violations("gateway/src/ws/close.rs", text), 1);
        assert_eq!(violations("gateway/src/http/error.rs", text), 0);
    }

    #[test]
    fn a_handler_that_answers_in_http_by_itself_is_reported() {
        let text = "fn f(e: E) -> R { to_status(e).into_http() }";

        assert_eq!(violations("auth-svc/src/grpc/layer.rs", text), 1);
        assert_eq!(violations("kit/src/authn/gate.rs", text), 0);
    }

    #[test]
    fn a_refusal_that_states_both_is_no_table() {
        let text = "fn code(&self) -> Code { Code::NotFound } fn http(&self) -> StatusCode { StatusCode::NOT_FOUND }";

        assert_eq!(violations("gateway/src/refusal.rs", text), 0);
    }

    #[test]
    fn enums_that_happen_to_be_called_status_are_left_alone() {
        assert_eq!(violations("a/src/domain/x.rs", "fn f() -> Status { Status::Unknown }"), 0);
    }
}
