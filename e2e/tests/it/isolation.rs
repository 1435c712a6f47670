//! Nobody's memory is readable by another user.

use e2e::World;
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn two_users_may_use_the_same_conversation_id() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut bob = world.user("bob").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    bob.says("c1", "I want to learn the cello").await;

    alice.logout().await.unwrap();
    bob.logout().await.unwrap();

    alice.log_in().await;
    bob.log_in().await;
    alice.until_goals("c1", &["I will run a marathon in May"]).await;
    bob.until_goals("c1", &["I want to learn the cello"]).await;
    assert!(!alice.context().await.contains("cello"));
    world.end().await;
}

#[tokio::test]
async fn a_hundred_messages_each_under_one_conversation_id_do_not_mix() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut bob = world.user("bob").await.logged_in().await;
    let goals = |name: &str| (1..=100).map(|n| format!("{name} wants to read book {n}")).collect::<Vec<_>>();

    let talks = [(&mut alice, goals("Alice")), (&mut bob, goals("Bob"))].map(async |(user, goals)| {
        for goal in &goals {
            user.says("c1", goal).await;
        }
        user.logout().await.unwrap();
    });
    futures::future::join_all(talks).await;

    for (user, expected) in [(&mut alice, goals("Alice")), (&mut bob, goals("Bob"))] {
        user.log_in().await;
        let extraction = user.until_extraction("c1", "DONE").await;
        assert_eq!(extraction["done"], "100");
        let heard: Vec<_> = world.model.heard().into_iter().filter(|words| words[0] == expected[0]).flatten().collect();
        assert!(heard.iter().all(|word| expected.contains(word)), "{heard:?}");
        assert!(user.goals("c1").await.iter().all(|goal| expected.contains(goal)));
    }
    world.end().await;
}

#[tokio::test]
async fn a_foreign_conversation_is_not_found_and_appending_makes_an_own_one() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mut mallory = world.user("mallory").await.logged_in().await;
    alice.says("private", "I will run a marathon in May").await;

    for path in ["", "/messages", "/context", "/extraction"] {
        let path = format!("/api/v1/conversations/private{path}");
        let refused = mallory.login().get(&path).await.expect_err(&path);
        assert_eq!(
            (refused.status(), refused.reason()),
            (Some(StatusCode::NOT_FOUND), "CONVERSATION_NOT_FOUND"),
            "{path}"
        );
    }
    let end = mallory.login().call(http::Method::POST, "/api/v1/conversations/private:end", Some(json!({}))).await;
    assert_eq!(end.expect_err("not hers to end").reason(), "CONVERSATION_NOT_FOUND");
    mallory.says("private", "hello").await;

    let messages = alice.login().get("/api/v1/conversations/private/messages").await.unwrap();
    assert_eq!(messages["messages"].as_array().map(Vec::len), Some(1));
    world.end().await;
}

#[tokio::test]
async fn a_user_id_from_outside_has_no_effect() {
    let world = World::start().await;
    let mut alice = world.user("alice").await.logged_in().await;
    let mallory = world.user("mallory").await.logged_in().await;
    alice.says("c1", "I will run a marathon in May").await;
    let alice_id = &alice.login().user_id;

    let context = mallory.login().get(&format!("/api/v1/context?userId={alice_id}")).await;
    let direct = reqwest::Client::new()
        .get(format!("{}/api/v1/context", world.client().base()))
        .bearer_auth(&mallory.login().access_token)
        .header("x-user-id", alice_id)
        .header("afterword-internal-token", world.internal_token())
        .send()
        .await
        .unwrap();

    assert_eq!(context.expect_err("an unknown parameter").status(), Some(StatusCode::BAD_REQUEST));
    assert!(!direct.text().await.unwrap().contains("marathon"));
    world.end().await;
}
