//! What is remembered.

use std::collections::BTreeMap;

use crate::domain::model::{
    Basis, Committed, ContextOutcome, Evidence, Item, ItemChanges, ItemKind, ItemStatus, NewMessage, Progress, Reviser,
    Revision, Role,
};
use crate::store::Store;

use super::language::*;

pub(crate) async fn a_context_is_its_users_alone(store: impl Store) {
    let (of_a, of_b) = (key("a", "c1"), key("b", "c1"));
    says(&store, &of_a, "I am A").await;
    says(&store, &of_b, "I am B").await;

    extract(&store, &of_a).await;

    assert!(store.find_context(&of_a).await.unwrap().is_some());
    assert_eq!(store.find_context(&of_b).await.unwrap(), None);
    assert_eq!(store.list_contexts(&user("b"), 9).await.unwrap(), []);
}

pub(crate) async fn contexts_are_listed_last_spoken_in_first(store: impl Store) {
    for (id, at) in [("old", 1), ("new", 3), ("mid", 2)] {
        let said = NewMessage { at: t(at), ..message("a", Role::User, "hi") };
        append(&store, &key("u1", id), addition(vec![said])).await;
        extract(&store, &key("u1", id)).await;
    }

    let contexts = store.list_contexts(&user("u1"), 2).await.unwrap();

    assert_eq!(contexts.iter().map(|c| c.conversation_id.as_str()).collect::<Vec<_>>(), ["new", "mid"]);
}

pub(crate) async fn a_context_is_replaced_as_a_whole(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "one").await;
    extract(&store, &key).await;
    says(&store, &key, "two").await;

    extract(&store, &key).await;

    assert_eq!(store.list_contexts(&user("u1"), 9).await.unwrap(), [context(&key, 2)]);
}

pub(crate) async fn every_context_waits_for_a_summary(store: impl Store) {
    for id in ["c1", "c2"] {
        says(&store, &key("u1", id), "hello").await;
        extract(&store, &key("u1", id)).await;
    }
    says(&store, &key("u1", "c3"), "not extracted").await;

    assert_eq!(store.list_unsummarised(&user("u1"), 9).await.unwrap().len(), 2);
}

pub(crate) async fn what_a_context_says_comes_back_as_it_was(store: impl Store) {
    let key = key("u1", "c1");
    let evidence =
        Evidence { conversation_id: key.conversation_id.clone(), seq: 1, quote: "\0 $a.b \"quoted\" 🏃".into() };
    let mut said = context(&key, 1);
    said.outcome = ContextOutcome::NothingSaid;
    said.items_dropped = BTreeMap::from([("QUOTE_NOT_FOUND".into(), 3)]);
    said.items = vec![Item {
        id: "c1:goal".into(),
        conversation_id: key.conversation_id.clone(),
        kind: ItemKind::Goal,
        text: "Run a marathon in May.".into(),
        status: Some(ItemStatus::Active),
        due: None,
        speaker: Role::User,
        evidence: vec![evidence.clone()],
        basis: Basis::Stated,
        said_at: t(0),
        supersedes: None,
        superseded_by: None,
        progress: vec![Progress {
            value: Some(4.5),
            unit: "km".into(),
            target: Some(42.195),
            note: "Ran 4.5 km.".into(),
            said_at: t(0),
            evidence: vec![evidence],
        }],
        last_mentioned_at: Some(t(0)),
        horizon: None,
        revisions: vec![Revision {
            by: Reviser::Extraction,
            at: t(0),
            text: "Run a marathon.".into(),
            status: None,
            due: None,
        }],
        verdict: None,
    }];
    said.changes = ItemChanges { updated: vec!["c1:goal".into()], ..ItemChanges::default() };
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;

    assert_eq!(store.complete(&job.lease, job.want, &said, t(1)).await.unwrap(), Committed::Done);

    assert_eq!(store.find_context(&key).await.unwrap(), Some(said));
    let shown = extraction(&store, &key).await;
    assert_eq!(shown.outcome, Some(ContextOutcome::NothingSaid));
    assert_eq!(shown.items_dropped["QUOTE_NOT_FOUND"], 3);
}
