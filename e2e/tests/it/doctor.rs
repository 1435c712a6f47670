//! `afterword doctor` tells what is wrong before a user does: by name, with what to do, and with the right exit code.

#[path = "../../../context-svc/src/llm/api/tests/server.rs"]
pub(crate) mod server;

use std::path::Path;
use std::time::Duration;

use e2e::{Processes, Service, program};
use jiff::fmt::rfc2822::DateTimePrinter;
use kit::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use server::{ModelServer, Scripted};
use tokio::process::Command;

const KEY: &str = "sk-not-to-be-shown";

/// What the doctor said, and with which code it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    /// The one check of that reason.
    fn of(&self, reason: &str) -> Value {
        let said: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err));
        assert_eq!(said["ok"], json!(self.code == Some(0)));
        let checks = said["checks"].as_array().expect("checks").clone();
        let found: Vec<_> = checks.iter().filter(|check| check["reason"] == reason).collect();
        assert_eq!(found.len(), 1, "{reason} in {said:#}");
        found[0].clone()
    }

    /// Area and status of the check of that reason, and the exit code.
    fn told(&self, reason: &str) -> (String, String, Option<i32>) {
        let check = self.of(reason);
        let word = |key: &str| check[key].as_str().expect("a word").to_owned();
        (word("area"), word("status"), self.code)
    }

    fn advice(&self, reason: &str) -> String {
        self.of(reason)["advice"].as_str().unwrap_or_default().to_owned()
    }
}

