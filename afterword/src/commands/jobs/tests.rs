//! The operator's commands against a context-svc on which nobody works, so that jobs stay where they are put.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use context_svc::domain::model::{
    Addition, Cause, ClientId, ContextOutcome, ConversationId, ConversationKey, Fate, ItemChanges, LastError,
    NewMessage, RawAnswer, Role, SessionContext, Trigger, Usage, WorkerId,
};
use context_svc::store::ClaimTerms;
use jiff::Timestamp;
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::serve::GrpcServer;
use serde_json::Value;

use super::super::{Arguments, Command};
use super::*;

const TOKEN: &str = "internal-token-of-the-tests-0123456789";

pub(super) struct World {
    pub(super) app: context_svc::App,
    pub(super) desk: Desk,
    pub(super) lifecycle: Lifecycle,
    _directory: tempfile::TempDir,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// With other settings than the usual ones.
    pub(super) async fn start_with(adjust: impl FnOnce(&mut context_svc::Config)) -> Self {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir().unwrap();
        let mut config = context_svc::Config {
            store: format!("sqlite:{}", directory.path().join("context.db").display()),
            internal_tokens: vec![Secret::new(TOKEN)],
            ..Default::default()
        };
        adjust(&mut config);
        let (clock, lifecycle) = (TestClock::frozen_at(now()), Lifecycle::new());
        let app = context_svc::App::open(config, Arc::new(clock), &lifecycle).await.unwrap();
        let channel = GrpcServer::new(app.routes(), app.health()).await.serve_in_process(&lifecycle);
        let desk = Desk::new(channel, InternalToken::parse(Secret::new(TOKEN)).unwrap());
        Self { app, desk, lifecycle, _directory: directory }
    }

    /// Somebody says something and logs out.
    pub(super) async fn job(&self, user: &str, conversation: &str) {
        let conversation_id = ConversationId::parse(conversation).unwrap();
        let key = ConversationKey::new(UserId::parse(user).unwrap(), conversation_id);
        let (client_id, text) = (ClientId::parse("m1").unwrap(), "I will run a marathon in May".to_owned());
        let message = NewMessage { client_id, role: Role::User, name: String::new(), text, at: now() };
        let session_id = SessionId::parse("s1").unwrap();
        let addition = Addition { session_id, time_zone: None, messages: vec![message] };
        let wait = Duration::ZERO;
        let trigger = Trigger { cause: Cause::Logout, trace: None, at: now(), wait, wait_max: wait, depth_limit: 999 };
        self.app.store().append(&key, &addition, &trigger).await.unwrap();
        self.app.store().enqueue(&key, &trigger).await.unwrap();
    }

    /// The same, and a worker is done with it.
    pub(super) async fn is_extracted(&self, user: &str, conversation: &str) {
        self.job(user, conversation).await;
        let terms = ClaimTerms { now: now(), lease: Duration::from_secs(60), deliveries_max: 5 };
        let worker = WorkerId::random();
        let job = self.app.store().claim(&worker, &[], &terms).await.unwrap().expect("the job is due");
        let context = SessionContext {
            conversation_id: job.key().conversation_id.clone(),
            title: String::new(),
            summary: String::new(),
            language: String::new(),
            items: vec![],
            provider: String::new(),
            model: String::new(),
            prompt_version: String::new(),
            usage: Usage::default(),
            extracted_seq: job.upto_seq(),
            outcome: ContextOutcome::Extracted,
            items_dropped: Default::default(),
            extracted_at: now(),
            changes: ItemChanges::default(),
        };
        self.app.store().complete(&job.lease, job.want, &context, now()).await.unwrap();
    }

    /// The same a minute later.
    pub(super) async fn types_later(&self, line: &str) -> Result<String, String> {
        answer_at(&jobs(line), &self.desk, Arc::new(TestClock::frozen_at(now() + Duration::from_secs(60)))).await
    }

