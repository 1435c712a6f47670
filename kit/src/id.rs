//! The only place that makes ids, secrets and randomness.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A fresh random id: 32 hexadecimal digits, 122 random bits (UUID version 4, RFC 9562).
///
/// Random rather than ordered, so that a store sharded by id spreads its writes.
#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
pub fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// `N` bytes from the operating system's cryptographic generator.
#[expect(clippy::disallowed_methods, reason = "the one place that makes secrets")]
pub fn secret_bytes<const N: usize>() -> [u8; N] {
    rand::random()
}

/// A random number in `0.0..1.0`, for jitter. Never for secrets.
#[expect(clippy::disallowed_methods, reason = "the one place that makes randomness")]
pub(crate) fn fraction() -> f64 {
    rand::random()
}

/// Whether `text` is an id that we would make or accept: 1 to 64 of `A-Z a-z 0-9 . _ -`.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Declares a newtype over a string that can only hold an id accepted by the given predicate.
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $accepts:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id in `text`, if it is well formed.
            pub fn parse(text: impl Into<String>) -> Option<Self> {
                let text = text.into();
                $accepts(&text).then_some(Self(text))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(text).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    };
}

id_type! {
    /// Who a request is for: the `sub` of a verified token, 1 to 255 visible ASCII characters.
    ///
    /// Wider than [`is_id`] because another identity provider may have made it.
    UserId, is_subject
}

id_type! {
    /// A login session: the `sid` of a verified token.
    SessionId, is_id
}

impl UserId {
    /// A fresh random user id.
    pub fn random() -> Self {
        Self(random())
    }
}

impl SessionId {
    /// A fresh random session id.
    pub fn random() -> Self {
        Self(random())
    }
}

fn is_subject(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A value that must not be printed: `Debug` and `Display` show `***`, and its memory is cleared on drop.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "writeOnly": true})
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_to_sixty_four_of_a_small_alphabet() {
        for good in ["a", "A-b_c.9", &"x".repeat(64)] {
            assert!(SessionId::parse(good).is_some(), "{good} is an id");
        }
        for bad in ["", "../1", "a b", "a/b", "é", "a\0", &"x".repeat(65)] {
            assert!(SessionId::parse(bad).is_none(), "{bad:?} is not an id");
        }
    }

    #[test]
    fn a_subject_of_another_provider_is_accepted_and_a_control_character_is_not() {
        assert!(UserId::parse("auth0|507f1f77bcf86cd799439011").is_some());
        assert!(UserId::parse("u\0").is_none());
        assert!(UserId::parse("u v").is_none());
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret} {}", serde_json::to_string(&secret).unwrap()), "*** *** \"***\"");
    }
}
