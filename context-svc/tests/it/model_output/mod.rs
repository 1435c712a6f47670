//! What becomes of what a model server sends: over a real socket, through the whole service, into the store.

mod answers;
mod holds;
mod length;
mod recorded;
#[path = "../../../src/llm/api/tests/server.rs"]
pub(crate) mod server;
mod troubles;
mod weeks;

use context_svc::config::Config;
use context_svc::llm::Provider;
use kit::id::Secret;
use proto::context::v1 as pb;
use proto::context::v1::message::Role;

use self::server::{ModelServer, Scripted};
use crate::world::{User, World, message};

/// The service, and the model server that it asks.
struct Story {
    world: World,
    server: ModelServer,
}

impl Story {
    async fn of(provider: Provider, script: impl IntoIterator<Item = Scripted>) -> Self {
        Self::with(provider, script, |_| ()).await
    }

    /// With other settings than the usual ones.
    async fn with(
        provider: Provider,
        script: impl IntoIterator<Item = Scripted>,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let server = ModelServer::start(script).await;
        let base = if provider == Provider::OpenAi { "/v1" } else { "" };
        let url = format!("{}{base}", server.url());
        let world = World::reading_by(|config| {
            config.model.provider = provider;
            config.model.name = "some-model".to_owned();
            config.model.key = Secret::new("sk-of-the-tests");
            config.model.url = url;
            adjust(config);
        })
        .await;
        Self { world, server }
    }

    fn user(&self) -> User<'_> {
        self.world.user("alice", "s1")
    }

    /// The talk of three turns that all answers are about.
    async fn talks(&self, conversation: &str) {
        let coach = |text: &str| {
            let mut said = message("", text);
            said.set_role(Role::Assistant);
            said
        };
        let turns = vec![
            message("", "I will swim across the lake in July"),
            coach("Great. You could also try fasting."),
            message("", "No, no fasting for me."),
        ];
        self.user().append(conversation, turns).await.expect("the talk is stored");
        self.user().ends(conversation).await;
    }

    /// The talk has been extracted.
    async fn extracted(&self) -> (pb::SessionContext, pb::Extraction) {
        self.talks("c1").await;
        self.user().until_done("c1").await;
        let context = self.user().session_context("c1").await.expect("a context");
        (context, self.user().extraction("c1").await.expect("an extraction"))
    }

    /// The first attempt has failed.
    async fn failed(&self) -> pb::Extraction {
        self.talks("c1").await;
        self.user().until("c1", |extraction| extraction.last_error.is_some()).await
    }

    fn calls(&self) -> usize {
        self.server.asked().len()
    }
}

/// How many proposed items an extraction has dropped.
fn dropped(extraction: &pb::Extraction) -> i64 {
    extraction.items_dropped.values().sum()
}
