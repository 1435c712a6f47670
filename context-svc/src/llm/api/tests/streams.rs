use futures::TryStreamExt;
use serde_json::{Value, json};

use super::*;
use crate::llm::api::{Delta, End, GuardSettings};

const BLUE: &str = r#"{"colour":"blue"}"#;

fn streaming(api: Api) -> Endpoint {
    Endpoint { is_streaming: true, ..Endpoint::of(api) }
}

fn data(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn delta(delta: Value, finish_reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason});
    data(&json!({"id": "c", "model": "test-model-2026-01-01", "choices": [choice], "usage": null}))
}

/// A stream of OpenAI that says `words`, with what it consumed at its end.
fn openai_stream(words: &[&str]) -> String {
    let mut stream = delta(json!({"role": "assistant", "content": ""}), None);
    stream.extend(words.iter().map(|words| delta(json!({"content": words}), None)));
    stream += &delta(json!({}), Some("stop"));
    stream += &data(&json!({"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 60}}));
    stream + "data: [DONE]\n\n"
}

fn event(body: &Value) -> String {
    format!("event: {}\ndata: {body}\n\n", body["type"].as_str().unwrap())
}

/// A stream of Anthropic: thoughts, some words, and then the input of the tool.
fn anthropic_stream() -> String {
    let block =
        |index: i64, delta: Value| event(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
    let start = |index: i64, block: Value| {
        event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    let usage = json!({"input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 1});
    [
        event(&json!({"type": "message_start", "message": {"model": "test-model-20260101", "content": [], "stop_reason": null, "usage": usage}})),
        start(0, json!({"type": "thinking", "thinking": ""})),
        event(&json!({"type": "ping"})),
        block(0, json!({"type": "thinking_delta", "thinking": "grey?"})),
        block(0, json!({"type": "signature_delta", "signature": "x"})),
        event(&json!({"type": "content_block_stop", "index": 0})),
        start(1, json!({"type": "text", "text": ""})),
        block(1, json!({"type": "text_delta", "text": "I'll record it."})),
        start(2, json!({"type": "tool_use", "id": "t", "name": "record_colour", "input": {}})),
        block(2, json!({"type": "input_json_delta", "partial_json": ""})),
        block(2, json!({"type": "input_json_delta", "partial_json": "{\"colour\":"})),
        block(2, json!({"type": "input_json_delta", "partial_json": "\"blue\"}"})),
        event(&json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 60}})),
        event(&json!({"type": "message_stop"})),
    ]
    .concat()
}

async fn deltas(story: &Story) -> Result<Vec<Delta>, ModelError> {
    story.client.stream(&Asker::somebody(), CallOperation::Extract, question()).try_collect().await
}

#[tokio::test]
async fn a_stream_of_openai_comes_to_the_same_as_an_answer() {
    let stream = openai_stream(&["{\"colour\":", "\"blue\"}"]);
    let story = Story::at(streaming(Api::OpenAi), [Scripted::events(stream)]).await;

    let reply = story.ask().await.unwrap();

    let body = story.only_request().body;
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({"include_usage": true})));
    assert_eq!((reply.text.as_str(), reply.end), (BLUE, End::Complete));
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (120, 60));
    assert_eq!(reply.model, "test-model-2026-01-01");
}

#[tokio::test]
async fn a_stream_of_anthropic_comes_to_the_same_as_an_answer() {
    let story = Story::at(streaming(Api::Anthropic), [Scripted::events(anthropic_stream())]).await;

    let reply = story.ask().await.unwrap();

    assert_eq!(story.only_request().body["stream"], true);
    assert_eq!((reply.text.as_str(), reply.end), (BLUE, End::Complete));
    assert_eq!((reply.usage.input_tokens, reply.usage.cached_input_tokens, reply.usage.output_tokens), (120, 100, 60));
}

#[tokio::test]
async fn it_does_not_matter_where_a_stream_is_torn_into_pieces() {
    let stream = openai_stream(&["天空", "是🌊蓝色"]).replace('\n', "\r\n");
    for bytes in [1, 2, 3, 7, 1 << 16] {
        let story = Story::at(streaming(Api::OpenAi), [Scripted::events(stream.clone()).chunked(bytes)]).await;

        assert_eq!(story.ask().await.unwrap().text, "天空是🌊蓝色", "{bytes}");
    }
}

#[tokio::test]
async fn a_stream_without_its_end_is_no_answer() {
    let whole = openai_stream(&[BLUE]);
    let no_done = whole.replace("data: [DONE]\n\n", "");
    let story = Story::at(streaming(Api::OpenAi), [Scripted::events(no_done), Scripted::events(whole.clone())]).await;
    assert_eq!(story.ask().await.unwrap().usage.calls, 2);

    let cut = |story: &Story| story.server.otherwise(Scripted::events(whole.clone()).cut_after(whole.len() / 2));
    let story = Story::at(streaming(Api::OpenAi), []).await;
    cut(&story);
    assert_eq!(story.reason().await, "MODEL_UNREACHABLE");

    let no_stop = anthropic_stream().replace("message_stop", "message_pause");
    let story = Story::at(streaming(Api::Anthropic), []).await;
    story.server.otherwise(Scripted::events(no_stop));
    assert_eq!(story.reason().await, "MODEL_UNREACHABLE");
}

#[tokio::test]
async fn an_error_inside_a_stream_is_that_error() {
    let error = event(&json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}));
    let begun = anthropic_stream().split_inclusive("\n\n").take(3).collect::<String>();
    let story = Story::at(streaming(Api::Anthropic), [Scripted::events(begun + &error)]).await;

    assert_eq!(story.reason().await, "MODEL_OVERLOADED");
    let recorded = story.ledger.recorded();
    assert_eq!((recorded[0].error, recorded[0].usage.input_tokens), (Some("MODEL_OVERLOADED"), 120));

    let error = data(&json!({"error": {"code": 429, "message": "slow down"}}));
    let story =
        Story::at(streaming(Api::OpenAi), [Scripted::events(delta(json!({"content": "{"}), None) + &error)]).await;
    assert_eq!(story.reason().await, "MODEL_RATE_LIMITED");
}

