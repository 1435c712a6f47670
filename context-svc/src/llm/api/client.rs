//! What the rest of the service asks chat models with.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use futures::{Stream, TryStreamExt};
use kit::clock::SharedClock;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::call::Errand;
use super::endpoint::Endpoint;
use super::guard::Guard;
use super::http::{EndpointError, Http};
use super::line::{Line, Question};
use super::opened::{Next, Opened, Source};
use super::prompt::{Form, Prompt};
use super::reply::{Delta, Probe, Reply};
use crate::domain::model::CallOperation;
use crate::llm::{Asker, Ledger, ModelError};

/// Enough for a model that thinks before it answers.
const PROBE_TOKENS_MAX: u32 = 512;

/// Asks one model of one server. Clones share what has been learnt of it.
#[derive(Clone)]
pub struct Client {
    line: Arc<Line>,
}

impl Client {
    /// A client of `endpoint`. All clients of one provider are given the same guard.
    pub fn new(
        endpoint: Endpoint,
        guard: Arc<Guard>,
        clock: SharedClock,
        ledger: Arc<dyn Ledger>,
    ) -> Result<Self, EndpointError> {
        let http = Http::new(&endpoint, clock.clone())?;
        let (endpoint, manner) = (Arc::new(endpoint), Mutex::default());
        Ok(Self { line: Arc::new(Line { endpoint, http, guard, ledger, clock, manner }) })
    }

    /// Which model of which server it asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.line.endpoint
    }

    /// Asks and waits for the whole answer. An answer that was cut short or refused is one, and so is an empty one.
    ///
    /// A failure of the network or the server is met with one more try, and a part of the request that the server does not take
    /// with a request without it. Each is a call for the [`Ledger`]. Dropping the future breaks the connection.
    pub async fn complete(
        &self,
        asker: &Asker,
        operation: CallOperation,
        prompt: &Prompt,
    ) -> Result<Reply, ModelError> {
        let errand = Some(Errand { asker: asker.clone(), operation });
        self.line.ask(&Question { errand, prompt, is_open: false }).await?.whole().await
    }

    /// Asks and gives the words as they come; for an answer in a form perhaps none before its end. Once the first have come,
    /// nothing is tried again. Dropping the stream breaks the connection.
    pub fn stream(
        &self,
        asker: &Asker,
        operation: CallOperation,
        prompt: Prompt,
    ) -> impl Stream<Item = Result<Delta, ModelError>> + Send + use<> {
        let (line, errand) = (self.line.clone(), Some(Errand { asker: asker.clone(), operation }));
        let asked = async move { line.ask(&Question { errand, prompt: &prompt, is_open: true }).await };
        stream::once(asked).map_ok(deltas).try_flatten()
    }

    /// Asks for next to nothing, in a form, to see whether the model can be worked with. On nobody's behalf, so it is not put on
    /// record.
    pub async fn probe(&self) -> Result<Probe, ModelError> {
        let prompt = Prompt {
            form: Some(probe_form()),
            output_tokens_max: Some(PROBE_TOKENS_MAX),
            ..Prompt::asking("This is a test of the connection.", r#"Answer with {"ok": true}."#)
        };
        let began = self.line.clock.uptime();
        let opened = self.line.ask(&Question { errand: None, prompt: &prompt, is_open: false }).await?;
        let output_mode = opened.manner.output_mode;
        let Reply { text, model, usage, .. } = opened.whole().await?;
        let took = self.line.clock.uptime().saturating_sub(began);
        Ok(Probe { model, output_mode, kept_to_form: has_probe_form(&text), took, usage })
    }
}

/// The pieces of an answer that has begun. One that came whole is one piece, and its end.
fn deltas(opened: Opened) -> impl Stream<Item = Result<Delta, ModelError>> + Send {
    let first = match &opened.source {
        Source::Draft(draft) if !draft.text.is_empty() => Some(Ok(Delta::Text(draft.text.clone()))),
        _ => None,
    };
    let rest = stream::try_unfold(Some(Box::new(opened)), |opened| async move {
        let Some(opened) = opened else { return Ok(None) };
        Ok(Some(match opened.next().await? {
            Next::Text(words, rest) => (Delta::Text(words), Some(rest)),
            Next::End(reply) => (Delta::End(reply), None),
        }))
    });
    stream::iter(first).chain(rest)
}

fn probe_form() -> Form {
    let schema = json!({
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": false,
    });
    Form { name: "probe", schema }
}

fn has_probe_form(text: &str) -> bool {
    serde_json::from_str(text.trim()).is_ok_and(|answer: Value| answer.get("ok").is_some_and(Value::is_boolean))
}
