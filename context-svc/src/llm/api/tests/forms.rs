use serde_json::{Value, json};

use super::*;

/// The response formats that were asked for, in order; `null` where none was.
fn formats(story: &Story) -> Vec<Value> {
    let format = |body: &Value| body["response_format"]["type"].clone();
    story.bodies().iter().map(format).collect()
}

fn no_json_schema() -> Scripted {
    refusal(400, json!({"message": "response_format json_schema is not supported by this model"}))
}

#[tokio::test]
async fn a_form_is_asked_for_as_a_strict_schema() {
    let story = Story::openai([said("{}")]).await;

    story.ask().await.unwrap();

    let asked = story.only_request();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(asked.header("authorization"), Some("Bearer sk-test-key"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let schema = question().form.unwrap().schema;
    let expected = json!({
        "model": "test-model",
        "messages": [{"role": "system", "content": "You name colours."}, {"role": "user", "content": "The sky?"}],
        "max_tokens": 1000,
        "temperature": 0.0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "record_colour", "strict": true, "schema": schema},
        },
    });
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn of_anthropic_a_form_is_asked_for_as_the_input_of_a_tool() {
    let content = json!([{"type": "tool_use", "id": "t", "name": "record_colour", "input": {"colour": "blue"}}]);
    let story = Story::anthropic([Scripted::json(200, &message(content, "tool_use"))]).await;

    let reply = story.ask().await.unwrap();

    let asked = story.only_request();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/messages"));
    assert_eq!(asked.header("x-api-key"), Some("sk-test-key"));
    assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(asked.body["system"], "You name colours.");
    assert_eq!(asked.body["messages"], json!([{"role": "user", "content": "The sky?"}]));
    assert_eq!(asked.body["max_tokens"], 1000);
    assert_eq!(asked.body["tools"][0]["input_schema"], question().form.unwrap().schema);
    assert_eq!(asked.body["tool_choice"], json!({"type": "tool", "name": "record_colour"}));
    assert_eq!(reply.text, r#"{"colour":"blue"}"#);
}

#[tokio::test]
async fn a_schema_refused_is_not_sent_again() {
    let story = Story::openai([no_json_schema(), said("{}"), said("{}")]).await;

    let first = story.ask().await.unwrap();
    let second = story.ask().await.unwrap();

    assert_eq!(formats(&story), ["json_schema", "json_object", "json_object"]);
    assert_eq!(story.bodies()[1]["response_format"]["schema"], question().form.unwrap().schema);
    assert_eq!((first.usage.calls, second.usage.calls), (2, 1));
}

#[tokio::test]
async fn what_a_clone_learns_all_know() {
    let story = Story::openai([no_json_schema(), said("{}"), said("{}")]).await;
    let clone = story.client.clone();

    clone.complete(&Asker::somebody(), CallOperation::Extract, &question()).await.unwrap();
    story.ask().await.unwrap();

    assert_eq!(formats(&story), ["json_schema", "json_object", "json_object"]);
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_asked_in_words() {
    let refusals = [
        refusal(422, json!({"message": "Unsupported value: 'response_format.type'", "code": "unsupported_value"})),
        refusal(400, json!({"message": "Unknown parameter: 'response_format.schema'."})),
        refusal(501, json!({"message": "json_object is not implemented"})),
    ];
    let story = Story::openai(refusals.into_iter().chain([said("{}")])).await;

    story.ask().await.unwrap();

    assert_eq!(formats(&story), [json!("json_schema"), json!("json_object"), json!("json_object"), Value::Null]);
    let system = story.bodies()[3]["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(system.starts_with("You name colours.\n\n"), "{system}");
    assert!(system.ends_with(&question().form.unwrap().schema.to_string()), "{system}");
}

#[tokio::test]
async fn servers_word_their_refusal_in_many_ways() {
    let refusals = [
        // A server over llama.cpp, whose framework turns a field of the wrong shape into a failure of its own.
        refusal(
            500,
            json!({
                "message": "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be\"}]",
                "type": "internal_server_error",
            }),
        ),
        // One that validates strictly.
        Scripted::json(
            422,
            &json!({"detail": [{"loc": ["body", "response_format", "json_schema"], "msg": "extra field"}]}),
        ),
        // A router with no provider for it.
        refusal(404, json!({"message": "No endpoints found that support the requested parameters", "code": 404})),
        // A plain text.
        Scripted::new(400, "text/plain", "grammar is not supported with this backend"),
    ];
    for refused in refusals {
        let story = Story::openai([refused.clone(), said("{}")]).await;

        assert!(story.ask().await.is_ok(), "{refused:?}");
        assert_eq!(formats(&story), ["json_schema", "json_object"], "{refused:?}");
    }
}

#[tokio::test]
async fn where_no_tool_may_be_forced_anthropic_is_asked_in_words() {
    let error = json!({"type": "invalid_request_error", "message": "tool_choice: this model does not take it"});
    let refused = Scripted::json(400, &json!({"type": "error", "error": error}));
    let text = json!([{"type": "text", "text": "{\"colour\":\"blue\"}"}]);
    let story = Story::anthropic([refused, Scripted::json(200, &message(text, "end_turn"))]).await;

    let reply = story.ask().await.unwrap();

    let bodies = story.bodies();
    assert!(bodies[1].get("tools").is_none() && bodies[1].get("tool_choice").is_none());
    assert!(bodies[1]["system"].as_str().unwrap().contains("JSON Schema"));
    assert_eq!(reply.text, r#"{"colour":"blue"}"#);
}

#[tokio::test]
async fn parameters_that_a_model_does_not_take_are_left_out_from_then_on() {
    let temperature = json!({
        "message": "Unsupported value: 'temperature' does not support 0 with this model.",
        "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value",
    });
    let max_tokens = json!({
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter",
    });
    let story = Story::openai([refusal(400, max_tokens), refusal(400, temperature), said("{}"), said("{}")]).await;

    story.ask().await.unwrap();
    story.ask().await.unwrap();

    let bodies = story.bodies();
    assert_eq!(bodies.len(), 4);
    for body in &bodies[2..] {
        assert_eq!(body["max_completion_tokens"], 1000);
        assert!(body.get("max_tokens").is_none() && body.get("temperature").is_none());
        assert_eq!(body["response_format"]["type"], "json_schema", "the form was not to blame");
    }
}

#[tokio::test]
async fn what_did_not_help_is_not_learnt() {
    let error = || refusal(400, json!({"message": "this field is not supported"}));
    let story = Story::openai([error(), error(), error(), error(), said("{}")]).await;

    assert_eq!(story.reason().await, "MODEL_REQUEST_REFUSED");
    story.ask().await.unwrap();

    assert_eq!(formats(&story)[4], "json_schema");
}

#[tokio::test]
async fn prose_is_asked_for_without_any_form() {
    let story = Story::openai([said("Hello"), said("{}")]).await;

    story.ask_for(&Prompt::asking("", "Hello")).await.unwrap();
    story.ask().await.unwrap();

    let bodies = story.bodies();
    assert!(bodies[0].get("response_format").is_none());
    assert_eq!(bodies[0]["messages"], json!([{"role": "user", "content": "Hello"}]), "an empty system message is none");
    assert_eq!(formats(&story)[1], "json_schema", "that teaches nothing of forms");
}

#[tokio::test]
async fn prose_that_is_refused_was_not_refused_for_its_form() {
    let story = Story::openai([refusal(400, json!({"message": "not supported"}))]).await;

    let error = story.ask_for(&Prompt::asking("", "Hello")).await.unwrap_err();

    assert_eq!(error.reason(), "MODEL_REQUEST_REFUSED");
    assert_eq!(story.server.asked().len(), 1);
}
