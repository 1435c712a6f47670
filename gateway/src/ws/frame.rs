//! Text frames: the messages of `Converse` as protobuf JSON, and the two forms that only a socket has.

use axum::extract::ws::Message;
use kit::id::Secret;
use prost_reflect::DynamicMessage;
use serde::Deserialize;
use serde_json::json;

use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::transcode::response::{Unwritable, to_json};
use crate::transcode::{json, rule::Rpc};

/// Reads what the client says.
pub(super) fn read(rpc: &Rpc, text: &str) -> Result<DynamicMessage, Refusal> {
    json::read_message(&rpc.request, text.as_bytes())
}

/// Writes what the service says.
pub(super) fn write(message: &DynamicMessage) -> Result<Message, Unwritable> {
    to_json(message).map(Message::text)
}

/// An `error` frame of our own, in the shape of `ConverseResponse.Error`.
pub(super) fn error(failure: &Failure) -> Message {
    let error = json!({"error": {
        "code": kit::status::code_name(failure.code()), "reason": failure.reason(), "message": failure.message(), "clientId": "",
    }});
    Message::text(error.to_string())
}

/// The access token in a first frame `{"authenticate": {"accessToken": "…"}}`.
pub(super) fn access_token(text: &str) -> Option<Secret> {
    let first: First = serde_json::from_str(text).ok()?;
    Some(first.authenticate.access_token)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    authenticate: Authenticate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authenticate {
    #[serde(rename = "accessToken", alias = "access_token")]
    access_token: Secret,
}
