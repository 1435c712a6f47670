//! Somebody who uses the application.

use afterword::client::{Client, ClientError, Login, Socket, Turn};
use http::Method;
use serde_json::Value;

use crate::world::eventually;

/// A user with an account, and at most one login session at a time.
pub struct User {
    client: Client,
    email: String,
    password: String,
    login: Option<Login>,
    said: usize,
}

impl User {
    /// Registers a user of that name.
    pub async fn of(client: &Client, name: &str) -> Self {
        let (email, password) = (format!("{name}@example.com"), format!("password of {name}"));
        let login = client.register(&email, &password).await.expect("a new user can register");
        login.logout().await.expect("a new user can log out");
        Self { client: client.clone(), email, password, login: None, said: 0 }
    }

    /// The same user with a fresh login session.
    pub async fn logged_in(mut self) -> Self {
        self.log_in().await;
        self
    }

    /// Starts a login session.
    pub async fn log_in(&mut self) {
        let login = self.client.login(&self.email, &self.password).await;
        self.login = Some(login.expect("a user with the right password can log in"));
    }

    /// Moves to a gateway that was started anew.
    pub fn moves_to(&mut self, client: &Client) {
        self.client = client.clone();
        if let Some(login) = &mut self.login {
            login.moves_to(client);
        }
    }

    /// The login session.
    pub fn login(&self) -> &Login {
        self.login.as_ref().expect("the user is logged in")
    }

    /// Says something in a conversation, over REST.
    pub async fn says(&mut self, conversation: &str, text: &str) {
        let first = self.said + 1;
        let turn = Turn { role: "USER".into(), text: text.into(), at: None };
        self.login().append(conversation, first, &[turn]).await.expect("a message is accepted");
        self.said = first;
    }

    /// Opens the chat socket on a conversation.
    pub async fn opens(&self, conversation: &str) -> Socket {
        self.login().open_socket(conversation).await.expect("a socket can be opened")
    }

    /// Ends the login session; the old token stays at hand.
    pub async fn logout(&self) -> Result<Value, ClientError> {
        self.login().logout().await
    }

    /// Calls with the token of a session that may have ended.
    pub async fn call_with_old_token(&self) -> Result<Value, ClientError> {
        self.login().call(Method::GET, "/api/v1/context", None).await
    }

    /// Waits until calls with the present token are refused.
    pub async fn until_refused(&self) -> ClientError {
        let refused = eventually("the refusal", || self.call_with_old_token(), Result::is_err).await;
        refused.expect_err("it was just seen to be one")
    }

    /// Waits until the extraction of a conversation is in `state`.
    pub async fn until_extraction(&self, conversation: &str, state: &str) -> Value {
        let ask = || async { self.login().extraction(conversation).await.unwrap_or(Value::Null) };
        eventually(state, ask, |extraction| extraction["state"] == state).await
    }

    /// The goals remembered of a conversation, once it is extracted.
    pub async fn goals(&self, conversation: &str) -> Vec<String> {
        let context = self.login().session_context(conversation).await.unwrap_or(Value::Null);
        let items = context["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["text"].as_str().map(str::to_owned)).collect()
    }

    /// Waits until just these goals are remembered of a conversation.
    pub async fn until_goals(&self, conversation: &str, expected: &[&str]) {
        eventually("the goals", || self.goals(conversation), |goals| goals == expected).await;
    }

    /// The text that an application puts before its model.
    pub async fn context(&self) -> String {
        let context = self.login().context(1000).await.expect("a user may ask for context");
        context["text"].as_str().unwrap_or_default().to_owned()
    }
}
