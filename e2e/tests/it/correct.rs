//! Users correct what is remembered, over REST.

use e2e::World;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_user_changes_rejects_and_confirms_what_is_remembered() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    let listed = alice.login().get("/api/v1/memory/items").await.unwrap();
    let item = format!("/api/v1/memory/items/{}", listed["items"][0]["id"].as_str().unwrap());

    let change = json!({"text": "I will run a marathon in June", "due": {"localDate": "2031-06-30"}});
    let edited = alice.login().call(Method::PATCH, &item, Some(change)).await.unwrap();
    assert_eq!(edited["item"]["verdict"], "EDITED");
    assert!(alice.context().await.contains("marathon in June"));
    let rejected = alice.login().call(Method::POST, &format!("{item}:reject"), Some(json!({}))).await.unwrap();
    assert_eq!(rejected["item"]["verdict"], "REJECTED");
    assert!(!alice.context().await.contains("marathon"));
    let confirmed = alice.login().call(Method::POST, &format!("{item}:confirm"), Some(json!({}))).await.unwrap();
    assert_eq!(confirmed["item"]["revisions"][0]["text"], "I will run a marathon in May");
    assert!(alice.context().await.contains("marathon in June"));

    let refused = alice.login().call(Method::PATCH, &item, Some(json!({"status": "TAKEN"}))).await.unwrap_err();
    assert_eq!((refused.status(), refused.reason()), (Some(StatusCode::BAD_REQUEST), "INVALID_FIELD"));
    let missing = "/api/v1/memory/items/c1.0:reject";
    let refused = alice.login().call(Method::POST, missing, Some(json!({}))).await.unwrap_err();
    assert_eq!((refused.status(), refused.reason()), (Some(StatusCode::NOT_FOUND), "ITEM_NOT_FOUND"));
    world.end().await;
}
