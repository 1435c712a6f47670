//! A deserializer around another that refuses doubled keys, NUL and deep nesting, and remembers where it failed.
//!
//! It knows the message that is being read only to tell that `user_id` and `userId` are one field.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::position::Position;

/// What a JSON value stands for, as far as its keys are concerned.
#[derive(Clone)]
enum Shape {
    /// An object whose keys are fields.
    Message(MessageDescriptor),
    /// A list of, or an object with any keys and, values of this kind.
    Many(Kind),
    /// Any JSON: scalars, and the well-known types with a form of their own.
    Free,
}

impl Shape {
    fn of_field(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => Self::Many(entry.map_entry_value_field().kind()),
            kind if field.is_list() => Self::Many(kind),
            kind => Self::of_kind(&kind),
        }
    }

    fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Message(message) if !message.full_name().starts_with("google.protobuf.") => {
                Self::Message(message.clone())
            }
            _ => Self::Free,
        }
    }

    fn of_member(&self) -> Self {
        match self {
            Self::Many(kind) => Self::of_kind(kind),
            Self::Message(_) | Self::Free => Self::Free,
        }
    }
}

/// Reads like `inner`, and more strictly.
pub(super) struct Strict<'p, T> {
    inner: T,
    shape: Shape,
    position: &'p Position,
}

impl<'p, T> Strict<'p, T> {
    /// Stands between `inner` and the reader of a `message`.
    pub(super) fn message(inner: T, message: &MessageDescriptor, position: &'p Position) -> Self {
        Self { inner, shape: Shape::of_kind(&Kind::Message(message.clone())), position }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Strict { inner: visitor, shape: self.shape, position: self.position })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_option(Strict { inner: visitor, shape: self.shape, position: self.position })
    }

    // JSON describes itself, so every other wish comes to the same.
    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict { inner: deserializer, shape: self.shape, position: self.position })
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.inner.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.inner.visit_u64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.inner.visit_f64(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.inner.visit_str(without_nul(text)?)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.inner.visit_borrowed_str(without_nul(text)?)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        without_nul::<E>(&text)?;
        self.inner.visit_string(text)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Strict { inner: deserializer, shape: self.shape, position: self.position })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let position = self.position;
        position.enter()?;
        let list = List { elements, shape: self.shape.of_member(), index: 0, position };
        let value = self.inner.visit_seq(list)?;
        position.leave();
        Ok(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let position = self.position;
        position.enter()?;
        let seen = match self.shape {
            Shape::Message(message) => Seen::Fields(message, Vec::new()),
            shape => Seen::Keys(shape.of_member(), HashSet::new()),
        };
        let value = self.inner.visit_map(Object { entries, seen, at: At::Nothing, position })?;
        position.leave();
        Ok(value)
    }
}

fn without_nul<E: Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') {
        return Err(E::custom("must not contain the NUL character"));
    }
    Ok(text)
}

struct List<'p, A> {
    elements: A,
    shape: Shape,
    index: usize,
    position: &'p Position,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for List<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let strict = Strict { inner: seed, shape: self.shape.clone(), position: self.position };
        let element = self.elements.next_element_seed(strict);
        if element.is_err() {
            self.position.failed_in(format!("[{}]", self.index));
        }
        self.index += 1;
        element
    }
}

struct Object<'p, A> {
    entries: A,
    seen: Seen,
    at: At,
    position: &'p Position,
}

/// The keys that have come.
enum Seen {
    Fields(MessageDescriptor, Vec<u32>),
    Keys(Shape, HashSet<String>),
}

/// The key whose value comes next.
enum At {
    Nothing,
    Field(FieldDescriptor),
    Key(String),
}

impl At {
    fn step(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Field(field) => format!(".{}", field.name()),
            Self::Key(key) => format!(".{key}"),
        }
    }
}

impl Seen {
    /// Takes note of `key`; the error says what is wrong with it.
    fn note(&mut self, key: &str) -> Result<At, &'static str> {
        match self {
            Self::Fields(message, numbers) => {
                let field = message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key));
                let field = field.ok_or("unknown field")?;
                if numbers.contains(&field.number()) {
                    return Err("given twice");
                }
                numbers.push(field.number());
                Ok(At::Field(field))
            }
            Self::Keys(_, keys) => {
                let is_new = keys.insert(key.to_owned());
                is_new.then(|| At::Key(key.to_owned())).ok_or("given twice")
            }
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Object<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(key) = self.entries.next_key_seed(Key)? else { return Ok(None) };
        self.at = self.seen.note(&key).map_err(|problem| {
            self.position.failed_in(format!(".{key}"));
            A::Error::custom(problem)
        })?;
        seed.deserialize(CowStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let shape = match (&self.at, &self.seen) {
            (At::Field(field), _) => Shape::of_field(field),
            (_, Seen::Keys(shape, _)) => shape.clone(),
            (_, Seen::Fields(..)) => Shape::Free,
        };
        let value = self.entries.next_value_seed(Strict { inner: seed, shape, position: self.position });
        if value.is_err() {
            self.position.failed_in(self.at.step());
        }
        value
    }
}

/// A key, borrowed from the input where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        without_nul(key).map(Cow::Borrowed)
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        without_nul(key).map(|key| Cow::Owned(key.to_owned()))
    }
}
