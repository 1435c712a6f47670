//! From the JSON of a model to an [`Answer`]: the envelope strictly, the items one by one.

use serde_json::{Map, Value};

use super::envelope::{self, NoAnswer};
use crate::domain::model::{Basis, Horizon, ItemKind, ItemStatus};
use crate::llm::{Answer, Flaw, Proposal, Quote, Report, Transcript, When, reason};

/// More items than anybody says are none.
const ITEMS_MAX: usize = 200;

/// Nor does anybody report more than so often on one.
const REPORTS_MAX: usize = 50;

/// How much of a wrong word is quoted back.
const WORD_CHARS_MAX: usize = 40;

/// Why an answer cannot be used as a whole. Reads as the end of "your answer could not be used: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// There is none in the text.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// A member is not what it must be.
    #[error("`{0}` must be {1}")]
    Member(&'static str, &'static str),
}

/// The handle by which a prompt calls the remembered item at `place`.
pub(super) fn handle(place: usize) -> String {
    format!("i{}", place + 1)
}

/// The same for an item from elsewhere.
pub(super) fn handle_elsewhere(place: usize) -> String {
    format!("e{}", place + 1)
}

/// What `text` proposes, in answer to a question about `transcript`.
pub(super) fn read(text: &str, transcript: &Transcript) -> Result<Answer, Unreadable> {
    let envelope = envelope::answer(text, "items")?;
    let nothing_said = optional(&envelope, "nothing_said")?.filter(|why| !why.trim().is_empty());
    let items = match &envelope["items"] {
        Value::Array(items) if items.len() <= ITEMS_MAX => items.as_slice(),
        Value::Null if nothing_said.is_some() => &[],
        _ => return Err(Unreadable::Member("items", "an array of at most 200 items")),
    };
    let mut answer = Answer {
        title: optional(&envelope, "title")?.unwrap_or_default(),
        summary: optional(&envelope, "summary")?.unwrap_or_default(),
        language: optional(&envelope, "language")?.filter(|tag| is_language(tag)).unwrap_or_default(),
        nothing_said,
        ..Answer::default()
    };
    for (place, item) in items.iter().enumerate() {
        match proposal(item, transcript) {
            Ok(proposal) => answer.items.push(proposal),
            Err(Wrong { reason, problem }) => {
                answer.flaws.push(Flaw { reason, problem: format!("items[{place}].{problem}") });
            }
        }
    }
    if items.is_empty() && answer.nothing_said.is_some() {
        // A title and a summary of nothing would take the place of better ones.
        answer.title.clear();
        answer.summary.clear();
    }
    Ok(answer)
}

/// What is wrong with an item.
struct Wrong {
    reason: &'static str,
    problem: String,
}

impl Wrong {
    fn member(name: &str, must_be: &str) -> Self {
        Self { reason: reason::MALFORMED, problem: format!("{name}: must be {must_be}") }
    }

    fn word(reason: &'static str, name: &str, word: &str, known: &str) -> Self {
        let word: String = word.chars().take(WORD_CHARS_MAX).collect();
        Self { reason, problem: format!("{name}: {word:?} is none of {known}") }
    }
}

fn proposal(item: &Value, transcript: &Transcript) -> Result<Proposal, Wrong> {
    let Value::Object(item) = item else { return Err(Wrong::member("", "an object")) };
    let text = |name: &'static str| item.get(name).and_then(Value::as_str);
    let kind = text("kind").ok_or_else(|| Wrong::member("kind", "GOAL, DECISION or INSIGHT"))?;
    let kind = ItemKind::parse(&word(kind))
        .ok_or_else(|| Wrong::word(reason::UNKNOWN_KIND, "kind", kind, &all(ItemKind::ALL)))?;
    // What is left out has its usual value; what is there and unknown must not be taken for it.
    let known = |name: &'static str| text(name).filter(|word| !word.trim().is_empty());
    // An insight has none: a word that strays there says nothing about it.
    let status = known("status").filter(|_| kind != ItemKind::Insight).map(|status| {
        let unknown = || Wrong::word(reason::UNKNOWN_STATUS, "status", status, &all(ItemStatus::ALL));
        ItemStatus::parse(&word(status)).ok_or_else(unknown)
    });
    let basis = known("basis").map(|basis| {
        Basis::parse(&word(basis)).ok_or_else(|| Wrong::word(reason::UNKNOWN_BASIS, "basis", basis, &all(Basis::ALL)))
    });
    let meant = |name: &'static str| meant(text(name)?, transcript);
    Ok(Proposal {
        kind,
        text: text("text").ok_or_else(|| Wrong::member("text", "one sentence"))?.to_owned(),
        status: status.transpose()?,
        horizon: known("horizon").and_then(|horizon| Horizon::parse(&word(horizon))),
        basis: basis.transpose()?.unwrap_or(Basis::Stated),
        evidence: match item.get("evidence") {
            Some(Value::Array(quotes)) => quotes.iter().filter_map(quote).collect(),
            _ => Vec::new(),
        },
        due: item.get("due").and_then(when),
        progress: match item.get("progress") {
            Some(Value::Array(reports)) => reports.iter().take(REPORTS_MAX).filter_map(report).collect(),
            _ => Vec::new(),
        },
        same_as: meant("same_as"),
        supersedes: meant("replaces"),
    })
}

/// The id of the item that the prompt calls by that handle.
fn meant(name: &str, transcript: &Transcript) -> Option<String> {
    let remembered = transcript.remembered().iter().enumerate().map(|(place, item)| (handle(place), item));
    let elsewhere = transcript.elsewhere.iter().enumerate().map(|(place, item)| (handle_elsewhere(place), item));
    remembered.chain(elsewhere).find(|(handle, _)| handle == name).map(|(_, item)| item.id.clone())
}

/// Case and surroundings of a word are formatting.
fn word(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

fn all(words: &[impl std::fmt::Display]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn quote(value: &Value) -> Option<Quote> {
    let seq = match value.get("seq")? {
        Value::String(digits) => digits.trim().parse().ok()?,
        number => number.as_i64()?,
    };
    Some(Quote { seq, text: value.get("quote")?.as_str()?.to_owned() })
}

/// A report. Without words to rest on it is none.
fn report(value: &Value) -> Option<Report> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |name: &str| match value.get(name)? {
        Value::String(digits) => digits.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        number => number.as_f64(),
    };
    Some(Report {
        note: text("note"),
        value: number("value"),
        unit: text("unit"),
        target: number("target"),
        quote: quote(value)?,
    })
}

fn when(value: &Value) -> Option<When> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    Some(When { phrase: text("phrase")?.to_owned(), value: text("value").map(str::to_owned) })
}

fn optional(envelope: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Unreadable> {
    match envelope.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Unreadable::Member(name, "a string or null")),
    }
}

/// Whether it may be a BCP 47 tag.
fn is_language(tag: &str) -> bool {
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    tag.len() <= 35 && tag.split('-').all(is_part)
}

#[cfg(test)]
mod tests;
