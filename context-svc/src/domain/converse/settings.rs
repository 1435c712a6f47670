//! Which model answers in talks, what it is told, and how long it may take.

use std::time::Duration;

use kit::config::Period;
use kit::error::InvalidField;
use kit::id::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::spend::Usd;
use crate::llm::{ModelSettings, Provider};

/// What a coach is told that the settings tell nothing else.
const COACH: &str = include_str!("coach.md");

/// Which model answers in talks, and how.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSettings {
    /// Who answers in talks. `none` is nobody: then messages are recorded and acknowledged, and the application answers by itself.
    /// `openai` stands for every server that speaks its chat completions API; `local` cannot answer.
    pub provider: Provider,
    /// The model as the provider calls it, such as `gpt-4o-mini`. Required unless the provider is `none`.
    pub name: String,
    /// Where the API begins, such as `http://127.0.0.1:8000/v1`. If empty the provider's own address.
    pub url: String,
    /// The key of the provider. Required unless `url` is a server of your own.
    pub key: Secret,
    /// What the model is told to be, before what is remembered of the user. If empty a short prompt for a coach.
    pub prompt: String,
    /// A file with what the model is told to be, read at the start, instead of `prompt`.
    pub prompt_file: String,
    /// The most tokens of one reply, 256 to 1,000,000. A reply that is cut there is stored as it is, and said to be cut.
    pub output_tokens: u32,
    /// How many tokens what is remembered of the user may take in the prompt, 0 for none, at most 100,000.
    pub context_tokens: usize,
    /// How many of the last messages of a conversation may stand in the prompt, 1 to 200.
    pub history_messages: usize,
    /// How many tokens these may have together, at most 1,000,000. The message that is answered is always there.
    pub history_tokens: usize,
    /// How many replies may be under way at once, at least 1. Extractions have turns of their own.
    pub concurrency: usize,
    /// How long connecting may take, 100ms to 1m.
    pub connect_timeout: Period,
    /// How long the server may be silent, before its first word and between any two, 1s to 10m.
    pub read_timeout: Period,
    /// How long a user may wait for the first word in all, 1s to 10m: for a turn, for a second try, and while the model thinks.
    pub first_word: Period,
    /// How long a reply may take in all, from `chat.first_word` to 10m.
    pub call_timeout: Period,
    /// How long replies under way may take to finish after SIGTERM; shorter than `drain`.
    pub drain: Period,
    /// US dollars for a million tokens sent. 0 if it costs nothing or you do not want to know.
    pub price_input: Usd,
    /// US dollars for a million tokens sent that the provider had cached.
    pub price_cached_input: Usd,
    /// US dollars for a million tokens received.
    pub price_output: Usd,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            provider: Provider::None,
            name: String::new(),
            url: String::new(),
            key: Secret::new(""),
            prompt: String::new(),
            prompt_file: String::new(),
            output_tokens: 1024,
            context_tokens: 1000,
            history_messages: 40,
            history_tokens: 3000,
            concurrency: 16,
            connect_timeout: Period::secs(5),
            read_timeout: Period::secs(20),
            first_word: Period::secs(30),
            call_timeout: Period::secs(90),
            drain: Period::secs(5),
            price_input: Usd::default(),
            price_cached_input: Usd::default(),
            price_output: Usd::default(),
        }
    }
}

/// On what terms talks are answered in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What the model is told to be.
    pub prompt: String,
    /// How many tokens what is remembered may take.
    pub context_tokens: usize,
    /// How many messages of the talk are read.
    pub history_messages: usize,
    /// How many tokens these may have.
    pub history_tokens: usize,
    /// How many replies may be under way at once.
    pub concurrency: usize,
    /// How long the first word may take.
    pub first_word: Duration,
    /// How long a reply may take in all.
    pub whole: Duration,
    /// How long a reply may go on once the process is to end.
    pub drain: Duration,
}

impl ChatSettings {
    /// The model, as others are described.
    pub fn model(&self) -> ModelSettings {
        ModelSettings {
            provider: self.provider,
            name: self.name.clone(),
            url: self.url.clone(),
            key: self.key.clone(),
            output_tokens: self.output_tokens,
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
            call_timeout: self.call_timeout,
            stream: true,
            price_input: self.price_input,
            price_cached_input: self.price_cached_input,
            price_output: self.price_output,
        }
    }

