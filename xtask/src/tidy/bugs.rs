//! `xtask/bugs/*.toml` keeps up with the code: every text to be changed is there once, every test exists.

use super::Violation;
use crate::bugs::catalogue::{self, Bug, FOLDER, Proof};
use crate::source::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    match catalogue::read(tree) {
        Ok(bugs) => bugs.iter().flat_map(|bug| of(tree, bug)).collect(),
        Err(problem) => vec![Violation::new(FOLDER, 1, "bugs", problem)],
    }
}

fn of(tree: &Tree, bug: &Bug) -> Vec<Violation> {
    let changes = bug.change.iter().filter_map(|change| {
        let file = tree.rust.iter().find(|file| file.path == change.file);
        match file {
            Some(file) => change.made_in(&file.text).err(),
            None => Some(format!("{} is not there", change.file)),
        }
    });
    let proof = match bug.proof() {
        Ok(Proof::Test { package, test, .. }) => {
            let name = test.rsplit("::").next().unwrap_or_default();
            let declared = format!("fn {name}(");
            let is_there = tree.rust.iter().any(|file| file.package() == package && file.text.contains(&declared));
            (!is_there).then(|| format!("{package} has no test {test}"))
        }
        Ok(Proof::Command(_) | Proof::NotHere(_)) => None,
        Err(problem) => Some(problem),
    };
    let line = tree.text(&bug.catalogue).and_then(|file| {
        file.text.lines().position(|line| line.trim_end().ends_with(&format!("name = \"{}\"", bug.name)))
    });
    let report =
        |problem| Violation::new(&bug.catalogue, line.unwrap_or(0) + 1, "bugs", format!("{}: {problem}", bug.name));
    changes.chain(proof).map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(find: &str, test: &str) -> Vec<String> {
        let catalogue = format!(
            "[[bug]]\nname = \"b\"\nwrong = \"w\"\npackage = \"p\"\ntest = \"{test}\"\n
             [[bug.change]]\nfile = \"p/src/lib.rs\"\nfind = \"{find}\"\nreplace = \"\""
        );
        let tree =
            Tree::of([("p/src/lib.rs", "fn a() {} fn is_noticed() {}")]).with_text("xtask/bugs/x.toml", &catalogue);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_can_be_made_and_noticed_is_quiet() {
        assert!(problems("fn a()", "tests::is_noticed").is_empty());
    }

    #[test]
    fn a_text_that_is_gone_or_there_twice_is_reported() {
        let gone = problems("fn z()", "tests::is_noticed");

        assert_eq!(gone, ["xtask/bugs/x.toml:2: bugs: b: p/src/lib.rs holds this 0 times, not once: \"fn z()\""]);
        assert_eq!(problems("fn ", "tests::is_noticed").len(), 1);
    }

    #[test]
    fn a_test_that_is_gone_is_reported() {
        assert_eq!(problems("fn a()", "tests::gone"), ["xtask/bugs/x.toml:2: bugs: b: p has no test tests::gone"]);
    }
}
