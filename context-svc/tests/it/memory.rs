//! From what was said to what is given back.

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::ticket::Outcome;
use tonic::Code;

use crate::world::{World, message};

#[tokio::test]
async fn what_was_said_is_in_the_context_before_its_extraction_and_not_twice_after_it() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to row across the lake.").await;

    let before = alice.context().await;
    assert_eq!(alice.ends("c1").await, Outcome::Queued);
    alice.until_done("c1").await;
    let after = alice.context().await;

    assert_eq!((before.items.len(), before.recent.len()), (0, 1));
    assert_eq!((after.items.len(), after.recent.len()), (1, 0));
    for context in [before, after] {
        assert_eq!(context.text.matches("row across the lake").count(), 1, "{}", context.text);
    }
}

#[tokio::test]
async fn a_session_context_quotes_the_message_each_item_came_from() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.append("c1", vec![message("", "Hello."), message("", "I want to swim.")]).await.unwrap();
    let early = alice.session_context("c1").await.unwrap_err();
    alice.ends("c1").await;
    alice.until_done("c1").await;

    let context = alice.session_context("c1").await.unwrap();

    assert_eq!((early.code(), reason_of(&early).as_deref()), (Code::NotFound, Some("CONTEXT_NOT_READY")));
    assert_eq!((context.title.as_str(), context.extracted_seq), ("A talk", 2));
    assert_eq!(context.outcome(), pb::session_context::Outcome::Extracted);
    let evidence = &context.items[1].evidence[0];
    assert_eq!((evidence.seq, evidence.quote.as_str()), (2, "I want to swim."));
    assert!(context.items[1].id.starts_with("c1."));
}

#[tokio::test]
async fn the_same_talk_twice_gives_the_same_items_and_nothing_new_gives_no_second_extraction() {
    let world = World::start().await;
    let (alice, bob) = (world.user("alice", "s1"), world.user("bob", "s2"));
    let mut ids = Vec::new();
    for user in [&alice, &bob] {
        user.append("c1", vec![message("", "I want to swim."), message("", "I want to swim!")]).await.unwrap();
        user.ends("c1").await;
        user.until_done("c1").await;
        let items = user.session_context("c1").await.unwrap().items;
        ids.push(items.into_iter().map(|item| item.id).collect::<Vec<_>>());
    }

    assert_eq!(ids[0].len(), 1);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(alice.ends("c1").await, Outcome::AlreadyExtracted);
    assert_eq!(world.model.calls(), 2);
}

#[tokio::test]
async fn what_is_said_later_is_added_to_what_is_known() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    for text in ["I want to swim.", "I want to dive."] {
        alice.says("c1", text).await;
        alice.ends("c1").await;
        alice.until_done("c1").await;
    }

    let context = alice.session_context("c1").await.unwrap();

    let texts: Vec<&str> = context.items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!((texts, context.extracted_seq), (vec!["I want to swim.", "I want to dive."], 2));
}

#[tokio::test]
async fn a_talk_without_a_word_of_the_user_asks_no_model() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut greeting = message("", "Welcome! Shall we set a goal?");
    greeting.role = pb::message::Role::Assistant.into();
    alice.append("c1", vec![greeting]).await.unwrap();

    assert_eq!(alice.ends("c1").await, Outcome::Empty);
    assert_eq!(world.model.calls(), 0);
}

#[tokio::test]
async fn a_logout_covers_every_conversation_of_its_session() {
    let world = World::start().await;
    let (at_home, at_work) = (world.user("alice", "home"), world.user("alice", "work"));
    at_home.says("c1", "I want to swim.").await;
    at_home.says("c2", "I want to dive.").await;
    at_work.says("c3", "I want to rest.").await;
    let logout = pb::ScheduleExtractionRequest {
        user_id: "alice".into(),
        session_id: "home".into(),
        conversation_id: String::new(),
        cause: pb::trigger::Cause::Logout.into(),
    };

    let tickets = world.internal().schedule_extraction(logout).await.unwrap().into_inner().outcomes;

    let mut covered: Vec<&str> = tickets.iter().map(|ticket| ticket.conversation_id.as_str()).collect();
    covered.sort_unstable();
    assert_eq!(covered, ["c1", "c2"]);
    at_home.until_done("c1").await;
    at_home.until_done("c2").await;
    assert_eq!(at_work.extraction("c3").await.unwrap().state(), pb::extraction::State::Idle);
}

#[tokio::test]
async fn items_are_listed_the_last_said_first_and_by_filter() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.append("c1", vec![message("", "I want to swim.")]).await.unwrap();
    alice.append("c2", vec![message("", "I want to dive.")]).await.unwrap();
    for conversation in ["c1", "c2"] {
        alice.ends(conversation).await;
        alice.until_done(conversation).await;
    }
    let mut memory = alice.memory();
    let mut list = async |request| memory.list_items(request).await.unwrap().into_inner();

    let first = list(pb::ListItemsRequest { page_size: 1, ..Default::default() }).await;
    let next = pb::ListItemsRequest { page_size: 1, page_token: first.next_page_token.clone(), ..Default::default() };
    let second = list(next).await;
    let of_c1 = list(pb::ListItemsRequest { conversation_id: "c1".into(), ..Default::default() }).await;
    let decisions = list(pb::ListItemsRequest { kinds: vec![2], ..Default::default() }).await;

    assert_eq!((first.items[0].text.as_str(), second.items[0].text.as_str()), ("I want to dive.", "I want to swim."));
    assert_eq!(second.next_page_token, "");
    assert_eq!((of_c1.items.len(), decisions.items.len()), (1, 0));
}

#[tokio::test]
async fn a_context_stays_within_its_budget() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    for number in 0..30 {
        alice.says("c1", &format!("I want to visit island number {number} of the archipelago.")).await;
    }

    for budget_tokens in [1, 30, 80, 200] {
        let ask = pb::GetContextRequest { budget_tokens, ..Default::default() };
        let context = alice.memory().get_context(ask).await.unwrap().into_inner();
        assert!(context.tokens <= budget_tokens, "{} of {budget_tokens}", context.tokens);
    }
}
