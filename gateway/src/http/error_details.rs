//! The details of a status (`google.rpc.Status.details`) as JSON.
//!
//! A type that nobody described is passed on opaque rather than lost; `DebugInfo` is for our own eyes and is dropped.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::error::InvalidField;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use tonic_types::pb;

const PREFIX: &str = "type.googleapis.com/";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const DEBUG_INFO: &str = "/google.rpc.DebugInfo";

/// The types of google/rpc/error_details.proto.
static KNOWN: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::global();
    if let Err(error) = pool.decode_file_descriptor_set(pb::FILE_DESCRIPTOR_SET) {
        // Details then travel opaque, which loses their names and nothing else.
        tracing::error!(%error, "google/rpc/error_details.proto cannot be read");
    }
    pool
});

/// The details in an encoded `google.rpc.Status`. Bytes that are none have none.
pub(super) fn of(encoded: &[u8]) -> Vec<Value> {
    if encoded.is_empty() {
        return Vec::new();
    }
    let status = pb::Status::decode(encoded).unwrap_or_default();
    status.details.iter().filter(|any| !any.type_url.ends_with(DEBUG_INFO)).map(detail).collect()
}

fn detail(any: &prost_types::Any) -> Value {
    let mut json = known(any).unwrap_or_else(|| json!({"value": STANDARD.encode(&any.value)}));
    if let Some(members) = json.as_object_mut() {
        members.shift_insert(0, "@type".to_owned(), Value::from(any.type_url.as_str()));
        if any.type_url == ERROR_INFO {
            // Whoever made it, a client finds the same members in it.
            members.entry("metadata").or_insert_with(|| json!({}));
        }
    }
    json
}

fn known(any: &prost_types::Any) -> Option<Value> {
    let message = KNOWN.get_message_by_name(any.type_url.strip_prefix(PREFIX)?)?;
    let decoded = DynamicMessage::decode(message, any.value.as_slice()).ok()?;
    let json = serde_json::to_value(&decoded).ok()?;
    // The well-known types that are no JSON object would need a `value` member of their own.
    json.is_object().then_some(json)
}

/// An `ErrorInfo` without metadata.
pub(super) fn error_info(reason: &str, domain: &str) -> Value {
    json!({"@type": ERROR_INFO, "reason": reason, "domain": domain, "metadata": {}})
}

/// A `BadRequest` that names one field.
pub(super) fn bad_request(field: &InvalidField) -> Value {
    json!({"@type": BAD_REQUEST, "fieldViolations": [{"field": field.field, "description": field.problem}]})
}

/// Whether a detail names the reason.
pub(super) fn is_error_info(detail: &Value) -> bool {
    detail.get("@type").and_then(Value::as_str) == Some(ERROR_INFO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(name: &str, message: &impl Message) -> prost_types::Any {
        prost_types::Any { type_url: format!("{PREFIX}{name}"), value: message.encode_to_vec() }
    }

    #[test]
    fn known_details_are_written_out_and_unknown_ones_kept_opaque() {
        let retry_delay = Some(prost_types::Duration { seconds: 7, nanos: 0 });
        let status = pb::Status {
            code: 8,
            message: String::new(),
            details: vec![
                any("google.rpc.RetryInfo", &pb::RetryInfo { retry_delay }),
                prost_types::Any { type_url: format!("{PREFIX}t.v1.Unheard"), value: vec![10, 1, 120] },
                prost_types::Any { type_url: "example.com/google.rpc.DebugInfo".into(), value: vec![10, 1, 120] },
                any(
                    "google.rpc.DebugInfo",
                    &pb::DebugInfo { stack_entries: vec!["secret".into()], detail: String::new() },
                ),
            ],
        };

        let details = of(&status.encode_to_vec());

        assert_eq!(
            details,
            [
                json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}),
                json!({"@type": "type.googleapis.com/t.v1.Unheard", "value": "CgF4"}),
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_status_have_no_details() {
        assert!(of(b"\xFF\xFF\xFF").is_empty());
    }
}
