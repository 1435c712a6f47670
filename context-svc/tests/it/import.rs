//! Conversations held elsewhere become part of what is remembered.

use kit::status::{reason_of, retry_after_of};
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;
use proto::context::v1::import_conversations_request::{ImportedConversation, ImportedMessage};
use tonic::{Code, Status};

use crate::world::World;

fn said(client_id: &str, text: &str, seconds: i64) -> ImportedMessage {
    let at = Some(prost_types::Timestamp { seconds, nanos: 0 });
    ImportedMessage { client_id: client_id.into(), text: text.into(), at, ..Default::default() }
}

fn talk(conversation: &str, messages: Vec<ImportedMessage>) -> ImportedConversation {
    ImportedConversation { conversation_id: conversation.into(), time_zone: String::new(), messages }
}

async fn import(
    world: &World,
    conversations: Vec<ImportedConversation>,
) -> Result<pb::ImportConversationsResponse, Status> {
    let request = pb::ImportConversationsRequest { user_id: "alice".into(), conversations, verdicts: vec![] };
    Ok(world.admin().import_conversations(request).await?.into_inner())
}

#[tokio::test]
async fn what_was_said_elsewhere_is_extracted_with_the_time_it_was_said_at() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");

    let taken = import(&world, vec![talk("c1", vec![said("m1", "I want to learn the cello.", 1_700_000_000)])]).await;
    alice.until_done("c1").await;

    let taken = taken.unwrap();
    assert_eq!((taken.conversations, taken.messages, taken.duplicates), (1, 1, 0));
    let item = &alice.session_context("c1").await.unwrap().items[0];
    assert_eq!((item.text.as_str(), item.said_at.unwrap().seconds), ("I want to learn the cello.", 1_700_000_000));
}

#[tokio::test]
async fn an_import_is_repeated_without_harm() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let messages: Vec<_> = (0..250).map(|n| said(&format!("m{n}"), &format!("I want to read {n} books."), n)).collect();
    import(&world, vec![talk("c1", messages[..120].to_vec())]).await.unwrap();

    let second = import(&world, vec![talk("c1", messages.clone())]).await.unwrap();
    let third = import(&world, vec![talk("c1", messages)]).await.unwrap();

    assert_eq!((second.conversations, second.messages, second.duplicates), (1, 130, 120));
    assert_eq!((third.conversations, third.messages, third.duplicates), (0, 0, 250));
    alice.until("c1", |job| job.state() == State::Done && job.done == 250).await;
}

#[tokio::test]
async fn an_older_part_is_added_at_the_end_and_the_login_session_stays() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to ski.").await;

    import(&world, vec![talk("c1", vec![said("old", "I want to swim.", 5)])]).await.unwrap();

    assert_eq!(alice.texts("c1").await, ["I want to ski.", "I want to swim."]);
    let request = pb::GetConversationRequest { conversation_id: "c1".into() };
    let talk = alice.conversations().get_conversation(request).await.unwrap().into_inner().conversation.unwrap();
    assert_eq!(talk.session_id, "s1", "its logout asks for all of it");
}

