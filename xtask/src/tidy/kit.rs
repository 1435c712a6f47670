//! Admission to `kit`: at most 15 entries, and no word of what the services are about.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use super::Violation;
use crate::source::{RustFile, Tree, tokens_within};

const ENTRIES_MAX: usize = 15;

const DOMAIN_WORDS: [&str; 9] =
    ["conversation", "extraction", "goal", "insight", "outbox", "recall", "transcript", "utterance", "watermark"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = too_many_entries(tree);
    for file in tree.rust.iter().filter(|file| file.path.starts_with("kit/src/")) {
        violations.extend(domain_words(file));
    }
    violations
}

fn too_many_entries(tree: &Tree) -> Vec<Violation> {
    let entries = tree.entries.iter().filter_map(|path| path.strip_prefix("kit/src/"));
    let direct: BTreeSet<_> = entries.filter(|entry| !entry.contains('/')).collect();
    if direct.len() <= ENTRIES_MAX {
        return Vec::new();
    }
    let problem = format!("{} files and folders; at most {ENTRIES_MAX}", direct.len());
    vec![Violation::new("kit/src", 1, "kit", problem)]
}

fn domain_words(file: &RustFile) -> Vec<Violation> {
    let in_path = words(&file.path).into_iter().find(|word| is_of_the_domain(word)).map(|word| (1, word));
    let stream: TokenStream = file.text.parse().unwrap_or_default();
    let in_text = tokens_within(stream).into_iter().filter_map(|token| match token {
        TokenTree::Ident(name) => {
            let word = words(&name.to_string()).into_iter().find(|word| is_of_the_domain(word))?;
            Some((name.span().start().line, word))
        }
        _ => None,
    });
    let found = in_path.into_iter().chain(in_text);
    found
        .map(|(line, word)| Violation::new(&file.path, line, "kit", format!("`{word}` is a word of the domain")))
        .collect()
}

fn is_of_the_domain(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    DOMAIN_WORDS.contains(&singular)
}

/// The words of a path or a name in any case: `kit/outbox.rs`, `ConversationId`, `JOB_WATERMARK`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        let starts_word = was_lower && letter.is_uppercase();
        if starts_word || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(letter.to_lowercase()));
        }
        was_lower = letter.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixteenth_entry_is_reported() {
        let entries = (0..16).map(|n| format!("kit/src/m{n}.rs")).collect();
        let tree = Tree { entries, ..Tree::default() };

        let found: Vec<_> = check(&tree).iter().map(Violation::to_string).collect();

        assert_eq!(found, ["kit/src:1: kit: 16 files and folders; at most 15"]);
    }

    #[test]
    fn a_word_of_the_domain_is_reported_in_any_spelling() {
        let text = "struct ConversationId;\nfn job_watermark() {}\nfn fine() {}\nconst GOALS: u8 = 0;\n";

        let found = check(&Tree::of([("kit/src/id.rs", text)]));

        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn a_file_named_after_the_domain_is_reported() {
        assert_eq!(check(&Tree::of([("kit/src/outbox.rs", "")])).len(), 1);
    }

    #[test]
    fn the_services_may_say_what_they_are_about() {
        assert!(check(&Tree::of([("context-svc/src/domain/mod.rs", "struct Watermark;")])).is_empty());
    }
}
