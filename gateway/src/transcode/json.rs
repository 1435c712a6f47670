//! Protobuf JSON, read strictly.
//!
//! `prost-reflect` does the reading. `Strict` stands between it and the JSON and refuses what it lets pass: a key given twice,
//! in one spelling or two; NUL characters; nesting deeper than [`DEPTH_MAX`]. It also knows where it is, so that every error
//! names a field.

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor};

use super::position::Position;
use super::strict::Strict;
use crate::refusal::Refusal;

/// How deeply objects and lists may be nested.
pub const DEPTH_MAX: usize = 64;

/// What a violation names when the whole body is wrong.
const WHOLE_BODY: &str = "body";

/// Reads a message.
pub fn read_message(message: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Refusal> {
    let position = Position::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = DynamicMessage::deserialize(message.clone(), Strict::message(&mut reader, message, &position));
    finish(read, reader, &position)
}

/// Reads the value of one field, into an otherwise empty message.
pub fn read_field(field: &FieldDescriptor, json: &[u8]) -> Result<DynamicMessage, Refusal> {
    let message = field.parent_message();
    let position = Position::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let entry = OneEntry { key: field.json_name(), value: &mut reader };
    let read = DynamicMessage::deserialize(message.clone(), Strict::message(entry, message, &position));
    finish(read, reader, &position)
}

fn finish<'de, T>(
    read: Result<T, serde_json::Error>,
    mut reader: serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    position: &Position,
) -> Result<T, Refusal> {
    let read = read.and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| {
        let field = position.path().unwrap_or_else(|| WHOLE_BODY.to_owned());
        let problem = error.to_string();
        if error.is_data() { Refusal::field(field, problem) } else { Refusal::json(field, problem) }
    })
}

/// Presents one JSON value as an object with that value under `key`.
struct OneEntry<'a, D> {
    key: &'a str,
    value: D,
}

impl<'de, D: serde::Deserializer<'de>> serde::Deserializer<'de> for OneEntry<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_map(Entry { key: Some(self.key), value: Some(self.value) })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Entry<'a, D> {
    key: Option<&'a str>,
    value: Option<D>,
}

impl<'de, D: serde::Deserializer<'de>> serde::de::MapAccess<'de> for Entry<'_, D> {
    type Error = D::Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, D::Error> {
        let Some(key) = self.key.take() else { return Ok(None) };
        seed.deserialize(serde::de::value::StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: serde::de::DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, D::Error> {
        let value = self.value.take().ok_or_else(|| serde::de::Error::custom("the value was read before"))?;
        seed.deserialize(value)
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
