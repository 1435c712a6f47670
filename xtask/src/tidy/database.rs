//! I3: only `store/sqlite` and `store/mongo` know a database.

use super::Violation;
use crate::source::{RustFile, Tree, mentions};

/// A way into a database and who may use it.
struct Backend {
    names: &'static [&'static str],
    folder: &'static str,
}

const BACKENDS: [Backend; 2] = [
    Backend { names: &["rusqlite", "rusqlite_migration", "kit::sqlite"], folder: "store/sqlite" },
    Backend { names: &["mongodb", "bson"], folder: "store/mongo" },
];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust.iter().filter(|file| file.package() != "kit" || !file.is_in("sqlite")) {
        let mentions = mentions(file);
        for backend in BACKENDS.iter().filter(|backend| !may_use(file, backend)) {
            let named = mentions.iter().filter(|mention| backend.names.iter().any(|name| mention.starts_with(name)));
            violations.extend(named.map(|mention| {
                let problem = format!("names `{}`: only {}/ may", mention.written(), backend.folder);
                Violation::new(&file.path, mention.line, "I3", problem)
            }));
        }
    }
    violations
}

fn may_use(file: &RustFile, backend: &Backend) -> bool {
    // `store/open.rs` is where the URL chooses the backend.
    file.is_in(backend.folder) || file.is_in("store/open")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(path: &str, text: &str) -> usize {
        check(&Tree::of([(path, text)])).len()
    }

    #[test]
    fn a_query_outside_the_store_is_reported() {
        assert_eq!(violations("context-svc/src/queue/worker.rs", "use rusqlite::Connection;"), 1);
        assert_eq!(violations("context-svc/src/store/mod.rs", "use kit::sqlite::Database;"), 1);
    }

    #[test]
    fn one_backend_does_not_know_the_other() {
        assert_eq!(violations("a/src/store/mongo/jobs.rs", "use rusqlite::params;"), 1);
        assert_eq!(violations("a/src/store/sqlite/jobs.rs", "use mongodb::Client;"), 1);
    }

    #[test]
    fn the_backend_and_the_shared_opener_may() {
        assert_eq!(violations("a/src/store/sqlite/jobs.rs", "use rusqlite::params; use kit::sqlite::Database;"), 0);
        assert_eq!(violations("kit/src/sqlite/open.rs", "use rusqlite::Connection;"), 0);
    }
}
