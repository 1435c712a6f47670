//! What is read of an answer, item by item.

use serde_json::json;

use super::*;
use crate::llm::Asker;

fn read_alone(text: &str) -> Result<Answer, Unreadable> {
    read(text, &Transcript::of(Asker::somebody(), Vec::new()))
}

fn item(changes: Value) -> Value {
    let mut item = json!({"kind": "GOAL", "text": "Run.", "evidence": [{"seq": 1, "quote": "run"}]});
    for (name, value) in changes.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn reasons(items: Vec<Value>) -> Vec<&'static str> {
    let answer = read_alone(&json!({ "items": items }).to_string()).unwrap();
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

    let answer = read_alone(&json!({ "items": items }).to_string()).unwrap();

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
fn an_insight_has_no_status_whatever_stands_there() {
    let strays = ["STANDING", "REVERSED"].map(|status| item(json!({"kind": "INSIGHT", "status": status})));

    let answer = read_alone(&json!({ "items": strays }).to_string()).unwrap();

    assert_eq!(answer.items.iter().map(|item| item.status).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn what_is_left_out_or_null_has_its_usual_value() {
    let nulls = json!({"status": null, "basis": null, "horizon": null, "due": null, "same_as": null});

    let answer = read_alone(&json!({"title": null, "items": [item(nulls)]}).to_string()).unwrap();

    assert_eq!((answer.title.as_str(), answer.nothing_said), ("", None));
    assert_eq!(answer.items, [Proposal::stated_as(ItemKind::Goal, "Run.", 1, "run")]);
}

#[test]
fn evidence_that_is_none_is_left_for_the_judge_to_miss() {
    for evidence in [json!(null), json!("run"), json!([1]), json!([{"seq": "x", "quote": "run"}]), json!([{"seq": 1}])]
    {
        let answer = read_alone(&json!({"items": [item(json!({ "evidence": evidence }))]}).to_string()).unwrap();
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
        assert_eq!(read_alone(text).unwrap_err().to_string(), why, "{text}");
    }
    assert!(read_alone(r#"{"items": null, "nothing_said": "a greeting"}"#).unwrap().nothing_said.is_some());
}

#[test]
fn a_report_is_read_as_far_as_it_can_be_and_needs_words_to_rest_on() {
    let reports = json!([
        {"note": "Ran.", "value": 12, "unit": "km", "target": "42.2", "seq": "1", "quote": "ran 12 km"},
        {"note": null, "value": "a lot", "unit": null, "target": null, "seq": 1, "quote": "run"},
        {"note": "Ran.", "value": 1, "unit": "", "target": null, "seq": 1, "quote": null},
        "12 km",
    ]);

    let answer = read_alone(&json!({"items": [item(json!({ "progress": reports }))]}).to_string()).unwrap();

    let quoting = |text: &str| Quote { seq: 1, text: text.to_owned() };
    let (note, unit) = ("Ran.".to_owned(), "km".to_owned());
    let full = Report { note, value: Some(12.0), unit, target: Some(42.2), quote: quoting("ran 12 km") };
    assert_eq!(answer.items[0].progress, [full, Report { quote: quoting("run"), ..Report::default() }]);
}

#[test]
fn a_language_is_a_tag_or_unknown() {
    for (tag, kept) in [("en", "en"), ("hi-Latn", "hi-Latn"), ("English (UK)", ""), ("", "")] {
        let text = json!({"items": [], "language": tag, "nothing_said": "x"}).to_string();
        assert_eq!(read_alone(&text).unwrap().language, kept);
    }
}
