use serde_json::json;

use super::*;
use crate::llm::api::OutputMode;

#[tokio::test]
async fn a_probe_tells_how_the_model_is_made_to_keep_to_a_form() {
    let refused = refusal(400, json!({"message": "response_format: unsupported"}));
    let story = Story::openai([refused, said(r#"{"ok": true}"#)]).await;

    let probe = story.client.probe().await.unwrap();

    assert_eq!(probe.model, "test-model-2026-01-01");
    assert_eq!((probe.output_mode, probe.kept_to_form), (OutputMode::JsonObjectWithSchema, true));
    assert_eq!((probe.usage.calls, probe.usage.input_tokens), (2, 120));
    assert!(story.recorded().is_empty(), "nobody pays for it");
}

#[tokio::test]
async fn a_probe_tells_of_a_model_that_does_not_keep_to_a_form() {
    for answer in ["", "Sure! {\"ok\": true}", "{\"ok\": \"yes\"}", "[]"] {
        let story = Story::openai([said(answer)]).await;

        assert!(!story.client.probe().await.unwrap().kept_to_form, "{answer}");
    }
}

#[tokio::test]
async fn a_probe_tells_what_is_wrong() {
    let story = Story::openai([refusal(404, json!({"code": "model_not_found"}))]).await;

    assert_eq!(story.client.probe().await.unwrap_err().reason(), "MODEL_NOT_FOUND");
}
