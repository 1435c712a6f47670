//! docs/export.md lists the fields of every record, and no others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::record::{self, GivenVerdict, VerdictRecord};
use super::*;
use crate::domain::model::{
    Conversation, DayUsage, Extraction, ForgottenRejection, Item, JobState, LastError, Message, SessionContext,
    Summary, Verdict, Watermark,
};

/// Where a record holds items, which are described by themselves.
const ITEMS: [&str; 2] = ["items[]", "standing[].said[]"];

const USAGE: &str =
    r#"{"calls": 1, "input_tokens": 2, "cached_input_tokens": 3, "output_tokens": 4, "cost_micro_usd": 5}"#;

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn due() -> Value {
    value(r#"{"phrase": "soon", "local_date": "2025-06-15", "instant": "2025-06-15T15:06:40Z", "precision": "DAY"}"#)
}

/// An item with everything that an item can have.
fn item() -> Value {
    let evidence = json!([{"conversation_id": "c1", "seq": 1, "quote": "swim"}]);
    json!({
        "id": "c1.a", "conversation_id": "c1", "kind": "GOAL", "text": "I want to swim.", "status": "ACTIVE",
        "due": due(), "speaker": "USER", "evidence": evidence, "basis": "STATED",
        "said_at": "2025-06-15T15:06:40Z", "supersedes": "c1.b", "superseded_by": "c1.c",
        "progress": [{"value": 1.0, "unit": "km", "target": 2.0, "note": "half", "said_at": "2025-06-15T15:06:40Z",
                      "evidence": evidence}],
        "last_mentioned_at": "2025-06-15T15:06:40Z", "horizon": "STANDING",
        "revisions": [{"by": "USER", "at": "2025-06-15T15:06:40Z", "text": "swim", "status": "ACTIVE", "due": due()}],
    })
}

fn context() -> SessionContext {
    let text = json!({
        "conversation_id": "c1", "title": "t", "summary": "s", "language": "en", "items": [item()], "provider": "p",
        "model": "m", "prompt_version": "1", "usage": value(USAGE), "extracted_seq": 1, "outcome": "EXTRACTED",
        "items_dropped": {"NO_EVIDENCE": 1}, "extracted_at": "2025-06-15T15:06:40Z",
        "changes": {"added": ["a"], "updated": ["b"], "superseded": ["c"], "dropped": ["d"]},
    });
    serde_json::from_value(text).unwrap()
}

pub(super) fn whole_summary() -> Summary {
    let talk = json!({"conversation_id": "c1", "title": "t", "summary": "s", "extracted_seq": 1,
                      "last_at": "2025-06-15T15:06:40Z"});
    let text = json!({
        "epoch": 1, "parts": [{"wording": "w", "talks": [talk]}], "standing": [{"said": [item()]}],
        "superseded": [{"earlier": "a", "later": "b"}], "provider": "p", "model": "m", "prompt_version": "1",
        "usage": value(USAGE), "made_at": "2025-06-15T15:06:40Z",
    });
    serde_json::from_value(text).unwrap()
}

fn given() -> Verdict {
    let record = json!({
        "item_id": "c1.a", "conversation_id": "c1", "opinion": "EDITED", "statement": "swim",
        "edit": {"text": "ski", "status": "DONE", "due": "CLEARED", "at": "2025-06-15T15:06:40Z"},
        "revisions": [], "at": "2025-06-15T15:06:40Z",
    });
    let GivenVerdict { item_id, conversation_id, opinion, statement, edit, revisions, at } =
        serde_json::from_value(record).unwrap();
    Verdict { item_id, conversation_id, opinion, statement, edit, revisions, marks: vec!["m".into()], at, revision: 1 }
}

fn talk() -> (Conversation, Extraction) {
    let conversation = Conversation {
        id: key("c1").conversation_id,
        session_id: SessionId::parse("s1").unwrap(),
        time_zone: Some("UTC".into()),
        last_seq: 1,
        last_at: t(0),
        created_at: t(0),
        extracted_seq: 0,
        title: String::new(),
    };
    let extraction = Extraction {
        key: key("c1"),
        state: JobState::Dead,
        want: Watermark::ZERO,
        done: Watermark::ZERO,
        run_at: None,
        not_before: None,
        first_at: None,
        attempts: 8,
        deliveries: 0,
        snoozes: 0,
        merges: 0,
        fence: 7,
        owner: None,
        lease_until: None,
        causes: vec![],
        last_error: Some(LastError { reason: "NO_JSON".into(), message: "no JSON".into(), at: t(0) }),
        raw_answer: None,
        outcome: None,
        items_dropped: Default::default(),
        created_at: None,
        updated_at: Some(t(0)),
    };
    (conversation, extraction)
}

/// A record of each kind, with everything it can have.
fn records() -> Vec<Record> {
    let (conversation, extraction) = talk();
    let message = Message {
        seq: 1,
        client_id: ClientId::random(),
        role: Role::User,
        name: String::new(),
        text: "swim".into(),
        at: t(0),
        time_zone: Some("UTC".into()),
    };
    let day = DayUsage { day: FIRST_DAY, usage: Usage::default() };
    let rejection = ForgottenRejection { mark: "m".into(), at: t(0) };
    let wrong = |error: serde_json::Error| panic!("{error}");
    vec![
        record::conversation(&conversation, &extraction).unwrap_or_else(wrong),
        record::message(&conversation.id, &message).unwrap_or_else(wrong),
        record::session_context(&context()).unwrap_or_else(wrong),
        record::verdict(&given()).unwrap_or_else(wrong),
        record::forgotten(&rejection).unwrap_or_else(wrong),
        record::summary(&whole_summary()).unwrap_or_else(wrong),
        record::usage(&day).unwrap_or_else(wrong),
    ]
}

/// The paths of all that is in `json`: `a.b` of an object, `a[]` of a list.
fn paths(at: &str, json: &Value, found: &mut BTreeSet<String>) {
    match json {
        _ if ITEMS.contains(&at) => _ = found.insert(at.to_owned()),
        Value::Object(members) => {
            for (name, member) in members {
                let name = if at == "items_dropped" { "*" } else { name };
                paths(&if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }, member, found);
            }
        }
        Value::Array(entries) if entries.is_empty() => _ = found.insert(format!("{at}[]")),
        Value::Array(entries) => entries.iter().for_each(|entry| paths(&format!("{at}[]"), entry, found)),
        _ => _ = found.insert(at.to_owned()),
    }
}

