//! An answer while it is read, whole or piece by piece.

use serde_json::Value;

use super::diagnosis::word;
use super::endpoint::Endpoint;
use super::reply::{End, Reply};
use crate::domain::model::Usage;

/// Longer is no name of a model.
const MODEL_BYTES_MAX: usize = 200;

/// What has come so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) text: String,
    /// What the model gave to the tool it was offered, as JSON.
    pub(super) tool_input: String,
    pub(super) reasoning: String,
    /// With which words the model said that it does not want to.
    pub(super) refusal: String,
    pub(super) end: Option<End>,
    pub(super) tokens: Tokens,
    pub(super) model: String,
}

/// What the provider says was consumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// Including the cached ones.
    pub(super) input: i64,
    pub(super) cached_input: i64,
    pub(super) output: i64,
    /// Whether it said anything.
    pub(super) are_known: bool,
}

/// What a piece of a stream brought.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Nothing to read.
    Silent,
    /// The next words.
    Text(String),
    /// The end: what comes after it is not read.
    Over,
}

/// Why a piece of a stream ends it.
pub(super) enum EventError {
    /// It is not JSON.
    NotJson,
    /// It says that something went wrong.
    Complaint(Value),
}

impl Draft {
    /// The answer, with the first of `texts` that says something.
    fn reply(self, texts: [fn(&Self) -> &str; 4], endpoint: &Endpoint) -> Reply {
        let text = texts.into_iter().map(|text| text(&self)).find(|text| !text.trim().is_empty());
        let text = text.unwrap_or_default().to_owned();
        let end = if self.refusal.is_empty() { self.end.unwrap_or(End::Unknown(String::new())) } else { End::Refused };
        let is_name = (1..=MODEL_BYTES_MAX).contains(&self.model.len()) && !self.model.contains(char::is_control);
        let model = if is_name { self.model } else { endpoint.model.clone() };
        Reply { text, end, usage: self.tokens.usage(endpoint), model }
    }

    /// The answer, if text is what counts: what was given to a tool nobody offered, or thought aloud, only counts without any.
    pub(super) fn text_first(self, endpoint: &Endpoint) -> Reply {
        self.reply([|it| &it.text, |it| &it.tool_input, |it| &it.reasoning, |it| &it.refusal], endpoint)
    }

    /// The answer, if what was given to the tool counts.
    pub(super) fn tool_first(self, endpoint: &Endpoint) -> Reply {
        self.reply([|it| &it.tool_input, |it| &it.text, |it| &it.refusal, |_| ""], endpoint)
    }
}

impl Tokens {
    /// What one call consumed.
    pub(super) fn usage(self, endpoint: &Endpoint) -> Usage {
        let (input_tokens, cached_input_tokens) = (self.input, self.cached_input);
        let usage =
            Usage { calls: 1, input_tokens, cached_input_tokens, output_tokens: self.output, ..Usage::default() };
        Usage { cost_micro_usd: endpoint.price.of(&usage), ..usage }
    }
}

/// Whether an answer is an error although it came under the status 200.
pub(super) fn is_error(body: &Value) -> bool {
    body.get("error").is_some_and(|error| !error.is_null())
}

/// The text of `value[field]`; empty if it is none.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The count in `value[field]`, if it is one.
pub(super) fn count(value: &Value, field: &str) -> Option<i64> {
    // Some servers send whole numbers as `12.0`. A count that no model reaches is none.
    let number = value.get(field)?.as_f64()?;
    (0.0..=1e12).contains(&number).then_some(number as i64)
}

/// A way to end that we know no name for.
pub(super) fn unknown_end(name: &str) -> End {
    End::Unknown(word(name).unwrap_or_default())
}
