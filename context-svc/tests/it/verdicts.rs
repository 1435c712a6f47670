//! Users correct what is remembered, and it stays corrected.

use std::time::Duration;

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::item::{Kind, Status as Standing, Verdict};
use tonic::{Code, Status};

use crate::world::{PATIENCE, User, World, message};

impl User<'_> {
    /// Says these words in a conversation that is extracted then.
    async fn talks(&self, conversation: &str, words: &[&str]) {
        self.append(conversation, words.iter().map(|words| message("", words)).collect()).await.unwrap();
        self.is_extracted(conversation).await;
    }

    async fn is_extracted(&self, conversation: &str) {
        self.ends(conversation).await;
        self.until_done(conversation).await;
    }

    async fn items(&self, request: pb::ListItemsRequest) -> Vec<pb::Item> {
        self.memory().list_items(request).await.expect("items can be listed").into_inner().items
    }

    /// The texts of all items that are given back.
    async fn remembered(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.items(Default::default()).await.into_iter().map(|item| item.text).collect();
        texts.sort_unstable();
        texts
    }

    /// The item of this text, also a rejected one.
    async fn item(&self, conversation_id: &str, text: &str) -> pb::Item {
        let conversation_id = conversation_id.to_owned();
        let request = pb::ListItemsRequest { conversation_id, include_rejected: true, ..Default::default() };
        self.items(request).await.into_iter().find(|item| item.text == text).expect("it is remembered")
    }

    async fn rejects(&self, item: &pb::Item) -> Result<pb::Item, Status> {
        let request = pb::RejectItemRequest { item_id: item.id.clone() };
        Ok(self.memory().reject_item(request).await?.into_inner().item.expect("the item"))
    }

    async fn confirms(&self, item: &pb::Item) -> Result<pb::Item, Status> {
        let request = pb::ConfirmItemRequest { item_id: item.id.clone() };
        Ok(self.memory().confirm_item(request).await?.into_inner().item.expect("the item"))
    }

    async fn updates(&self, item: &pb::Item, change: pb::UpdateItemRequest) -> Result<pb::Item, Status> {
        let request = pb::UpdateItemRequest { item_id: item.id.clone(), ..change };
        Ok(self.memory().update_item(request).await?.into_inner().item.expect("the item"))
    }
}

fn text(text: &str) -> pb::UpdateItemRequest {
    pb::UpdateItemRequest { text: Some(text.into()), ..Default::default() }
}

fn is_not_found(refused: &Status) {
    assert_eq!((refused.code(), reason_of(refused).as_deref()), (Code::NotFound, Some("ITEM_NOT_FOUND")), "{refused}");
}

#[tokio::test]
async fn what_is_rejected_stays_away_from_this_conversation_and_every_other() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to fly.", "I want to swim."]).await;
    alice.talks("before", &["I want to fly!"]).await;

    let rejected = alice.rejects(&alice.item("c1", "I want to fly.").await).await.unwrap();
    assert_eq!(rejected.verdict(), Verdict::Rejected);
    assert_eq!(alice.remembered().await, ["I want to swim."], "nor where else it was said");
    alice.talks("c1", &["I want to fly."]).await;
    alice.talks("after", &["I want to fly"]).await;

    assert_eq!(alice.remembered().await, ["I want to swim."]);
    let after = alice.session_context("after").await.unwrap();
    assert_eq!((after.items.len(), after.summary.as_str()), (0, ""), "that is all it was about");
    assert_eq!(alice.session_context("c1").await.unwrap().summary.matches("fly").count(), 0);
    let context = alice.context().await;
    assert!(context.items.iter().all(|item| item.text == "I want to swim."), "{context:?}");
    assert!(!context.text.contains("fly"), "{}", context.text);
    assert_eq!(alice.extraction("after").await.unwrap().items_dropped["REJECTED_BY_USER"], 1);
}

#[tokio::test]
async fn a_rejection_can_be_seen_and_taken_back() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to swim."]).await;
    let item = alice.item("c1", "I want to swim.").await;
    alice.rejects(&item).await.unwrap();
    alice.talks("c1", &["I want to dive."]).await;
    let rejected = alice.item("c1", "I want to swim.").await;

    let confirmed = alice.confirms(&item).await.unwrap();

    assert_eq!((rejected.verdict(), confirmed.verdict()), (Verdict::Rejected, Verdict::Confirmed));
    assert_eq!(alice.confirms(&item).await.unwrap(), confirmed, "once more is the same");
    assert_eq!(alice.remembered().await, ["I want to dive.", "I want to swim."]);
    let context = alice.context().await;
    assert_eq!(context.items[0].text, "I want to swim.", "it ranks higher than what was said since");
}

