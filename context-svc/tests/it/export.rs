//! A user takes everything along, and brings it elsewhere.

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::append_messages_request::NewMessage;
use proto::context::v1::import_conversations_request::{ImportedConversation, ImportedMessage};
use serde_json::Value;
use tonic::{Status, Streaming};

use crate::world::{User, World, message};

/// One record: what it is, and what it says.
type Record = (String, Value);

async fn export(user: &User<'_>) -> Result<Vec<Record>, Status> {
    let mut stream = user.memory().export_user_data(pb::ExportUserDataRequest {}).await?.into_inner();
    let mut records = vec![];
    while let Some(record) = stream.message().await? {
        records.push((record.kind, serde_json::from_str(&record.json).expect("a record is JSON")));
    }
    Ok(records)
}

async fn export_of(world: &World, user: &str) -> Vec<pb::ExportUserResponse> {
    let request = pb::ExportUserRequest { user_id: user.into() };
    let mut stream = world.admin().export_user(request).await.expect("an operator may").into_inner();
    let mut records = vec![];
    while let Some(record) = stream.message().await.expect("the stream goes on") {
        records.push(record);
    }
    records
}

/// Brings what was exported to a user of this world, as `afterword import` does.
async fn import_all(world: &World, user: &str, records: &[pb::ExportUserResponse]) {
    let text = |json: &Value, field: &str| json[field].as_str().unwrap_or_default().to_owned();
    let mut request = pb::ImportConversationsRequest { user_id: user.into(), ..Default::default() };
    for record in records {
        let json: Value = serde_json::from_str(&record.json).unwrap();
        match record.kind.as_str() {
            "message" => {
                let at: jiff::Timestamp = text(&json, "at").parse().unwrap();
                let at = prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() };
                let role = pb::message::Role::from_str_name(&text(&json, "role")).unwrap().into();
                let (client_id, words) = (text(&json, "client_id"), text(&json, "text"));
                request.conversations.push(ImportedConversation {
                    conversation_id: text(&json, "conversation_id"),
                    time_zone: text(&json, "time_zone"),
                    messages: vec![ImportedMessage {
                        client_id,
                        role,
                        text: words,
                        name: text(&json, "name"),
                        at: Some(at),
                    }],
                });
            }
            "verdict" => request.verdicts.push(record.json.clone()),
            _ => {}
        }
    }
    world.admin().import_conversations(request).await.expect("what was exported can be imported");
}

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|(kind, _)| kind.as_str()).collect()
}

async fn items(user: &User<'_>) -> Vec<pb::Item> {
    let request = pb::ListItemsRequest { include_superseded: true, ..Default::default() };
    user.memory().list_items(request).await.unwrap().into_inner().items
}

fn at(second: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: 1_700_000_000 + second, nanos: 123_456_000 })
}

