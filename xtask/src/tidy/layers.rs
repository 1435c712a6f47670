//! I1: data flows one way, `grpc | http | ws → domain → store | llm | upstream`, and the domain knows no technology.

use super::Violation;
use crate::source::{Mention, RustFile, Tree, mentions};

/// What the files of a folder must not name.
struct Layer {
    folders: &'static [&'static str],
    forbidden: &'static [&'static str],
    why: &'static str,
}

const LAYERS: [Layer; 3] = [
    Layer {
        folders: &["domain"],
        forbidden: &[
            "tonic",
            "prost",
            "prost_types",
            "axum",
            "http",
            "hyper",
            "mongodb",
            "rusqlite",
            "reqwest",
            "proto",
        ],
        why: "the domain knows no transport and no database",
    },
    Layer {
        folders: &["domain"],
        forbidden: &["kit::status", "kit::serve", "kit::sqlite"],
        why: "the domain knows no transport and no database",
    },
    Layer {
        folders: &["domain", "store", "llm", "upstream", "transcode"],
        forbidden: &["crate::grpc", "crate::http", "crate::ws", "crate::app"],
        why: "data flows one way: grpc | http | ws → domain → store | llm | upstream",
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust.iter().flat_map(of_file).collect()
}

fn of_file(file: &RustFile) -> Vec<Violation> {
    let layers: Vec<_> = LAYERS.iter().filter(|layer| layer.folders.iter().any(|folder| file.is_in(folder))).collect();
    if layers.is_empty() {
        return Vec::new();
    }
    let mentions = mentions(file);
    layers.iter().flat_map(|layer| mentions.iter().filter_map(|mention| forbidden_by(layer, file, mention))).collect()
}

fn forbidden_by(layer: &Layer, file: &RustFile, mention: &Mention) -> Option<Violation> {
    // A lone name such as the variable `http` is no crate.
    let names_a_crate = mention.path.len() > 1;
    let is_forbidden = names_a_crate && layer.forbidden.iter().any(|name| mention.starts_with(name));
    let problem = || format!("names `{}`: {}", mention.written(), layer.why);
    is_forbidden.then(|| Violation::new(&file.path, mention.line, "I1", problem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of([(path, text)])).iter().map(Violation::to_string).collect()
    }

    #[test]
    fn a_domain_that_names_tonic_is_reported_with_its_line() {
        let found = problems("auth-svc/src/domain/logout.rs", "\nuse tonic::Status;\n");

        assert_eq!(
            found,
            [
                "auth-svc/src/domain/logout.rs:2: I1: names `tonic::Status`: the domain knows no transport and no database"
            ]
        );
    }

    #[test]
    fn a_domain_that_names_the_contract_in_an_expression_is_reported() {
        assert_eq!(problems("a/src/domain/mod.rs", "fn f() { proto::auth::v1::Login::default(); }").len(), 1);
    }

    #[test]
    fn a_store_that_names_its_callers_is_reported() {
        assert_eq!(problems("a/src/store/sqlite/mod.rs", "use super::super::grpc::Handler;").len(), 1);
    }

    #[test]
    fn the_way_down_is_open() {
        assert!(problems("a/src/grpc/login.rs", "use tonic::Status; use crate::domain::login::Login;").is_empty());
        assert!(problems("a/src/domain/login.rs", "use crate::store::Accounts; use kit::error::Kind;").is_empty());
    }
}
