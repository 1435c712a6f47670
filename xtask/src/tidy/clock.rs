//! I4: only `kit::clock` reads the time; only `kit::id` makes ids and randomness.
//!
//! Clippy knows types and does the work; this holds that it is switched on, for everything, everywhere.

use super::Violation;
use crate::source::{Tree, mentions};

const LINT: &str = "clippy::disallowed_methods";

const DISALLOWED: [&str; 7] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "jiff::Timestamp::now",
    "tokio::time::Instant::now",
    "uuid::Uuid::new_v4",
    "rand::random",
    "rand::rng",
];

/// Where the lint may be answered by `#[expect]`.
const EXPECTED_IN: [&str; 2] = ["kit/src/clock.rs", "kit/src/id.rs"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = list_is_complete(tree);
    violations.extend(members_have_the_lints(tree));
    for file in tree.rust.iter().filter(|file| !EXPECTED_IN.contains(&file.path.as_str())) {
        let named = mentions(file).into_iter().filter(|mention| mention.starts_with(LINT));
        let problem = format!("{LINT} is answered only in {}", EXPECTED_IN.join(" and "));
        violations.extend(named.map(|mention| Violation::new(&file.path, mention.line, "I4", problem.clone())));
    }
    violations
}

fn list_is_complete(tree: &Tree) -> Vec<Violation> {
    let Some(clippy) = tree.text("clippy.toml") else {
        return vec![Violation::new("clippy.toml", 1, "I4", "is missing: it lists the disallowed methods")];
    };
    let missing = DISALLOWED.iter().filter(|path| !clippy.text.contains(&format!("path = \"{path}\"")));
    missing.map(|path| Violation::new("clippy.toml", 1, "I4", format!("does not disallow {path}"))).collect()
}

fn members_have_the_lints(tree: &Tree) -> Vec<Violation> {
    // What a fuzzer builds is a workspace of its own.
    let is_member = |path: &str| path.ends_with("/Cargo.toml") && !path.ends_with("/fuzz/Cargo.toml");
    let members = tree.texts.iter().filter(|file| is_member(&file.path));
    let bare = members.filter(|file| !inherits_lints(&file.text));
    bare.map(|file| Violation::new(&file.path, 1, "I4", "does not say `lints.workspace = true`")).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let manifest: Option<toml::Table> = manifest.parse().ok();
    let lints = manifest.as_ref().and_then(|table| table.get("lints"));
    lints.and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> String {
        DISALLOWED.map(|path| format!("{{ path = \"{path}\", reason = \"ask kit\" }}")).join(",\n")
    }

    #[test]
    fn a_method_gone_from_the_list_is_reported() {
        let tree = Tree::of([]).with_text("clippy.toml", &complete().replace("std::time::Instant::now", "x"));

        let found: Vec<_> = check(&tree).into_iter().map(|violation| violation.problem).collect();

        assert_eq!(found, ["does not disallow std::time::Instant::now"]);
    }

    #[test]
    fn a_lint_switched_off_in_a_corner_is_reported() {
        let text = "//! X\n#[allow(clippy::disallowed_methods)]\nfn f() {}";

        let tree = Tree::of([("a/src/domain/x.rs", text)]).with_text("clippy.toml", &complete());

        assert_eq!(check(&tree).iter().map(|violation| violation.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_crate_without_the_lints_is_reported() {
        let tree =
            Tree::of([]).with_text("clippy.toml", &complete()).with_text("a/Cargo.toml", "[package]\nname = \"a\"");

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn the_clock_itself_may_expect_it() {
        let text = "#[expect(clippy::disallowed_methods, reason = \"the one place\")] fn now() {}";

        let tree = Tree::of([("kit/src/clock.rs", text)]).with_text("clippy.toml", &complete());

        assert!(check(&tree).is_empty());
    }
}
