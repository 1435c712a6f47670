//! How well goals are found, against what a person marked: two spans are the same goal if at least half of their words are.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use context_svc::domain::model::{ItemKind, Role};
use context_svc::llm::local::Local;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::service::{Turn, key};
use super::{Service, read, rounded, share};
use crate::Failure;

/// Token F1 from which on two spans are the same goal.
const SAME_FROM: f64 = 0.5;

#[derive(Deserialize)]
struct Note {
    #[serde(rename = "ID")]
    id: i64,
    note: String,
    goals: Vec<String>,
}

/// Micro averages over all notes.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    precision: f64,
    recall: f64,
    f1: f64,
    notes: usize,
    marked: usize,
    found: usize,
    right: usize,
    /// Notes without a goal in them.
    empty_notes: usize,
    /// Those of them in which none was found.
    empty_clean: usize,
    dropped: i64,
}

pub(super) async fn measure(file: &Path, show: bool) -> Result<Report, Failure> {
    let notes: Vec<Note> = read(file)?;
    let service = Service::start(Arc::new(Local), Timestamp::UNIX_EPOCH).await?;
    let mut report = Report { notes: notes.len(), ..Report::default() };
    for (place, note) in notes.iter().enumerate() {
        let key = key("reader", &format!("note-{place}"))?;
        let turn = Turn { role: Role::User, text: note.note.clone(), at: Timestamp::UNIX_EPOCH };
        service.says(&key, None, turn).await?;
        let extracted = service.extract(&key).await?;
        let items = extracted.as_ref().map(|extracted| extracted.context.items.as_slice()).unwrap_or_default();
        let goals = items.iter().filter(|item| item.kind == ItemKind::Goal);
        let found: Vec<&str> = goals.map(|item| item.text.as_str()).collect();
        let marked: Vec<&str> = note.goals.iter().map(String::as_str).collect();
        let pairs = pairs(&found, &marked);
        report.dropped += extracted.as_ref().map_or(0, |extracted| extracted.dropped.values().sum());
        report.count(&found, &marked, pairs.len());
        if show && (pairs.len() < found.len() || pairs.len() < marked.len()) {
            show_differences(note.id, &found, &marked, &pairs);
        }
    }
    report.average();
    Ok(report)
}

impl Report {
    fn count(&mut self, found: &[&str], marked: &[&str], right: usize) {
        self.found += found.len();
        self.marked += marked.len();
        self.right += right;
        self.empty_notes += usize::from(marked.is_empty());
        self.empty_clean += usize::from(marked.is_empty() && found.is_empty());
    }

    fn average(&mut self) {
        let (precision, recall) = (share(self.right, self.found), share(self.right, self.marked));
        let f1 = if self.right == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        (self.precision, self.recall, self.f1) = (rounded(precision), rounded(recall), rounded(f1));
    }
}

/// Which of `found` is which of `marked`: the most alike first, each at most once.
fn pairs(found: &[&str], marked: &[&str]) -> Vec<(usize, usize)> {
    let mut alike: Vec<(f64, usize, usize)> = Vec::new();
    for (own, text) in found.iter().enumerate() {
        for (other, goal) in marked.iter().enumerate() {
            let f1 = token_f1(text, goal);
            if f1 >= SAME_FROM {
                alike.push((f1, own, other));
            }
        }
    }
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (_, own, other) in alike {
        if pairs.iter().all(|pair| pair.0 != own && pair.1 != other) {
            pairs.push((own, other));
        }
    }
    pairs
}

/// The harmonic mean of the shares of words that two texts have in common, each word as often as it occurs.
fn token_f1(a: &str, b: &str) -> f64 {
    let (a, b) = (tokens(a), tokens(b));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for token in &b {
        *counts.entry(token).or_default() += 1;
    }
    let mut common = 0;
    for token in &a {
        if let Some(count) = counts.get_mut(token.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    if a.is_empty() || b.is_empty() { 0.0 } else { 2.0 * f64::from(common) / (a.len() + b.len()) as f64 }
}

fn tokens(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).map(str::to_owned).collect()
}

fn show_differences(id: i64, found: &[&str], marked: &[&str], pairs: &[(usize, usize)]) {
    println!("note {id}");
    for (place, goal) in marked.iter().enumerate().filter(|(place, _)| pairs.iter().all(|pair| pair.1 != *place)) {
        println!("  missing {place}: {goal}");
    }
    for (place, text) in found.iter().enumerate().filter(|(place, _)| pairs.iter().all(|pair| pair.0 != *place)) {
        println!("  too much {place}: {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_the_same_goal_from_half_of_their_words_on() {
        assert_eq!(token_f1("Walk daily!", "walk daily"), 1.0);
        assert_eq!(token_f1("walk walk", "walk"), 2.0 / 3.0);
        assert_eq!(token_f1("", "walk"), 0.0);
        assert_eq!(pairs(&["a b c d"], &["a b x y"]), [(0, 0)]);
        assert_eq!(pairs(&["a b c d"], &["a w x y"]), []);
    }

    #[test]
    fn each_span_counts_once_and_the_most_alike_go_together() {
        assert_eq!(pairs(&["read a book", "read a long book"], &["read a long book"]), [(1, 0)]);
    }

    #[test]
    fn averages_are_over_all_notes_together() {
        let mut report = Report::default();
        report.count(&["a", "b", "c"], &["a", "b"], 2);
        report.count(&[], &["d", "e"], 0);
        report.count(&[], &[], 0);
        report.count(&["x"], &[], 0);

        report.average();

        assert_eq!((report.precision, report.recall, report.f1), (0.5, 0.5, 0.5));
        assert_eq!((report.empty_notes, report.empty_clean), (2, 1));
    }
}
