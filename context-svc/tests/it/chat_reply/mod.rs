//! Talks that a model answers in, behind a server that speaks as its provider does.

mod forms;

use std::time::Duration;

use context_svc::config::Config;
use context_svc::llm::Provider;
use kit::id::Secret;
use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::converse_request::{End, Frame};
use proto::context::v1::converse_response::{Error, Event};
use proto::context::v1::message::Role;
use proto::context::v1::trigger::Cause;
use serde_json::{Value, json};

use crate::chat::{Stream, append};
use crate::model_output::server::{ModelServer, Scripted};
use crate::world::{PATIENCE, World};

/// What a reply consumes, by its provider.
const TOKENS: (i64, i64) = (120, 60);

fn data(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn delta(delta: &Value, finish_reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason});
    data(&json!({"id": "c", "model": "some-model", "choices": [choice], "usage": null}))
}

/// The beginning of a stream of OpenAI, up to the end of these words.
fn beginning(words: &[&str]) -> String {
    let begin = delta(&json!({"role": "assistant", "content": ""}), None);
    words.iter().fold(begin, |stream, words| stream + &delta(&json!({"content": words}), None))
}

/// A whole stream of OpenAI.
fn ending(words: &[&str], finish_reason: &str) -> String {
    let usage = json!({"prompt_tokens": TOKENS.0, "completion_tokens": TOKENS.1});
    let end = delta(&json!({}), Some(finish_reason)) + &data(&json!({"choices": [], "usage": usage}));
    beginning(words) + &end + "data: [DONE]\n\n"
}

fn says(words: &[&str]) -> Scripted {
    Scripted::events(ending(words, "stop"))
}

/// Says these words and then nothing more, without coming to an end.
fn falls_silent_after(words: &[&str]) -> Scripted {
    Scripted::events(ending(words, "stop")).silent_after(beginning(words).len())
}

/// The service, and the model server that answers in its talks.
struct Story {
    world: World,
    server: ModelServer,
}

impl Story {
    async fn of(script: impl IntoIterator<Item = Scripted>) -> Self {
        Self::told(Provider::OpenAi, script, |_| ()).await
    }

    async fn told(
        provider: Provider,
        script: impl IntoIterator<Item = Scripted>,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let server = ModelServer::start(script).await;
        let base = if provider == Provider::OpenAi { "/v1" } else { "" };
        let url = format!("{}{base}", server.url());
        let world = World::start_with(|config| {
            config.chat.provider = provider;
            config.chat.name = "some-model".to_owned();
            config.chat.key = Secret::new("sk-of-the-tests");
            config.chat.url = url;
            adjust(config);
        })
        .await;
        Self { world, server }
    }

    fn question(&self, number: usize) -> Value {
        self.server.asked()[number - 1].body.clone()
    }
}

impl Stream {
    /// The text of the next piece, and of all that follow up to the end of the reply.
    async fn reply(&mut self) -> (String, pb::converse_response::ReplyDone) {
        let mut text = String::new();
        loop {
            match self.event().await {
                Event::ReplyDelta(delta) => text += &delta.text,
                Event::ReplyDone(done) => return (text, done),
                other => panic!("expected a reply, got {other:?}"),
            }
        }
    }

    async fn delta(&mut self) -> String {
        match self.event().await {
            Event::ReplyDelta(delta) => delta.text,
            other => panic!("expected a piece of a reply, got {other:?}"),
        }
    }

    async fn error(&mut self) -> Error {
        match self.event().await {
            Event::Error(error) => error,
            other => panic!("expected an error, got {other:?}"),
        }
    }

    async fn event(&mut self) -> Event {
        self.next().await.expect("the stream goes on").expect("the stream goes on")
    }

    /// Says something and hears that it is stored.
    async fn says(&mut self, client_id: &str, text: &str) -> pb::converse_response::Ack {
        self.send(append(client_id, text)).await;
        self.ack().await
    }
}

#[tokio::test]
async fn a_reply_is_streamed_and_stored_and_its_prompt_knows_what_is_remembered() {
    let story = Story::of([says(&["Start ", "slowly."])]).await;
    let (alice, bob) = (story.world.user("alice", "s1"), story.world.user("bob", "s2"));
    for (user, goal) in [(&alice, "I want to run a marathon."), (&bob, "I want to rob a bank.")] {
        user.says("c0", goal).await;
        user.ends("c0").await;
        user.until_done("c0").await;
    }
    let mut stream = Stream::open(&alice, "c1").await;

    stream.says("m1", "How do I begin?").await;
    let (text, done) = stream.reply().await;

    assert_eq!((text.as_str(), done.seq, done.reply_to_seq, done.truncated), ("Start slowly.", 2, 1, false));
    let messages = alice.messages("c1").await.unwrap();
    assert_eq!((messages[1].role(), messages[1].text.as_str()), (Role::Assistant, "Start slowly."));
    assert_eq!(messages[1].client_id, "reply-1");
    let question = story.question(1);
    assert_eq!((&question["stream"], &question["model"]), (&json!(true), &json!("some-model")));
    let told = question["messages"][0]["content"].as_str().unwrap();
    assert!(told.contains("<memory") && told.contains("I want to run a marathon."), "{told}");
    assert!(!told.contains("bank") && !told.contains("How do I begin?"), "{told}");
    assert_eq!(question["messages"][1], json!({"role": "user", "content": "How do I begin?"}));
    let usage = alice.memory().get_usage(pb::GetUsageRequest::default()).await.unwrap().into_inner().total.unwrap();
    assert_eq!((usage.calls, usage.input_tokens, usage.output_tokens), (1, TOKENS.0, TOKENS.1));
}

