//! The whole product in this process, and users who speak to it as any client does.

use std::sync::Arc;
use std::time::Duration;

use afterword::client::{Client, Login};
use afterword::config::Config;
use afterword::world::{Ports, World};
use http::Method;
use jiff::ToSpan;
use kit::clock::{Clock, SystemClock};
use kit::config::Period;
use kit::lifecycle::Lifecycle;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::history::{Place, Session};
use crate::Failure;

/// What one append may hold.
const MESSAGES_MAX: usize = 100;

const DRAIN: Duration = Duration::from_secs(5);

/// The three services on an empty data directory.
pub(super) struct Product {
    world: World,
    client: Client,
    directory: tempfile::TempDir,
}

/// Somebody who is logged in.
pub(super) struct User {
    login: Login,
}

impl Product {
    pub(super) async fn start() -> Result<Self, Failure> {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir()?;
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        for listen in
            [&mut config.auth.listen, &mut config.context.listen, &mut config.gateway.listen, &mut config.admin_listen]
        {
            "127.0.0.1:0".clone_into(listen);
        }
        // Nobody logs in again while a history is asked about.
        config.auth.access_ttl = Period::hours(1);
        let ports = Ports::bind(&config).await?;
        let world = World::start(config, ports, Arc::new(SystemClock), &Lifecycle::new()).await;
        let world = world.map_err(|error| error.to_string())?;
        let client = Client::new(format!("http://{}", world.addresses.gateway));
        Ok(Self { world, client, directory })
    }

    pub(super) async fn user(&self, number: usize) -> Result<User, Failure> {
        let email = format!("reader{number}@example.org");
        Ok(User { login: self.client.register(&email, "a long password of the measurement").await? })
    }

    pub(super) async fn end(self) {
        self.world.end(DRAIN).await;
        drop(self.directory);
    }
}

impl User {
    /// Holds the conversation of a session: the first of the two is the user, the other the assistant.
    pub(super) async fn holds(&self, session: &Session, names: &[String; 2]) -> Result<(), Failure> {
        let path = format!("/api/v1/conversations/{}/messages:append", session.id);
        let messages: Vec<Value> = (0_i64..)
            .zip(&session.messages)
            .map(|(minute, said)| {
                let role = if said.speaker == 0 { "USER" } else { "ASSISTANT" };
                let at = session.begun + minute.minutes();
                json!({"role": role, "name": names[said.speaker], "text": said.text, "at": at.to_string()})
            })
            .collect();
        for messages in messages.chunks(MESSAGES_MAX) {
            let body = json!({"timeZone": "UTC", "messages": messages});
            self.login.call(Method::POST, &path, Some(body)).await?;
        }
        Ok(())
    }

    /// The messages that a search finds, the best first, and how long it took.
    pub(super) async fn searches(&self, query: &str, limit: usize) -> Result<(Vec<Place>, Duration), Failure> {
        let query = utf8_percent_encode(query, NON_ALPHANUMERIC);
        let path = format!("/api/v1/memory:search?query={query}&kinds=MESSAGE&limit={limit}");
        let begun = SystemClock.uptime();
        let answer = self.login.get(&path).await?;
        let took = SystemClock.uptime().saturating_sub(begun);
        let hits = answer["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok((hits.iter().filter_map(place).collect(), took))
    }
}

fn place(hit: &Value) -> Option<Place> {
    let message = &hit["message"];
    // 64-bit numbers are strings in JSON.
    let seq = message["seq"].as_str()?.parse().ok()?;
    Some((message["conversationId"].as_str()?.to_owned(), seq))
}
