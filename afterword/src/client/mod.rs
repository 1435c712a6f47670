//! A web client of Afterword, as a browser would be one: REST and WebSocket through the gateway, nothing else.
//!
//! The demo replays conversations with it, and the end-to-end stories speak through it.

mod socket;

use http::{Method, StatusCode};
use serde_json::{Value, json};

pub use socket::{Socket, SocketError};

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The gateway answered with an error.
    #[error("{status} {reason}: {message}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The stable reason of its `ErrorInfo`, or empty.
        reason: String,
        /// What it said.
        message: String,
    },
    /// There was no answer, or none in JSON.
    #[error("no answer from the gateway")]
    NoAnswer(#[from] reqwest::Error),
}

impl ClientError {
    /// The stable reason of a refusal; empty when there was no answer.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused { reason, .. } => reason,
            Self::NoAnswer(_) => "",
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::NoAnswer(_) => None,
        }
    }
}

/// Calls one gateway.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client of the gateway at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Self {
        let base = base.into();
        Self { http: http(&base), base }
    }

    /// The address of the gateway.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Makes one call; `path` begins with `/`, `token` is an access token, `body` JSON.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Value, ClientError> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if status.is_success() { Ok(answer) } else { Err(refusal(status, &answer)) }
    }

    /// Creates an account and its first login session.
    pub async fn register(&self, email: &str, password: &str) -> Result<Login, ClientError> {
        self.enter("register", email, password).await
    }

    /// Starts a login session.
    pub async fn login(&self, email: &str, password: &str) -> Result<Login, ClientError> {
        self.enter("login", email, password).await
    }

    async fn enter(&self, how: &str, email: &str, password: &str) -> Result<Login, ClientError> {
        let body = json!({"email": email, "password": password, "device": "afterword client"});
        let tokens = self.call(Method::POST, &format!("/api/v1/auth/{how}"), None, Some(body)).await?;
        let text = |pointer| tokens.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Login {
            client: self.clone(),
            access_token: text("/accessToken"),
            refresh_token: text("/refreshToken"),
            session_id: text("/session/id"),
            user_id: text("/account/id"),
        })
    }
}

/// A client that reads the system's certificates only if it needs them: not every machine has some.
fn http(base: &str) -> reqwest::Client {
    let client = reqwest::Client::builder();
    let client = if base.starts_with("https:") { client } else { client.tls_certs_only([]) };
    client.build().unwrap_or_default()
}

fn refusal(status: StatusCode, answer: &Value) -> ClientError {
    let details = answer["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail["reason"].as_str()).unwrap_or_default();
    ClientError::Refused {
        status,
        reason: reason.to_owned(),
        message: answer["message"].as_str().unwrap_or_default().to_owned(),
    }
}

/// One login session, as its client holds it.
#[derive(Debug, Clone)]
pub struct Login {
    client: Client,
    /// What proves who is calling, for five minutes.
    pub access_token: String,
    /// What gets the next access token.
    pub refresh_token: String,
    /// The login session.
    pub session_id: String,
    /// The account.
    pub user_id: String,
}

/// One turn of a conversation, as a client sends it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Turn {
    /// `USER`, `ASSISTANT`, `SYSTEM` or `TOOL`.
    pub role: String,
    /// What was said.
    pub text: String,
    /// When it was said, RFC 3339; the server's time if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl Login {
    /// A login session of which only the access token is at hand.
    pub fn with_token(client: &Client, access_token: &str) -> Self {
        Self {
            client: client.clone(),
            access_token: access_token.to_owned(),
            refresh_token: String::new(),
            session_id: String::new(),
            user_id: String::new(),
        }
    }

    /// The same login session through another gateway.
    pub fn moves_to(&mut self, client: &Client) {
        self.client = client.clone();
    }

    /// Makes one call as this user.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, ClientError> {
        self.client.call(method, path, Some(&self.access_token), body).await
    }

    /// Reads as this user.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// Everything that is held of this user, a record each.
    pub async fn export(&self) -> Result<Vec<Value>, ClientError> {
        let request = self.client.http.get(format!("{}/api/v1/memory:export", self.client.base));
        let response = request.bearer_auth(&self.access_token).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
        // What breaks off says so in its last line.
        let broken = records.last().and_then(|last| last.get("error"));
        match (status.is_success(), broken) {
            (true, None) => Ok(records),
            (true, Some(error)) => Err(refusal(status, error)),
            (false, _) => Err(refusal(status, records.first().unwrap_or(&Value::Null))),
        }
    }

    /// Appends turns to a conversation, creating it if need be. Client ids count from `first`, so that a repeated call with
    /// the same number adds nothing.
    pub async fn append(&self, conversation_id: &str, first: usize, turns: &[Turn]) -> Result<Value, ClientError> {
        let messages: Vec<_> = turns.iter().enumerate().map(|(n, turn)| message(first + n, turn)).collect();
        let path = format!("/api/v1/conversations/{conversation_id}/messages:append");
        self.call(Method::POST, &path, Some(json!({"messages": messages}))).await
    }

    /// Opens the chat socket on a conversation.
    pub async fn open_socket(&self, conversation_id: &str) -> Result<Socket, SocketError> {
        Socket::open(&self.client.base, &self.access_token, conversation_id).await
    }

    /// Ends this login session.
    pub async fn logout(&self) -> Result<Value, ClientError> {
        self.call(Method::POST, "/api/v1/auth/logout", Some(json!({}))).await
    }

    /// The state of a conversation's extraction.
    pub async fn extraction(&self, conversation_id: &str) -> Result<Value, ClientError> {
        let path = format!("/api/v1/conversations/{conversation_id}/extraction");
        Ok(self.get(&path).await?["extraction"].take())
    }

    /// What was extracted from a conversation.
    pub async fn session_context(&self, conversation_id: &str) -> Result<Value, ClientError> {
        let path = format!("/api/v1/conversations/{conversation_id}/context");
        Ok(self.get(&path).await?["context"].take())
    }

    /// What an application puts before its model when this user comes back.
    pub async fn context(&self, budget_tokens: u32) -> Result<Value, ClientError> {
        self.get(&format!("/api/v1/context?budgetTokens={budget_tokens}")).await
    }
}

fn message(number: usize, turn: &Turn) -> Value {
    let mut message = json!({"clientId": format!("m{number}"), "role": turn.role, "text": turn.text});
    if let Some(at) = &turn.at {
        message["at"] = json!(at);
    }
    message
}
