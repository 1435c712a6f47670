//! What an error of a server means.
//!
//! Its text may quote what was asked, so that it is read and never passed on: only its `type` or `code` is, if it is a word.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::failure::{Failure, Remedy};
use super::manner::{Feature, Manner};
use super::reply::OutputMode;
use super::{reason, retry_after};
use crate::llm::ModelError;

/// How long to wait when the server does not say, up to half of it less.
const WAIT_USUAL: Duration = Duration::from_secs(20);
/// An account is not topped up within less.
const WAIT_FOR_MONEY: Duration = Duration::from_secs(15 * 60);

/// The error that a server answered with.
pub(super) struct Complaint<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
    /// All of it in lower case.
    text: String,
}

impl<'a> Complaint<'a> {
    /// Reads the body of an answer that is not 200.
    pub(super) fn of_answer(status: StatusCode, headers: &'a HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self::read(status, headers, &value, &text)
    }

    /// Reads an `error` that came under the status 200, be it whole or in the midst of a stream. Its status is what its words are
    /// usually sent with.
    pub(super) fn of_error(headers: &'a HeaderMap, body: &Value) -> Self {
        let mut complaint = Self::read(StatusCode::OK, headers, body, &body.to_string());
        complaint.status = complaint.usual_status();
        complaint
    }

    fn read(status: StatusCode, headers: &'a HeaderMap, body: &Value, text: &str) -> Self {
        // Most put it into `error`; some send it bare.
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let word = |field: &str| match error.get(field)? {
            Value::String(text) => word(text),
            Value::Number(number) => word(&number.to_string()),
            _ => None,
        };
        Self {
            status,
            headers,
            kind: word("type"),
            code: word("code"),
            param: word("param"),
            text: text.to_lowercase(),
        }
    }