/// Runs the doctor on `directory` with these settings and arguments; nobody listens where context-svc is looked for.
async fn doctor(directory: &Path, settings: &[&str], arguments: &[&str]) -> Said {
    let mut command = Command::new(program("afterword"));
    command.arg("--data-dir").arg(directory);
    for setting in ["context.listen=127.0.0.1:1"].iter().chain(settings) {
        command.arg("--set").arg(setting);
    }
    let output =
        command.arg("doctor").args(arguments).kill_on_drop(true).output().await.expect("the program can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
    assert!(!format!("{}{}", said.out, said.err).contains(KEY), "the key is shown: {}{}", said.out, said.err);
    said
}

/// The same with a model behind `url`.
async fn doctor_of(url: &str, settings: &[&str], arguments: &[&str]) -> Said {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("context.model.url={url}");
    let key = format!("context.model.key={KEY}");
    let model = ["context.model.provider=openai", "context.model.name=m1", &key, &url];
    doctor(directory.path(), &[&model[..], settings].concat(), &[&["--json"], arguments].concat()).await
}

/// A server that answers the question for the time, and then with `script`.
async fn server(script: impl IntoIterator<Item = Scripted>) -> ModelServer {
    ModelServer::start(std::iter::once(Scripted::new(404, "text/plain", "")).chain(script)).await
}

fn answer(text: &str) -> Scripted {
    let choice = json!({"message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 20, "completion_tokens": 5});
    Scripted::json(200, &json!({"model": "m1", "choices": [choice], "usage": usage}))
}

fn refusal(status: u16, error: Value) -> Scripted {
    Scripted::json(status, &json!({"error": error}))
}

#[tokio::test]
async fn a_fresh_installation_is_well() {
    let directory = tempfile::tempdir().unwrap();

    let said = doctor(directory.path(), &[], &[]).await;

    assert_eq!(said.code, Some(0), "{}", said.err);
    let areas: Vec<_> = said.out.lines().map(|line| (line[..4].trim(), line[6..12].trim())).collect();
    assert_eq!(
        areas,
        [
            ("ok", "config"),
            ("warn", "config"),
            ("ok", "store"),
            ("ok", "store"),
            ("ok", "clock"),
            ("skip", "clock"),
            ("ok", "model"),
            ("skip", "queue"),
        ]
    );
    assert!(!said.out.contains('\u{1b}'), "colours are for terminals");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "it only looks");
}

#[tokio::test]
async fn a_provider_without_a_key_and_a_ceiling_without_a_price_end_it_before_it_looks() {
    let directory = tempfile::tempdir().unwrap();
    let model = ["context.model.provider=openai", "context.model.name=m1"];
    let key = format!("context.model.key={KEY}");

    let keyless = doctor(directory.path(), &model, &[]).await;
    let priceless = doctor(directory.path(), &[&model[..], &[&key, "context.spend.usd_per_day=5"]].concat(), &[]).await;

    assert_eq!((keyless.code, keyless.out.as_str()), (Some(78), ""));
    assert!(keyless.err.contains("`context.model.key`: must be the key of the provider"), "{}", keyless.err);
    assert_eq!(priceless.code, Some(78));
    assert!(priceless.err.contains("set model.price_input and model.price_output"), "{}", priceless.err);
}

#[tokio::test]
async fn an_empty_price_table_is_doubtful_and_offline_nobody_is_asked() {
    let said = doctor_of("https://models.example.com/v1", &[], &["--offline"]).await;

    assert_eq!(said.told("NO_PRICE"), ("config".into(), "warn".into(), Some(0)));
    assert!(said.advice("NO_PRICE").contains("`context.model.price_input`"));
    assert_eq!(said.out.matches("\"OFFLINE\"").count(), 2, "{}", said.out);
}

#[tokio::test]
async fn a_model_that_works_is_well() {
    let server = server([answer(r#"{"ok": true}"#)]).await;

    let said = doctor_of(&format!("{}/v1?key={KEY}", server.url()), &[], &[]).await;

    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("the server holds its answers to a schema"), "{}", said.out);
    let asked = server.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("GET", "/v1"));
    assert_eq!(asked[0].header("authorization"), None, "the time is asked for without the key");
}

#[tokio::test]
async fn a_schema_that_the_server_refuses_is_told_and_no_failure() {
    let refusals = ["json_schema", "json_object with schema", "json_object"];
    let refusals =
        refusals.map(|form| refusal(400, json!({"message": format!("response_format {form}: not supported")})));
    let server = server(refusals.into_iter().chain([answer(r#"{"ok": true}"#)])).await;

    let said = doctor_of(&format!("{}/v1", server.url()), &[], &[]).await;

    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("the server refuses schemas: the model is only told"), "{}", said.out);
}

#[tokio::test]
async fn a_model_too_weak_to_keep_to_a_form_is_doubtful() {
    let server = server([answer("Sure! I am happy to help.")]).await;

    let said = doctor_of(&format!("{}/v1", server.url()), &[], &[]).await;

    assert_eq!(said.told("MODEL_STRAYS"), ("model".into(), "warn".into(), Some(0)));
}

#[tokio::test]
async fn what_is_wrong_with_a_model_is_told_by_reason_with_what_to_do() {
    let cases = [
        (refusal(401, json!({"code": "invalid_api_key"})), "MODEL_UNAUTHENTICATED", "`context.model.key`"),
        (
            refusal(404, json!({"code": "model_not_found"})),
            "MODEL_NOT_FOUND",
            "`context.model.name`: the server has no",
        ),
        (Scripted::new(404, "text/html", "<h1>Not Found</h1>"), "MODEL_NOT_FOUND", "usually ends in /v1"),
        (Scripted::new(200, "text/html", "<h1>Welcome</h1>"), "MODEL_ANSWER_UNREADABLE", "`context.model.url`"),
        (refusal(429, json!({"code": "insufficient_quota"})), "MODEL_QUOTA_EXHAUSTED", "add money"),
    ];

    for (scripted, reason, advice) in cases {
        let server = server([scripted]).await;

        let said = doctor_of(&format!("{}/v1", server.url()), &[], &[]).await;

        assert_eq!(said.told(reason), ("model".into(), "fail".into(), Some(1)));
        assert!(said.advice(reason).contains(advice), "{reason}: {}", said.advice(reason));
        assert_eq!(said.err, "afterword: 1 of 8 checks failed\n");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_never_answers_is_told() {
    let silent = server([Scripted::silence(), Scripted::silence()]).await;
    let brief = ["context.model.read_timeout=1s", "context.model.call_timeout=1s"];

    let nobody = doctor_of("http://127.0.0.1:1/v1", &[], &[]).await;
    let hanging = doctor_of(&format!("{}/v1", silent.url()), &brief, &[]).await;

    assert_eq!(nobody.told("MODEL_UNREACHABLE"), ("model".into(), "fail".into(), Some(1)));
    assert_eq!(nobody.told("NO_TIME_TOLD").1, "skip");
    assert_eq!(hanging.told("MODEL_TIMEOUT"), ("model".into(), "fail".into(), Some(1)));
}

#[tokio::test]
async fn a_clock_that_holds_local_time_is_told_by_the_date_of_the_server() {
    let there = SystemClock.now() + Duration::from_secs(2 * 3600);
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&there).unwrap();
    let server =
        ModelServer::start([Scripted::new(404, "text/plain", "").header("date", &date), answer(r#"{"ok": true}"#)])
            .await;

    let said = doctor_of(&format!("{}/v1", server.url()), &[], &[]).await;

    assert_eq!(said.told("CLOCK_HOLDS_LOCAL_TIME"), ("clock".into(), "fail".into(), Some(1)));
    let message = said.of("CLOCK_HOLDS_LOCAL_TIME")["message"].to_string();
    assert!(message.contains("behind that of 127.0.0.1"), "{message}");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_told_for_each_service() {
    let said = doctor(Path::new("/proc/nowhere"), &[], &[]).await;

    assert_eq!(said.code, Some(1));
    for service in ["auth-svc", "context-svc"] {
        let line = format!("fail  store   {service}: store: cannot write to /proc/nowhere");
        assert!(said.out.lines().any(|told| told.starts_with(&line)), "{}", said.out);
    }
    assert!(said.out.contains("→ choose a writable directory"));
}

#[tokio::test]
async fn a_running_service_is_asked_and_not_disturbed() {
    let world = Processes::start(&[]).await;
    let token = format!("context.internal_tokens={}", world.internal_token());
    let stores = [(Service::Auth, "auth"), (Service::Context, "context")]
        .map(|(service, section)| format!("{section}.store=sqlite:{}", world.store(service).display()));
    let settings = [token.as_str(), &stores[0], &stores[1]];
    let endpoint = world.endpoint(Service::Context);

    let said = doctor(world.data(), &settings, &["--endpoint", &endpoint]).await;
    let stranger = "context.internal_tokens=a-token-that-nobody-was-started-with";
    let refused = doctor(world.data(), &[stranger, &stores[0], &stores[1]], &["--json", "--endpoint", &endpoint]).await;
    let absent = doctor(world.data(), &settings, &["--json", "--endpoint", "http://127.0.0.1:1"]).await;

    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert_eq!(said.out.matches("in use by a running service").count(), 2, "{}", said.out);
    assert!(said.out.contains(&format!("ok    queue   context-svc at {endpoint}: depth 0 of")), "{}", said.out);
    assert_eq!(refused.told("INTERNAL_TOKEN_REFUSED"), ("queue".into(), "fail".into(), Some(1)));
    assert_eq!(absent.told("CONTEXT_SVC_UNREACHABLE"), ("queue".into(), "fail".into(), Some(1)));
}

#[tokio::test]
async fn a_command_line_that_cannot_be_understood_ends_with_64() {
    let directory = tempfile::tempdir().unwrap();

    let said = doctor(directory.path(), &[], &["--everything"]).await;

    assert_eq!(said.code, Some(64));
    assert!(said.err.contains("'--everything'"), "{}", said.err);
}
