//! Query parameters, bound to the fields of a request that neither path nor body took.

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, ReflectMessage};

use super::escape::{Decode, decode};
use super::field::{FieldPath, dotted, is_leaf, parse, resolve};
use super::rule::Body;
use crate::refusal::Refusal;

/// Binds `query` to `message`. Returns the singular fields that it set.
pub(super) fn bind(message: &mut DynamicMessage, query: &str, body: &Body) -> Result<Vec<FieldPath>, Refusal> {
    let mut bound = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(raw_name, Decode::Query).map_err(|error| Refusal::escape(raw_name, error))?;
        let path = admitted(message, &name, body)?;
        let value = decode(raw_value, Decode::Query).map_err(|error| Refusal::escape(dotted(&path), error))?;
        set(message, &path, &value, &mut bound)?;
    }
    Ok(bound)
}

/// The field that `name` stands for, if the rule leaves it to the query.
fn admitted(message: &DynamicMessage, name: &str, body: &Body) -> Result<FieldPath, Refusal> {
    let path = resolve(&message.descriptor(), name, true)
        .map_err(|problem| Refusal::field(name, format!("unknown query parameter: {problem}")))?;
    match body {
        Body::Whole => Err(Refusal::field(name, "belongs in the body: this method takes no query parameters")),
        Body::Field(field) if path.first() == Some(field) => Err(Refusal::field(name, "belongs in the body")),
        Body::Field(_) | Body::None => Ok(path),
    }
}

fn set(message: &mut DynamicMessage, path: &FieldPath, text: &str, bound: &mut Vec<FieldPath>) -> Result<(), Refusal> {
    let wrong = |problem: String| Refusal::field(dotted(path), problem);
    let Some((leaf, parents)) = path.split_last() else { return Err(wrong("has no name".to_owned())) };
    if leaf.is_map() || !is_leaf(&leaf.kind()) {
        return Err(wrong("cannot be given as a query parameter".to_owned()));
    }
    let value = parse(&leaf.kind(), text).map_err(wrong)?;
    let owner = descend(message, parents).ok_or_else(|| wrong("excludes another parameter".to_owned()))?;
    if leaf.is_list() {
        if let Some(list) = owner.get_field_mut(leaf).as_list_mut() {
            list.push(value);
        }
        return Ok(());
    }
    if bound.contains(path) {
        return Err(wrong("given twice".to_owned()));
    }
    if is_taken(owner, leaf) {
        return Err(wrong("excludes another parameter".to_owned()));
    }
    owner.set_field(leaf, value);
    bound.push(path.clone());
    Ok(())
}

/// The message that holds the last field of a path. `None` if a member of one of its oneofs stands in the way.
pub(super) fn descend<'m>(
    message: &'m mut DynamicMessage,
    parents: &[FieldDescriptor],
) -> Option<&'m mut DynamicMessage> {
    let Some((next, rest)) = parents.split_first() else { return Some(message) };
    if is_taken(message, next) {
        return None;
    }
    descend(message.get_field_mut(next).as_message_mut()?, rest)
}

/// Whether another member of the field's oneof is set.
pub(super) fn is_taken(message: &DynamicMessage, field: &FieldDescriptor) -> bool {
    let Some(oneof) = field.containing_oneof() else { return false };
    oneof.fields().any(|other| other.number() != field.number() && message.has_field(&other))
}

/// A message whose fields are the parameters of `query`, and nothing else.
pub fn bind_query(message: &MessageDescriptor, query: &str) -> Result<DynamicMessage, Refusal> {
    let mut bound = DynamicMessage::new(message.clone());
    bind(&mut bound, query, &Body::None)?;
    Ok(bound)
}
