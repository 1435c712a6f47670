use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::llm::api::GuardSettings;

/// On a clock that stands still, so that a time to come back is exact.
async fn frozen(script: impl IntoIterator<Item = Scripted>) -> Story {
    let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
    Story::told(Endpoint::of(Api::OpenAi), GuardSettings::default(), clock, script).await
}

#[tokio::test]
async fn a_rate_limit_puts_off_until_the_server_says() {
    let limited = refusal(429, json!({"message": "slow down"})).header("retry-after", "2");
    let story = frozen([limited, said("{}")]).await;

    let error = story.ask().await.unwrap_err();

    let until = Timestamp::from_second(2).unwrap();
    assert!(
        matches!(error, ModelError::NotNow { until: at, reason: "MODEL_RATE_LIMITED", .. } if at == until),
        "{error:?}"
    );
    story.clock.advance(Duration::from_secs(2));
    assert!(story.ask().await.is_ok());
    assert_eq!(story.server.asked().len(), 2, "nobody asks again by himself");
}

#[tokio::test]
async fn an_overloaded_provider_is_not_asked_again_at_once() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let story = Story::anthropic([Scripted::json(529, &error)]).await;

    assert_eq!(story.reason().await, "MODEL_OVERLOADED");
    assert_eq!(story.server.asked().len(), 1);
}

#[tokio::test]
async fn a_wrong_key_is_told_and_not_shown() {
    let error = json!({"message": "Incorrect API key provided: sk-test-key", "type": "invalid_request_error", "code": "invalid_api_key"});
    let story = Story::openai([refusal(401, error)]).await;

    let error = story.ask().await.unwrap_err();

    assert_eq!(error.reason(), "MODEL_UNAUTHENTICATED");
    assert_eq!(error.to_string(), "the server answered 401 (invalid_api_key)");
    let printed = format!("{error:?} {:?}", story.client.endpoint());
    assert!(!printed.contains("sk-test-key"), "{printed}");
}

#[tokio::test]
async fn a_server_without_keys_is_asked_without_one() {
    let story = Story::at(Endpoint { key: None, ..Endpoint::of(Api::OpenAi) }, [said("{}")]).await;

    story.ask().await.unwrap();

    assert_eq!(story.only_request().header("authorization"), None);
}

#[tokio::test]
async fn a_key_that_no_header_carries_is_refused_at_once() {
    let endpoint = Endpoint { key: Some(kit::id::Secret::new("sk-\nkey")), ..Endpoint::of(Api::OpenAi) };
    let clock: kit::clock::SharedClock = Arc::new(TestClock::ticking());
    let guard = Guard::new(&GuardSettings::default(), clock.clone());

    let refused = Client::new(endpoint, guard, clock, Arc::new(TestLedger::default())).err();

    assert!(matches!(refused, Some(crate::llm::api::EndpointError::Key)), "{refused:?}");
}

#[tokio::test]
async fn a_redirection_is_not_followed_with_the_key() {
    let elsewhere = ModelServer::start([said("{}")]).await;
    let story = Story::openai([Scripted::new(307, "text/plain", "").header("location", &elsewhere.url())]).await;

    assert_eq!(story.reason().await, "MODEL_UNREACHABLE");
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_down_is_left_alone_and_then_tried_again() {
    let clock = TestClock::ticking();
    let guard = GuardSettings { breaker_failures: 2, ..GuardSettings::default() };
    let broken = || refusal(500, json!({}));
    let story = Story::told(Endpoint::of(Api::OpenAi), guard, clock, [broken(), broken(), said("{}")]).await;

    assert_eq!(story.reason().await, "MODEL_SERVER_ERROR");
    assert_eq!(story.reason().await, "MODEL_CIRCUIT_OPEN");
    assert_eq!(story.server.asked().len(), 2);

    story.clock.advance(Duration::from_secs(30));
    assert!(story.ask().await.is_ok());
}

#[tokio::test]
async fn a_rate_limit_opens_no_breaker() {
    let guard = GuardSettings { breaker_failures: 1, ..GuardSettings::default() };
    let clock = TestClock::ticking();
    let story = Story::told(Endpoint::of(Api::OpenAi), guard, clock, [refusal(429, json!({})), said("{}")]).await;

    assert_eq!(story.reason().await, "MODEL_RATE_LIMITED");
    story.clock.advance(Duration::from_secs(20));

    assert!(story.ask().await.is_ok());
}

#[tokio::test]
async fn who_wants_to_be_left_alone_is_asked_by_nobody_until_then() {
    let busy = refusal(429, json!({})).header("retry-after", "60");
    let story =
        Story::told(Endpoint::of(Api::OpenAi), GuardSettings::default(), TestClock::ticking(), [busy, said("{}")])
            .await;

    assert_eq!(story.reason().await, "MODEL_RATE_LIMITED");
    for _ in 0..50 {
        assert_eq!(story.reason().await, "MODEL_RATE_LIMITED");
    }
    assert_eq!(story.server.asked().len(), 1);

    story.clock.advance(Duration::from_secs(60));
    assert!(story.ask().await.is_ok());
}
