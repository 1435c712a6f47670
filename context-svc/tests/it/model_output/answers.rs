//! Answers as providers wrap them.

use serde_json::{Value, json};

use super::Scripted;

/// An item about the first turn of the talk, with changes.
pub(super) fn item(changes: Value) -> Value {
    let mut item = json!({
        "kind": "GOAL",
        "text": "I will swim across the lake in July.",
        "status": "ACTIVE",
        "basis": "STATED",
        "horizon": null,
        "evidence": [{"seq": 1, "quote": "I will swim across the lake in July"}],
        "due": null,
        "same_as": null,
        "replaces": null,
    });
    for (name, value) in changes.as_object().expect("changes are an object") {
        item[name] = value.clone();
    }
    item
}

/// The form filled in with those items.
pub(super) fn form(items: Vec<Value>) -> Value {
    json!({
        "title": "Swimming",
        "summary": "The user wants to swim across the lake.",
        "language": "en",
        "items": items,
        "nothing_said": null,
    })
}

/// A form that is right.
pub(super) fn good_form() -> String {
    form(vec![item(json!({}))]).to_string()
}

/// A form that says why it is empty.
pub(super) fn nothing() -> String {
    json!({"title": "", "summary": "", "language": "en", "items": [], "nothing_said": "a suggestion was refused"})
        .to_string()
}

/// A message of a chat completion, and how it ended.
pub(super) fn completion(message: Value, finish_reason: &str) -> Scripted {
    let choice = json!({"index": 0, "message": message, "finish_reason": finish_reason});
    let usage = json!({"prompt_tokens": 120, "completion_tokens": 60, "total_tokens": 180});
    Scripted::json(200, &json!({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}))
}

/// What a chat completion says.
pub(super) fn says(content: &str) -> Scripted {
    completion(json!({"role": "assistant", "content": content}), "stop")
}

/// A chat completion that is right.
pub(super) fn good() -> Scripted {
    says(&good_form())
}

/// A chat completion with those items.
pub(super) fn items(items: Vec<Value>) -> Scripted {
    says(&form(items).to_string())
}

/// A message of the other provider, and how it ended.
pub(super) fn claude(content: Value, stop_reason: &str) -> Scripted {
    let usage = json!({"input_tokens": 120, "output_tokens": 60});
    let body = json!({
        "id": "m", "type": "message", "role": "assistant", "content": content, "stop_reason": stop_reason, "usage": usage,
    });
    Scripted::json(200, &body)
}

/// An error as both providers word it.
pub(super) fn error(status: u16, kind: &str, message: &str) -> Scripted {
    Scripted::json(status, &json!({"type": "error", "error": {"type": kind, "code": kind, "message": message}}))
}
