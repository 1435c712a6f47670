//! From the JSON of a model to an [`Answer`]: the envelope strictly, the items one by one.

use serde_json::{Map, Value};

use super::envelope::{self, NoAnswer};
use crate::domain::model::{Basis, Horizon, Item, ItemKind, ItemStatus};
use crate::llm::{Answer, Flaw, Proposal, Quote, When, reason};

/// More items than anybody says are none.
const ITEMS_MAX: usize = 200;

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

/// What `text` proposes. `previous` are the remembered items, in the order of their handles.
pub(super) fn read(text: &str, previous: &[Item]) -> Result<Answer, Unreadable> {
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
        match proposal(item, previous) {
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

fn proposal(item: &Value, previous: &[Item]) -> Result<Proposal, Wrong> {
    let Value::Object(item) = item else { return Err(Wrong::member("", "an object")) };
    let text = |name: &'static str| item.get(name).and_then(Value::as_str);
    let kind = text("kind").ok_or_else(|| Wrong::member("kind", "GOAL, DECISION or INSIGHT"))?;
    let kind = ItemKind::parse(&word(kind))
        .ok_or_else(|| Wrong::word(reason::UNKNOWN_KIND, "kind", kind, &all(ItemKind::ALL)))?;
    // What is left out has its usual value; what is there and unknown must not be taken for it.
    let known = |name: &'static str| text(name).filter(|word| !word.trim().is_empty());
    let status = known("status").map(|status| {
        let unknown = || Wrong::word(reason::UNKNOWN_STATUS, "status", status, &all(ItemStatus::ALL));
        ItemStatus::parse(&word(status)).ok_or_else(unknown)
    });
    let basis = known("basis").map(|basis| {
        Basis::parse(&word(basis)).ok_or_else(|| Wrong::word(reason::UNKNOWN_BASIS, "basis", basis, &all(Basis::ALL)))
    });
    let remembered = |name: &'static str| {
        let place = previous.iter().enumerate().find(|(place, _)| text(name).is_some_and(|own| own == handle(*place)));
        place.map(|(_, item)| item.id.clone())
    };
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
        same_as: remembered("same_as"),
        supersedes: remembered("replaces"),
    })
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
mod tests {
    use serde_json::json;

    use super::*;

    fn item(changes: Value) -> Value {
        let mut item = json!({"kind": "GOAL", "text": "Run.", "evidence": [{"seq": 1, "quote": "run"}]});
        for (name, value) in changes.as_object().unwrap() {
            item[name] = value.clone();
        }
        item
    }

    fn reasons(items: Vec<Value>) -> Vec<&'static str> {
        let answer = read(&json!({ "items": items }).to_string(), &[]).unwrap();
        answer.flaws.iter().map(|flaw| flaw.reason).collect()
    }

    #[test]
    fn a_bad_item_is_told_and_the_good_ones_stay() {
        let items = [
            item(json!({})),
            item(json!({"kind": " decision "})),
            item(json!({"kind": "ASPIRATION"})),
            item(json!({"status": "COMPLETED"})),
            item(json!({"basis": "GUESSED"})),
            item(json!({"text": 7})),
            json!("GOAL: run"),
        ];

        let answer = read(&json!({ "items": items }).to_string(), &[]).unwrap();

        let kinds: Vec<_> = answer.items.iter().map(|item| item.kind).collect();
        assert_eq!(kinds, [ItemKind::Goal, ItemKind::Decision]);
        let problems: Vec<_> = answer.flaws.iter().map(|flaw| (flaw.reason, flaw.problem.as_str())).collect();
        assert_eq!(problems[0], ("UNKNOWN_KIND", "items[2].kind: \"ASPIRATION\" is none of GOAL, DECISION, INSIGHT"));
        assert_eq!(
            answer.flaws.iter().map(|flaw| flaw.reason).collect::<Vec<_>>(),
            ["UNKNOWN_KIND", "UNKNOWN_STATUS", "UNKNOWN_BASIS", "MALFORMED", "MALFORMED"]
        );
    }

    #[test]
    fn what_is_left_out_or_null_has_its_usual_value() {
        let nulls = json!({"status": null, "basis": null, "horizon": null, "due": null, "same_as": null});

        let answer = read(&json!({"title": null, "items": [item(nulls)]}).to_string(), &[]).unwrap();

        assert_eq!((answer.title.as_str(), answer.nothing_said), ("", None));
        assert_eq!(answer.items, [Proposal::stated_as(ItemKind::Goal, "Run.", 1, "run")]);
    }

    #[test]
    fn evidence_that_is_none_is_left_for_the_judge_to_miss() {
        for evidence in
            [json!(null), json!("run"), json!([1]), json!([{"seq": "x", "quote": "run"}]), json!([{"seq": 1}])]
        {
            let answer = read(&json!({"items": [item(json!({ "evidence": evidence }))]}).to_string(), &[]).unwrap();
            assert_eq!(answer.items[0].evidence, [], "{evidence}");
        }
        assert_eq!(reasons(vec![item(json!({"evidence": [{"seq": "1", "quote": "run"}]}))]), [""; 0]);
    }

    #[test]
    fn an_envelope_that_is_none_is_refused_whole() {
        for (text, why) in [
            (r#"{"items": "none"}"#, "`items` must be an array of at most 200 items"),
            (r#"{"items": null}"#, "`items` must be an array of at most 200 items"),
            (r#"{"items": [], "title": 7}"#, "`title` must be a string or null"),
            ("sorry", "it held no JSON object of the form asked for"),
        ] {
            assert_eq!(read(text, &[]).unwrap_err().to_string(), why, "{text}");
        }
        assert!(read(r#"{"items": null, "nothing_said": "a greeting"}"#, &[]).unwrap().nothing_said.is_some());
    }

    #[test]
    fn a_language_is_a_tag_or_unknown() {
        for (tag, kept) in [("en", "en"), ("hi-Latn", "hi-Latn"), ("English (UK)", ""), ("", "")] {
            let text = json!({"items": [], "language": tag, "nothing_said": "x"}).to_string();
            assert_eq!(read(&text, &[]).unwrap().language, kept);
        }
    }
}