#[tokio::test]
async fn a_full_queue_is_told_and_the_same_call_goes_on_later() {
    let world = World::start_with(|config| config.schedule.depth = 4).await;
    let alice = world.user("alice", "s1");
    world.model.hold();
    let ids: Vec<String> = (0..5).map(|n| format!("c{n}")).collect();
    let talks: Vec<_> = ids.iter().map(|id| talk(id, vec![said("m1", "I want to swim.", 5)])).collect();

    let full = import(&world, talks.clone()).await.unwrap_err();
    world.model.go_on();
    let going_on = async {
        while let Err(refused) = import(&world, talks.clone()).await {
            assert_eq!(reason_of(&refused).as_deref(), Some("QUEUE_FULL"));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, going_on).await.expect("there is room in time");

    assert_eq!((full.code(), reason_of(&full).as_deref()), (Code::ResourceExhausted, Some("QUEUE_FULL")));
    assert!(retry_after_of(&full).is_some());
    for id in &ids {
        alice.until_done(id).await;
        assert_eq!(alice.texts(id).await, ["I want to swim."]);
    }
}

#[tokio::test]
async fn half_the_queue_is_left_to_those_who_talk() {
    let world = World::start_with(|config| config.schedule.depth = 4).await;
    let alice = world.user("alice", "s1");
    world.model.hold();
    let talks = ["a", "b", "c"].map(|id| talk(id, vec![said("m1", "I want to swim.", 5)]));
    import(&world, talks.into()).await.unwrap_err();

    alice.says("d", "I want to ski.").await;

    assert_eq!(alice.ends("d").await, pb::ticket::Outcome::Queued);
    world.model.go_on();
}

#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_is_written() {
    let world = World::start().await;
    let good = || talk("c1", vec![said("m1", "I want to swim.", 5)]);
    let with = |message: ImportedMessage| talk("c2", vec![said("m1", "Hello.", 5), message]);
    let zone = ImportedConversation { time_zone: "Mars/Phobos".into(), ..good() };
    let timeless = ImportedMessage { at: None, ..said("m2", "x", 0) };

    for (bad, field) in [
        (with(said("m2", "", 5)), "conversations[1].messages[1].text"),
        (with(said("m2", "a\0b", 5)), "conversations[1].messages[1].text"),
        (with(said("", "x", 5)), "conversations[1].messages[1].client_id"),
        (with(said("m/2", "x", 5)), "conversations[1].messages[1].client_id"),
        (with(said("m1", "another", 5)), "conversations[1].messages[1].client_id"),
        (with(said("m2", "x", i64::MAX)), "conversations[1].messages[1].at"),
        (with(timeless), "conversations[1].messages[1].at"),
        (with(ImportedMessage { role: 99, ..said("m2", "x", 5) }), "conversations[1].messages[1].role"),
        (talk("a b", vec![said("m1", "x", 5)]), "conversations[1].conversation_id"),
        (talk("c2", vec![]), "conversations[1].messages"),
        (zone, "conversations[1].time_zone"),
    ] {
        let refused = import(&world, vec![good(), bad]).await.expect_err(field);
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        assert!(refused.message().starts_with(&format!("{field}: ")), "{field}: {refused}");
    }
    assert!(import(&world, vec![]).await.unwrap_err().message().starts_with("conversations: "));
    let nothing = world.user("alice", "s1").conversations();
    let listed = { nothing }.list_conversations(pb::ListConversationsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.conversations, []);
}

#[tokio::test]
async fn a_wrong_verdict_is_named() {
    let world = World::start().await;
    let given = |item: &str, text: &str| {
        format!(
            r#"{{"item_id": "{item}", "conversation_id": "c1", "opinion": "REJECTED", "statement": "{text}",
                 "edit": {{"text": null, "status": null, "due": null, "at": null}}, "revisions": [],
                 "at": "2025-06-15T15:06:40Z"}}"#
        )
    };
    let left = |mark: &str| format!(r#"{{"opinion": "REJECTED", "mark": "{mark}", "at": "2025-06-15T15:06:40Z"}}"#);

    for bad in [
        "".to_owned(),
        "{}".to_owned(),
        given("c2.a", "swim"),
        given("c1", "swim"),
        given("c1.a/b", "swim"),
        given("c1.a", &"x".repeat(1025)),
        left("short"),
        left(&"ab".repeat(16)).replace("REJECTED", "CONFIRMED"),
    ] {
        let verdicts = vec![given("c1.a", "swim"), bad.clone()];
        let request = pb::ImportConversationsRequest { user_id: "alice".into(), conversations: vec![], verdicts };
        let refused = world.admin().import_conversations(request).await.expect_err(&bad);
        assert!(refused.message().starts_with("verdicts[1]: "), "{bad}: {refused}");
    }
}

#[tokio::test]
async fn nothing_is_imported_for_a_deleted_account() {
    let world = World::start().await;
    let gone = pb::EraseUserRequest { user_id: "alice".into(), account_deleted: true, ..Default::default() };
    world.admin().erase_user(gone).await.unwrap();

    let refused = import(&world, vec![talk("c1", vec![said("m1", "I want to swim.", 5)])]).await.unwrap_err();

    assert_eq!(reason_of(&refused).as_deref(), Some("ACCOUNT_DELETED"));
}
