//! The socket at /api/v1/chat, from handshake to close code.

use std::time::Duration;

use futures::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use crate::scripted_chat::Noticed;
use crate::socket::World;

#[tokio::test]
async fn a_message_is_acknowledged_and_the_token_goes_with_the_stream() {
    let mut world = World::start().await;
    let mut socket = world.socket().await;

    socket.append("I will run a marathon").await;

    assert_eq!(socket.frame().await, json!({"ack": {"clientId": "m1", "seq": "1", "duplicate": false}}));
    assert_eq!(world.noticed.recv().await, Some(Noticed::Began(format!("Bearer {}", world.token))));
    assert_eq!(world.noticed.recv().await, Some(Noticed::Opened("c1".to_owned())));
    assert_eq!(world.noticed.recv().await, Some(Noticed::Said("I will run a marathon".to_owned())));
}

#[tokio::test]
async fn the_token_may_come_in_the_first_frame() {
    let world = World::start().await;
    let mut socket = world.handshake("?conversationId=c1", &[]).await.unwrap();

    socket.say(json!({"authenticate": {"accessToken": world.token}})).await;

    assert_eq!(socket.frame().await["opened"]["conversationId"], "c1");
}

#[tokio::test]
async fn a_first_frame_without_a_good_token_ends_the_socket() {
    let world = World::start().await;
    let mut forged = world.handshake("?conversationId=c1", &[]).await.unwrap();
    let mut silent = world.handshake("?conversationId=c1", &[]).await.unwrap();

    forged.say(json!({"authenticate": {"accessToken": "forged"}})).await;
    silent.append("let me in").await;

    assert_eq!(forged.close_code().await, 4401);
    assert_eq!(silent.close_code().await, 4401);
}

