//! Reading all that is held of a user.

use crate::domain::model::{Cause, ErasureRequest, Held, Life};
use crate::store::Store;

use super::language::*;

async fn held(store: &impl Store, after: Option<&str>, limit: usize) -> Vec<Held> {
    let after = after.map(|id| key("u1", id).conversation_id);
    store.list_held(&user("u1"), after.as_ref(), limit).await.unwrap()
}

fn ids(held: &[Held]) -> Vec<&str> {
    held.iter().map(|held| held.conversation.id.as_str()).collect()
}

fn life(of: &Held) -> Life {
    Life { key: key("u1", of.conversation.id.as_str()), incarnation: of.incarnation.clone() }
}

pub(crate) async fn what_is_held_is_listed_by_id_whoever_speaks_meanwhile(store: impl Store) {
    for id in ["c2", "c1", "c3"] {
        says(&store, &key("u1", id), "hello").await;
    }
    says(&store, &key("u2", "c1"), "not mine").await;

    let first = held(&store, None, 2).await;
    says(&store, &key("u1", "c3"), "still here").await;
    let second = held(&store, Some("c2"), 2).await;

    assert_eq!((ids(&first), ids(&second)), (vec!["c1", "c2"], vec!["c3"]));
    assert_eq!((first[0].conversation.last_seq, second[0].conversation.last_seq), (1, 2));
}

pub(crate) async fn a_conversation_is_held_with_its_context(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    assert_eq!(held(&store, None, 9).await[0].context, None);
    ask_at(&store, &key, Cause::Logout, t(0)).await;
    let job = claim(&store).await;
    let context = context(&key, job.upto_seq());
    store.complete(&job.lease, job.want, &context, t(0)).await.unwrap();

    let found = held(&store, None, 9).await;

    assert_eq!((found[0].conversation.extracted_seq, found[0].context.as_ref()), (1, Some(&context)));
}

pub(crate) async fn the_messages_of_a_life_are_not_those_of_the_next(store: impl Store) {
    let key = key("u1", "c1");
    for text in ["one", "two", "three"] {
        says(&store, &key, text).await;
    }
    let first = life(&held(&store, None, 9).await[0]);
    let said = store.list_said(&first, 1, 1).await.unwrap();
    assert_eq!((said.len(), said[0].seq, said[0].text.as_str()), (1, 2, "two"));

    store.delete_conversation(&key).await.unwrap();
    says(&store, &key, "a new life").await;

    assert_eq!(store.list_said(&first, 0, 9).await.unwrap(), []);
    assert_eq!(store.list_said(&life(&held(&store, None, 9).await[0]), 0, 9).await.unwrap()[0].text, "a new life");
}

pub(crate) async fn an_erasure_begins_another_era_in_which_nothing_is_held(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    let before = store.find_era(&user("u1")).await.unwrap();
    let old = life(&held(&store, None, 9).await[0]);

    let user_id = user("u1");
    let request = ErasureRequest { user_id, request_id: None, closes_account: false, at: t(1), again_at: t(1) };
    store.begin_erasure(&request).await.unwrap();

    assert!(store.find_era(&user("u1")).await.unwrap() > before);
    assert_eq!((held(&store, None, 9).await, store.list_said(&old, 0, 9).await.unwrap()), (vec![], vec![]));
    assert_eq!(store.find_era(&user("nobody")).await.unwrap(), 0);
}
