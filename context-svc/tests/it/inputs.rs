//! Bad input: each refused by name, and nothing half-done.

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::append_messages_request::NewMessage;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::world::{World, message};

fn field_of(refused: &Status) -> String {
    assert_eq!((refused.code(), reason_of(refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
    refused.get_details_bad_request().expect("a bad request").field_violations[0].field.clone()
}

#[tokio::test]
async fn a_bad_append_names_the_field_and_stores_nothing() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let good = || message("", "fine");
    let role = |number| NewMessage { role: number, ..good() };
    let at = |seconds| NewMessage { at: Some(prost_types::Timestamp { seconds, nanos: 0 }), ..good() };

    for (field, conversation, messages) in [
        ("conversation_id", "", vec![good()]),
        ("conversation_id", "../c1", vec![good()]),
        ("messages", "c1", vec![]),
        ("messages", "c1", vec![good(); 101]),
        ("messages[1].text", "c1", vec![good(), message("", "")]),
        ("messages[1].text", "c1", vec![good(), message("", &"x".repeat(32_769))]),
        ("messages[0].text", "c1", vec![message("", "a\0b")]),
        ("messages[0].client_id", "c1", vec![message("a b", "fine")]),
        ("messages[1].client_id", "c1", vec![message("m1", "one"), message("m1", "two")]),
        ("messages[0].role", "c1", vec![role(99)]),
        ("messages[0].name", "c1", vec![NewMessage { name: "n".repeat(65), ..good() }]),
        ("messages[0].at", "c1", vec![at(i64::MAX)]),
        ("messages[0].at", "c1", vec![at(-62_135_596_801)]),
    ] {
        let refused = alice.append(conversation, messages).await.expect_err(field);
        assert_eq!(field_of(&refused), field);
    }
    assert_eq!(alice.messages("c1").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_unknown_time_zone_is_refused_and_a_known_one_is_kept() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let append = |zone: &str| pb::AppendMessagesRequest {
        conversation_id: "c1".into(),
        time_zone: zone.into(),
        messages: vec![message("", "fine")],
    };

    let refused = alice.conversations().append_messages(append("Mars/Olympus")).await.unwrap_err();
    alice.conversations().append_messages(append("Asia/Tokyo")).await.unwrap();

    let get = pb::GetConversationRequest { conversation_id: "c1".into() };
    let conversation = alice.conversations().get_conversation(get).await.unwrap().into_inner().conversation.unwrap();
    assert_eq!(field_of(&refused), "time_zone");
    assert_eq!((conversation.time_zone.as_str(), conversation.session_id.as_str()), ("Asia/Tokyo", "s1"));
}

#[tokio::test]
async fn what_is_said_without_a_time_zone_is_meant_in_that_of_the_account() {
    let world = World::start().await;
    let alice = world.user_in("Asia/Tokyo", "alice", "s1");

    for (conversation, zone) in [("c1", ""), ("c2", "Europe/Paris"), ("c2", "")] {
        let append = pb::AppendMessagesRequest {
            conversation_id: conversation.into(),
            time_zone: zone.into(),
            messages: vec![message("", "I will swim tomorrow.")],
        };
        alice.conversations().append_messages(append).await.unwrap();
    }

    assert_eq!(world.zones("alice", "c1").await, ["Asia/Tokyo"]);
    assert_eq!(world.zones("alice", "c2").await, ["Europe/Paris", "Europe/Paris"]);
    let get = pb::GetConversationRequest { conversation_id: "c1".into() };
    let conversation = alice.conversations().get_conversation(get).await.unwrap().into_inner().conversation.unwrap();
    assert_eq!(conversation.time_zone, "Asia/Tokyo");
}

#[tokio::test]
async fn bad_questions_name_the_field() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let (mut memory, mut conversations) = (alice.memory(), alice.conversations());

    for budget_tokens in [-1, 100_001] {
        let ask = pb::GetContextRequest { budget_tokens, ..Default::default() };
        assert_eq!(field_of(&memory.get_context(ask).await.unwrap_err()), "budget_tokens");
    }
    let ask = pb::GetContextRequest { query: "q".repeat(1025), ..Default::default() };
    assert_eq!(field_of(&memory.get_context(ask).await.unwrap_err()), "query");
    let list = pb::ListConversationsRequest { page_size: -1, ..Default::default() };
    assert_eq!(field_of(&conversations.list_conversations(list).await.unwrap_err()), "page_size");
    let list = pb::ListConversationsRequest { page_token: "zzz".into(), ..Default::default() };
    assert_eq!(field_of(&conversations.list_conversations(list).await.unwrap_err()), "page_token");
    let list = pb::ListItemsRequest { kinds: vec![1, 77], ..Default::default() };
    assert_eq!(field_of(&memory.list_items(list).await.unwrap_err()), "kinds[1]");
}

#[tokio::test]
async fn without_a_token_nothing_is_let_in_and_services_need_their_own() {
    let world = World::start().await;
    let stranger = world.stranger();

    let refused = stranger.append("c1", vec![message("", "hello")]).await.unwrap_err();
    let schedule = pb::ScheduleExtractionRequest::default();
    let as_user = world.user("alice", "s1").extractions().schedule_extraction(schedule).await.unwrap_err();

    assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::Unauthenticated, Some("TOKEN_MISSING")));
    assert_eq!(reason_of(&as_user).as_deref(), Some("INTERNAL_TOKEN_REQUIRED"));
}

#[tokio::test]
async fn a_bad_trigger_names_the_field() {
    let world = World::start().await;
    let good = pb::ScheduleExtractionRequest {
        user_id: "alice".into(),
        session_id: "s1".into(),
        conversation_id: String::new(),
        cause: pb::trigger::Cause::Logout.into(),
    };

    for (field, request) in [
        ("user_id", pb::ScheduleExtractionRequest { user_id: String::new(), ..good.clone() }),
        ("session_id", pb::ScheduleExtractionRequest { session_id: String::new(), ..good.clone() }),
        ("conversation_id", pb::ScheduleExtractionRequest { conversation_id: "a/b".into(), ..good.clone() }),
        ("cause", pb::ScheduleExtractionRequest { cause: 0, ..good.clone() }),
        ("cause", pb::ScheduleExtractionRequest { cause: 42, ..good.clone() }),
    ] {
        let refused = world.internal().schedule_extraction(request).await.expect_err(field);
        assert_eq!(field_of(&refused), field);
    }
}
