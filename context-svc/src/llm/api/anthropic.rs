//! The Messages API of Anthropic.

use serde_json::{Value, json};

use super::draft::{Draft, EventError, Step, count, text, unknown_end};
use super::endpoint::Endpoint;
use super::manner::Manner;
use super::prompt::{Prompt, Speaker, Turn};
use super::reply::{End, OutputMode};

/// The version of the API that is spoken here, sent as the header `anthropic-version`.
pub(super) const VERSION: &str = "2023-06-01";

/// The body of a request. A form is asked for as the input of a tool that the model has to use.
pub(super) fn request(endpoint: &Endpoint, prompt: &Prompt, manner: &Manner, is_streaming: bool) -> Value {
    let turn = |turn: &Turn| {
        let role = match turn.speaker {
            Speaker::Asker => "user",
            Speaker::Model => "assistant",
        };
        json!({"role": role, "content": turn.text})
    };
    let messages: Vec<_> = prompt.turns.iter().map(turn).collect();
    let limit = prompt.output_tokens_max.unwrap_or(endpoint.output_tokens_max);
    let mut body = json!({"model": endpoint.model, "max_tokens": limit, "messages": messages});
    let system = prompt.system_for(manner.output_mode);
    if !system.is_empty() {
        body["system"] = json!(system);
    }
    if let Some(temperature) = prompt.temperature.filter(|_| manner.has_temperature) {
        body["temperature"] = json!(temperature);
    }
    if let Some(form) = prompt.form.as_ref().filter(|_| manner.output_mode == OutputMode::Schema) {
        let tool = json!({"name": form.name, "description": "Takes the answer.", "input_schema": form.schema});
        body["tools"] = json!([tool]);
        body["tool_choice"] = json!({"type": "tool", "name": form.name});
    }
    if is_streaming {
        body["stream"] = json!(true);
    }
    body
}

/// Reads a whole answer.
pub(super) fn read(body: &Value) -> Draft {
    let mut draft = Draft::default();
    read_frame(&mut draft, body);
    let blocks = body.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for block in blocks {
        match text(block, "type") {
            "text" => draft.text += text(block, "text"),
            // Only the one tool was offered.
            "tool_use" => draft.tool_input = block.get("input").map(Value::to_string).unwrap_or_default(),
            _ => {}
        }
    }
    draft
}

/// Reads a piece of a stream.
pub(super) fn read_event(draft: &mut Draft, data: &str) -> Result<Step, EventError> {
    let event: Value = serde_json::from_str(data).map_err(|_| EventError::NotJson)?;
    let nothing = Value::Null;
    match text(&event, "type") {
        "message_start" => read_frame(draft, event.get("message").unwrap_or(&nothing)),
        "content_block_start" => {
            let block = event.get("content_block").unwrap_or(&nothing);
            return Ok(words(draft, text(block, "text")));
        }
        "content_block_delta" => {
            let delta = event.get("delta").unwrap_or(&nothing);
            draft.tool_input += text(delta, "partial_json");
            return Ok(words(draft, text(delta, "text")));
        }
        "message_delta" => {
            read_frame(draft, event.get("delta").unwrap_or(&nothing));
            read_usage(draft, &event);
        }
        "message_stop" => return Ok(Step::Over),
        "error" => return Err(EventError::Complaint(event)),
        // `ping`, `content_block_stop`, and what may be added later.
        _ => {}
    }
    Ok(Step::Silent)
}

fn words(draft: &mut Draft, text: &str) -> Step {
    draft.text += text;
    if text.is_empty() { Step::Silent } else { Step::Text(text.to_owned()) }
}

/// What stands around the content.
fn read_frame(draft: &mut Draft, message: &Value) {
    let model = text(message, "model");
    if !model.is_empty() {
        model.clone_into(&mut draft.model);
    }
    if let Some(reason) = message.get("stop_reason").and_then(Value::as_str) {
        draft.end = Some(match reason {
            "end_turn" | "stop_sequence" | "tool_use" => End::Complete,
            "max_tokens" | "model_context_window_exceeded" => End::CutShort,
            "refusal" => End::Refused,
            other => unknown_end(other),
        });
    }
    read_usage(draft, message);
}

/// A stream says first what was sent, and at its end what was received.
fn read_usage(draft: &mut Draft, message: &Value) {
    let Some(usage) = message.get("usage").filter(|usage| usage.is_object()) else { return };
    let tokens = &mut draft.tokens;
    if let Some(fresh) = count(usage, "input_tokens") {
        let written = count(usage, "cache_creation_input_tokens").unwrap_or_default();
        tokens.cached_input = count(usage, "cache_read_input_tokens").unwrap_or_default();
        tokens.input = fresh + written + tokens.cached_input;
    }
    if let Some(output) = count(usage, "output_tokens") {
        tokens.output = output;
    }
    tokens.are_known = true;
}
