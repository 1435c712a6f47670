//! Which models read transcripts, how they are reached, and what they cost.

use kit::config::Period;
use kit::error::InvalidField;
use kit::id::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::{Api, Endpoint, Price, base_url};
use crate::domain::spend::Usd;

/// Where a provider is reached unless the settings say otherwise.
const OPENAI_URL: &str = "https://api.openai.com/v1";

/// Where a provider is reached unless the settings say otherwise.
const ANTHROPIC_URL: &str = "https://api.anthropic.com";

/// Who reads transcripts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Nobody: there is no such model.
    None,
    /// The rule-based extractive reader of this process.
    #[default]
    Local,
    /// A server that speaks the chat completions API of OpenAI.
    OpenAi,
    /// A server that speaks the Messages API of Anthropic.
    Anthropic,
}

impl Provider {
    /// What it is called among the metrics and in session contexts.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Local => "local",
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}

/// One model and how it is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// Who reads transcripts. `local` needs neither key nor network: it picks sentences by rules. `openai` stands for every server
    /// that speaks its chat completions API (Azure, vLLM, Ollama, llama.cpp, LM Studio …), `none` for no such model.
    pub provider: Provider,
    /// The model as the provider calls it, such as `gpt-4o-mini`. Required for `openai` and `anthropic`.
    pub name: String,
    /// Where the API begins, such as `http://127.0.0.1:8000/v1`. If empty the provider's own address.
    pub url: String,
    /// The key of the provider. Required unless `url` is a server of your own.
    pub key: Secret,
    /// The most tokens of one answer, 256 to 1,000,000. An answer that is cut there is asked for again in smaller pieces.
    pub output_tokens: u32,
    /// How long connecting may take, 100ms to 1m.
    pub connect_timeout: Period,
    /// How long the server may be silent, 1s to 10m. One that does not stream is silent while it composes its answer.
    pub read_timeout: Period,
    /// How long one question may take in all, 1s to 10m and at most half of `queue.pass`.
    pub call_timeout: Period,
    /// Whether answers come piece by piece, which keeps gateways from closing a connection on which nothing moves.
    pub stream: bool,
    /// US dollars for a million tokens sent. 0 if it costs nothing or you do not want to know.
    pub price_input: Usd,
    /// US dollars for a million tokens sent that the provider had cached.
    pub price_cached_input: Usd,
    /// US dollars for a million tokens received.
    pub price_output: Usd,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            provider: Provider::default(),
            name: String::new(),
            url: String::new(),
            key: Secret::new(""),
            output_tokens: 4096,
            connect_timeout: Period::secs(5),
            read_timeout: Period::secs(45),
            call_timeout: Period::secs(45),
            stream: false,
            price_input: Usd::default(),
            price_cached_input: Usd::default(),
            price_output: Usd::default(),
        }
    }
}

impl ModelSettings {
    /// No model at all.
    pub(crate) fn none() -> Self {
        Self { provider: Provider::None, ..Self::default() }
    }

    /// Whether a price is known.
    pub(crate) fn has_price(&self) -> bool {
        self.price_input.max(self.price_output) > Usd::default()
    }

    /// Refuses what cannot work. Fields are named as they stand in the section.
    pub(crate) fn check(&self) -> Result<(), InvalidField> {
        let is_remote = matches!(self.provider, Provider::OpenAi | Provider::Anthropic);
        let needs_key = is_remote && self.url.is_empty();
        let second = Period::secs(1);
        let rules = [
            (
                "name",
                !is_remote || !self.name.trim().is_empty(),
                "must name a model of the provider, such as gpt-4o-mini",
            ),
            ("key", !needs_key || !self.key.expose().trim().is_empty(), "must be the key of the provider"),
            ("key", self.key.expose().bytes().all(|b| b.is_ascii_graphic()), "must be visible ASCII characters"),
            (
                "url",
                self.url.is_empty() || base_url(&self.url).is_some(),
                "must be an http or https URL without password",
            ),
            ("output_tokens", (256..=1_000_000).contains(&self.output_tokens), "must be 256 to 1000000"),
            (
                "connect_timeout",
                (Period::millis(100)..=Period::mins(1)).contains(&self.connect_timeout),
                "must be 100ms to 1m",
            ),
            ("read_timeout", (second..=Period::mins(10)).contains(&self.read_timeout), "must be 1s to 10m"),
            ("call_timeout", (second..=Period::mins(10)).contains(&self.call_timeout), "must be 1s to 10m"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, problem)) => Err(InvalidField::new(key, problem)),
            None => Ok(()),
        }
    }

    /// The model behind HTTP that these settings describe; `None` if they describe none.
    pub fn endpoint(&self) -> Option<Endpoint> {
        let (api, usual_url) = match self.provider {
            Provider::OpenAi => (Api::OpenAi, OPENAI_URL),
            Provider::Anthropic => (Api::Anthropic, ANTHROPIC_URL),
            Provider::None | Provider::Local => return None,
        };
        let url = if self.url.is_empty() { usual_url } else { &self.url };
        Some(Endpoint {
            api,
            provider: self.provider.name().to_owned(),
            base_url: base_url(url)?,
            key: (!self.key.expose().is_empty()).then(|| self.key.clone()),
            model: self.name.trim().to_owned(),
            connect_timeout: *self.connect_timeout,
            read_timeout: *self.read_timeout,
            call_timeout: *self.call_timeout,
            output_tokens_max: self.output_tokens,
            is_streaming: self.stream,
            price: Price {
                input: self.price_input.as_micros(),
                cached_input: self.price_cached_input.as_micros(),
                output: self.price_output.as_micros(),
            },
        })
    }
}
