//! From an HTTP request to the request message: body, then query, then path.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};

use super::escape::{Decode, decode};
use super::field::{FieldPath, dotted, parse};
use super::rule::{Binding, Body, Rule};
use super::template::Variable;
use super::{json, mask, query};
use crate::refusal::Refusal;

/// An HTTP request, as far as a rule looks at it.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The raw path.
    pub path: &'a str,
    /// Where its segments lie.
    pub segments: &'a [Range<usize>],
    /// The raw query, without the `?`.
    pub query: &'a str,
    /// The HTTP method is PATCH.
    pub is_patch: bool,
    /// `content-type`, for raw bodies.
    pub content_type: Option<&'a str>,
}

impl Rule {
    /// Whether the body of a request is looked at.
    pub fn reads_body(&self) -> bool {
        self.body != Body::None
    }

    /// Whether the body is taken as it is, whatever its type: `google.api.HttpBody`.
    fn takes_raw_body(&self) -> bool {
        match &self.body {
            Body::None => false,
            Body::Whole => self.rpc.request.full_name() == HTTP_BODY,
            Body::Field(field) => is_http_body(field),
        }
    }

    /// Refuses a body that is not JSON, by its headers. An empty body needs no type.
    pub fn check_media_type(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.takes_raw_body() {
            return Ok(());
        }
        let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or_default());
        let media_type = text(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_plain = text(CONTENT_ENCODING).is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
        if media_type.eq_ignore_ascii_case("application/json") && is_plain {
            Ok(())
        } else {
            Err(Refusal::UnsupportedMediaType)
        }
    }

    /// Builds the request message.
    pub fn bind(&self, parts: &Parts<'_>, body: &Bytes) -> Result<DynamicMessage, Refusal> {
        let mut message = self.read_body(parts, body)?;
        let from_query = query::bind(&mut message, parts.query, &self.body)?;
        if let Body::Field(resource) = &self.body
            && parts.is_patch
        {
            mask::fill(&mut message, resource, body);
        }
        for binding in &self.bindings {
            bind_variable(&mut message, binding, parts, &from_query)?;
        }
        Ok(message)
    }

    fn read_body(&self, parts: &Parts<'_>, body: &Bytes) -> Result<DynamicMessage, Refusal> {
        let mut empty = DynamicMessage::new(self.rpc.request.clone());
        match &self.body {
            Body::None => Ok(empty),
            Body::Whole if self.takes_raw_body() => {
                set_raw(&mut empty, parts, body);
                Ok(empty)
            }
            Body::Whole if body.is_empty() => Ok(empty),
            Body::Whole => json::read_message(&self.rpc.request, body),
            Body::Field(field) if is_http_body(field) => {
                if let Some(inner) = empty.get_field_mut(field).as_message_mut() {
                    set_raw(inner, parts, body);
                }
                Ok(empty)
            }
            Body::Field(field) if body.is_empty() => {
                // An empty body is an empty message, which is not an absent one.
                if let (Kind::Message(inner), false, false) = (field.kind(), field.is_list(), field.is_map()) {
                    empty.set_field(field, Value::Message(DynamicMessage::new(inner)));
                }
                Ok(empty)
            }
            Body::Field(field) => json::read_field(field, body),
        }
    }
}

pub(super) const HTTP_BODY: &str = "google.api.HttpBody";

fn is_http_body(field: &FieldDescriptor) -> bool {
    !field.is_list() && matches!(field.kind(), Kind::Message(message) if message.full_name() == HTTP_BODY)
}

fn set_raw(http_body: &mut DynamicMessage, parts: &Parts<'_>, body: &Bytes) {
    http_body.set_field_by_name("data", Value::Bytes(body.clone()));
    if let Some(content_type) = parts.content_type {
        http_body.set_field_by_name("content_type", Value::String(content_type.to_owned()));
    }
}

/// Sets the field of a path variable. The path has the last word; whoever says otherwise elsewhere is refused.
fn bind_variable(
    message: &mut DynamicMessage,
    binding: &Binding,
    parts: &Parts<'_>,
    from_query: &[FieldPath],
) -> Result<(), Refusal> {
    let wrong = |problem: String| Refusal::field(dotted(&binding.field), problem);
    let how = if binding.variable.is_single { Decode::Segment } else { Decode::Segments };
    let text = decode(raw_value(&binding.variable, parts), how).map_err(|error| wrong(error.to_string()))?;
    let Some((leaf, parents)) = binding.field.split_last() else { return Ok(()) };
    let value = parse(&leaf.kind(), &text).map_err(wrong)?;
    let owner = query::descend(message, parents).ok_or_else(|| wrong("excludes a field of the body".to_owned()))?;
    if query::is_taken(owner, leaf) {
        return Err(wrong("excludes a field of the body".to_owned()));
    }
    let was_given = owner.has_field(leaf) || from_query.contains(&binding.field);
    if was_given && *owner.get_field(leaf) != value {
        return Err(wrong("contradicts the path".to_owned()));
    }
    owner.set_field(leaf, value);
    Ok(())
}

fn raw_value<'a>(variable: &Variable, parts: &Parts<'a>) -> &'a str {
    let end = if variable.is_open { parts.segments.len() } else { variable.first + variable.atoms };
    match parts.segments.get(variable.first..end) {
        Some([first, .., last]) => &parts.path[first.start..last.end],
        Some([only]) => &parts.path[only.clone()],
        Some([]) | None => "",
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
