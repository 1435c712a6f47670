//! Which server is asked, how long it is waited for, and what it costs.

use std::time::Duration;

use kit::id::Secret;
use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::model::Usage;

/// Which API a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Chat completions, as of OpenAI and every server compatible with it.
    OpenAi,
    /// The Messages API of Anthropic.
    Anthropic,
}

/// One model of one server.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// What the server speaks.
    pub api: Api,
    /// What the provider is called wherever it is shown.
    pub provider: String,
    /// Where the API begins, see [`base_url`].
    pub base_url: Url,
    /// Proves who asks. A server of one's own may need none.
    pub key: Option<Secret>,
    /// The model, as the provider calls it.
    pub model: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the server may be silent between two bytes. One that does not stream is silent while it composes its answer.
    pub read_timeout: Duration,
    /// How long one question may take in all, with the second try but without the wait for its turn.
    pub call_timeout: Duration,
    /// The most tokens of an answer, unless the prompt says less or more.
    pub output_tokens_max: u32,
    /// Whether the answer is to come piece by piece, which keeps gateways from closing a connection on which nothing moves.
    pub is_streaming: bool,
    /// What it costs.
    pub price: Price,
}

/// Reads where an API begins: an `http` or `https` URL with a host and without user or password, such as
/// `https://api.openai.com/v1` or `https://api.anthropic.com`. A query is kept.
pub fn base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    (is_web && is_anonymous && url.fragment().is_none()).then_some(url)
}

impl Endpoint {
    /// Where questions are posted.
    pub(super) fn url(&self) -> Url {
        let path: &[&str] = match self.api {
            Api::OpenAi => &["chat", "completions"],
            Api::Anthropic => &["v1", "messages"],
        };
        let mut url = self.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// What a million tokens cost, in millionths of a US dollar: 2,500,000 for 2.50 dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// A million tokens sent.
    pub input: u64,
    /// A million tokens sent that the provider had cached.
    pub cached_input: u64,
    /// A million tokens received.
    pub output: u64,
}

impl Price {
    /// What `usage` costs in millionths of a US dollar, rounded up.
    pub fn of(&self, usage: &Usage) -> i64 {
        let tokens = |count: i64| u128::from(count.max(0).unsigned_abs());
        let cached = tokens(usage.cached_input_tokens).min(tokens(usage.input_tokens));
        let fresh = tokens(usage.input_tokens) - cached;
        let cost = fresh * u128::from(self.input)
            + cached * u128::from(self.cached_input)
            + tokens(usage.output_tokens) * u128::from(self.output);
        i64::try_from(cost.div_ceil(1_000_000)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
impl Endpoint {
    /// Some model behind `api`, with patience enough for any test.
    pub(crate) fn of(api: Api) -> Self {
        let (provider, base) = match api {
            Api::OpenAi => ("openai", "http://127.0.0.1:1/v1"),
            Api::Anthropic => ("anthropic", "http://127.0.0.1:1"),
        };
        Self {
            api,
            provider: provider.to_owned(),
            base_url: base_url(base).expect("a URL"),
            key: Some(Secret::new("sk-test-key")),
            model: "test-model".to_owned(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            call_timeout: Duration::from_secs(120),
            output_tokens_max: 1000,
            is_streaming: false,
            price: Price::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input_tokens: i64, cached_input_tokens: i64, output_tokens: i64) -> Usage {
        Usage { calls: 1, input_tokens, cached_input_tokens, output_tokens, cost_micro_usd: 0 }
    }

    #[test]
    fn cached_tokens_cost_less_and_a_fraction_of_a_millionth_costs_a_whole_one() {
        let price = Price { input: 2_500_000, cached_input: 1_250_000, output: 10_000_000 };

        assert_eq!(price.of(&usage(1000, 0, 100)), 2500 + 1000);
        assert_eq!(price.of(&usage(1000, 800, 100)), 500 + 1000 + 1000);
        assert_eq!(price.of(&usage(1, 0, 0)), 3);
        assert_eq!(price.of(&usage(0, 0, 0)), 0);
    }

    #[test]
    fn numbers_that_no_provider_sends_do_not_overflow() {
        let price = Price { input: u64::MAX, cached_input: u64::MAX, output: u64::MAX };

        assert_eq!(price.of(&usage(i64::MAX, i64::MAX, i64::MAX)), i64::MAX);
        assert_eq!(price.of(&usage(-5, 7, -1)), 0);
        assert_eq!(Price::default().of(&usage(i64::MAX, 0, i64::MAX)), 0);
    }

    #[test]
    fn a_base_url_is_of_the_web_and_holds_no_password() {
        for good in ["https://api.openai.com/v1", "http://127.0.0.1:8080", " https://x.example/v1?api-version=1 "] {
            assert!(base_url(good).is_some(), "{good}");
        }
        for bad in ["", "api.openai.com/v1", "ftp://x.example", "https://user:pass@x.example", "https://k@x.example/v1"]
        {
            assert!(base_url(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_path_is_appended_and_the_query_stays() {
        let cases = [
            (Api::OpenAi, "https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
            (Api::OpenAi, "http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/chat/completions"),
            (Api::OpenAi, "https://x.example/a?api-version=1", "https://x.example/a/chat/completions?api-version=1"),
            (Api::Anthropic, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ];
        for (api, base, url) in cases {
            let endpoint = Endpoint { base_url: base_url(base).unwrap(), ..Endpoint::of(api) };

            assert_eq!(endpoint.url().as_str(), url);
        }
    }
}