    /// Refuses what cannot work. Fields are named as they stand in the section.
    pub fn check(&self) -> Result<(), InvalidField> {
        self.model().check()?;
        let minutes = Period::mins(10);
        let rules = [
            ("provider", self.provider != Provider::Local, "must be none, openai or anthropic"),
            (
                "prompt_file",
                self.prompt.is_empty() || self.prompt_file.is_empty(),
                "must be empty where chat.prompt is set",
            ),
            ("context_tokens", self.context_tokens <= 100_000, "must be at most 100000"),
            ("history_messages", (1..=200).contains(&self.history_messages), "must be 1 to 200"),
            ("history_tokens", self.history_tokens <= 1_000_000, "must be at most 1000000"),
            ("concurrency", self.concurrency >= 1, "must be at least 1"),
            ("first_word", (Period::secs(1)..=minutes).contains(&self.first_word), "must be 1s to 10m"),
            (
                "call_timeout",
                (self.first_word..=minutes).contains(&self.call_timeout),
                "must be chat.first_word to 10m",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, problem)) => Err(InvalidField::new(key, problem)),
            None => Ok(()),
        }
    }

    /// On what terms talks are answered in. Reads the file of the prompt, if one is named.
    pub fn terms(&self) -> Result<Terms, InvalidField> {
        Ok(Terms {
            prompt: self.read_prompt()?,
            context_tokens: self.context_tokens,
            history_messages: self.history_messages,
            history_tokens: self.history_tokens,
            concurrency: self.concurrency,
            first_word: *self.first_word,
            whole: *self.call_timeout,
            drain: *self.drain,
        })
    }

    fn read_prompt(&self) -> Result<String, InvalidField> {
        if self.prompt_file.is_empty() {
            let prompt = if self.prompt.trim().is_empty() { COACH } else { &self.prompt };
            return Ok(prompt.trim().to_owned());
        }
        match std::fs::read_to_string(&self.prompt_file) {
            Ok(prompt) if prompt.trim().is_empty() => Err(InvalidField::new("chat.prompt_file", "is empty")),
            Ok(prompt) => Ok(prompt.trim().to_owned()),
            Err(error) => Err(InvalidField::new("chat.prompt_file", format!("cannot be read: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat() -> ChatSettings {
        let url = "http://127.0.0.1:8000/v1".to_owned();
        ChatSettings { provider: Provider::OpenAi, name: "m".to_owned(), url, ..ChatSettings::default() }
    }

    #[test]
    fn nobody_answers_unless_it_is_asked_for() {
        assert!(ChatSettings::default().check().is_ok());
        assert!(ChatSettings::default().model().endpoint().is_none());
        assert!(chat().model().endpoint().is_some_and(|endpoint| endpoint.is_streaming));
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (settings, key) in [
            (ChatSettings { provider: Provider::Local, ..chat() }, "provider"),
            (ChatSettings { name: String::new(), ..chat() }, "name"),
            (ChatSettings { prompt: "x".into(), prompt_file: "y".into(), ..chat() }, "prompt_file"),
            (ChatSettings { history_messages: 0, ..chat() }, "history_messages"),
            (ChatSettings { concurrency: 0, ..chat() }, "concurrency"),
            (ChatSettings { call_timeout: Period::secs(29), ..chat() }, "call_timeout"),
        ] {
            assert_eq!(settings.check().unwrap_err().field, key);
        }
    }

    #[test]
    fn the_prompt_is_that_of_the_file_the_settings_or_the_house() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Be brief.\n").unwrap();
        let of_file = ChatSettings { prompt_file: file.path().display().to_string(), ..chat() };
        let own = ChatSettings { prompt: " Be kind. ".into(), ..chat() };
        let nowhere = ChatSettings { prompt_file: "/nowhere/at/all".into(), ..chat() };

        assert_eq!(of_file.terms().unwrap().prompt, "Be brief.");
        assert_eq!(own.terms().unwrap().prompt, "Be kind.");
        assert!(chat().terms().unwrap().prompt.starts_with("You are a coach"));
        assert_eq!(nowhere.terms().unwrap_err().field, "chat.prompt_file");
    }
}
