//! The cases are run by hand; that the runner can tell a breach is tested here.

use context_svc::llm::local::Local;
use serde_json::json;

use super::*;

fn case(messages: serde_json::Value, local_ok: serde_json::Value, expect: serde_json::Value) -> Case {
    let case = json!({
        "name": "one", "zone": "Europe/Vienna", "now": "2025-03-01T10:00:00Z",
        "messages": messages, "expect": expect, "local_ok": {"must_not": local_ok},
    });
    serde_json::from_value(case).unwrap()
}

async fn played(case: &Case) -> Played {
    play::play(case, Arc::new(Local)).await.unwrap()
}

fn said(text: &str) -> serde_json::Value {
    json!({"role": "USER", "text": text, "at": "2025-03-01T09:00:00Z"})
}

#[tokio::test]
async fn what_must_not_be_remembered_is_told_apart_from_what_may() {
    let must_not = json!([
        {"kind": "GOAL", "text": ["harbour"]},
        {"kind": "DECISION"},
        {"text": ["HARBOUR"], "not_text": ["lake"]},
        {"only_role": ["ASSISTANT"]},
        {"has_due": true},
        {"where": "anywhere", "text": ["swim"], "kind": "INSIGHT"},
    ]);
    let case = case(json!([said("I want to swim across the harbour and the lake.")]), must_not, json!({}));

    let problems = forbidden(&case.local_ok.must_not, &played(&case).await);

    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains(r#""harbour""#) && problems[1].contains("anywhere"));
}

#[tokio::test]
async fn a_whole_expectation_names_all_that_is_missing() {
    let messages = json!([
        said("I want to learn to whistle."),
        {"role": "USER", "text": "ok {n}", "at": "2025-03-01T09:01:00Z", "times": 3, "every_s": 5},
        {"role": "USER", "text_json": "\"\\ud800\"", "at": "2025-03-01T09:02:00Z"},
        {"role": "USER", "text": null, "at": "2025-03-01T09:02:00Z"},
    ]);
    let expect = json!({
        "must": [{"kind": "GOAL", "text": ["whistle"], "seq": [1]}, {"kind": "GOAL", "text": ["drum"]}],
        "items_max": 0, "calls": 2, "language": "de", "roundtrip": true, "again": "same_items",
    });
    let case = case(messages, json!([]), expect);

    let played = played(&case).await;
    let problems = all_problems(&case, &played);

    assert_eq!(played.roles.len(), 4);
    let wrong = ["drum", "1 items, at most 0", "1 calls instead of 2", "the language is \"en\""];
    assert_eq!(problems.len(), wrong.len(), "{problems:?}");
    assert!(problems.iter().zip(wrong).all(|(problem, wrong)| problem.contains(wrong)), "{problems:?}");
}

#[tokio::test]
async fn what_the_service_gave_back_can_be_said_in_the_next_conversation() {
    let messages = json!([
        said("I want to restore the old boat."),
        {"role": "USER", "text": "Hi! {{context}}", "at": "2025-03-01T09:30:00Z", "conversation": 2},
    ]);
    let case = case(messages, json!([{"conversation": 2}, {"conversation": 1}]), json!({}));

    let played = played(&case).await;
    let problems = forbidden(&case.local_ok.must_not, &played);

    assert!(problems.len() == 1 && problems[0].contains(r#""conversation":1"#), "{problems:?}");
}