/// Alice has talked twice, a year ago, and called one item wrong and changed another.
async fn has_a_past(alice: &User<'_>) {
    let said = |id: &str, text: &str, role: pb::message::Role, second: i64| NewMessage {
        client_id: id.into(),
        role: role.into(),
        text: text.into(),
        name: "Ada \"the first\"".into(),
        at: at(second),
    };
    use pb::message::Role::{Assistant, User};
    let cello = vec![said("m1", "I want to learn the cello.", User, 0), said("m2", "Why?\n\u{0007}", Assistant, 9)];
    alice.append("c1", cello).await.unwrap();
    alice
        .append("c2", vec![said("m1", "I want to ski.", User, 99), said("m2", "I want to dive.", User, 98)])
        .await
        .unwrap();
    for conversation in ["c1", "c2"] {
        alice.ends(conversation).await;
        alice.until_done(conversation).await;
    }
    for item in items(alice).await {
        match item.text.as_str() {
            "I want to ski." => {
                alice.memory().reject_item(pb::RejectItemRequest { item_id: item.id }).await.unwrap();
            }
            "I want to dive." => {
                let text = Some("I want to dive in June.".to_owned());
                let change = pb::UpdateItemRequest { item_id: item.id, text, ..Default::default() };
                alice.memory().update_item(change).await.unwrap();
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn two_exports_at_once_are_enough() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let begin = async || alice.memory().export_user_data(pb::ExportUserDataRequest {}).await;
    // Far more than fits between the service and who does not read.
    for _ in 0..10 {
        let talk = (0..20).map(|_| message("", &"I want to swim. ".repeat(2000))).collect();
        alice.append("c1", talk).await.unwrap();
    }

    let (first, second) = (begin().await.unwrap(), begin().await.unwrap());
    let refused = begin().await.unwrap_err();

    assert_eq!(reason_of(&refused).as_deref(), Some("TOO_MANY_EXPORTS"));
    drop((first, second));
}

#[tokio::test]
async fn an_export_is_all_that_is_held_of_its_caller_and_of_nobody_else() {
    let world = World::start().await;
    let (alice, bob) = (world.user("alice", "s1"), world.user("bob", "s2"));
    has_a_past(&alice).await;
    bob.says("c1", "I want to sleep.").await;

    let records = export(&alice).await.unwrap();

    let of_a_talk = ["conversation", "message", "message", "session_context"];
    assert_eq!(kinds(&records), [&of_a_talk[..], &of_a_talk, &["verdict", "verdict"]].concat());
    let text = format!("{records:?}");
    assert!(text.contains("cello") && text.contains("in June") && !text.contains("sleep"), "{text}");
    let operators: Vec<Record> = export_of(&world, "alice")
        .await
        .into_iter()
        .map(|record| (record.kind, serde_json::from_str(&record.json).unwrap()))
        .collect();
    assert_eq!(operators, records, "an operator sees the same");
}

#[tokio::test]
async fn what_is_exported_becomes_the_same_elsewhere() {
    let (here, there) = (World::start().await, World::start().await);
    let (alice, again) = (here.user("alice", "s1"), there.user("alice", "s9"));
    has_a_past(&alice).await;

    import_all(&there, "alice", &export_of(&here, "alice").await).await;
    for conversation in ["c1", "c2"] {
        again.until_done(conversation).await;
        assert_eq!(again.messages(conversation).await.unwrap(), alice.messages(conversation).await.unwrap());
    }

    assert_eq!(items(&again).await, items(&alice).await);
    assert_eq!(again.context().await.text, alice.context().await.text);
    let verdicts = |records: Vec<Record>| records.into_iter().filter(|(kind, _)| kind == "verdict").collect::<Vec<_>>();
    assert_eq!(verdicts(export(&again).await.unwrap()), verdicts(export(&alice).await.unwrap()));
}

#[tokio::test]
async fn a_rejected_statement_stays_rejected_elsewhere_also_in_another_conversation() {
    let (here, there) = (World::start().await, World::start().await);
    let (alice, again) = (here.user("alice", "s1"), there.user("alice", "s9"));
    has_a_past(&alice).await;
    alice.deletes("c2").await.unwrap();
    import_all(&there, "alice", &export_of(&here, "alice").await).await;

    again.says("c3", "I want to ski.").await;
    again.says("c3", "I want to sing.").await;
    again.ends("c3").await;
    again.until_done("c3").await;

    let texts: Vec<String> =
        again.session_context("c3").await.unwrap().items.into_iter().map(|item| item.text).collect();
    assert_eq!(texts, ["I want to sing."]);
}

/// An export that has begun, of more than any buffer on its way holds.
async fn long_export(alice: &User<'_>) -> Streaming<pb::ExportUserDataResponse> {
    let long = "word ".repeat(6000);
    alice.append("c1", (0..100).map(|n| message(&format!("m{n}"), &long)).collect()).await.unwrap();
    let mut stream = alice.memory().export_user_data(pb::ExportUserDataRequest {}).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    stream
}

/// Why it ended before it was complete.
async fn end_of(mut stream: Streaming<pb::ExportUserDataResponse>) -> Option<String> {
    loop {
        match stream.message().await {
            Ok(record) => assert!(record.is_some(), "it is not complete and must not seem so"),
            Err(status) => return reason_of(&status),
        }
    }
}

#[tokio::test]
async fn an_export_ends_when_its_login_session_does() {
    let world = World::start().await;
    let stream = long_export(&world.user("alice", "s1")).await;

    world.revoke("s1");

    assert_eq!(end_of(stream).await.as_deref(), Some("TOKEN_REVOKED"));
}

#[tokio::test]
async fn an_export_holds_up_nobody_who_wants_to_stop() {
    let world = World::start().await;
    let stream = long_export(&world.user("alice", "s1")).await;

    let (ended, finished) = tokio::join!(end_of(stream), world.lifecycle.shutdown(crate::world::PATIENCE));

    assert_eq!((ended.as_deref(), finished), (Some("DRAINING"), true));
}

#[tokio::test]
async fn only_services_export_others() {
    let world = World::start().await;

    let request = pb::ExportUserRequest { user_id: "alice".into() };
    let by_a_user = world.user("mallory", "s2").admin().export_user(request).await.unwrap_err();
    let of_nobody = world.admin().export_user(pb::ExportUserRequest::default()).await.unwrap_err();

    assert_eq!(reason_of(&by_a_user).as_deref(), Some("INTERNAL_TOKEN_REQUIRED"));
    assert_eq!(reason_of(&of_nobody).as_deref(), Some("INVALID_FIELD"));
    assert_eq!(export_of(&world, "stranger").await, []);
}
