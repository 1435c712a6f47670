//! Rolling up twenty conversations: what was remembered stays, is told once, and can be deleted.

use context_svc::domain::model::Summary;
use kit::id::UserId;
use proto::context::v1 as pb;

use crate::world::{PATIENCE, User, World};

/// Twenty conversations are held and extracted.
async fn talks(alice: &User<'_>) {
    for n in 0..20 {
        alice.says(&format!("c{n}"), &format!("I want to climb mountain {n}!")).await;
        alice.ends(&format!("c{n}")).await;
        alice.until_done(&format!("c{n}")).await;
    }
}

/// The summary, once it covers all.
pub(crate) async fn until_summarised(world: &World) -> Summary {
    let alice = UserId::parse("alice").unwrap();
    let looking = async {
        loop {
            let left = world.app.store().list_unsummarised(&alice, 99).await.unwrap();
            if left.is_empty() {
                return world.app.store().find_summary(&alice).await.unwrap().expect("a summary");
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the summary is made in time")
}

async fn whole_context(alice: &User<'_>) -> pb::GetContextResponse {
    let request = pb::GetContextRequest { budget_tokens: 100_000, ..Default::default() };
    alice.memory().get_context(request).await.unwrap().into_inner()
}

async fn items(alice: &User<'_>) -> Vec<pb::Item> {
    let request = pb::ListItemsRequest { page_size: 100, ..Default::default() };
    alice.memory().list_items(request).await.unwrap().into_inner().items
}

#[tokio::test]
async fn a_roll_up_takes_nothing_from_the_context_and_says_nothing_twice() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    talks(&alice).await;

    let summary = until_summarised(&world).await;
    let context = whole_context(&alice).await;

    assert_eq!((summary.epoch, summary.items().len(), world.model.roll_ups()), (1, 20, 1));
    assert_eq!((context.items.len(), context.sessions.len()), (20, 0));
    for n in 0..20 {
        assert_eq!(context.text.matches(&format!("mountain {n}!")).count(), 1, "{}", context.text);
    }
    assert_eq!(items(&alice).await.len(), 20);
}

#[tokio::test]
async fn a_conversation_that_goes_on_after_the_roll_up_is_told_as_it_is_now() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    talks(&alice).await;
    until_summarised(&world).await;

    alice.says("c7", "I want to swim.").await;
    alice.ends("c7").await;
    alice.until("c7", |extraction| extraction.done == 2).await;
    let context = whole_context(&alice).await;

    assert_eq!(context.items.len(), 21);
    for text in ["mountain 7!", "swim"] {
        assert_eq!(context.text.matches(text).count(), 1, "{}", context.text);
    }
}

#[tokio::test]
async fn a_deleted_conversation_is_gone_from_the_summary_too() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    talks(&alice).await;
    until_summarised(&world).await;

    alice.deletes("c7").await.unwrap();

    let left = world.app.store().find_summary(&UserId::parse("alice").unwrap()).await.unwrap().unwrap();
    assert!(!format!("{left:?}").contains("mountain 7!"), "{left:?}");
    let context = whole_context(&alice).await;
    assert_eq!((context.items.len(), context.text.contains("mountain 7!")), (19, false));
    assert_eq!(items(&alice).await.len(), 19);
}

#[tokio::test]
async fn ten_roll_ups_leave_a_statement_and_its_quote_as_they_were() {
    let world = World::start_with(|config| config.summary.threshold = 1).await;
    let alice = world.user("alice", "s1");
    let mut seen = Vec::new();

    for epoch in 1..=10 {
        let said = if epoch == 1 { "I want to climb the old mountain!".to_owned() } else { format!("Day {epoch}.") };
        alice.says(&format!("c{epoch}"), &said).await;
        alice.ends(&format!("c{epoch}")).await;
        alice.until_done(&format!("c{epoch}")).await;
        assert_eq!(until_summarised(&world).await.epoch, epoch);
        let of_first = |all: Vec<pb::Item>| all.into_iter().find(|item| item.conversation_id == "c1");
        seen.push((of_first(items(&alice).await), of_first(whole_context(&alice).await.items)));
    }

    assert!(seen[0].0.is_some() && seen[0].0 == seen[0].1);
    assert!(seen.iter().all(|each| *each == seen[0]), "{seen:?}");
}
