//! A context-svc on which nobody works, and the commands that go with a user's memory.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use context_svc::domain::model::{ContextOutcome, ConversationId, ConversationKey, SessionContext, WorkerId};
use context_svc::store::ClaimTerms;
use kit::clock::{Clock, SharedClock, TestClock};
use kit::id::{Secret, UserId};
use kit::lifecycle::Lifecycle;
use kit::serve::GrpcServer;
use serde_json::Value;

use super::super::{Arguments, Command};
use super::*;

const TOKEN: &str = "internal-token-of-the-tests-0123456789";

/// One service, its operator, and a clock that is moved by hand.
pub(in crate::commands) struct World {
    pub(in crate::commands) office: Office,
    pub(in crate::commands) directory: tempfile::TempDir,
    app: context_svc::App,
    clock: TestClock,
    _lifecycle: Lifecycle,
}

impl World {
    pub(in crate::commands) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// With other settings than the usual ones.
    pub(in crate::commands) async fn start_with(adjust: impl FnOnce(&mut context_svc::Config)) -> Self {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir().unwrap();
        let mut config = context_svc::Config {
            store: format!("sqlite:{}", directory.path().join("context.db").display()),
            internal_tokens: vec![Secret::new(TOKEN)],
            ..Default::default()
        };
        adjust(&mut config);
        let clock = TestClock::frozen_at(jiff::Timestamp::from_second(1_750_000_000).unwrap());
        let lifecycle = Lifecycle::new();
        let app = context_svc::App::open(config, Arc::new(clock.clone()), &lifecycle).await.unwrap();
        let channel = GrpcServer::new(app.routes(), app.health()).await.serve_in_process(&lifecycle);
        let office = Office::new(channel, InternalToken::parse(Secret::new(TOKEN)).unwrap());
        Self { office, directory, app, clock, _lifecycle: lifecycle }
    }

    pub(in crate::commands) fn clock(&self) -> SharedClock {
        Arc::new(self.clock.clone())
    }

    pub(in crate::commands) fn time_passes(&self) {
        self.clock.advance(Duration::from_secs(5));
    }

    /// What was said in a conversation.
    pub(in crate::commands) async fn texts(&self, user: &str, conversation: &str) -> Vec<String> {
        let conversation_id = ConversationId::parse(conversation).unwrap();
        let key = ConversationKey::new(UserId::parse(user).unwrap(), conversation_id);
        let messages = self.app.store().list_messages(&key, 0, 999).await.unwrap();
        messages.into_iter().map(|message| message.text).collect()
    }

    /// A worker takes what is due and finds nothing in it.
    pub(in crate::commands) async fn somebody_works(&self) {
        let terms = ClaimTerms { now: self.clock.now(), lease: Duration::from_secs(60), deliveries_max: 5 };
        while let Some(job) = self.app.store().claim(&WorkerId::random(), &[], &terms).await.unwrap() {
            let blank = SessionContext::blank(&job.key().conversation_id);
            let context =
                SessionContext { extracted_seq: job.upto_seq(), outcome: ContextOutcome::NothingSaid, ..blank };
            self.app.store().complete(&job.lease, job.want, &context, self.clock.now()).await.unwrap();
        }
    }

    /// Alice says so many things elsewhere.
    async fn imports(&self, messages: usize) {
        let message = |n: usize| pb::import_conversations_request::ImportedMessage {
            client_id: format!("m{n}"),
            text: format!("I want to read {n} books."),
            at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            ..Default::default()
        };
        let talk = pb::import_conversations_request::ImportedConversation {
            conversation_id: "c1".into(),
            time_zone: "Europe/Paris".into(),
            messages: (0..messages).map(message).collect(),
        };
        let request =
            pb::ImportConversationsRequest { user_id: "alice".into(), conversations: vec![talk], verdicts: Vec::new() };
        self.office.import(request).await.unwrap();
    }

    async fn types(&self, line: &str) -> Result<String, String> {
        let told = match Arguments::try_parse_from(format!("afterword {line}").split(' ')).expect(line).command {
            Some(Command::Export(export)) => export.answer(&self.office).await.map(|()| String::new()),
            Some(Command::Erase(erase)) => erase.answer(&self.office, &self.clock()).await,
            _ => panic!("{line} is neither an export nor an erasure"),
        };
        told.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn an_exported_file_is_for_its_owner_and_can_be_imported() {
    use std::os::unix::fs::PermissionsExt;
    let (here, there) = (World::start().await, World::start().await);
    here.imports(3).await;
    let file = here.directory.path().join("alice.jsonl");

    here.types(&format!("export --user alice --out {}", file.display())).await.unwrap();

    let lines = std::fs::read_to_string(&file).unwrap();
    let kinds: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].take()).collect();
    assert_eq!(kinds, ["conversation", "message", "message", "message"]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let import = format!("afterword import {} --user alice", file.display());
    let Some(Command::Import(import)) = Arguments::try_parse_from(import.split(' ')).unwrap().command else {
        panic!("an import")
    };
    import.answer(&there.office, &there.clock()).await.unwrap().1.unwrap();
    assert_eq!(there.texts("alice", "c1").await, here.texts("alice", "c1").await);
}

#[tokio::test]
async fn an_export_that_is_refused_leaves_no_file() {
    let world = World::start().await;
    let file = world.directory.path().join("alice.jsonl");
    std::fs::write(&file, "the last one").unwrap();

    let refused = world.types(&format!("export --user \u{e9} --out {}", file.display())).await.unwrap_err();

    let left: Vec<_> = std::fs::read_dir(&world.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(refused.starts_with("INVALID_FIELD: user_id: "), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "the last one");
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".tmp")), "{left:?}");
}

#[tokio::test]
async fn an_erasure_tells_what_there_was() {
    let world = World::start().await;
    world.imports(3).await;

    let words = world.types("erase --user alice --request-id r1").await.unwrap();
    let again = world.types("erase --user alice --request-id r1 --json").await.unwrap();

    let told: Value = serde_json::from_str(&again).unwrap();
    assert!(words.starts_with("erasure r1: begun: "), "{words}");
    assert!(words.contains("1 conversations, 3 messages,") && words.ends_with("1 jobs cancelled\n"), "{words}");
    assert_eq!((&told["requestId"], &told["state"], &told["messages"]), (&"r1".into(), &"RUNNING".into(), &3.into()));
    assert_eq!(world.texts("alice", "c1").await, [""; 0]);
}

#[tokio::test]
async fn an_erasure_that_is_waited_for_is_verified() {
    let world = World::start().await;
    world.app.start_work();
    world.imports(3).await;
    let passing = async {
        loop {
            world.time_passes();
            tokio::task::yield_now().await;
        }
    };

    let told = tokio::select! {
        told = world.types("erase --user alice --wait") => told.unwrap(),
        () = passing => unreachable!("it goes on for ever"),
    };

    assert!(told.contains("done, and verified by a read"), "{told}");
}
