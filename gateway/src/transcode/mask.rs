//! The field mask of a PATCH that did not send one: what the body names is what changes (AIP-134).

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use serde_json::Map;

/// Fills the one unset `FieldMask` of `request` with the paths of the leaves that `body`, the JSON of `resource`, names.
///
/// A `null` is named too: it clears a field. Nothing happens if the request has no mask, or two.
pub(super) fn fill(request: &mut DynamicMessage, resource: &FieldDescriptor, body: &[u8]) {
    let Kind::Message(resource) = resource.kind() else { return };
    let is_mask = |field: &FieldDescriptor| {
        !field.is_list() && matches!(field.kind(), Kind::Message(m) if m.full_name() == "google.protobuf.FieldMask")
    };
    let masks: Vec<_> = request.descriptor().fields().filter(is_mask).collect();
    let [mask] = masks.as_slice() else { return };
    let Value::Message(mut value) = request.get_field(mask).into_owned() else { return };
    let Some(paths) = value.get_field_by_name_mut("paths").and_then(Value::as_list_mut) else { return };
    if !paths.is_empty() {
        return;
    }
    let Ok(members) = serde_json::from_slice::<Map<String, serde_json::Value>>(body) else { return };
    collect(&resource, &members, "", paths);
    if !paths.is_empty() {
        request.set_field(mask, Value::Message(value));
    }
}

fn collect(
    message: &MessageDescriptor,
    members: &Map<String, serde_json::Value>,
    prefix: &str,
    paths: &mut Vec<Value>,
) {
    for (key, value) in members {
        let Some(field) = message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key)) else {
            continue;
        };
        let path = format!("{prefix}{}", field.name());
        match (field.kind(), value) {
            (Kind::Message(inner), serde_json::Value::Object(members))
                if !members.is_empty() && !field.is_map() && !inner.full_name().starts_with("google.protobuf.") =>
            {
                collect(&inner, members, &format!("{path}."), paths);
            }
            _ => paths.push(Value::String(path)),
        }
    }
}
