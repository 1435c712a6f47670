//! Chat completions, as OpenAI and the servers compatible with it speak them.

use serde_json::{Value, json};

use super::draft::{Draft, EventError, Step, count, is_error, text, unknown_end};
use super::endpoint::Endpoint;
use super::manner::Manner;
use super::prompt::{Form, Prompt, Speaker};
use super::reply::{End, OutputMode};

/// With which a stream ends.
const DONE: &str = "[DONE]";

/// The body of a request.
pub(super) fn request(endpoint: &Endpoint, prompt: &Prompt, manner: &Manner, is_streaming: bool) -> Value {
    let mut messages = Vec::with_capacity(prompt.turns.len() + 1);
    let system = prompt.system_for(manner.output_mode);
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    for turn in &prompt.turns {
        let role = match turn.speaker {
            Speaker::Asker => "user",
            Speaker::Model => "assistant",
        };
        messages.push(json!({"role": role, "content": turn.text}));
    }
    let mut body = json!({"model": endpoint.model, "messages": messages});
    let limit = if manner.has_max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    body[limit] = json!(prompt.output_tokens_max.unwrap_or(endpoint.output_tokens_max));
    if let Some(temperature) = prompt.temperature.filter(|_| manner.has_temperature) {
        body["temperature"] = json!(temperature);
    }
    if let Some(format) = prompt.form.as_ref().and_then(|form| response_format(form, manner.output_mode)) {
        body["response_format"] = format;
    }
    if is_streaming {
        body["stream"] = json!(true);
        if manner.has_stream_options {
            body["stream_options"] = json!({"include_usage": true});
        }
    }
    body
}

fn response_format(form: &Form, mode: OutputMode) -> Option<Value> {
    match mode {
        OutputMode::Schema => Some(json!({
            "type": "json_schema",
            "json_schema": {"name": form.name, "strict": true, "schema": form.schema},
        })),
        OutputMode::JsonObjectWithSchema => Some(json!({"type": "json_object", "schema": form.schema})),
        OutputMode::JsonObject => Some(json!({"type": "json_object"})),
        OutputMode::PromptOnly => None,
    }
}

/// Reads a whole answer. What is missing is empty: what to make of an empty answer is for others to say.
pub(super) fn read(body: &Value) -> Draft {
    let mut draft = Draft::default();
    read_frame(&mut draft, body);
    if let Some(choice) = first_choice(body) {
        read_choice(&mut draft, choice, "message");
    }
    draft
}

/// Reads a piece of a stream.
pub(super) fn read_event(draft: &mut Draft, data: &str) -> Result<Step, EventError> {
    if data.trim() == DONE {
        return Ok(Step::Over);
    }
    let chunk: Value = serde_json::from_str(data).map_err(|_| EventError::NotJson)?;
    if is_error(&chunk) {
        return Err(EventError::Complaint(chunk));
    }
    read_frame(draft, &chunk);
    let text = first_choice(&chunk).map(|choice| read_choice(draft, choice, "delta")).unwrap_or_default();
    Ok(if text.is_empty() { Step::Silent } else { Step::Text(text) })
}

fn first_choice(body: &Value) -> Option<&Value> {
    body.get("choices")?.as_array()?.first()
}

/// What stands around the choices.
fn read_frame(draft: &mut Draft, body: &Value) {
    let model = text(body, "model");
    if !model.is_empty() {
        model.clone_into(&mut draft.model);
    }
    // A stream may say it more than once, each time of the whole.
    if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
        let tokens = &mut draft.tokens;
        tokens.input = count(usage, "prompt_tokens").unwrap_or_default();
        tokens.output = count(usage, "completion_tokens").unwrap_or_default();
        let details = usage.get("prompt_tokens_details");
        tokens.cached_input = details.and_then(|details| count(details, "cached_tokens")).unwrap_or_default();
        tokens.are_known = true;
    }
}

/// Adds what a choice says, and returns the words among it.
fn read_choice(draft: &mut Draft, choice: &Value, field: &str) -> String {
    let message = choice.get(field).unwrap_or(&Value::Null);
    let words = content(message);
    draft.text += &words;
    let reasoning = [text(message, "reasoning_content"), text(message, "reasoning")];
    draft.reasoning += reasoning.into_iter().find(|reasoning| !reasoning.is_empty()).unwrap_or_default();
    draft.refusal += text(message, "refusal");
    let call = message.get("tool_calls").and_then(|calls| calls.get(0)).and_then(|call| call.get("function"));
    match call.and_then(|call| call.get("arguments")) {
        Some(Value::String(arguments)) => draft.tool_input += arguments,
        Some(Value::Null) | None => {}
        Some(arguments) => draft.tool_input += &arguments.to_string(),
    }
    if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
        draft.end = Some(match reason {
            "stop" | "tool_calls" | "function_call" | "eos_token" | "stop_sequence" => End::Complete,
            "length" => End::CutShort,
            "content_filter" => End::Refused,
            other => unknown_end(other),
        });
    }
    words
}

/// The words of a message: a string, or parts of which only those of text count.
fn content(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter(|part| text(part, "type") == "text").map(|part| text(part, "text")).collect()
        }
        _ => String::new(),
    }
}
