//! From the answer of the service to the HTTP body.

use bytes::Bytes;
use http::HeaderValue;
use kit::error::{Classify, Kind};
use prost_reflect::{DynamicMessage, ReflectMessage, SerializeOptions, Value};

use super::request::HTTP_BODY;
use super::rule::Rule;

/// What every JSON answer is labelled.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Fields without presence are written even if they have their default value, so that a client finds every member it expects;
/// 64-bit integers are strings, because a browser's numbers end at 2^53.
const OPTIONS: SerializeOptions = SerializeOptions::new().skip_default_fields(false);

/// An answer that has no JSON form, such as a timestamp beyond the year 9999.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be written as JSON: {0}")]
pub struct Unwritable(#[from] serde_json::Error);

impl Classify for Unwritable {
    fn kind(&self) -> Kind {
        Kind::Internal
    }

    fn reason(&self) -> &'static str {
        "UNWRITABLE_ANSWER"
    }
}

/// The body of an HTTP answer.
#[derive(Debug)]
pub struct Rendered {
    /// Its media type.
    pub content_type: HeaderValue,
    /// Its bytes.
    pub body: Bytes,
}

impl Rule {
    /// Renders an answer: raw if it is a `google.api.HttpBody`, else as JSON.
    pub fn render(&self, message: &DynamicMessage) -> Result<Rendered, Unwritable> {
        let Some(field) = &self.response_body else { return render(message) };
        if let Value::Message(inner) = message.get_field(field).as_ref() {
            return render(inner);
        }
        // One field alone has no JSON writer of its own: write the message that holds it and take it out.
        let mut holder = DynamicMessage::new(self.rpc.response.clone());
        holder.set_field(field, message.get_field(field).into_owned());
        let json = holder.serialize_with_options(serde_json::value::Serializer, &OPTIONS)?;
        let value = json.get(field.json_name()).unwrap_or(&serde_json::Value::Null);
        Ok(Rendered { content_type: JSON, body: serde_json::to_vec(value)?.into() })
    }
}

fn render(message: &DynamicMessage) -> Result<Rendered, Unwritable> {
    if message.descriptor().full_name() == HTTP_BODY {
        return Ok(render_raw(message));
    }
    Ok(Rendered { content_type: JSON, body: to_json(message)?.into() })
}

/// The message as protobuf JSON.
pub fn to_json(message: &DynamicMessage) -> Result<String, Unwritable> {
    Ok(serde_json::to_string(&WithDefaults(message))?)
}

struct WithDefaults<'a>(&'a DynamicMessage);

impl serde::Serialize for WithDefaults<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_with_options(serializer, &OPTIONS)
    }
}

fn render_raw(http_body: &DynamicMessage) -> Rendered {
    let text = http_body.get_field_by_name("content_type");
    let content_type = text.as_ref().and_then(|value| value.as_str()).and_then(|text| HeaderValue::from_str(text).ok());
    let data = http_body.get_field_by_name("data");
    Rendered {
        content_type: content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
        body: data.as_ref().and_then(|value| value.as_bytes()).cloned().unwrap_or_default(),
    }
}
