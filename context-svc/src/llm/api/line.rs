//! The way to one model: what is sent, what is tried again and what is learnt from it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;
use parking_lot::Mutex;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::call::{Call, Errand};
use super::diagnosis::Complaint;
use super::draft::{Draft, is_error};
use super::endpoint::{Api, Endpoint};
use super::events::Events;
use super::failure::{Failure, Remedy};
use super::guard::Guard;
use super::http::{Http, Patience, is_event_stream, read_body};
use super::manner::Manner;
use super::opened::{Opened, Source};
use super::prompt::Prompt;
use super::{anthropic, openai};
use crate::domain::model::Usage;
use crate::llm::{Ledger, ModelError};

/// The wait before the second try, up to half of it less.
const PAUSE: Duration = Duration::from_millis(400);

/// Bytes of a request that make a token, roughly. Fewer in most scripts, which the guard corrects afterwards.
const TOKEN_BYTES: usize = 4;

/// The way to one model of one server.
pub(super) struct Line {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) http: Http,
    pub(super) guard: Arc<Guard>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) clock: SharedClock,
    /// How the model is asked, by what its server was seen to refuse.
    pub(super) manner: Mutex<Manner>,
}

/// What is asked.
pub(super) struct Question<'a> {
    /// `None` for a question of our own.
    pub(super) errand: Option<Errand>,
    pub(super) prompt: &'a Prompt,
    /// Whether the answer is wanted piece by piece. Else it is read to its end, however it comes.
    pub(super) is_open: bool,
}

/// One question's tries.
struct Effort {
    manner: Manner,
    /// How much of the time for the whole is left.
    left: Duration,
    may_ask_again: bool,
    consumed: Usage,
}

impl Line {
    /// Asks until there is an answer or nothing helps.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Opened, ModelError> {
        let (known, has_form) = (*self.manner.lock(), question.prompt.form.is_some());
        let mut effort = Effort {
            manner: if has_form { known } else { known.without_form() },
            left: self.endpoint.call_timeout,
            may_ask_again: true,
            consumed: Usage::default(),
        };
        loop {
            let body = self.request(question, &effort.manner);
            let call = self.begin(question, &body).await?;
            let began = self.clock.uptime();
            let received = self.call(question, body, &effort).await;
            effort.spend(self.clock.uptime().saturating_sub(began));
            match received {
                Ok(source) => {
                    let Effort { manner, consumed: before, .. } = effort;
                    self.learn(manner, has_form);
                    return Ok(Opened { endpoint: self.endpoint.clone(), call, source, before, manner });
                }
                Err(failure) => {
                    effort.add(call.failed(&failure).await);
                    if let ControlFlow::Break(()) = self.remedy(&failure, &mut effort).await {
                        return Err(failure.error);
                    }
                }
            }
        }
    }

    fn request(&self, question: &Question<'_>, manner: &Manner) -> String {
        let endpoint = &self.endpoint;
        let is_streaming = question.is_open || endpoint.is_streaming;
        let request = match endpoint.api {
            Api::OpenAi => openai::request(endpoint, question.prompt, manner, is_streaming),
            Api::Anthropic => anthropic::request(endpoint, question.prompt, manner, is_streaming),
        };
        request.to_string()
    }

    /// Waits until a call may be made: that it may be paid, and that the provider is not to be spared.
    async fn begin(&self, question: &Question<'_>, body: &str) -> Result<Call, ModelError> {
        if let Some(errand) = &question.errand {
            self.ledger.may_call(&errand.asker.user_id).await?;
        }
        let output = question.prompt.output_tokens_max.unwrap_or(self.endpoint.output_tokens_max);
        let tokens = (body.len() / TOKEN_BYTES) as u64 + u64::from(output);
        let pass = self.guard.admit(tokens).await?;
        let accounts = (self.ledger.clone(), self.clock.clone());
        Ok(Call::begin(pass, question.errand.clone(), self.endpoint.clone(), accounts))
    }

    async fn call(&self, question: &Question<'_>, body: String, effort: &Effort) -> Result<Source, Failure> {
        let patience = self.http.patience(effort.left);
        let response = self.http.post(body, &patience).await?;
        if !response.status().is_success() {
            return Err(self.refusal(response, effort.manner, &patience).await);
        }
        if is_event_stream(&response) {
            let mut events = Events::of(response, self.endpoint.api, effort.manner, patience);
            if question.is_open {
                return Ok(Source::Events(events));
            }
            while events.next().await?.is_some() {}
            return Ok(Source::Draft(events.draft));
        }
        let headers = response.headers().clone();
        let body = read_body(response, &patience).await?;
        self.read(&headers, &body, effort.manner).map(Source::Draft)
    }

    async fn refusal(&self, response: Response, manner: Manner, patience: &Patience) -> Failure {
        let (status, headers) = (response.status(), response.headers().clone());
        // The status alone says enough if the rest does not come.
        let body = read_body(response, patience).await.unwrap_or_default();
        Complaint::of_answer(status, &headers, &body).diagnose(&manner, self.clock.now())
    }

    fn read(&self, headers: &HeaderMap, body: &[u8], manner: Manner) -> Result<Draft, Failure> {
        let body: Value = serde_json::from_slice(body).map_err(|error| match error.is_eof() && !body.is_empty() {
            true => Failure::cut(),
            false => Failure::unreadable("the answer is not JSON: perhaps a proxy gave it"),
        })?;
        if is_error(&body) {
            return Err(Complaint::of_error(headers, &body).diagnose(&manner, self.clock.now()));
        }
        Ok(match self.endpoint.api {
            Api::OpenAi => openai::read(&body),
            Api::Anthropic => anthropic::read(&body),
        })
    }

    /// Whether to ask once more, and how.
    async fn remedy(&self, failure: &Failure, effort: &mut Effort) -> ControlFlow<()> {
        match failure.remedy {
            Remedy::Nothing => ControlFlow::Break(()),
            Remedy::AskWithout(feature) => match effort.manner.without(feature, self.endpoint.api) {
                Some(manner) => {
                    effort.manner = manner;
                    ControlFlow::Continue(())
                }
                None => ControlFlow::Break(()),
            },
            Remedy::AskAgain => {
                let pause = kit::retry::backoff(1, PAUSE, PAUSE);
                if !effort.may_ask_again || effort.left <= pause {
                    return ControlFlow::Break(());
                }
                self.clock.sleep(pause).await;
                effort.spend(pause);
                effort.may_ask_again = false;
                ControlFlow::Continue(())
            }
        }
    }

    /// What has worked is what is done from now on. What was left out without success is not: the error was about something else.
    fn learn(&self, manner: Manner, had_form: bool) {
        let mut known = self.manner.lock();
        let output_mode = if had_form { manner.output_mode } else { known.output_mode };
        let learnt = known.and(Manner { output_mode, ..manner });
        if learnt != *known {
            let Endpoint { provider, model, .. } = &*self.endpoint;
            tracing::info!(provider, model, manner = ?learnt, "{provider} does not take all that {model} was asked with");
            *known = learnt;
        }
    }
}

impl Effort {
    fn spend(&mut self, took: Duration) {
        self.left = self.left.saturating_sub(took);
    }

    fn add(&mut self, usage: Usage) {
        self.consumed = self.consumed + usage;
    }
}