/// The fields in the tables of the document, by the heading above them.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/export.md");
    let mut tables = BTreeMap::<_, BTreeSet<_>>::new();
    let mut heading = None;
    for line in std::fs::read_to_string(document).unwrap().lines() {
        if line.starts_with('#') {
            heading = line.strip_prefix("### ").map(str::to_owned);
        }
        let field = line.strip_prefix("| `").and_then(|rest| rest.split_once('`'));
        if let (Some(heading), Some((field, _))) = (&heading, field) {
            tables.entry(heading.clone()).or_default().insert(field.to_owned());
        }
    }
    tables
}

#[test]
fn the_document_lists_just_the_fields_of_the_records() {
    let mut written = BTreeMap::<String, BTreeSet<String>>::new();
    for record in records() {
        let json = value(&record.json);
        paths("", &json, written.entry(record.kind.as_str().to_owned()).or_default());
    }
    let item: Item = serde_json::from_value(item()).unwrap();
    paths("", &serde_json::to_value(item).unwrap(), written.entry("item".to_owned()).or_default());

    assert_eq!(written, documented());
}

#[test]
fn a_verdict_can_be_read_as_it_was_written() {
    let records = [record::verdict(&given()), record::forgotten(&ForgottenRejection { mark: "m".into(), at: t(0) })];

    let read = records.map(|record: Result<Record, serde_json::Error>| {
        let json = record.unwrap().json;
        (serde_json::from_str::<VerdictRecord>(&json).unwrap(), json)
    });

    for (record, json) in &read {
        assert_eq!(serde_json::to_string(record).unwrap(), *json);
    }
    assert!(matches!(read[0].0, VerdictRecord::Given(_)) && matches!(read[1].0, VerdictRecord::Forgotten(_)));
}
