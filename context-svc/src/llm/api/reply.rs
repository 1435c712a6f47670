//! What a model answered.

use std::time::Duration;

use crate::domain::model::Usage;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What it says; JSON if a form was asked for and the model kept to it. Empty if it says nothing.
    pub text: String,
    /// How it ended.
    pub end: End,
    /// What it consumed, with the calls that were made for it in vain.
    pub usage: Usage,
    /// The model that answered, as the provider calls it: it may be more precise than the one asked for.
    pub model: String,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The model was done.
    Complete,
    /// It was cut at the most tokens, of the answer or of the model: never to be taken for complete.
    CutShort,
    /// The model, or a filter of its provider, did not want to answer.
    Refused,
    /// Some other way, named by the provider, or not told: then empty.
    Unknown(String),
}

/// A piece of an answer that comes piece by piece.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// The next words.
    Text(String),
    /// It is over, and this is the whole. Comes once, at last; a stream that ends without it has failed.
    End(Reply),
}

/// How a model can be made to keep to a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputMode {
    /// The server holds the answer to the schema: `json_schema`, or the forced use of a tool.
    Schema,
    /// The server is told that it shall be a JSON object, and the schema besides: `json_object` with `schema`.
    JsonObjectWithSchema,
    /// The server is told that it shall be a JSON object; the model is told the schema.
    JsonObject,
    /// Only the model is told.
    PromptOnly,
}

/// What a try showed of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The model that answered.
    pub model: String,
    /// How it was made to keep to a form.
    pub output_mode: OutputMode,
    /// Whether the answer had the form.
    pub kept_to_form: bool,
    /// How long it took.
    pub took: Duration,
    /// What it consumed.
    pub usage: Usage,
}
