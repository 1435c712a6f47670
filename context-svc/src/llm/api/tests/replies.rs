use serde_json::json;

use super::*;
use crate::llm::api::End;

const BLUE: &str = r#"{"colour":"blue"}"#;

#[tokio::test]
async fn openai_servers_put_their_answer_into_many_places() {
    let call = json!([{"id": "c", "type": "function", "function": {"name": "record_colour", "arguments": BLUE}}]);
    let messages = [
        json!({"content": BLUE}),
        json!({"content": [{"type": "text", "text": "{\"colour\":"}, {"type": "image_url"}, {"type": "text", "text": "\"blue\"}"}]}),
        json!({"content": BLUE, "reasoning_content": "It might be grey."}),
        json!({"content": "", "reasoning_content": BLUE}),
        json!({"content": null, "reasoning": BLUE}),
        json!({"content": " \n", "tool_calls": call}),
        json!({"content": null, "tool_calls": call, "reasoning_content": "It might be grey."}),
    ];
    for message in messages {
        let story = Story::openai([Scripted::json(200, &completion(message.clone(), "stop"))]).await;

        let reply = story.ask().await.unwrap();

        assert_eq!((reply.text.as_str(), reply.end), (BLUE, End::Complete), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_an_empty_answer() {
    let nothing = [
        json!({"choices": null}),
        json!({"choices": []}),
        json!({}),
        json!([]),
        json!(null),
        json!({"choices": [{"index": 0}]}),
        json!({"choices": [{"message": null}]}),
        json!({"choices": [{"message": {"content": null}, "finish_reason": null}], "usage": null}),
    ];
    for body in nothing {
        let story = Story::openai([Scripted::json(200, &body)]).await;

        let reply = story.ask().await.unwrap();

        assert_eq!((reply.text.as_str(), reply.end), ("", End::Unknown(String::new())), "{body}");
        assert_eq!((reply.model.as_str(), reply.usage.input_tokens), ("test-model", 0), "{body}");
    }
}

#[tokio::test]
async fn how_an_answer_of_openai_ended_is_known() {
    let ends = [
        ("stop", End::Complete),
        ("tool_calls", End::Complete),
        ("length", End::CutShort),
        ("content_filter", End::Refused),
        ("gave_up", End::Unknown("gave_up".into())),
        ("I will run a marathon", End::Unknown(String::new())),
    ];
    for (reason, end) in ends {
        let story = Story::openai([Scripted::json(200, &completion(json!({"content": "{"}), reason))]).await;

        assert_eq!(story.ask().await.unwrap().end, end, "{reason}");
    }
}

#[tokio::test]
async fn a_model_that_declines_has_refused() {
    let message = json!({"content": null, "refusal": "I cannot help with that."});
    let story = Story::openai([Scripted::json(200, &completion(message, "stop"))]).await;

    let reply = story.ask().await.unwrap();

    assert_eq!((reply.text.as_str(), reply.end), ("I cannot help with that.", End::Refused));
}

#[tokio::test]
async fn how_an_answer_of_anthropic_ended_is_known() {
    let ends = [
        ("end_turn", End::Complete),
        ("stop_sequence", End::Complete),
        ("tool_use", End::Complete),
        ("max_tokens", End::CutShort),
        ("model_context_window_exceeded", End::CutShort),
        ("refusal", End::Refused),
        ("pause_turn", End::Unknown("pause_turn".into())),
    ];
    for (reason, end) in ends {
        let content = json!([{"type": "text", "text": "{"}]);
        let story = Story::anthropic([Scripted::json(200, &message(content, reason))]).await;

        assert_eq!(story.ask().await.unwrap().end, end, "{reason}");
    }
}

#[tokio::test]
async fn what_was_given_to_the_tool_counts_more_than_what_was_said_of_it() {
    let content = json!([
        {"type": "thinking", "thinking": "grey?", "signature": "x"},
        {"type": "text", "text": "I'll record it."},
        {"type": "tool_use", "id": "t", "name": "record_colour", "input": {"colour": "blue"}},
    ]);
    let story = Story::anthropic([Scripted::json(200, &message(content, "tool_use"))]).await;

    assert_eq!(story.ask().await.unwrap().text, BLUE);
}

#[tokio::test]
async fn the_texts_of_anthropic_are_one_and_its_thoughts_are_left_out() {
    let content = json!([
        {"type": "thinking", "thinking": "grey?"},
        {"type": "text", "text": "{\"colour\":"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "\"blue\"}"},
    ]);
    let story = Story::anthropic([Scripted::json(200, &message(content, "end_turn"))]).await;

    let reply = story.ask().await.unwrap();

    assert_eq!((reply.text.as_str(), reply.model.as_str()), (BLUE, "test-model-20260101"));
}

#[tokio::test]
async fn a_name_that_is_none_is_not_taken_for_the_models() {
    for name in ["", "x\ny", &"m".repeat(201)] {
        let mut body = completion(json!({"content": "{}"}), "stop");
        body["model"] = json!(name);
        let story = Story::openai([Scripted::json(200, &body)]).await;

        assert_eq!(story.ask().await.unwrap().model, "test-model", "{name:?}");
    }
}

#[tokio::test]
async fn an_error_under_the_status_200_is_an_error() {
    let errors = [
        (json!({"error": {"code": 429, "message": "slow down"}}), "MODEL_RATE_LIMITED"),
        (json!({"error": {"code": 402, "message": "more credits"}}), "MODEL_QUOTA_EXHAUSTED"),
        (json!({"error": {"type": "overloaded_error"}}), "MODEL_OVERLOADED"),
        (json!({"error": {"type": "authentication_error"}}), "MODEL_UNAUTHENTICATED"),
        (json!({"error": {"code": "invalid_request_error"}}), "MODEL_REQUEST_REFUSED"),
    ];
    for (body, reason) in errors {
        let story = Story::openai([Scripted::json(200, &body)]).await;

        assert_eq!(story.reason().await, reason, "{body}");
    }
}

#[tokio::test]
async fn an_unknown_error_under_the_status_200_is_one_of_the_server() {
    let broken = || Scripted::json(200, &json!({"error": "something broke"}));
    let story = Story::openai([broken(), broken()]).await;

    assert_eq!(story.reason().await, "MODEL_SERVER_ERROR");
    assert_eq!(story.server.asked().len(), 2);
}

#[tokio::test]
async fn no_error_is_no_error() {
    let mut body = completion(json!({"content": BLUE}), "stop");
    body["error"] = json!(null);
    let story = Story::openai([Scripted::json(200, &body)]).await;

    assert_eq!(story.ask().await.unwrap().text, BLUE);
}

#[tokio::test]
async fn a_page_of_a_proxy_is_no_answer() {
    let story = Story::openai([Scripted::new(200, "text/html", "<html>Please log in</html>")]).await;

    let error = story.ask().await.unwrap_err();

    assert!(matches!(&error, ModelError::Unreachable { reason: "MODEL_ANSWER_UNREADABLE", .. }), "{error:?}");
    assert!(!error.to_string().contains("log in"));
}
