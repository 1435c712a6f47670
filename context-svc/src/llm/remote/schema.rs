//! The one form in which a model answers, as JSON Schema.
//!
//! Every member is required and nothing else is allowed, as the strict modes of providers want it; what may be missing is null.

use serde_json::{Value, json};

/// What the form is called where a provider wants a name for it.
pub(super) const SESSION_CONTEXT: &str = "record_session_context";

/// The form of an extraction.
pub(super) fn session_context() -> Value {
    let item = strict(json!({
        "kind": { "type": "string", "enum": ["GOAL", "DECISION", "INSIGHT"] },
        "text": { "type": "string", "description": "One self-contained sentence, in the language of the words quoted" },
        "status": {
            "type": ["string", "null"],
            "enum": ["ACTIVE", "DONE", "DROPPED", "TAKEN", "REVERSED", null],
            "description": "GOAL: ACTIVE, DONE or DROPPED; DECISION: TAKEN or REVERSED; INSIGHT: null",
        },
        "basis": { "type": "string", "enum": ["STATED", "ACCEPTED", "INFERRED"] },
        "horizon": { "type": ["string", "null"], "enum": ["STANDING", "SITUATIONAL", null], "description": "INSIGHT only" },
        "evidence": { "type": "array", "items": strict(json!({
            "seq": { "type": "integer", "description": "Of the message quoted" },
            "quote": { "type": "string", "description": "Words copied from that message, character by character" },
        })) },
        "due": { "anyOf": [{ "type": "null" }, strict(json!({
            "phrase": { "type": "string", "description": "The words of the time, copied" },
            "value": {
                "type": ["string", "null"],
                "description": "What they come to: YYYY-MM-DD or YYYY-MM-DDTHH:MM, local, without offset",
            },
        }))] },
        "progress": { "type": "array", "description": "GOAL only: what the user reports of it", "items": strict(json!({
            "note": { "type": "string", "description": "The report in one sentence" },
            "value": { "type": ["number", "null"], "description": "The number reported" },
            "unit": { "type": ["string", "null"], "description": "Its unit, as said" },
            "target": { "type": ["number", "null"], "description": "The number aimed at" },
            "seq": { "type": "integer", "description": "Of the message quoted" },
            "quote": { "type": "string", "description": "Words copied from that message, character by character" },
        })) },
        "same_as": { "type": ["string", "null"], "description": "Handle of the item that this repeats" },
        "replaces": { "type": ["string", "null"], "description": "Handle of the item that this takes the place of" },
    }));
    strict(json!({
        "title": { "type": "string", "description": "A few words" },
        "summary": { "type": "string", "description": "At most three sentences" },
        "language": { "type": "string", "description": "BCP 47 tag, such as en or zh" },
        "items": { "type": "array", "items": item },
        "nothing_said": {
            "type": ["string", "null"],
            "description": "If there is no item: why there is nothing to remember. Otherwise null",
        },
    }))
}

/// An object of exactly these members.
pub(super) fn strict(properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().map(|members| members.keys().collect()).unwrap_or_default();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}