    /// What the command line answers.
    pub(super) async fn types(&self, line: &str) -> Result<String, String> {
        answer(&jobs(line), &self.desk).await
    }
}

async fn answer(jobs: &Jobs, desk: &Desk) -> Result<String, String> {
    answer_at(jobs, desk, Arc::new(TestClock::frozen_at(now()))).await
}

pub(super) async fn answer_at(jobs: &Jobs, desk: &Desk, clock: SharedClock) -> Result<String, String> {
    let mut told = String::new();
    let mut tell = |text: &str| {
        told += text;
        true
    };
    jobs.answer(desk, &clock, &mut tell).await.map_err(|error| error.to_string())?;
    Ok(told)
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_750_000_000).unwrap()
}

pub(super) fn jobs(line: &str) -> Jobs {
    let arguments = Arguments::try_parse_from(format!("afterword jobs {line}").split(' ')).expect(line);
    match arguments.command {
        Some(Command::Jobs(jobs)) => jobs,
        _ => panic!("{line} is a command on jobs"),
    }
}

fn lines(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[tokio::test]
async fn jobs_are_listed_a_line_each() {
    let world = World::start().await;
    world.job("alice", "c1").await;
    world.job("bob", "c2").await;

    let all = world.types("list").await.unwrap();
    let of_bob = world.types("list --user bob --state pending").await.unwrap();
    let first = world.types("list --limit 1").await.unwrap();

    let alices = ["alice", "c1", "PENDING", "0/1", "0", "LOGOUT", "2025-06-15T15:06:40Z"];
    assert_eq!(lines(&all)[0][..3], ["USER", "CONVERSATION", "STATE"]);
    assert_eq!((lines(&all)[1].clone(), lines(&all).len()), (alices.to_vec(), 3));
    assert_eq!((lines(&of_bob)[1][0], lines(&of_bob).len()), ("bob", 2));
    assert!(first.ends_with("and more: raise --limit\n"), "{first}");
    assert_eq!(world.types("list --state dead").await.unwrap(), "no jobs\n");
    assert_eq!(world.types("list --older-than 30m").await.unwrap(), "no jobs\n");
}

#[tokio::test]
async fn a_list_longer_than_a_page_is_read_to_its_end() {
    let world = World::start().await;
    for number in 0..205 {
        world.job("alice", &format!("c{number}")).await;
    }

    let all: Value = serde_json::from_str(&world.types("list --limit 1000 --json").await.unwrap()).unwrap();
    let shown = world.types("show alice c204").await.unwrap();

    assert_eq!((all["extractions"].as_array().unwrap().len(), &all["nextPageToken"]), (205, &Value::from("")));
    assert_eq!(lines(&shown)[1], ["conversation", "c204"]);
}

#[tokio::test]
async fn what_the_model_answered_is_shown_on_request_and_cannot_steer_the_terminal() {
    let world = World::start().await;
    world.job("alice", "c1").await;
    let terms = ClaimTerms { now: now(), lease: Duration::from_secs(60), deliveries_max: 5 };
    let job = world.app.store().claim(&WorkerId::random(), &[], &terms).await.unwrap().expect("the job is due");
    let error = LastError { reason: "NO_JSON".into(), message: "no JSON".into(), at: now() };
    let answer = RawAnswer::of("I am\n\u{1b}[2Jsorry");
    world.app.store().fail(&job.lease, Fate::Dead, &error, Some(&answer)).await.unwrap();

    let shown = world.types("show alice c1").await.unwrap();
    let raw = world.types("show alice c1 --raw").await.unwrap();
    let json: Value = serde_json::from_str(&world.types("show alice c1 --raw --json").await.unwrap()).unwrap();

    assert!(shown.contains("NO_JSON") && !shown.contains("sorry"), "{shown}");
    assert!(raw.ends_with("\nraw answer:\nI am\n\\u{1b}[2Jsorry\n"), "{raw}");
    assert_eq!(json["rawAnswer"], "I am\n\u{1b}[2Jsorry");
    assert!(!world.types("list --json").await.unwrap().contains("sorry"));
}

#[tokio::test]
async fn a_job_is_cancelled_and_redriven_by_name() {
    let world = World::start().await;
    world.job("alice", "c1").await;

    let cancelled = world.types("cancel alice c1").await.unwrap();
    let redriven: Value = serde_json::from_str(&world.types("--json redrive alice c1").await.unwrap()).unwrap();

    assert_eq!(lines(&cancelled)[2], ["state", "CANCELLED"]);
    assert_eq!((&redriven["state"], &redriven["attempts"]), (&Value::from("PENDING"), &Value::from(0)));
    assert_eq!((&redriven["conversationId"], &redriven["fence"]), (&Value::from("c1"), &Value::from("1")));
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let world = World::start().await;
    world.job("alice", "c1").await;

    for (line, told) in [
        ("redrive alice c1", "NOT_REDRIVABLE: the extraction is PENDING"),
        ("cancel alice c2", "CONVERSATION_NOT_FOUND: "),
        ("cancel alice a/b", "INVALID_FIELD: conversation_id: "),
        ("show alice c2", "there is no such conversation, or its extraction was never asked for"),
    ] {
        let refused = world.types(line).await.expect_err(line);
        assert!(refused.starts_with(told), "{line}: {refused}");
    }
}

#[tokio::test]
async fn a_wrong_token_and_a_wrong_address_are_told_apart() {
    let world = World::start().await;
    let channel = kit::serve::channel("http://127.0.0.1:1").unwrap();
    let nobody = Desk::new(channel, InternalToken::parse(Secret::new(TOKEN)).unwrap());
    let channel = GrpcServer::new(world.app.routes(), world.app.health()).await.serve_in_process(&world.lifecycle);
    let stranger = Desk::new(channel, InternalToken::parse(Secret::new(TOKEN.to_uppercase())).unwrap());

    let unreachable = answer(&jobs("status"), &nobody).await.unwrap_err();
    let refused = answer(&jobs("status"), &stranger).await.unwrap_err();

    assert!(unreachable.starts_with("context-svc cannot be reached"), "{unreachable}");
    assert!(refused.starts_with("INTERNAL_TOKEN_REQUIRED: "), "{refused}");
}

#[tokio::test]
async fn the_status_is_a_few_lines() {
    let world = World::start().await;
    world.job("alice", "c1").await;
    world.job("alice", "c2").await;
    world.types("cancel alice c2").await.unwrap();

    let table = world.types("status").await.unwrap();
    let json: Value = serde_json::from_str(&world.types("status --json").await.unwrap()).unwrap();

    assert_eq!(lines(&table)[0], ["depth", "1", "of", "10000"]);
    assert!(table.contains("1 CANCELLED, 1 PENDING"), "{table}");
    assert_eq!((&json["depth"], &json["byState"]["PENDING"]), (&Value::from("1"), &Value::from("1")));
}

#[test]
fn a_state_or_a_period_that_is_none_is_refused_at_once() {
    for line in [
        "list --state asleep",
        "list --state unspecified",
        "list --older-than soon",
        "list --limit 0",
        "show alice",
        "watch alice",
        "watch --every 1ms",
    ] {
        assert!(Arguments::try_parse_from(format!("afterword jobs {line}").split(' ')).is_err(), "{line}");
    }
}

#[test]
fn the_token_is_the_files_else_the_settings() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, format!("{TOKEN}\n")).unwrap();
    let with_file = jobs(&format!("status --internal-token-file {}", path.display()));
    let mut config = Config::default();

    assert_eq!(with_file.token(&config).unwrap(), InternalToken::parse(Secret::new(TOKEN)).unwrap());
    assert!(jobs("status").token(&config).unwrap_err().to_string().starts_with("no internal token"));
    config.context.internal_tokens = vec![Secret::new(TOKEN)];
    assert!(jobs("status").token(&config).is_ok());
}
