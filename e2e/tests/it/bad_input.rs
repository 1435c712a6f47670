//! Bad input gets a clear error that names the thing, and nothing is half done.

use afterword::client::ClientError;
use e2e::{User, World};
use http::{Method, StatusCode};
use serde_json::{Value, json};

async fn append(user: &User, body: Value) -> Result<Value, ClientError> {
    user.login().call(Method::POST, "/api/v1/conversations/c1/messages:append", Some(body)).await
}

fn told(outcome: Result<Value, ClientError>) -> (u16, String, String) {
    match outcome.expect_err("refused") {
        ClientError::Refused { status, reason, message } => (status.as_u16(), reason, message),
        ClientError::NoAnswer(error) => panic!("no answer: {error}"),
    }
}

#[tokio::test]
async fn a_wrong_message_is_named_and_none_of_the_others_is_kept() {
    let world = World::start().await;
    let alice = world.user("alice").await.logged_in().await;
    let good = json!({"clientId": "m1", "role": "USER", "text": "fine"});
    let cases = [
        (json!({"clientId": "m2", "role": "USER", "text": ""}), "messages[1].text"),
        (json!({"clientId": "m2", "role": "USER", "text": "x".repeat(40_000)}), "messages[1].text"),
        (json!({"clientId": "m 2", "role": "USER", "text": "x"}), "messages[1].client_id"),
    ];

    for (bad, field) in cases {
        let (status, reason, message) = told(append(&alice, json!({"messages": [good, bad]})).await);
        assert_eq!((status, reason.as_str()), (400, "INVALID_FIELD"), "{message}");
        assert!(message.starts_with(field), "{message}");
    }
    let (status, _, message) = told(append(&alice, json!({"messages": [{"role": "BOSS", "text": "x"}]})).await);
    assert_eq!(status, 400, "a role that does not exist: {message}");

    let refused = alice.login().get("/api/v1/conversations/c1").await.expect_err("nothing was stored");
    assert_eq!(refused.reason(), "CONVERSATION_NOT_FOUND");
    world.end().await;
}

#[tokio::test]
async fn a_repeated_client_id_answers_the_same_seq() {
    let world = World::start().await;
    let alice = world.user("alice").await.logged_in().await;
    let message = json!({"messages": [{"clientId": "m1", "role": "USER", "text": "fine"}]});

    let first = append(&alice, message.clone()).await.unwrap();
    let second = append(&alice, message).await.unwrap();

    assert_eq!(first["messages"][0], json!({"clientId": "m1", "seq": "1", "duplicate": false}));
    assert_eq!(second["messages"][0], json!({"clientId": "m1", "seq": "1", "duplicate": true}));
    assert_eq!(second["lastSeq"], "1");
    world.end().await;
}

#[tokio::test]
async fn a_malformed_token_and_a_missing_one_read_the_same() {
    let world = World::start().await;
    let call = |token: Option<&'static str>| world.client().call(Method::GET, "/api/v1/context", token, None);

    let (missing_status, missing, missing_words) = told(call(None).await);
    let (malformed_status, malformed, malformed_words) = told(call(Some("not.a.token")).await);

    assert_eq!((missing_status, malformed_status), (401, 401));
    assert_eq!((missing.as_str(), malformed.as_str()), ("TOKEN_MISSING", "TOKEN_INVALID"));
    assert_eq!(missing_words, malformed_words);
    world.end().await;
}

#[tokio::test]
async fn a_wrong_content_type_is_refused_as_such() {
    let world = World::start().await;
    let alice = world.user("alice").await.logged_in().await;

    let answer = reqwest::Client::new()
        .post(format!("{}/api/v1/conversations/c1/messages:append", world.client().base()))
        .bearer_auth(&alice.login().access_token)
        .header("content-type", "text/xml")
        .body("<messages/>")
        .send()
        .await
        .unwrap();

    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["details"][0]["reason"], "UNSUPPORTED_MEDIA_TYPE");
    world.end().await;
}

#[tokio::test]
async fn an_unknown_conversation_is_not_found() {
    let world = World::start().await;
    let alice = world.user("alice").await.logged_in().await;

    let (status, reason, _) = told(alice.login().get("/api/v1/conversations/nowhere/context").await);

    assert_eq!((status, reason.as_str()), (404, "CONVERSATION_NOT_FOUND"));
    world.end().await;
}