#[tokio::test]
async fn an_edit_is_kept_whatever_is_said_again() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to run."]).await;
    let item = alice.item("c1", "I want to run.").await;
    let due = pb::Due { local_date: "2031-05-31".into(), ..Default::default() };
    let change = pb::UpdateItemRequest { status: Some(Standing::Done.into()), due: Some(due), ..text("I ran in May.") };
    let edited = alice.updates(&item, change).await.unwrap();

    alice.talks("c1", &["I want to run."]).await;

    let again = alice.item("c1", "I ran in May.").await;
    assert_eq!((again.verdict(), again.status(), &again.id), (Verdict::Edited, Standing::Done, &item.id));
    assert_eq!(again.due.as_ref().map(|due| due.precision()), Some(pb::due::Precision::Day));
    let before = &again.revisions[0];
    assert_eq!(
        (again.revisions.len(), before.by(), before.text.as_str()),
        (1, pb::revision::By::User, "I want to run.")
    );
    assert_eq!((before.status(), &before.due), (Standing::Active, &None));
    assert_eq!((&again.revisions, again.evidence.len()), (&edited.revisions, 2), "what was said again is seen");
    let alone = std::slice::from_ref(&again);
    assert_eq!(alice.session_context("c1").await.unwrap().items, alone);
    assert_eq!(alice.context().await.items, alone);
    assert_eq!(
        alice.updates(&again, text("I ran in May.")).await.unwrap(),
        again,
        "the same once more changes nothing"
    );
    let cleared = alice.updates(&again, pb::UpdateItemRequest { clear_due: true, ..Default::default() }).await.unwrap();
    assert_eq!((cleared.due, cleared.revisions.len()), (None, 2));
}

#[tokio::test]
async fn verdicts_hold_when_everything_is_read_again() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to fly.", "I want to swim.", "I want to row."]).await;
    alice.rejects(&alice.item("c1", "I want to fly.").await).await.unwrap();
    alice.updates(&alice.item("c1", "I want to swim.").await, text("I want to dive.")).await.unwrap();
    let row = alice.item("c1", "I want to row.").await;
    alice.confirms(&row).await.unwrap();

    world.model.reads_with("2");
    let wish = pb::ReextractConversationsRequest { user_id: "alice".into(), ..Default::default() };
    assert_eq!(world.internal().reextract_conversations(wish).await.unwrap().into_inner().queued, 1);
    alice.until_done("c1").await;

    assert_eq!(alice.session_context("c1").await.unwrap().prompt_version, "2");
    assert_eq!(alice.remembered().await, ["I want to dive.", "I want to row."]);
    assert_eq!(alice.item("c1", "I want to row.").await.verdict(), Verdict::Confirmed);
    assert_eq!(alice.item("c1", "I want to fly.").await.verdict(), Verdict::Rejected, "it can be taken back");
}

#[tokio::test]
async fn an_edit_of_what_was_said_twice_is_not_given_back_beside_the_original() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to run."]).await;
    alice.talks("c2", &["I want to run."]).await;
    world.clock.advance(Duration::from_secs(60));

    alice.updates(&alice.item("c1", "I want to run.").await, text("I want to run in May.")).await.unwrap();

    let texts: Vec<String> = alice.context().await.items.into_iter().map(|item| item.text).collect();
    assert_eq!(texts, ["I want to run in May."]);
}

