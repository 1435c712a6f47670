//! What a search reads, and how it knows that there is something new.

use crate::domain::model::{ConversationKey, ErasureRequest, Incarnation, MemoryStand, Role, Stretch, Written};
use crate::store::Store;

use super::language::*;
use super::summaries::{claim_summary_at, rolled_up};

async fn stand(store: &impl Store) -> MemoryStand {
    store.memory_stand(&user("u1")).await.unwrap()
}

/// Everything that is said in a conversation now.
async fn all_of(store: &impl Store, key: &ConversationKey) -> Stretch {
    let stand = store.memory_stand(&key.user_id).await.unwrap();
    let stand = stand.conversations.into_iter().find(|each| each.conversation_id == key.conversation_id);
    let stand = stand.expect("the conversation is there");
    Stretch {
        conversation_id: stand.conversation_id,
        incarnation: stand.incarnation,
        after_seq: 0,
        upto_seq: stand.last_seq,
    }
}

async fn texts(store: &impl Store, user_id: &str, stretches: &[Stretch]) -> Vec<Vec<String>> {
    let said = store.list_stretches(&user(user_id), stretches).await.unwrap();
    said.into_iter().map(|each| each.into_iter().map(|message| message.text).collect()).collect()
}

async fn erase(store: &impl Store) {
    let request =
        ErasureRequest { user_id: user("u1"), request_id: None, closes_account: false, at: t(9), again_at: t(99) };
    store.begin_erasure(&request).await.unwrap();
}

pub(crate) async fn a_memory_stands_still_while_nothing_happens_to_it(store: impl Store) {
    assert_eq!(stand(&store).await, MemoryStand::default(), "of nobody nothing is known");
    let (b, a) = (key("u1", "b"), key("u1", "a"));
    says(&store, &b, "hello").await;
    says(&store, &b, "again").await;
    says(&store, &a, "hello").await;
    extract(&store, &a).await;

    let before = stand(&store).await;
    ask(&store, &b).await;
    says(&store, &key("u2", "c"), "another user").await;

    let shown: Vec<_> =
        before.conversations.iter().map(|each| (each.conversation_id.as_str(), each.last_seq)).collect();
    assert_eq!(shown, [("a", 1), ("b", 2)], "in the order of their ids");
    assert!(before.conversations[0].extract_fence > 0 && before.conversations[1].extract_fence == 0);
    assert_eq!(stand(&store).await, before);
}

pub(crate) async fn whatever_happens_to_a_conversation_moves_the_memory(store: impl Store) {
    let key = key("u1", "c1");
    let mut seen = vec![stand(&store).await];
    says(&store, &key, "one").await;
    seen.push(stand(&store).await);
    extract(&store, &key).await;
    seen.push(stand(&store).await);
    says(&store, &key, "two").await;
    seen.push(stand(&store).await);
    extract(&store, &key).await;
    seen.push(stand(&store).await);
    store.delete_conversation(&key).await.unwrap();
    seen.push(stand(&store).await);
    says(&store, &key, "one").await;
    seen.push(stand(&store).await);
    erase(&store).await;
    seen.push(stand(&store).await);

    for (place, each) in seen.iter().enumerate() {
        assert!(!seen[..place].contains(each), "step {place} shows nothing new: {each:?}");
    }
    assert_eq!(seen.last().map(|last| last.conversations.len()), Some(0), "what is erased is gone at once");
}

pub(crate) async fn a_rolled_up_or_forgotten_summary_moves_the_memory(store: impl Store) {
    for id in ["c1", "c2", "c3"] {
        says(&store, &key("u1", id), "hello").await;
        extract(&store, &key("u1", id)).await;
    }
    let before = stand(&store).await.summary;
    store.ask_summary(&user("u1"), 3, t(1)).await.unwrap();
    let job = claim_summary_at(&store, 1).await.expect("a summary is due");
    let pick = store.pick(&user("u1"), 100).await.unwrap();
    assert_eq!(store.write_summary(&job.lease, &pick.stand, &rolled_up(&pick)).await.unwrap(), Written::Saved);

    let saved = stand(&store).await.summary;
    store.delete_conversation(&key("u1", "c2")).await.unwrap();
    let forgotten = stand(&store).await.summary;
    erase(&store).await;
    let erased = stand(&store).await.summary;

    assert_eq!((before.epoch, saved.epoch, erased.epoch), (0, 1, 0));
    assert!(
        before != saved && saved != forgotten && forgotten != erased,
        "{before:?} {saved:?} {forgotten:?} {erased:?}"
    );
}

