use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::domain::model::{ConversationId, Usage};
use crate::llm::api::{GuardSettings, Price};

#[tokio::test]
async fn a_call_is_put_on_record_with_what_it_took() {
    let price = Price { input: 2_500_000, cached_input: 1_250_000, output: 10_000_000 };
    let mut body = completion(json!({"content": "{}"}), "stop");
    body["usage"]["prompt_tokens_details"] = json!({"cached_tokens": 100});
    let endpoint = Endpoint { price, ..Endpoint::of(Api::OpenAi) };
    let story = Story::at(endpoint, [Scripted::json(200, &body)]).await;
    let asker = Asker { conversation_id: ConversationId::parse("c1"), ..Asker::somebody() };

    let reply = story.client.complete(&asker, CallOperation::Summarise, &question()).await.unwrap();

    let usage = Usage {
        calls: 1,
        input_tokens: 120,
        cached_input_tokens: 100,
        output_tokens: 60,
        cost_micro_usd: 50 + 125 + 600,
    };
    let recorded = story.ledger.recorded();
    assert_eq!(recorded.len(), 1);
    let call = &recorded[0];
    assert_eq!((call.usage, reply.usage), (usage, usage));
    assert_eq!((&call.user_id, &call.conversation_id), (&asker.user_id, &asker.conversation_id));
    assert_eq!((call.operation, call.error), (CallOperation::Summarise, None));
    assert_eq!((call.provider.as_str(), call.model.as_str()), ("openai", "test-model"));
}

#[tokio::test]
async fn what_anthropic_read_from_its_cache_and_wrote_to_it_was_sent() {
    let mut body = message(json!([]), "end_turn");
    body["usage"] = json!({
        "input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 3000, "output_tokens": 60,
    });
    let story = Story::anthropic([Scripted::json(200, &body)]).await;

    let usage = story.ask().await.unwrap().usage;

    assert_eq!((usage.input_tokens, usage.cached_input_tokens, usage.output_tokens), (3210, 200, 60));
}

#[tokio::test]
async fn calls_in_vain_are_put_on_record_too() {
    let refused = refusal(400, json!({"message": "response_format: not supported"}));
    let story = Story::openai([refused, refusal(500, json!({})), said("{}")]).await;

    let reply = story.ask().await.unwrap();

    assert_eq!(story.recorded(), ["MODEL_REQUEST_REFUSED", "MODEL_SERVER_ERROR", ""]);
    assert_eq!((reply.usage.calls, reply.usage.input_tokens), (3, 120));
}

#[tokio::test]
async fn what_may_not_be_paid_is_not_asked() {
    let story = Story::openai([said("{}")]).await;
    let message = "spent".to_owned();
    let veto = ModelError::NotNow { until: Timestamp::UNIX_EPOCH, reason: "BUDGET", message };
    *story.ledger.veto.lock() = Some(veto.clone());

    assert_eq!(story.ask().await, Err(veto));
    assert!(story.server.asked().is_empty() && story.recorded().is_empty());
}

#[tokio::test]
async fn numbers_that_are_none_are_not_counted() {
    let mut body = completion(json!({"content": "{}"}), "stop");
    body["usage"] = json!({"prompt_tokens": -5, "completion_tokens": 1e300, "prompt_tokens_details": null});
    let story = Story::openai([Scripted::json(200, &body)]).await;

    let usage = story.ask().await.unwrap().usage;

    assert_eq!((usage.input_tokens, usage.output_tokens), (0, 0));
}

#[tokio::test]
async fn tokens_are_reckoned_before_and_corrected_after() {
    let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
    // An answer of 1000 tokens at most, and a request of some hundred, of which 180 in all are needed.
    let guard = GuardSettings { tokens_per_minute: 1300, ..GuardSettings::default() };
    let script = [said("{}"), said("{}")];
    let story = Story::told(Endpoint::of(Api::OpenAi), guard, clock, script).await;

    assert!(story.ask().await.is_ok());
    assert!(story.ask().await.is_ok());

    assert_eq!(story.reason().await, "MODEL_TOKENS_PER_MINUTE");
    assert_eq!(story.server.asked().len(), 2);
}