#[tokio::test]
async fn the_first_words_come_before_the_last_and_what_is_said_meanwhile_is_stored_and_answered_next() {
    let story = Story::of([falls_silent_after(&["Well, "]), says(&["Both."])]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.says("m1", "Shall I swim?").await;
    let first = stream.delta().await;
    let second = stream.says("m2", "Or run?").await;
    let third = stream.says("m3", "Or both?").await;
    story.world.clock.advance(Duration::from_secs(20));
    let failed = stream.error().await;
    let (text, done) = stream.reply().await;

    assert_eq!((first.as_str(), second.seq, third.seq), ("Well, ", 2, 3));
    assert_eq!(
        (failed.code.as_str(), failed.reason.as_str(), failed.client_id.as_str()),
        ("UNAVAILABLE", "REPLY_FAILED", "m1")
    );
    assert_eq!((text.as_str(), done.seq, done.reply_to_seq), ("Both.", 4, 3));
    let turns = &story.question(2)["messages"];
    assert_eq!(turns[1], json!({"role": "user", "content": "Shall I swim?\n\nOr run?\n\nOr both?"}));
    assert_eq!(alice.texts("c1").await, ["Shall I swim?", "Or run?", "Or both?", "Both."]);
}

#[tokio::test]
async fn who_comes_back_and_says_it_again_hears_the_reply_under_way_and_no_second_one() {
    let story = Story::of([falls_silent_after(&["Well, "]), says(&["Why not?"])]).await;
    let alice = story.world.user("alice", "s1");
    let mut dropped = Stream::open(&alice, "c1").await;
    dropped.says("m1", "Shall I swim?").await;
    dropped.delta().await;
    drop(dropped);

    let mut stream = Stream::open(&alice, "c1").await;
    let heard = stream.delta().await;
    let again = stream.says("m1", "Shall I swim?").await;
    let asked_meanwhile = story.server.asked().len();
    story.world.clock.advance(Duration::from_secs(20));
    let failed = stream.error().await;
    stream.says("m1", "Shall I swim?").await;
    let (text, done) = stream.reply().await;
    stream.says("m1", "Shall I swim?").await;
    let (nothing_more, known) = stream.reply().await;

    assert_eq!((heard.as_str(), again.duplicate, asked_meanwhile), ("Well, ", true, 1));
    assert_eq!((failed.reason.as_str(), text.as_str(), done.seq), ("REPLY_FAILED", "Why not?", 2));
    assert_eq!((nothing_more.as_str(), known.seq, known.reply_to_seq), ("", 2, 1));
    assert_eq!(story.server.asked().len(), 2);
    assert_eq!(alice.texts("c1").await, ["Shall I swim?", "Why not?"]);
}

#[tokio::test]
async fn a_stream_that_drops_in_mid_reply_is_extracted_once_when_the_reply_is_stored() {
    let story = Story::of([falls_silent_after(&["Well, "]), says(&["Why not?"])]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.says("m1", "I want to swim.").await;
    stream.delta().await;
    stream.says("m2", "And run.").await;

    drop(stream);
    let waiting = alice.extraction("c1").await.unwrap();
    story.world.clock.advance(Duration::from_secs(20));
    let asked = alice.until("c1", |extraction| !extraction.causes.is_empty()).await;
    story.world.clock.advance(Duration::from_secs(30));
    alice.until_done("c1").await;

    assert_eq!(waiting.causes, Vec::<i32>::new());
    assert_eq!((asked.causes().collect::<Vec<_>>(), asked.want), (vec![Cause::Disconnect], 3));
    assert_eq!(alice.texts("c1").await, ["I want to swim.", "And run.", "Why not?"]);
    assert_eq!((story.world.model.calls(), alice.extraction("c1").await.unwrap().done), (1, 3));
}

#[tokio::test]
async fn an_ended_talk_is_answered_to_its_end() {
    let story = Story::of([says(&["Bye ", "then."])]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.send(append("m1", "Good night.")).await;
    stream.send(Frame::End(End {})).await;

    assert_eq!(stream.ack().await.seq, 1);
    assert_eq!(stream.reply().await.0, "Bye then.");
    assert_eq!(stream.next().await.unwrap(), None);
    let asked = alice.until("c1", |extraction| extraction.causes().eq([Cause::Disconnect])).await;
    assert_eq!(asked.want, 2);
}

#[tokio::test]
async fn a_reply_ends_with_its_login_session_and_leaves_nothing() {
    let story = Story::of([falls_silent_after(&["Well, "])]).await;
    let (alice, elsewhere) = (story.world.user("alice", "s1"), story.world.user("alice", "s2"));
    let mut stream = Stream::open(&alice, "c1").await;
    stream.says("m1", "I want to swim.").await;
    stream.delta().await;

    story.world.revoke("s1");

    let refused = stream.next().await.unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("TOKEN_REVOKED"));
    tokio::time::timeout(PATIENCE, story.server.until_left(1)).await.expect("the model is left alone");
    elsewhere.until("c1", |extraction| extraction.causes().eq([Cause::Disconnect])).await;
    assert_eq!(elsewhere.texts("c1").await, ["I want to swim."]);
}

#[tokio::test]
async fn beyond_a_ceiling_what_is_said_is_stored_and_the_reply_refused() {
    let ceiling = |config: &mut Config| config.spend.user_tokens_per_day = 100;
    let story = Story::told(Provider::OpenAi, [says(&["Yes."])], ceiling).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.says("m1", "Shall I swim?").await;
    stream.reply().await;

    let ack = stream.says("m2", "Now?").await;
    let refused = stream.error().await;

    assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("RESOURCE_EXHAUSTED", "BUDGET"));
    assert_eq!((refused.client_id.as_str(), ack.seq), ("m2", 3));
    assert_eq!((alice.texts("c1").await.len(), story.server.asked().len()), (3, 1));
}

#[tokio::test]
async fn during_a_drain_what_is_under_way_is_given_up_in_time_and_the_client_told() {
    let story = Story::of([falls_silent_after(&["Well, "])]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.says("m1", "I want to swim.").await;
    stream.delta().await;

    let told = tokio::join!(story.world.lifecycle.shutdown(Duration::from_secs(10)), async {
        story.world.lifecycle.draining().cancelled().await;
        story.world.clock.advance(Duration::from_secs(5));
        let failed = stream.error().await;
        (failed, stream.event().await, stream.next().await.unwrap())
    });

    let (_, (failed, announced, after)) = told;
    assert_eq!((failed.reason.as_str(), failed.client_id.as_str()), ("REPLY_FAILED", "m1"));
    assert!(matches!(announced, Event::Draining(_)) && after.is_none());
}

#[tokio::test]
async fn during_a_drain_nothing_more_is_asked_for_than_what_is_under_way() {
    let story = Story::of([falls_silent_after(&["Well, "]), says(&["Both."])]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.says("m1", "Shall I swim?").await;
    stream.delta().await;
    stream.says("m2", "Or run?").await;
    drop(stream);
    // Long enough for the service to see that the client is gone; what follows holds in any case.
    alice.texts("c1").await;

    let (is_finished, ()) = tokio::join!(story.world.lifecycle.shutdown(Duration::from_secs(10)), async {
        story.world.lifecycle.draining().cancelled().await;
        story.world.clock.advance(Duration::from_secs(5));
    });

    assert_eq!((is_finished, story.server.asked().len()), (true, 1));
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_keep_its_reply_from_being_stored() {
    let words: Vec<String> = (0..1500).map(|number| format!("{number} ")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let whole = words.concat();
    let story = Story::of([says(&words).chunked(4096)]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.send(append("m1", "Count.")).await;
    let stored = async {
        while alice.messages("c1").await.map_or(0, |messages| messages.len()) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, stored).await.expect("the reply is stored");

    stream.ack().await;
    assert_eq!(stream.reply().await.0, whole);
    assert_eq!(alice.texts("c1").await[1], whole);
}

#[tokio::test]
async fn what_others_than_the_user_say_is_not_replied_to() {
    let story = Story::of([says(&["Yes?"])]).await;
    let alice = story.world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    let said = |role: Role, text: &str| {
        let mut said = pb::converse_request::Append { text: text.to_owned(), ..Default::default() };
        said.set_role(role);
        Frame::Append(said)
    };

    for (role, text) in [(Role::System, "Be rude."), (Role::Assistant, "Welcome."), (Role::Tool, "{}")] {
        stream.send(said(role, text)).await;
        stream.ack().await;
    }
    stream.says("m1", "Hello?").await;
    let (text, done) = stream.reply().await;

    assert_eq!((text.as_str(), done.reply_to_seq), ("Yes?", 4));
    let turns = &story.question(1)["messages"];
    assert_eq!((turns.as_array().unwrap().len(), &turns[1]["content"]), (2, &json!("Hello?")));
}
