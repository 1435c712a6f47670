//! Talking over the socket while a model answers.

use std::time::Duration;

use afterword::client::{Socket, SocketError};
use context_svc::llm::Provider;
use e2e::{User, World, eventually};
use serde_json::{Value, json};

use crate::doctor::server::{ModelServer, Scripted};

fn data(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn beginning(words: &[&str]) -> String {
    let said =
        |words: &&str| data(&json!({"choices": [{"index": 0, "delta": {"content": words}, "finish_reason": null}]}));
    words.iter().map(said).collect()
}

fn whole(words: &[&str]) -> String {
    let end = data(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    beginning(words) + &end + "data: [DONE]\n\n"
}

fn says(words: &[&str]) -> Scripted {
    Scripted::events(whole(words))
}

/// Says these words and then nothing more, without coming to an end.
fn falls_silent_after(words: &[&str]) -> Scripted {
    Scripted::events(whole(words)).silent_after(beginning(words).len())
}

async fn world(server: &ModelServer) -> World {
    World::start_with(|config| {
        config.context.chat.provider = Provider::OpenAi;
        config.context.chat.name = "some-model".to_owned();
        config.context.chat.url = format!("{}/v1", server.url());
    })
    .await
}

async fn append(socket: &mut Socket, client_id: &str, text: &str) {
    socket.send(json!({"append": {"clientId": client_id, "text": text}})).await.expect("the socket is open");
}

async fn frame(socket: &mut Socket) -> Value {
    socket.next().await.expect("the socket goes on")
}

/// The rest of a reply, and the frame that ends it.
async fn reply(socket: &mut Socket) -> (String, Value) {
    let mut text = String::new();
    loop {
        let frame = frame(socket).await;
        match frame["replyDelta"]["text"].as_str() {
            Some(words) => text += words,
            None => return (text, frame),
        }
    }
}

async fn texts(user: &User, conversation: &str) -> Vec<String> {
    let listed = user.login().get(&format!("/api/v1/conversations/{conversation}/messages")).await.unwrap();
    let messages = listed["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn the_first_words_come_before_the_last_and_the_prompt_holds_what_is_remembered() {
    let server = ModelServer::start([falls_silent_after(&["Well, "]), says(&["Start ", "slowly."])]).await;
    let world = world(&server).await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c0", "I will run a marathon in May").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_goals("c0", &["I will run a marathon in May"]).await;
    let mut socket = alice.opens("c1").await;

    append(&mut socket, "m1", "How do I begin?").await;
    let (acked, first) = (frame(&mut socket).await, frame(&mut socket).await);
    world.advance(Duration::from_secs(20));
    let failed = frame(&mut socket).await;
    append(&mut socket, "m1", "How do I begin?").await;
    let again = frame(&mut socket).await;
    let (text, done) = reply(&mut socket).await;

    assert_eq!((&acked["ack"]["seq"], &first["replyDelta"]["text"]), (&json!("1"), &json!("Well, ")));
    assert_eq!((&failed["error"]["reason"], &failed["error"]["clientId"]), (&json!("REPLY_FAILED"), &json!("m1")));
    assert_eq!(again["ack"]["duplicate"], true);
    assert_eq!(
        (text.as_str(), done),
        ("Start slowly.", json!({"replyDone": {"seq": "2", "replyToSeq": "1", "truncated": false}}))
    );
    assert_eq!(texts(&alice, "c1").await, ["How do I begin?", "Start slowly."]);
    let told = server.asked()[1].body["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(told.contains("I will run a marathon in May"), "{told}");
    world.end().await;
}

#[tokio::test]
async fn a_socket_that_drops_in_mid_reply_loses_nothing() {
    let words: Vec<String> = (0..60).map(|number| format!("{number} ")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let server = ModelServer::start([says(&words).slow(100, Duration::from_millis(5))]).await;
    let world = world(&server).await;
    let alice = world.user("alice").await.logged_in().await;
    let mut socket = alice.opens("c1").await;
    append(&mut socket, "m1", "I will count to sixty").await;
    let (acked, first) = (frame(&mut socket).await, frame(&mut socket).await);

    drop(socket);

    assert!(acked["ack"]["seq"] == "1" && first["replyDelta"]["text"].is_string(), "{acked} {first}");
    let counted = ["I will count to sixty".to_owned(), words.concat()];
    eventually("the whole reply", || texts(&alice, "c1"), |texts| *texts == counted).await;
    world.while_time_flies(alice.until_extraction("c1", "DONE")).await;
    assert_eq!(alice.goals("c1").await, ["I will count to sixty"]);
    assert_eq!((world.model.calls(), server.asked().len()), (1, 1));
    world.end().await;
}

#[tokio::test]
async fn logging_out_does_not_wait_for_a_reply_and_ends_it() {
    let server = ModelServer::start([falls_silent_after(&["Well, "])]).await;
    let world = world(&server).await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut socket = alice.opens("c1").await;
    append(&mut socket, "m1", "I will run a marathon in May").await;
    let (_, first) = (frame(&mut socket).await, frame(&mut socket).await);

    let answer = alice.logout().await.expect("logout succeeds while the model is silent");

    assert_eq!(first["replyDelta"]["text"], "Well, ");
    assert_eq!(answer, json!({"revoked": true, "extraction": "SCHEDULED"}));
    let closed = loop {
        match socket.next().await {
            Ok(frame) => assert!(frame["replyDelta"].is_null(), "{frame}"),
            Err(closed) => break closed,
        }
    };
    assert!(matches!(closed, SocketError::Closed { code: 4001, .. }), "{closed}");
    server.until_left(1).await;
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    assert_eq!(texts(&alice, "c1").await, ["I will run a marathon in May"]);
    assert_eq!(world.model.calls(), 1);
    world.end().await;
}
