//! Answers that end in no session context, or not yet: nothing of them is ever taken for "done".

use std::time::Duration;

use context_svc::llm::{ModelSettings, Provider};
use kit::clock::Clock;
use proto::context::v1::Extraction;
use proto::context::v1::extraction::State;
use serde_json::json;

use super::answers::{claude, completion, error, good, good_form, item, items, says};
use super::server::ModelServer;
use super::{Scripted, Story, dropped};
use crate::world::World;

fn reason(extraction: &Extraction) -> &str {
    extraction.last_error.as_ref().map_or("", |error| error.reason.as_str())
}

#[tokio::test]
async fn two_useless_answers_fail_the_attempt() {
    let list = || says("- GOAL: the user swims");
    let wrong = || items(vec![item(json!({"evidence": [{"seq": 2, "quote": "I will swim across the lake in July"}]}))]);
    let silent = || says(r#"{"title": "x", "summary": "They talked.", "language": "en", "items": []}"#);
    let refusal = || completion(json!({"role": "assistant", "content": null, "refusal": "I can't"}), "stop");
    for (answers, expected) in [
        ([list(), list()], "MODEL_OUTPUT_INVALID"),
        ([wrong(), wrong()], "MODEL_OUTPUT_UNGROUNDED"),
        ([silent(), silent()], "MODEL_OUTPUT_EMPTY"),
        ([refusal(), refusal()], "MODEL_REFUSED"),
    ] {
        let story = Story::of(Provider::OpenAi, answers).await;

        let extraction = story.failed().await;

        assert_eq!(reason(&extraction), expected);
        assert_eq!((extraction.state(), extraction.attempts, story.calls()), (State::Pending, 1, 2), "{expected}");
        assert!(story.user().session_context("c1").await.is_err(), "{expected}");
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_is_asked_for_in_smaller_pieces_and_never_taken_for_whole() {
    let form = good_form();
    let cut = &form[..form.len() / 2];
    let content = json!({"role": "assistant", "content": cut});
    for (provider, answer) in [
        (Provider::OpenAi, completion(content, "length")),
        // Also if what there is happens to be well-formed.
        (Provider::OpenAi, completion(json!({"role": "assistant", "content": form}), "length")),
        (Provider::Anthropic, claude(json!([{"type": "text", "text": cut}]), "max_tokens")),
    ] {
        let story = Story::of(provider, []).await;
        story.server.otherwise(answer);

        let extraction = story.failed().await;

        assert_eq!((extraction.state(), reason(&extraction)), (State::Pending, "MODEL_OUTPUT_TRUNCATED"));
        assert!(story.calls() >= 2 && story.user().session_context("c1").await.is_err());
    }
}

#[tokio::test]
async fn a_provider_that_is_busy_costs_no_attempt() {
    for (provider, answer) in [
        (Provider::OpenAi, error(429, "rate_limit_exceeded", "slow down").header("retry-after", "2")),
        (Provider::Anthropic, error(529, "overloaded_error", "Overloaded")),
    ] {
        let good = match provider {
            Provider::OpenAi => good(),
            _ => claude(json!([{"type": "text", "text": good_form()}]), "end_turn"),
        };
        let story = Story::of(provider, [answer, good]).await;

        let snoozed = story.failed().await;
        story.world.clock.advance(Duration::from_secs(60));
        story.user().until_done("c1").await;

        assert_eq!((snoozed.state(), snoozed.attempts, snoozed.snoozes), (State::Pending, 0, 1));
        assert_eq!(story.user().session_context("c1").await.unwrap().items.len(), 1);
    }
}

#[tokio::test]
async fn an_empty_account_is_not_asked_again_within_minutes() {
    let empty = Scripted::json(
        429,
        &json!({"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}),
    );
    let story = Story::of(Provider::OpenAi, [empty]).await;

    let snoozed = story.failed().await;

    let not_before = snoozed.not_before.as_ref().unwrap().seconds;
    assert_eq!((snoozed.state(), snoozed.attempts, reason(&snoozed)), (State::Pending, 0, "MODEL_QUOTA_EXHAUSTED"));
    assert!(not_before - story.world.clock.now().as_second() >= 10 * 60, "{not_before}");
}

#[tokio::test]
async fn while_the_first_has_no_money_the_second_reads_under_its_own_name_and_the_first_is_left_alone() {
    let first = ModelServer::start([]).await;
    first.otherwise(Scripted::json(429, &json!({"error": {"code": "insufficient_quota", "message": "quota"}})));
    let second = ModelServer::start([]).await;
    second.otherwise(good());
    let model = |server: &ModelServer, name: &str| ModelSettings {
        provider: Provider::OpenAi,
        name: name.to_owned(),
        url: format!("{}/v1", server.url()),
        ..ModelSettings::default()
    };
    let (own, other) = (model(&first, "first-model"), model(&second, "second-model"));
    let world = World::reading_by(|config| (config.model, config.fallback) = (own, other)).await;
    let story = Story { world, server: first };

    for talk in ["c1", "c2", "c3"] {
        story.talks(talk).await;
        story.user().until_done(talk).await;

        assert_eq!(story.user().session_context(talk).await.unwrap().model, "second-model");
        assert_eq!(story.user().extraction(talk).await.unwrap().snoozes, 0);
    }
    assert_eq!((story.calls(), second.asked().len()), (1, 3));
    assert_eq!(second.asked()[0].body["model"], "second-model");
}

#[tokio::test]
async fn a_wrong_key_for_an_hour_loses_nothing() {
    let story = Story::of(Provider::Anthropic, []).await;
    story.server.otherwise(error(401, "authentication_error", "invalid x-api-key"));

    let mut failed = story.failed().await;
    for attempt in 2..=9 {
        story.world.clock.advance(Duration::from_secs(900));
        let is_tried = |extraction: &Extraction| extraction.attempts >= attempt && extraction.state() == State::Pending;
        failed = story.user().until("c1", is_tried).await;
    }

    assert_eq!((failed.state(), reason(&failed)), (State::Pending, "MODEL_UNAUTHENTICATED"));
    story.server.otherwise(claude(json!([{"type": "text", "text": good_form()}]), "end_turn"));
    story.world.clock.advance(Duration::from_secs(900));
    story.user().until_done("c1").await;
}

#[tokio::test]
async fn a_connection_that_dies_inside_the_answer_is_tried_again_within_the_call() {
    let story = Story::of(Provider::OpenAi, [good().cut_after(80), good()]).await;

    let (context, extraction) = story.extracted().await;

    assert_eq!((context.items.len(), extraction.snoozes, dropped(&extraction)), (1, 0, 0));
    assert!(extraction.last_error.is_none());
}

#[tokio::test]
async fn a_server_that_refuses_schemas_is_remembered() {
    let refused = error(400, "invalid_request_error", "response_format json_schema is not supported by this model");
    let story = Story::of(Provider::OpenAi, [refused, good(), good()]).await;

    story.extracted().await;
    story.talks("c2").await;
    story.user().until_done("c2").await;

    let asked: Vec<_> =
        story.server.asked().iter().map(|asked| asked.body["response_format"]["type"].clone()).collect();
    assert_eq!(asked, [json!("json_schema"), json!("json_object"), json!("json_object")]);
}