#[tokio::test]
async fn a_handshake_is_refused_as_an_ordinary_answer() {
    let world = World::start().await;
    let in_url = format!("?conversationId=c1&accessToken={}", world.token);

    assert_eq!(world.refusal("?conversationId=c1", &[("authorization", "Bearer forged")]).await, 401);
    assert_eq!(world.refusal("?conversationId=c1", &[("origin", "https://evil.example.com")]).await, 403);
    assert_eq!(world.refusal("", &[]).await, 400);
    assert_eq!(world.refusal(&in_url, &[]).await, 400);
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_is_answered_and_the_socket_stays() {
    let world = World::start().await;
    let mut socket = world.socket().await;

    socket.0.send(Message::text("{not json")).await.unwrap();
    let not_json = socket.frame().await;
    socket.say(json!({"append": {"txt": "hi"}})).await;
    let unknown_field = socket.frame().await;
    socket.append("hi").await;

    assert_eq!(not_json["error"]["reason"], "INVALID_JSON");
    assert_eq!(unknown_field["error"]["code"], "INVALID_ARGUMENT");
    assert_eq!(socket.frame().await["ack"]["seq"], "1");
}

#[tokio::test]
async fn a_reply_comes_frame_by_frame_and_one_that_fails_does_not_end_the_socket() {
    let world = World::start().await;
    let mut socket = world.socket().await;

    socket.append("coach me").await;

    assert_eq!(socket.frame().await["ack"]["seq"], "1");
    assert_eq!(socket.frame().await, json!({"replyDelta": {"text": "Kö", "replyToSeq": "1"}}));
    assert_eq!(socket.frame().await, json!({"replyDelta": {"text": "nnen\n\"Sie\"?", "replyToSeq": "1"}}));
    assert_eq!(socket.frame().await, json!({"replyDone": {"seq": "2", "replyToSeq": "1", "truncated": true}}));
    let failure =
        json!({"code": "UNAVAILABLE", "reason": "REPLY_FAILED", "message": "there is no reply", "clientId": "m1"});
    assert_eq!(socket.frame().await, json!({"error": failure}));
    socket.append("bye").await;
    assert_eq!(socket.close_code().await, 1000);
}

#[tokio::test]
async fn each_ending_has_its_code() {
    let world = World::start().await;
    for (text, code) in [("bye", 1000), ("revoke", 4001), ("expire", 4401)] {
        let mut socket = world.socket().await;

        socket.append(text).await;

        assert_eq!(socket.close_code().await, code, "after {text}");
    }
}

#[tokio::test]
async fn frames_that_no_client_may_send_end_the_socket() {
    let world = World::start().await;
    let mut binary = world.socket().await;
    let mut oversized = world.socket().await;
    let mut not_utf8 = world.socket().await;

    binary.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    oversized.append(&"x".repeat(300 * 1024)).await;
    not_utf8.0.send(Message::Frame(Frame::message(vec![0xFF], OpCode::Data(Data::Text), true))).await.unwrap();

    assert_eq!(binary.close_code().await, 1003);
    assert_eq!(oversized.close_code().await, 1009);
    assert_eq!(not_utf8.close_code().await, 1007);
}

#[tokio::test]
async fn what_a_client_should_not_have_sent_is_not_sent_back_at_length() {
    let world = World::start().await;
    let mut socket = world.socket().await;
    let unknown = "x".repeat(100 * 1024);

    socket.say(json!({ unknown: 1 })).await;

    assert!(socket.frame().await.to_string().len() < 2048);
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_stream_at_the_service() {
    let mut world = World::start().await;
    let socket = world.socket().await;

    drop(socket);

    while let Some(noticed) = world.noticed.recv().await {
        if noticed == Noticed::Ended {
            return;
        }
    }
    panic!("the service is not told");
}

#[tokio::test]
async fn a_client_that_says_something_and_leaves_is_heard_to_the_end() {
    let mut world = World::start().await;
    let mut socket = world.socket().await;
    // More than fits on the way, so that some of it still waits here when the client leaves.
    let said: Vec<String> = (0..50).map(|number| format!("{number} {}", "x".repeat(30_000))).collect();

    for text in &said {
        socket.append(text).await;
    }
    socket.0.close(None).await.unwrap();

    let mut heard = Vec::new();
    loop {
        match world.noticed.recv().await.expect("the service is there") {
            Noticed::Said(text) => heard.push(text),
            Noticed::Ended => break,
            Noticed::Began(_) | Noticed::Opened(_) => {}
        }
    }
    assert!(heard == said, "{} of {} messages arrived", heard.len(), said.len());
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let world = World::start().await;
    let mut socket = world.socket().await;

    socket.0.close(Some(CloseFrame { code: CloseCode::Away, reason: "".into() })).await.unwrap();

    assert_eq!(socket.close_code().await, 1001);
}

#[tokio::test]
async fn a_client_that_shows_no_sign_of_life_is_given_up() {
    let mut world = World::start().await;
    // Its library answers pings only while somebody reads from it, and nobody does.
    let _silent = world.socket().await;

    for pause in [5, 20].map(Duration::from_secs) {
        world.clock.until_sleeping(pause).await;
        world.clock.advance(pause);
    }

    while world.noticed.recv().await.expect("the service is there") != Noticed::Ended {}
}

#[tokio::test]
async fn the_drain_asks_sockets_to_reconnect() {
    let world = World::start().await;
    let mut socket = world.socket().await;
    let lifecycle = world.lifecycle.clone();

    let drain = tokio::spawn(async move { lifecycle.shutdown(Duration::from_secs(10)).await });

    assert_eq!(socket.close_code().await, 1012);
    drop(socket);
    assert!(drain.await.unwrap(), "the drain waits for sockets and does not have to give them up");
}

#[tokio::test]
async fn the_drain_does_not_wait_for_a_token() {
    let world = World::start().await;
    let mut anonymous = world.handshake("?conversationId=c1", &[]).await.unwrap();
    let lifecycle = world.lifecycle.clone();

    let drain = tokio::spawn(async move { lifecycle.shutdown(Duration::from_secs(10)).await });

    assert_eq!(anonymous.close_code().await, 1012);
    drop(anonymous);
    assert!(drain.await.unwrap());
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let world = World::start().await;
    let get = crate::wire::request("GET", "/api/v1/chat?conversationId=c1", &[], b"");

    let reply = crate::wire::exchange(&world.address, &get, false).await;

    assert_eq!(reply.status, 426);
}

#[tokio::test]
async fn every_route_but_the_public_ones_needs_a_token() {
    let world = World::start().await;
    let ask = async |method: &str, path: &str| {
        crate::wire::exchange(&world.address, &crate::wire::request(method, path, &[], b""), false).await
    };

    let account = ask("GET", "/api/v1/account").await;
    let logout = ask("POST", "/api/v1/auth/logout").await;

    assert_eq!((account.status, account.headers["www-authenticate"].as_str()), (401, "Bearer"));
    // The scripted service behind has no AuthService: the call got through.
    assert_eq!(logout.status, 501);
}