#[tokio::test]
async fn changes_that_do_not_fit_are_refused_and_change_nothing() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to swim."]).await;
    let item = alice.item("c1", "I want to swim.").await;
    let due = |due| pb::UpdateItemRequest { due: Some(due), ..Default::default() };
    let day = |day: &str| pb::Due { local_date: day.into(), ..Default::default() };
    let status = |status| pb::UpdateItemRequest { status: Some(status), ..Default::default() };

    for (change, field) in [
        (pb::UpdateItemRequest::default(), "text"),
        (text(""), "text"),
        (text(" \n"), "text"),
        (text(&"long ".repeat(300)), "text"),
        (text("My password is swordfish"), "text"),
        (status(Standing::Taken.into()), "status"),
        (status(Standing::Unspecified.into()), "status"),
        (status(99), "status"),
        (due(pb::Due::default()), "due"),
        (due(day("tomorrow")), "due.local_date"),
        (due(day("2031-02-30")), "due.local_date"),
        (due(day("2031-02-03T10:00")), "due.local_date"),
        (due(pb::Due { precision: 99, ..day("2031-02-03") }), "due.precision"),
        (due(pb::Due { phrase: "my password is swordfish".into(), ..day("2031-02-03") }), "due.phrase"),
        (pb::UpdateItemRequest { clear_due: true, ..due(day("2031-02-03")) }, "clear_due"),
    ] {
        let refused = alice.updates(&item, change).await.expect_err(field);
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        assert!(refused.message().starts_with(&format!("{field}:")), "{refused}");
    }

    assert_eq!(alice.item("c1", "I want to swim.").await, item);
}

#[tokio::test]
async fn items_of_others_and_items_that_are_not_there_answer_alike() {
    let world = World::start().await;
    let (alice, mallory) = (world.user("alice", "s1"), world.user("mallory", "s2"));
    alice.talks("c1", &["I want to swim."]).await;
    mallory.talks("c2", &["I want to swim."]).await;
    let of_alice = alice.item("c1", "I want to swim.").await;

    for id in [&of_alice.id, "c2.0000000000000000", "c9.0000000000000000", "nothing", "", "\u{2026}.\n"] {
        let item = pb::Item { id: id.into(), ..Default::default() };
        is_not_found(&mallory.rejects(&item).await.unwrap_err());
        is_not_found(&mallory.confirms(&item).await.unwrap_err());
        is_not_found(&mallory.updates(&item, text("I want to sink.")).await.unwrap_err());
    }
    mallory.rejects(&mallory.item("c2", "I want to swim.").await).await.unwrap();

    assert_eq!(alice.items(Default::default()).await, [of_alice], "what one user rejects, another may want");
    assert_eq!(mallory.remembered().await, [""; 0]);
}

#[tokio::test]
async fn a_deleted_conversation_takes_its_words_and_leaves_its_rejections() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to fly.", "I want to swim."]).await;
    let [fly, swim] = [alice.item("c1", "I want to fly.").await, alice.item("c1", "I want to swim.").await];
    alice.rejects(&fly).await.unwrap();
    alice.updates(&swim, text("I want to dive.")).await.unwrap();

    alice.deletes("c1").await.unwrap();
    is_not_found(&alice.confirms(&fly).await.unwrap_err());
    alice.talks("c1", &["I want to fly.", "I want to swim."]).await;

    assert_eq!(alice.remembered().await, ["I want to swim."], "a new life, in which nothing was edited");
}

#[tokio::test]
async fn an_erasure_counts_the_verdicts_and_leaves_none() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to fly.", "I want to swim."]).await;
    alice.rejects(&alice.item("c1", "I want to fly.").await).await.unwrap();
    alice.updates(&alice.item("c1", "I want to swim.").await, text("I want to dive.")).await.unwrap();

    let erasure = alice.memory().delete_user_data(pb::DeleteUserDataRequest {}).await.unwrap().into_inner().erasure;
    let speaking = async {
        while alice.append("c1", vec![message("m1", "I want to fly."), message("m2", "I want to swim.")]).await.is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, speaking).await.expect("the id gets free");
    alice.is_extracted("c1").await;

    assert_eq!(erasure.expect("an erasure").verdicts, 2);
    assert_eq!(alice.remembered().await, ["I want to fly.", "I want to swim."]);
    assert!(alice.items(Default::default()).await.iter().all(|item| item.verdict() == Verdict::Unspecified));
}

#[tokio::test]
async fn verdicts_given_at_once_are_all_taken() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.talks("c1", &["I want to swim."]).await;
    let item = alice.item("c1", "I want to swim.").await;

    let changes = (0..8).map(|number| alice.updates(&item, text(&format!("I want to swim {number} km."))));
    let changed = futures::future::join_all(changes).await;

    assert!(changed.iter().all(Result::is_ok), "{changed:?}");
    let kinds = alice.items(pb::ListItemsRequest { kinds: vec![Kind::Goal.into()], ..Default::default() }).await;
    assert_eq!((kinds.len(), kinds[0].revisions.len()), (1, 8), "each has seen the one before");
}
