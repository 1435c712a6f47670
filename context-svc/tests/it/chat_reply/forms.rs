//! The forms in which models answer, and what of them is said.

use context_svc::llm::Provider;
use proto::context::v1::converse_response::Event;
use serde_json::{Value, json};

use super::{Story, TOKENS, beginning, delta, ending};
use crate::chat::Stream;
use crate::model_output::server::Scripted;

#[tokio::test]
async fn thoughts_are_kept_back_and_a_cut_reply_is_said_to_be_cut() {
    let answer = ending(&["<thi", "nk>grey?</think>", "\n\nBlue ", "is"], "length");
    let story = Story::of([Scripted::events(answer)]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.says("m1", "Which colour?").await;
    let (text, done) = stream.reply().await;

    assert_eq!((text.as_str(), done.truncated), ("Blue is", true));
    assert_eq!(alice.texts("c1").await, ["Which colour?", "Blue is"]);
}

#[tokio::test]
async fn an_answer_of_nothing_but_thoughts_or_calls_is_no_reply() {
    let thoughts = ending(&["<think>hm"], "stop");
    let reasoning = beginning(&[])
        + &delta(&json!({"content": null, "reasoning_content": "hm"}), Some("stop"))
        + "data: [DONE]\n\n";
    let call = json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]});
    let call = beginning(&[]) + &delta(&call, Some("tool_calls")) + "data: [DONE]\n\n";
    let refusal = beginning(&["I "]) + &delta(&json!({"refusal": "I cannot"}), Some("stop")) + "data: [DONE]\n\n";
    let answers = [thoughts, reasoning, call, refusal];
    let story = Story::of(answers.into_iter().map(Scripted::events)).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    for client_id in ["m1", "m2", "m3", "m4"] {
        stream.says(client_id, "Well?").await;
        let mut event = stream.event().await;
        while let Event::ReplyDelta(_) = event {
            event = stream.event().await;
        }

        assert!(matches!(event, Event::Error(error) if error.reason == "REPLY_FAILED" && error.client_id == client_id));
    }
    assert_eq!(alice.texts("c1").await.len(), 4);
}

#[tokio::test]
async fn the_messages_api_answers_as_well() {
    let event = |body: Value| format!("event: {}\ndata: {body}\n\n", body["type"].as_str().unwrap());
    let said = |index: i64, delta: Value| event(json!({"type": "content_block_delta", "index": index, "delta": delta}));
    let start = |index: i64, block: Value| {
        event(json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    let usage = json!({"input_tokens": TOKENS.0, "output_tokens": 1});
    let answer = [
        event(
            json!({"type": "message_start", "message": {"model": "some-model", "content": [], "stop_reason": null, "usage": usage}}),
        ),
        start(0, json!({"type": "thinking", "thinking": ""})),
        said(0, json!({"type": "thinking_delta", "thinking": "grey?"})),
        start(1, json!({"type": "text", "text": ""})),
        said(1, json!({"type": "text_delta", "text": "Blue, "})),
        said(1, json!({"type": "text_delta", "text": "I think."})),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": TOKENS.1}}),
        ),
        event(json!({"type": "message_stop"})),
    ];
    let story = Story::told(Provider::Anthropic, [Scripted::events(answer.concat())], |_| ()).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.says("m1", "Which colour?").await;
    let (text, done) = stream.reply().await;

    assert_eq!((text.as_str(), done.seq), ("Blue, I think.", 2));
    let question = story.question(1);
    assert_eq!(question["messages"], json!([{"role": "user", "content": "Which colour?"}]));
    assert!(question["system"].as_str().unwrap().starts_with("You are a coach"));
}
