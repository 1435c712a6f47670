//! What a line of an import says: a line of an export, or a conversation held elsewhere.

use std::collections::HashMap;

use jiff::Timestamp;
use pb::import_conversations_request::{ImportedConversation, ImportedMessage};
use proto::context::v1 as pb;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// A conversation, or a part of one.
    Talk(ImportedConversation),
    /// What the user said about an item.
    Verdict(String),
    /// What is made anew from the others: conversations without messages, session contexts, summaries; and usage, which is not taken over.
    MadeAnew,
}

/// The kinds of lines of an export.
#[derive(Deserialize)]
struct Tag {
    kind: Option<String>,
}

/// A line of an export, over gRPC and from the command line, or over REST.
#[derive(Deserialize)]
struct Exported {
    #[serde(default)]
    record: Option<Value>,
    #[serde(default)]
    json: Option<String>,
}

#[derive(Deserialize)]
struct ExportedMessage {
    conversation_id: String,
    client_id: String,
    role: String,
    #[serde(default)]
    name: String,
    text: String,
    at: String,
    #[serde(default)]
    time_zone: Option<String>,
}

/// A conversation held elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    conversation_id: String,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    time_zone: Option<String>,
    messages: Vec<HeldMessage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldMessage {
    role: String,
    text: String,
    #[serde(default)]
    name: Option<String>,
    at: String,
    #[serde(default)]
    client_id: Option<String>,
}

/// The user that `line` names, if it does, and what it says, as context-svc would take it; else what is wrong with it.
pub(super) fn read(line: &[u8]) -> Result<(Option<String>, Entry), String> {
    // The library would take a list for the fields in their order, and nobody would mean that.
    if line.trim_ascii_start().first() == Some(&b'[') {
        return Err("must be a JSON object".to_owned());
    }
    let tag: Tag = parsed(line)?;
    match tag.kind {
        Some(kind) => Ok((None, exported(&kind, parsed(line)?)?)),
        None => held(parsed(line)?),
    }
}

fn exported(kind: &str, line: Exported) -> Result<Entry, String> {
    let record = match (line.record, line.json) {
        (Some(record), None) => record,
        (None, Some(json)) => parsed(json.as_bytes())?,
        _ => return Err("a line with a `kind` must have a `record`".to_owned()),
    };
    match kind {
        "message" => {
            let message: ExportedMessage = of_record(record)?;
            let said = ImportedMessage {
                client_id: message.client_id,
                role: role("record.role", &message.role)?,
                text: message.text,
                name: message.name,
                at: Some(time("record.at", &message.at)?),
            };
            let talk = ImportedConversation {
                conversation_id: message.conversation_id,
                time_zone: message.time_zone.unwrap_or_default(),
                messages: vec![said],
            };
            context_svc::check_talk(talk.clone()).map_err(|wrong| {
                let field = wrong.field.strip_prefix("messages[0].").unwrap_or(&wrong.field);
                format!("record.{field}: {}", wrong.problem)
            })?;
            Ok(Entry::Talk(talk))
        }
        "verdict" => Ok(Entry::Verdict(context_svc::check_verdict(&record.to_string())?)),
        "conversation" | "session_context" | "summary" | "usage" => Ok(Entry::MadeAnew),
        _ => Err(format!("`{kind:.40}` is no kind of an export")),
    }
}

fn held(held: Held) -> Result<(Option<String>, Entry), String> {
    let mut seen = HashMap::new();
    let mut messages = Vec::with_capacity(held.messages.len());
    for (place, message) in held.messages.into_iter().enumerate() {
        let path = |field: &str| format!("messages[{place}].{field}");
        let client_id = message.client_id.clone().filter(|id| !id.is_empty());
        messages.push(ImportedMessage {
            role: role(&path("role"), &message.role)?,
            at: Some(time(&path("at"), &message.at)?),
            client_id: client_id.unwrap_or_else(|| made_up(&message, &mut seen)),
            name: message.name.unwrap_or_default(),
            text: message.text,
        });
    }
    let talk = ImportedConversation {
        conversation_id: held.conversation_id,
        time_zone: held.time_zone.unwrap_or_default(),
        messages,
    };
    context_svc::check_talk(talk.clone()).map_err(|wrong| wrong.to_string())?;
    Ok((held.user_id, Entry::Talk(talk)))
}

/// An id for a message that has none: the same for the same message in every file, so that a repetition is one. Of messages that are
/// alike in one line each is another.
fn made_up(message: &HeldMessage, seen: &mut HashMap<String, usize>) -> String {
    let name = message.name.as_deref().unwrap_or_default();
    let digest = Sha256::digest(format!("{}\n{}\n{name}\n{}", message.at, message.role, message.text));
    let id: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let before = seen.entry(id.clone()).or_default();
    *before += 1;
    if *before == 1 { format!("i-{id}") } else { format!("i-{id}-{before}") }
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(told)?;
    reader.end().map_err(|error| format!("not one JSON object: {error}"))?;
    Ok(value)
}

fn of_record<T: DeserializeOwned>(record: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(record).map_err(|error| match error.path().to_string().as_str() {
        "." => told(error),
        _ => format!("record.{}", told(error)),
    })
}

/// Never the text itself: only where it is wrong, and what would be right.
fn told(error: serde_path_to_error::Error<serde_json::Error>) -> String {
    let (path, inner) = (error.path().to_string(), error.into_inner());
    let problem = match inner.classify() {
        serde_json::error::Category::Data => data_problem(&inner.to_string()),
        _ => return format!("not valid JSON at column {}", inner.column()),
    };
    if path == "." { problem } else { format!("{path}: {problem}") }
}

/// The library quotes what it found and where; what it found may be what somebody said.
fn data_problem(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    match message.split_once(", expected ") {
        Some((_, expected)) if message.starts_with("invalid ") => format!("must be {expected}"),
        _ => message.chars().take(120).collect(),
    }
}

fn role(path: &str, word: &str) -> Result<i32, String> {
    match pb::message::Role::from_str_name(&word.to_uppercase()) {
        Some(pb::message::Role::Unspecified) | None => Err(format!("{path}: must be USER, ASSISTANT, SYSTEM or TOOL")),
        Some(role) => Ok(role.into()),
    }
}

fn time(path: &str, text: &str) -> Result<prost_types::Timestamp, String> {
    let wrong = || format!("{path}: must be a time with its offset, such as 2025-06-15T15:06:40Z");
    let at: Timestamp = text.parse().map_err(|_| wrong())?;
    // In the contract nanoseconds count forward, also before 1970.
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    let (seconds, nanos) = if nanos < 0 { (seconds - 1, nanos + 1_000_000_000) } else { (seconds, nanos) };
    Ok(prost_types::Timestamp { seconds, nanos })
}

#[cfg(test)]
mod tests;
