//! What may be spent.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What calls of a model may consume on one day in UTC. Beyond it extractions and summaries wait for the next day, and talks get no
/// reply. Calls under way when a ceiling is reached are not cut short: it is exceeded by as much as they take.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpendSettings {
    /// Tokens, sent and received, that one user may consume a day; 0 for as many as it takes.
    pub user_tokens_per_day: u64,
    /// Tokens, sent and received, that all users together may consume a day; 0 for as many as it takes.
    pub tokens_per_day: u64,
    /// What one user may cost a day, in US dollars such as `0.25`; 0 for as much as it takes. A model without a price costs
    /// nothing.
    pub user_usd_per_day: Usd,
    /// What all users together may cost a day, in US dollars such as `25`; 0 for as much as it takes.
    pub usd_per_day: Usd,
}

/// An amount in US dollars, exact to the millionth. In settings a number or a text, `0.25`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd {
    micros: u64,
}

/// More than anybody has, and far from the end of the numbers.
const MICROS_MAX: u64 = 1_000_000_000_000_000;

impl Usd {
    /// That many millionths.
    pub const fn micros(micros: u64) -> Self {
        Self { micros }
    }

    /// How many millionths it is.
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_amount = !whole.is_empty() && part.len() <= 6 && digits(whole) && digits(part);
        if !is_amount || (part.is_empty() && text.ends_with('.')) {
            return None;
        }
        let micros = format!("{whole}{part:0<6}").parse().ok()?;
        (micros <= MICROS_MAX).then_some(Self { micros })
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.micros / 1_000_000, format!("{:06}", self.micros % 1_000_000));
        match part.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            part => write!(f, "{whole}.{part}"),
        }
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Whole(u64),
            Number(f64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Whole(number) => number.to_string(),
            // Never in scientific notation.
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is not an amount in US dollars; write 25 or 0.25, with at most six decimals"
            ))
        })
    }
}

impl JsonSchema for Usd {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "usd"})
    }

    fn inline_schema() -> bool {
        true
    }
}