    fn usual_status(&self) -> StatusCode {
        let code = self.code.as_deref().and_then(|code| code.parse().ok()).filter(|code| (400..600).contains(code));
        let usual_of = |word: &str| match word {
            "invalid_request_error" => 400,
            "authentication_error" => 401,
            "billing_error" => 402,
            "permission_error" => 403,
            "not_found_error" => 404,
            "request_too_large" => 413,
            "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => 429,
            "overloaded_error" => 529,
            _ => 500,
        };
        // Some name the kind of what is short ("tokens") where others name the kind of error.
        let words = [&self.code, &self.kind].into_iter().flatten();
        let known = words.map(|word| usual_of(word)).find(|status| *status != 500);
        let usual = code.or(known).unwrap_or(500);
        StatusCode::from_u16(usual).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What to make of it, if the server was asked in `manner`.
    pub(super) fn diagnose(&self, manner: &Manner, now: Timestamp) -> Failure {
        let mut failure = self.cause(now);
        if let Some(feature) = self.refused(manner) {
            failure.remedy = Remedy::AskWithout(feature);
        }
        failure
    }

    fn cause(&self, now: Timestamp) -> Failure {
        let message = self.message();
        if self.is_about_money() {
            let wait = self.wait(now).unwrap_or_default().max(WAIT_FOR_MONEY);
            return not_now(now + wait, reason::QUOTA_EXHAUSTED, message);
        }
        if self.is_about_length() {
            return Failure::of(ModelError::Permanent { reason: reason::CONTEXT_TOO_LONG, message });
        }
        let is_overloaded = self.says("overloaded_error") || self.status == 503 && self.wait(now).is_some();
        let unreachable = |reason| Failure::of(ModelError::Unreachable { reason, message: message.clone() });
        match self.status.as_u16() {
            _ if is_overloaded => not_now(now + self.wait_or_usual(now), reason::OVERLOADED, message),
            401 | 403 => unreachable(reason::UNAUTHENTICATED),
            404 => unreachable(reason::NOT_FOUND),
            _ if self.says("model_not_found") => unreachable(reason::NOT_FOUND),
            429 => not_now(now + self.wait_or_usual(now), reason::RATE_LIMITED, message),
            529 => not_now(now + self.wait_or_usual(now), reason::OVERLOADED, message),
            300..=399 => unreachable(reason::UNREACHABLE),
            408 | 500.. => Failure::passing(reason::SERVER_ERROR, message),
            // It may be for what the question says, so that it is no outage.
            _ => Failure::of(ModelError::Temporary { reason: reason::REQUEST_REFUSED, message }),
        }
    }

    fn message(&self) -> String {
        let status = self.status.as_u16();
        let is_number = |word: &&String| word.bytes().all(|byte| byte.is_ascii_digit());
        match self.code.as_ref().filter(|code| !is_number(code)).or(self.kind.as_ref()) {
            Some(word) => format!("the server answered {status} ({word})"),
            None if self.status.is_redirection() => {
                format!("the server answered {status}: it wants to be asked at another address")
            }
            None => format!("the server answered {status}"),
        }
    }

    /// Whether its type or code is just that word.
    fn says(&self, word: &str) -> bool {
        self.kind.as_deref() == Some(word) || self.code.as_deref() == Some(word)
    }

    fn speaks_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    fn is_about_money(&self) -> bool {
        let words = [&self.kind, &self.code].into_iter().flatten();
        let is_billed = words.into_iter().any(|word| word.contains("billing") || word.contains("insufficient_quota"));
        let is_refusal = matches!(self.status.as_u16(), 400 | 403 | 429);
        self.status == 402 || is_refusal && (is_billed || self.speaks_of(&["credit balance is too low"]))
    }

    fn is_about_length(&self) -> bool {
        let status = self.status.as_u16();
        let may_be = matches!(status, 400 | 413 | 422 | 500);
        may_be && (status == 413 || self.says("context_length_exceeded") || self.speaks_of(&LENGTH))
    }

    /// What the server does not take of what it was sent.
    fn refused(&self, manner: &Manner) -> Option<Feature> {
        let status = self.status.as_u16();
        let may_be = matches!(status, 400 | 404 | 422 | 500 | 501);
        if !may_be || self.is_about_money() || self.is_about_length() || self.says("model_not_found") {
            return None;
        }
        let is_about = |name: &str| self.param.as_deref() == Some(name) || self.speaks_of(&[name]);
        if !manner.has_max_completion_tokens && self.speaks_of(&["max_completion_tokens"]) {
            return Some(Feature::MaxTokens);
        }
        if manner.has_temperature && is_about("temperature") && status != 500 {
            return Some(Feature::Temperature);
        }
        if manner.has_stream_options && is_about("stream_options") {
            return Some(Feature::StreamOptions);
        }
        // Some servers answer 500 to a field of the wrong shape, and 404 if none of many can do what is asked: then the field itself
        // must be named, or support.
        let words: &[&str] = match status {
            500 => &["response_format", "tool_choice"],
            404 => &["response_format", "tool_choice", "support"],
            _ => &OUTPUT_MODE,
        };
        (manner.output_mode != OutputMode::PromptOnly && self.speaks_of(words)).then_some(Feature::OutputMode)
    }

    fn wait(&self, now: Timestamp) -> Option<Duration> {
        retry_after::wait(self.headers, now)
    }

    fn wait_or_usual(&self, now: Timestamp) -> Duration {
        self.wait(now).unwrap_or_else(|| kit::retry::backoff(1, WAIT_USUAL, WAIT_USUAL))
    }
}

/// By which servers say that a question does not fit their model.
const LENGTH: [&str; 10] = [
    "maximum context length",
    "context_length_exceeded",
    "prompt is too long",
    "input is too long",
    "exceeds the available context size",
    "exceed context window",
    "exceed context limit",
    "exceeds the context window",
    "exceeds the maximum number of tokens",
    "longer than the maximum model length",
];

/// By which servers say that they do not hold an answer to a form.
const OUTPUT_MODE: [&str; 9] = [
    "response_format",
    "json_schema",
    "json_object",
    "schema",
    "grammar",
    "tool",
    "strict",
    "not supported",
    "unsupported",
];

fn not_now(until: Timestamp, reason: &'static str, message: String) -> Failure {
    Failure::of(ModelError::NotNow { until, reason, message })
}

/// `text`, if it is one of the words by which APIs name things, and so nothing that somebody said.
pub(super) fn word(text: &str) -> Option<String> {
    let is_word = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    is_word.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
