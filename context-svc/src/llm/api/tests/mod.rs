//! Stories of a client and a server that behaves like those of the providers.

mod errors;
mod forms;
mod money;
mod network;
mod probe;
mod replies;
pub(crate) mod server;
mod streams;

use std::sync::Arc;

use async_trait::async_trait;
use kit::clock::TestClock;
use kit::id::UserId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use self::server::{Asked, ModelServer, Scripted};
use super::{Api, Client, Endpoint, Form, Guard, GuardSettings, Prompt, Reply, base_url};
use crate::domain::model::{CallOperation, CallRecord};
use crate::llm::{Asker, Ledger, ModelError};

/// A ledger that remembers, and says what it is told to.
#[derive(Default)]
pub(crate) struct TestLedger {
    recorded: watch::Sender<Vec<CallRecord>>,
    /// What it says to the next calls.
    pub(crate) veto: Mutex<Option<ModelError>>,
}

#[async_trait]
impl Ledger for TestLedger {
    async fn may_call(&self, _: &UserId) -> Result<(), ModelError> {
        self.veto.lock().clone().map_or(Ok(()), Err)
    }

    async fn record(&self, call: CallRecord) {
        self.recorded.send_modify(|recorded| recorded.push(call));
    }
}

impl TestLedger {
    /// What was put on record, in order.
    pub(crate) fn recorded(&self) -> Vec<CallRecord> {
        self.recorded.borrow().clone()
    }

    /// Completes once so much was put on record.
    pub(crate) async fn until_recorded(&self, calls: usize) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.recorded.subscribe().wait_for(|recorded| recorded.len() >= calls).await;
    }
}

/// A client and the server that it asks.
struct Story {
    server: ModelServer,
    client: Client,
    ledger: Arc<TestLedger>,
    clock: TestClock,
}

impl Story {
    /// At a server of OpenAI's kind that gives `script`.
    async fn openai(script: impl IntoIterator<Item = Scripted>) -> Self {
        Self::at(Endpoint::of(Api::OpenAi), script).await
    }

    /// At Anthropic.
    async fn anthropic(script: impl IntoIterator<Item = Scripted>) -> Self {
        Self::at(Endpoint::of(Api::Anthropic), script).await
    }

    /// On a clock that runs.
    async fn at(endpoint: Endpoint, script: impl IntoIterator<Item = Scripted>) -> Self {
        Self::told(endpoint, GuardSettings::default(), TestClock::ticking(), script).await
    }

    async fn told(
        endpoint: Endpoint,
        guard: GuardSettings,
        clock: TestClock,
        script: impl IntoIterator<Item = Scripted>,
    ) -> Self {
        let server = ModelServer::start(script).await;
        let base = match endpoint.api {
            Api::OpenAi => format!("{}/v1", server.url()),
            Api::Anthropic => server.url(),
        };
        let endpoint = Endpoint { base_url: base_url(&base).unwrap(), ..endpoint };
        let ledger = Arc::new(TestLedger::default());
        let shared: Arc<dyn kit::clock::Clock> = Arc::new(clock.clone());
        let guard = Guard::new(&guard, shared.clone());
        let client = Client::new(endpoint, guard, shared, ledger.clone()).unwrap();
        Self { server, client, ledger, clock }
    }

    /// Asks for an answer in a form.
    async fn ask(&self) -> Result<Reply, ModelError> {
        self.ask_for(&question()).await
    }

    async fn ask_for(&self, prompt: &Prompt) -> Result<Reply, ModelError> {
        self.client.complete(&Asker::somebody(), CallOperation::Extract, prompt).await
    }

    /// Asks, and says why there was no answer.
    async fn reason(&self) -> &'static str {
        self.ask().await.expect_err("no answer").reason()
    }

    fn bodies(&self) -> Vec<Value> {
        self.server.asked().into_iter().map(|asked| asked.body).collect()
    }

    fn only_request(&self) -> Asked {
        let asked = self.server.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }

    /// The reasons of the calls on record; empty for those that were answered.
    fn recorded(&self) -> Vec<&'static str> {
        self.ledger.recorded().iter().map(|call| call.error.unwrap_or_default()).collect()
    }
}

/// A question that wants its answer in a form.
fn question() -> Prompt {
    let schema = json!({"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]});
    Prompt { form: Some(Form { name: "record_colour", schema }), ..Prompt::asking("You name colours.", "The sky?") }
}

/// A plain answer of OpenAI's kind.
fn said(content: &str) -> Scripted {
    Scripted::json(200, &completion(json!({"role": "assistant", "content": content}), "stop"))
}

fn completion(message: Value, finish_reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "test-model-2026-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 60, "total_tokens": 180},
    })
}

/// An answer of Anthropic with that content.
fn message(content: Value, stop_reason: &str) -> Value {
    json!({
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "test-model-20260101",
        "content": content,
        "stop_reason": stop_reason,
        "usage": {"input_tokens": 120, "output_tokens": 60},
    })
}

/// A refusal as OpenAI words it.
fn refusal(status: u16, error: Value) -> Scripted {
    Scripted::json(status, &json!({"error": error}))
}
