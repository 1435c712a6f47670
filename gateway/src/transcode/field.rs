//! Values of single fields, read from the text of a path or a query.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

use super::json::DEPTH_MAX;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, ANY_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, ANY_PADDING);

/// The way from a request message to one of its fields, through singular messages only.
pub(super) type FieldPath = Vec<FieldDescriptor>;

/// Follows a dotted path from `message`. Fields go by proto name, and by JSON name too if `json_names`.
///
/// Refuses to pass through anything but a singular message that is an ordinary JSON object.
pub(super) fn resolve(message: &MessageDescriptor, dotted: &str, json_names: bool) -> Result<FieldPath, String> {
    let mut path = FieldPath::new();
    let mut names = dotted.split('.').peekable();
    let mut inside = message.clone();
    while let Some(name) = names.next() {
        if path.len() == DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        let by_json_name = || json_names.then(|| inside.get_field_by_json_name(name)).flatten();
        let field = inside
            .get_field_by_name(name)
            .or_else(by_json_name)
            .ok_or_else(|| format!("{} has no field `{name}`", inside.full_name()))?;
        if names.peek().is_some() {
            inside = match field.kind() {
                Kind::Message(next) if !field.is_list() && !field.is_map() && !is_leaf_message(&next) => next,
                _ => return Err(format!("`{name}` has no fields of its own")),
            };
        }
        path.push(field);
    }
    Ok(path)
}

/// The path as written in the proto file: `session.id`.
pub(super) fn dotted(path: &[FieldDescriptor]) -> String {
    path.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join(".")
}

/// Whether a value of this kind can be written as plain text.
pub(super) fn is_leaf(kind: &Kind) -> bool {
    match kind {
        Kind::Message(message) => is_leaf_message(message),
        _ => true,
    }
}

fn is_leaf_message(message: &MessageDescriptor) -> bool {
    is_wrapper(message)
        || matches!(
            message.full_name(),
            "google.protobuf.Timestamp" | "google.protobuf.Duration" | "google.protobuf.FieldMask"
        )
}

fn is_wrapper(message: &MessageDescriptor) -> bool {
    let Some(name) = message.full_name().strip_prefix("google.protobuf.") else { return false };
    matches!(
        name,
        "DoubleValue"
            | "FloatValue"
            | "Int64Value"
            | "UInt64Value"
            | "Int32Value"
            | "UInt32Value"
            | "BoolValue"
            | "StringValue"
            | "BytesValue"
    )
}

/// Reads `text` as one value of `kind`. The error says what would be right.
pub(super) fn parse(kind: &Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("must be true or false".to_owned()),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(text).map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(text).map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => integer(text).map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(text).map(Value::U64),
        Kind::Double => double(text).map(Value::F64),
        Kind::Float => float(text).map(Value::F32),
        Kind::Bytes => bytes(text),
        Kind::Enum(values) => enum_number(values, text),
        Kind::Message(message) => leaf_message(message, text),
    }
}

fn integer<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = is_plain.then(|| text.parse().ok()).flatten();
    parsed.ok_or_else(|| format!("must be a whole number that fits {}", std::any::type_name::<N>()))
}

fn double(text: &str) -> Result<f64, String> {
    let wrong = || "must be a number, NaN, Infinity or -Infinity".to_owned();
    match text {
        "NaN" => Ok(f64::NAN),
        "Infinity" => Ok(f64::INFINITY),
        "-Infinity" => Ok(f64::NEG_INFINITY),
        // Rust reads "inf" and "nan" in any case; protobuf JSON does not.
        _ if text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E')) => Err(wrong()),
        _ => text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(wrong),
    }
}

fn float(text: &str) -> Result<f32, String> {
    let wide = double(text)?;
    let narrow = wide as f32;
    if wide.is_finite() && narrow.is_infinite() {
        return Err("must fit a 32-bit float".to_owned());
    }
    Ok(narrow)
}

fn bytes(text: &str) -> Result<Value, String> {
    let is_url_safe = text.contains(['-', '_']);
    let engine = if is_url_safe { &BASE64_URL } else { &BASE64 };
    let bytes = engine.decode(text).map_err(|_| "must be base64, standard or URL-safe".to_owned())?;
    Ok(Value::Bytes(bytes.into()))
}

fn enum_number(values: &EnumDescriptor, text: &str) -> Result<Value, String> {
    if let Some(value) = values.get_value_by_name(text) {
        return Ok(Value::EnumNumber(value.number()));
    }
    integer(text).map(Value::EnumNumber).map_err(|_| format!("`{text}` is not a value of {}", values.full_name()))
}

fn leaf_message(message: &MessageDescriptor, text: &str) -> Result<Value, String> {
    if is_wrapper(message) {
        let inner = message.get_field(1).ok_or("has no value field")?;
        let mut wrapper = DynamicMessage::new(message.clone());
        wrapper.set_field(&inner, parse(&inner.kind(), text)?);
        return Ok(Value::Message(wrapper));
    }
    if !is_leaf_message(message) {
        return Err("is a message: name one of its fields".to_owned());
    }
    let deserializer: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    DynamicMessage::deserialize(message.clone(), deserializer).map(Value::Message).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sixty_four_bits_are_exact_and_thirty_two_do_not_wrap() {
        assert_eq!(parse(&Kind::Int64, "9007199254740993"), Ok(Value::I64(9_007_199_254_740_993)));
        assert_eq!(parse(&Kind::Uint64, "18446744073709551615"), Ok(Value::U64(u64::MAX)));
        for (kind, text) in [
            (Kind::Int32, "2147483648"),
            (Kind::Uint64, "-1"),
            (Kind::Int32, "+1"),
            (Kind::Int32, ""),
            (Kind::Int32, "1.0"),
        ] {
            assert!(parse(&kind, text).is_err(), "{text} is no {kind:?}");
        }
    }

    #[test]
    fn bytes_come_in_four_alphabets() {
        for text in ["//4vKw==", "//4vKw", "__4vKw==", "__4vKw"] {
            assert_eq!(parse(&Kind::Bytes, text), Ok(Value::Bytes(vec![0xFF, 0xFE, 0x2F, 0x2B].into())), "{text}");
        }
        assert!(parse(&Kind::Bytes, "!!!").is_err());
    }

    #[test]
    fn only_the_json_names_of_the_special_numbers_count() {
        assert_eq!(parse(&Kind::Double, "-Infinity"), Ok(Value::F64(f64::NEG_INFINITY)));
        assert_eq!(parse(&Kind::Double, "1e3"), Ok(Value::F64(1000.0)));
        for text in ["inf", "nan", "infinity", "1e999", ""] {
            assert!(parse(&Kind::Double, text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_well_known_type_panic(text in "[0-9TZsé:.,+a-]{0,30}") {
            for name in ["Timestamp", "Duration", "FieldMask"] {
                let message = prost_reflect::DescriptorPool::global().get_message_by_name(&format!("google.protobuf.{name}"));
                let _ = parse(&Kind::Message(message.expect("a well-known type")), &text);
            }
        }
    }
}
