//! What a model is asked.

use serde_json::Value;

use super::reply::OutputMode;

/// One question to a chat model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt {
    /// What the model is told to be and to do.
    pub system: String,
    /// The talk so far, ending with what is to be answered.
    pub turns: Vec<Turn>,
    /// The form of the answer; `None` for prose.
    pub form: Option<Form>,
    /// The most tokens of the answer; `None` for what is usual at the endpoint.
    pub output_tokens_max: Option<u32>,
    /// How freely words are chosen, 0 for as little as possible; `None` for what is usual at the server.
    pub temperature: Option<f64>,
}

impl Prompt {
    /// Asks `text` once, with as little chance in the answer as possible.
    pub fn asking(system: impl Into<String>, text: impl Into<String>) -> Self {
        let turns = vec![Turn { speaker: Speaker::Asker, text: text.into() }];
        Self { system: system.into(), turns, form: None, output_tokens_max: None, temperature: Some(0.0) }
    }

    /// What the model is told, and the form besides where the server does not see to it.
    pub(super) fn system_for(&self, mode: OutputMode) -> String {
        let Some(form) = self.form.as_ref().filter(|_| mode != OutputMode::Schema) else { return self.system.clone() };
        let told = "Answer with one JSON object and nothing else. It must fit this JSON Schema:";
        format!("{}\n\n{told}\n{}", self.system, form.schema).trim_start().to_owned()
    }
}

/// What was said in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
}

/// Who speaks with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever asks.
    Asker,
    /// The model.
    Model,
}

/// The form that an answer shall have.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Its name, 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub name: &'static str,
    /// JSON Schema of an object, within what providers take as strict: every property required, none additional.
    pub schema: Value,
}