#[tokio::test]
async fn the_form_is_found_in_a_stream_wherever_it_is_put() {
    let tool = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
    let streams = [
        [
            delta(json!({"reasoning_content": "{\"colour\":"}), None),
            delta(json!({"reasoning_content": "\"blue\"}"}), None),
        ],
        [delta(tool("{\"colour\":"), None), delta(tool("\"blue\"}"), None)],
    ];
    for stream in streams {
        let stream = stream.concat() + &delta(json!({}), Some("stop")) + "data: [DONE]\n\n";
        let story = Story::at(streaming(Api::OpenAi), [Scripted::events(stream)]).await;

        assert_eq!(story.ask().await.unwrap().text, BLUE);
    }
}

#[tokio::test]
async fn the_words_are_given_as_they_come_and_then_the_whole() {
    let story = Story::openai([Scripted::events(openai_stream(&["Blue", " as", " ever"]))]).await;

    let deltas = deltas(&story).await.unwrap();

    assert_eq!(story.only_request().body["stream"], true, "whatever is usual at the endpoint");
    let (end, words) = deltas.split_last().unwrap();
    assert_eq!(words, ["Blue", " as", " ever"].map(|words| Delta::Text(words.to_owned())));
    assert!(matches!(end, Delta::End(reply) if reply.text == "Blue as ever" && reply.usage.input_tokens == 120));
    assert_eq!(story.recorded(), [""]);
}

#[tokio::test]
async fn a_server_that_does_not_stream_gives_it_all_at_once() {
    let story = Story::openai([said("Blue")]).await;

    let deltas = deltas(&story).await.unwrap();

    assert_eq!(deltas[0], Delta::Text("Blue".to_owned()));
    assert!(matches!(&deltas[1..], [Delta::End(reply)] if reply.text == "Blue"));
}

#[tokio::test]
async fn a_server_that_streams_unasked_is_understood() {
    let story = Story::openai([Scripted::events(openai_stream(&[BLUE]))]).await;

    assert_eq!(story.ask().await.unwrap().text, BLUE);
}

#[tokio::test]
async fn a_stream_that_breaks_fails_after_its_words() {
    let stream = delta(json!({"content": "Blue"}), None);
    let story = Story::openai([Scripted::events(stream)]).await;
    let mut deltas = Box::pin(story.client.stream(&Asker::somebody(), CallOperation::Extract, question()));

    assert_eq!(deltas.try_next().await, Ok(Some(Delta::Text("Blue".to_owned()))));
    assert_eq!(deltas.try_next().await.unwrap_err().reason(), "MODEL_UNREACHABLE");
    assert_eq!(story.server.asked().len(), 1, "what was said cannot be unsaid");
}

#[tokio::test]
async fn a_stream_that_falls_silent_fails() {
    let clock = TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
    let stream = delta(json!({"content": "Blue"}), None);
    let silent = Scripted::events(stream.clone()).silent_after(stream.len());
    let story = Story::told(Endpoint::of(Api::OpenAi), GuardSettings::default(), clock, [silent]).await;
    let mut deltas = Box::pin(story.client.stream(&Asker::somebody(), CallOperation::Extract, question()));
    deltas.try_next().await.unwrap();
    let mut next = deltas.try_next();
    assert!(futures::poll!(&mut next).is_pending());

    story.clock.advance(std::time::Duration::from_secs(60));

    assert_eq!(next.await.unwrap_err().to_string(), "the server was silent for too long");
}

#[tokio::test]
async fn who_leaves_a_stream_breaks_the_connection() {
    let stream = delta(json!({"content": "Blue"}), None);
    let story = Story::openai([Scripted::events(stream.clone()).silent_after(stream.len())]).await;
    let mut deltas = Box::pin(story.client.stream(&Asker::somebody(), CallOperation::Extract, question()));
    deltas.try_next().await.unwrap();

    drop(deltas);

    story.server.until_left(1).await;
    story.ledger.until_recorded(1).await;
    assert_eq!(story.recorded(), ["NO_ANSWER"]);
}

#[tokio::test]
async fn a_server_that_does_not_know_stream_options_streams_without() {
    let refused = refusal(400, json!({"message": "Unrecognized request argument: stream_options"}));
    let stream = Scripted::events(openai_stream(&[BLUE]));
    let story = Story::at(streaming(Api::OpenAi), [refused, stream]).await;

    story.ask().await.unwrap();

    let bodies = story.bodies();
    assert!(bodies[1].get("stream_options").is_none() && bodies[1]["stream"] == true);
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_unreadable() {
    let nonsense: [&[u8]; 2] = [b"data: {not json}\n\n", b"data: \xff\xfe\n\n"];
    for nonsense in nonsense {
        let story = Story::at(streaming(Api::OpenAi), [Scripted::events(nonsense)]).await;

        assert_eq!(story.reason().await, "MODEL_ANSWER_UNREADABLE");
    }
}

#[tokio::test]
async fn a_stream_without_end_is_cut_off() {
    let chunk = delta(json!({"content": "blue ".repeat(10_000)}), None);
    let endless = Scripted::events(chunk.repeat(200)).chunked(1 << 16);
    let story = Story::at(streaming(Api::OpenAi), [endless]).await;

    assert_eq!(story.reason().await, "MODEL_ANSWER_UNREADABLE");
}