pub(crate) async fn stretches_are_read_in_the_order_asked_for(store: impl Store) {
    let (a, b) = (key("u1", "a"), key("u1", "b"));
    for text in ["one", "two", "three", "four"] {
        says(&store, &a, text).await;
    }
    append(&store, &b, addition(vec![message("m", Role::Tool, "a result")])).await;
    let (of_a, of_b) = (all_of(&store, &a).await, all_of(&store, &b).await);
    let middle = Stretch { after_seq: 1, upto_seq: 3, ..of_a.clone() };
    let beyond = Stretch { after_seq: 4, upto_seq: 9, ..of_a.clone() };

    let said = texts(&store, "u1", &[of_b, middle, beyond, of_a]).await;

    assert_eq!(said, [vec!["a result"], vec!["two", "three"], vec![], vec!["one", "two", "three", "four"]]);
}

pub(crate) async fn of_a_life_that_has_ended_nothing_is_read(store: impl Store) {
    let (deleted, erased) = (key("u1", "deleted"), key("u1", "erased"));
    says(&store, &deleted, "hello").await;
    let old = all_of(&store, &deleted).await;
    store.delete_conversation(&deleted).await.unwrap();
    says(&store, &deleted, "a new life").await;
    let new = all_of(&store, &deleted).await;
    assert_eq!(texts(&store, "u1", &[old, new.clone()]).await, [vec![], vec!["a new life"]]);
    let foreign = Stretch { incarnation: Incarnation::random(), ..new };
    assert_eq!(texts(&store, "u1", &[foreign]).await, [[""; 0]]);

    says(&store, &erased, "hello").await;
    extract(&store, &erased).await;
    let all = all_of(&store, &erased).await;
    erase(&store).await;

    assert_eq!(texts(&store, "u1", &[all]).await, [[""; 0]]);
    let contexts = store.list_contexts_of(&user("u1"), &[erased.conversation_id]).await.unwrap();
    assert_eq!(contexts, [None]);
}

pub(crate) async fn contexts_come_with_the_claim_they_were_extracted_under(store: impl Store) {
    let (read, unread) = (key("u1", "read"), key("u1", "unread"));
    says(&store, &read, "one").await;
    extract(&store, &read).await;
    says(&store, &read, "two").await;
    extract(&store, &read).await;
    says(&store, &unread, "hello").await;
    let wanted = [unread.conversation_id, read.conversation_id.clone(), key("u1", "none").conversation_id];

    let contexts = store.list_contexts_of(&user("u1"), &wanted).await.unwrap();

    let [None, Some(found), None] = contexts.as_slice() else { panic!("{contexts:?}") };
    let stand = stand(&store).await.conversations.into_iter().find(|each| each.conversation_id == read.conversation_id);
    let stand = stand.expect("it is there");
    assert_eq!((&found.incarnation, found.extract_fence), (&stand.incarnation, stand.extract_fence));
    assert_eq!(found.context, context(&read, 2));
}

pub(crate) async fn a_search_reads_its_user_alone(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "a secret").await;
    extract(&store, &key).await;
    let all = all_of(&store, &key).await;

    assert_eq!(store.memory_stand(&user("u2")).await.unwrap(), MemoryStand::default());
    assert_eq!(texts(&store, "u2", &[all]).await, [[""; 0]]);
    assert_eq!(store.list_contexts_of(&user("u2"), &[key.conversation_id]).await.unwrap(), [None]);
}
