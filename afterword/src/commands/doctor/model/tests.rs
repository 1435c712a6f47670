use context_svc::domain::model::Usage;
use kit::config::Period;
use kit::id::Secret;

use super::super::finding::Status;
use super::*;

const KEY: &str = "sk-not-to-be-shown";

fn settings() -> ModelSettings {
    ModelSettings {
        provider: Provider::OpenAi,
        name: "m1".to_owned(),
        url: "http://127.0.0.1:8000/v1?key=not-to-be-shown".to_owned(),
        key: Secret::new(KEY),
        call_timeout: Period::secs(40),
        ..ModelSettings::default()
    }
}

fn probe() -> Probe {
    Probe {
        model: "m1-2026".to_owned(),
        output_mode: OutputMode::Schema,
        kept_to_form: true,
        took: Duration::from_millis(640),
        usage: Usage { calls: 1, input_tokens: 30, ..Usage::default() },
    }
}

fn judged(settings: &ModelSettings, spend: &SpendSettings, outcome: Result<Probe, ModelError>) -> Vec<Finding> {
    Examined { section: "context.model", settings, spend }.judge(outcome)
}

fn said_of(outcome: Result<Probe, ModelError>) -> Vec<Finding> {
    judged(&settings(), &SpendSettings::default(), outcome)
}

fn failed(reason: &'static str, message: &str) -> Finding {
    said_of(Err(ModelError::Unreachable { reason, message: message.to_owned() })).remove(0)
}

#[test]
fn a_model_that_answers_is_told_with_how_it_is_held_to_a_form() {
    let findings = said_of(Ok(probe()));

    let told = "context.model: openai/m1 at 127.0.0.1:8000 answered as m1-2026 in 640 ms; the server holds its answers to a schema";
    assert_eq!(findings, [Area::Model.is_well(told)]);
}

#[test]
fn a_server_that_refuses_schemas_is_well_and_told() {
    for mode in [OutputMode::JsonObject, OutputMode::PromptOnly] {
        let findings = said_of(Ok(Probe { output_mode: mode, ..probe() }));

        assert_eq!(findings[0].status, Status::Ok);
        assert!(findings[0].message.contains("the server refuses schemas"), "{}", findings[0].message);
        assert!(findings[0].message.ends_with("checked all the same"), "{}", findings[0].message);
    }
}

#[test]
fn a_model_that_is_weak_slow_or_silent_about_tokens_is_doubtful() {
    let reasons = |findings: Vec<Finding>| findings.into_iter().filter_map(|found| found.reason).collect::<Vec<_>>();
    let mute = || Probe { usage: Usage::default(), ..probe() };
    let ceiling = SpendSettings { tokens_per_day: 1000, ..SpendSettings::default() };

    assert_eq!(reasons(said_of(Ok(Probe { kept_to_form: false, ..probe() }))), ["MODEL_STRAYS"]);
    assert_eq!(reasons(said_of(Ok(Probe { took: Duration::from_secs(21), ..probe() }))), ["MODEL_SLOW"]);
    assert_eq!(reasons(judged(&settings(), &ceiling, Ok(mute()))), ["MODEL_TELLS_NO_USAGE"]);
    assert!(reasons(said_of(Ok(mute()))).is_empty(), "nobody counts");
}

#[test]
fn every_failure_keeps_its_reason_and_says_what_to_do() {
    let cases = [
        (reason::UNAUTHENTICATED, "the server answered 401", "check `context.model.key`: it is wrong"),
        (
            reason::NOT_FOUND,
            "the server answered 404 (model_not_found)",
            "check `context.model.name`: the server has no",
        ),
        (reason::NOT_FOUND, "the server answered 404", "which usually ends in /v1"),
        (
            reason::UNREACHABLE,
            "cannot connect to the server: Connection refused",
            "check `context.model.url`, and that",
        ),
        (reason::UNREACHABLE, "invalid peer certificate: UnknownIssuer", "the name in the certificate"),
        (
            reason::UNREACHABLE,
            "the server answered 301: it wants to be asked at another address",
            "that it redirects to",
        ),
        (reason::TIMEOUT, "the server was silent for too long", "raise `context.model.read_timeout`"),
        (reason::QUOTA_EXHAUSTED, "the server answered 429 (insufficient_quota)", "add money"),
        (reason::SERVER_ERROR, "the server answered 500", "the log of the server"),
        (reason::ANSWER_UNREADABLE, "the answer is not JSON", "what answers is no model server"),
        (reason::REQUEST_REFUSED, "the server answered 400", "the log of the server may say"),
        (reason::CONTEXT_TOO_LONG, "the server answered 400", "a context of at least"),
        ("SOMETHING_NEW", "?", "check the section `context.model`"),
    ];

    for (reason, message, advice) in cases {
        let found = failed(reason, message);
        assert_eq!((found.status, found.reason), (Status::Fail, Some(reason)));
        assert!(found.message.ends_with(message), "{}", found.message);
        assert!(found.advice.as_ref().unwrap().contains(advice), "{reason}: {:?}", found.advice);
    }
}

#[test]
fn a_limit_that_passes_by_itself_is_only_doubtful() {
    for reason in [reason::RATE_LIMITED, reason::OVERLOADED, reason::TOKENS_PER_MINUTE] {
        assert_eq!(failed(reason, "429").status, Status::Warn, "{reason}");
    }
}

#[test]
fn without_a_key_the_advice_is_to_set_one() {
    let settings = ModelSettings { key: Secret::new(""), ..settings() };
    let error = ModelError::Unreachable { reason: reason::UNAUTHENTICATED, message: "401".to_owned() };

    let found = judged(&settings, &SpendSettings::default(), Err(error));

    assert_eq!(found[0].advice.as_deref(), Some("set `context.model.key`"));
}

#[test]
fn no_finding_holds_a_key() {
    for finding in [failed(reason::UNAUTHENTICATED, "the server answered 401"), said_of(Ok(probe())).remove(0)] {
        assert!(!format!("{finding:?}").contains("not-to-be-shown"), "{finding:?}");
    }
}

#[test]
fn who_answers_in_talks_keeps_to_no_form() {
    let probe = Probe { kept_to_form: false, ..probe() };
    let spend = SpendSettings::default();

    let findings = Examined { section: CHAT, settings: &settings(), spend: &spend }.judge(Ok(probe));

    assert_eq!(findings, [Area::Model.is_well("context.chat: openai/m1 at 127.0.0.1:8000 answered in 640 ms")]);
}
