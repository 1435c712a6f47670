//! What users say about items.

use crate::domain::model::{
    Basis, Cause, Committed, ConversationKey, Due, DuePrecision, Edit, EditedDue, ErasureEnd, ErasureRequest, Evidence,
    ForgottenRejection, Item, ItemKind, ItemStatus, Opinion, Reviser, Revision, Role, SessionContext, Verdict,
    VerdictSaved, Verdicts,
};
use crate::store::Store;

use super::language::*;

fn item(key: &ConversationKey, id: &str) -> Item {
    let conversation_id = key.conversation_id.clone();
    Item {
        id: id.into(),
        conversation_id: conversation_id.clone(),
        kind: ItemKind::Goal,
        text: format!("I want to {id}"),
        status: Some(ItemStatus::Active),
        due: None,
        speaker: Role::User,
        evidence: vec![Evidence { conversation_id, seq: 1, quote: id.into() }],
        basis: Basis::Stated,
        said_at: t(0),
        supersedes: None,
        superseded_by: None,
        progress: vec![],
        last_mentioned_at: None,
        horizon: None,
        revisions: vec![],
        verdict: None,
    }
}

/// The user says something, and these items are made of it.
async fn remembers(store: &impl Store, key: &ConversationKey, ids: &[&str]) {
    says(store, key, "hello").await;
    ask_at(store, key, Cause::Logout, t(0)).await;
    let job = claim(store).await;
    let items = ids.iter().map(|id| item(key, id)).collect();
    let context = SessionContext { items, ..context(key, job.upto_seq()) };
    assert_eq!(store.complete(&job.lease, job.want, &context, t(0)).await.unwrap(), Committed::Done);
}

/// The first verdict on an item, given at `second`.
fn verdict(key: &ConversationKey, item_id: &str, opinion: Opinion, second: i64) -> Verdict {
    Verdict {
        item_id: item_id.into(),
        conversation_id: key.conversation_id.clone(),
        opinion,
        statement: format!("I want to {item_id}"),
        edit: Edit::default(),
        revisions: vec![],
        marks: vec![format!("mark of {item_id}")],
        at: t(second),
        revision: 1,
    }
}

async fn save(store: &impl Store, user_id: &str, verdict: &Verdict) -> VerdictSaved {
    store.save_verdict(&user(user_id), verdict).await.unwrap()
}

async fn said(store: &impl Store, user_id: &str) -> Verdicts {
    store.list_verdicts(&user(user_id)).await.unwrap()
}

async fn erase(store: &impl Store, second: i64) -> i64 {
    let request = ErasureRequest {
        user_id: user("u1"),
        request_id: None,
        closes_account: false,
        at: t(second),
        again_at: t(second),
    };
    store.begin_erasure(&request).await.unwrap().counts.verdicts
}

pub(crate) async fn a_verdict_comes_back_as_it_was_given(store: impl Store) {
    let key = key("u1", "c1");
    remembers(&store, &key, &["swim"]).await;
    let due =
        Due {
            phrase: "\0 soon 🏊".into(), local_date: None, instant: Some(t(9)), precision: Some(DuePrecision::Day)
        };
    let edit = Edit {
        text: Some("I want to \"dive\"".into()),
        status: Some(ItemStatus::Done),
        due: Some(EditedDue::Set(due.clone())),
        at: Some(t(3)),
    };
    let revision =
        Revision { by: Reviser::User, at: t(3), text: "I want to swim".into(), status: None, due: Some(due) };
    let given = Verdict { edit, revisions: vec![revision], ..verdict(&key, "swim", Opinion::Edited, 3) };

    assert_eq!(save(&store, "u1", &given).await, VerdictSaved::Saved);

    assert_eq!(said(&store, "u1").await, Verdicts { verdicts: vec![given], forgotten: vec![] });
}

pub(crate) async fn the_last_verdict_on_an_item_counts_and_the_latest_is_listed_first(store: impl Store) {
    let key = key("u1", "c1");
    remembers(&store, &key, &["swim", "ski"]).await;
    save(&store, "u1", &verdict(&key, "swim", Opinion::Rejected, 1)).await;
    save(&store, "u1", &verdict(&key, "ski", Opinion::Rejected, 2)).await;
    let cleared = Edit { due: Some(EditedDue::Cleared), ..Edit::default() };
    let last = Verdict { revision: 2, edit: cleared, ..verdict(&key, "swim", Opinion::Confirmed, 3) };

    assert_eq!(save(&store, "u1", &last).await, VerdictSaved::Saved);

    let said = said(&store, "u1").await.verdicts;
    assert_eq!(said, [last, verdict(&key, "ski", Opinion::Rejected, 2)]);
}

pub(crate) async fn of_two_verdicts_given_at_once_one_has_to_look_again(store: impl Store) {
    let key = key("u1", "c1");
    remembers(&store, &key, &["swim"]).await;
    let [first, second] = [Opinion::Confirmed, Opinion::Rejected].map(|opinion| verdict(&key, "swim", opinion, 1));

    let saved = [save(&store, "u1", &first).await, save(&store, "u1", &second).await];

    assert_eq!(saved, [VerdictSaved::Saved, VerdictSaved::Overtaken]);
    assert_eq!(said(&store, "u1").await.verdicts, [first]);
    let ahead = Verdict { revision: 3, ..second };
    assert_eq!(save(&store, "u1", &ahead).await, VerdictSaved::Overtaken);
}

pub(crate) async fn what_is_not_there_cannot_be_judged(store: impl Store) {
    let [extracted, raw] = ["c1", "c2"].map(|id| key("u1", id));
    remembers(&store, &extracted, &["swim"]).await;
    says(&store, &raw, "hello").await;

    for (user_id, key, item_id) in
        [("u1", &extracted, "ski"), ("u1", &raw, "swim"), ("u1", &key("u1", "c3"), "swim"), ("u2", &extracted, "swim")]
    {
        let saved = save(&store, user_id, &verdict(key, item_id, Opinion::Rejected, 1)).await;
        assert_eq!(saved, VerdictSaved::NoSuchItem, "{user_id} {} {item_id}", key.conversation_id);
    }

    for user_id in ["u1", "u2"] {
        assert_eq!(said(&store, user_id).await, Verdicts::default());
    }
}

pub(crate) async fn a_verdict_is_its_users_alone(store: impl Store) {
    let (mine, theirs) = (key("u1", "c1"), key("u2", "c1"));
    remembers(&store, &mine, &["swim"]).await;
    remembers(&store, &theirs, &["swim"]).await;
    save(&store, "u1", &verdict(&mine, "swim", Opinion::Rejected, 1)).await;

    assert_eq!(said(&store, "u2").await, Verdicts::default());
    assert_eq!(save(&store, "u2", &verdict(&theirs, "swim", Opinion::Confirmed, 1)).await, VerdictSaved::Saved);
    store.delete_conversation(&theirs).await.unwrap();

    assert_eq!(said(&store, "u1").await.verdicts, [verdict(&mine, "swim", Opinion::Rejected, 1)]);
}

pub(crate) async fn an_extraction_leaves_verdicts_as_they_are(store: impl Store) {
    let key = key("u1", "c1");
    remembers(&store, &key, &["swim"]).await;
    let given = verdict(&key, "swim", Opinion::Rejected, 1);
    save(&store, "u1", &given).await;

    remembers(&store, &key, &["ski"]).await;

    assert_eq!(said(&store, "u1").await.verdicts, [given], "the item may come back");
}

pub(crate) async fn of_a_deleted_conversation_only_the_marks_of_rejections_stay(store: impl Store) {
    let [gone, left] = ["c1", "c2"].map(|id| key("u1", id));
    remembers(&store, &gone, &["swim", "ski", "dive"]).await;
    remembers(&store, &left, &["row"]).await;
    let marks = vec!["m1".to_owned(), "m2".to_owned()];
    save(&store, "u1", &Verdict { marks, ..verdict(&gone, "swim", Opinion::Rejected, 5) }).await;
    save(&store, "u1", &verdict(&gone, "ski", Opinion::Confirmed, 6)).await;
    save(&store, "u1", &verdict(&gone, "dive", Opinion::Edited, 7)).await;
    let other = verdict(&left, "row", Opinion::Rejected, 8);
    save(&store, "u1", &other).await;

    store.delete_conversation(&gone).await.unwrap();

    let mut said_now = said(&store, "u1").await;
    said_now.forgotten.sort_by(|a, b| a.mark.cmp(&b.mark));
    let forgotten = |mark: &str, second| ForgottenRejection { mark: mark.into(), at: t(second) };
    let expected = Verdicts { verdicts: vec![other], forgotten: vec![forgotten("m1", 5), forgotten("m2", 5)] };
    assert_eq!(said_now, expected);
    remembers(&store, &gone, &["swim"]).await;
    let marks = vec!["m1".to_owned()];
    save(&store, "u1", &Verdict { marks, ..verdict(&gone, "swim", Opinion::Rejected, 9) }).await;
    store.delete_conversation(&gone).await.unwrap();
    assert!(said(&store, "u1").await.forgotten.contains(&forgotten("m1", 9)), "rejected once more");
}

pub(crate) async fn a_silent_conversation_takes_its_verdicts_along(store: impl Store) {
    let key = key("u1", "c1");
    remembers(&store, &key, &["swim"]).await;
    save(&store, "u1", &verdict(&key, "swim", Opinion::Confirmed, 1)).await;

    assert!(store.delete_silent(&key, t(99)).await.unwrap());

    assert_eq!(said(&store, "u1").await, Verdicts::default());
}

pub(crate) async fn an_erasure_takes_verdicts_and_marks(store: impl Store) {
    let (mine, theirs) = (key("u1", "c1"), key("u2", "c1"));
    remembers(&store, &theirs, &["swim"]).await;
    save(&store, "u2", &verdict(&theirs, "swim", Opinion::Rejected, 1)).await;

    let steps: [&[&str]; 2] = [&["the conversation", "its message", "the verdict"], &["the mark"]];
    for (second, steps) in [(10, steps[0]), (20, steps[1])] {
        remembers(&store, &mine, &["swim"]).await;
        save(&store, "u1", &verdict(&mine, "swim", Opinion::Rejected, second)).await;
        let is_deleted = steps.len() == 1 && store.delete_conversation(&mine).await.unwrap();

        let counted = erase(&store, second).await;

        assert_eq!((counted, said(&store, "u1").await), (i64::from(!is_deleted), Verdicts::default()));
        let until = t(second) + LEASE;
        let lease = store.claim_erasure(&worker("e1"), t(second), until).await.unwrap().expect("an erasure is due");
        for what in steps {
            assert_eq!(store.finish_erasure(&lease, t(second)).await.unwrap(), ErasureEnd::Remains, "{what} is there");
            assert_eq!(store.erase_some(&lease, 9, until).await.unwrap(), Some(1), "{what} goes");
        }
        assert_eq!(store.finish_erasure(&lease, t(second)).await.unwrap(), ErasureEnd::Done);
    }
    assert_eq!(said(&store, "u2").await.verdicts.len(), 1);
}

pub(crate) async fn what_was_forgotten_since_an_erasure_began_needs_another(store: impl Store) {
    let key = key("u1", "c1");
    erase(&store, 5).await;
    remembers(&store, &key, &["swim"]).await;
    save(&store, "u1", &verdict(&key, "swim", Opinion::Rejected, 6)).await;
    store.delete_conversation(&key).await.unwrap();
    assert_eq!(said(&store, "u1").await.forgotten.len(), 1);

    erase(&store, 7).await;

    assert_eq!(said(&store, "u1").await, Verdicts::default());
}

pub(crate) async fn a_new_memory_begins_without_verdicts(store: impl Store) {
    let key = key("u1", "c1");
    remembers(&store, &key, &["swim"]).await;
    save(&store, "u1", &verdict(&key, "swim", Opinion::Rejected, 1)).await;
    erase(&store, 5).await;
    let late = Verdict { revision: 2, ..verdict(&key, "swim", Opinion::Confirmed, 6) };
    assert_eq!(save(&store, "u1", &late).await, VerdictSaved::NoSuchItem);
    let lease = store.claim_erasure(&worker("e1"), t(5), t(65)).await.unwrap().expect("an erasure is due");
    store.erase_some(&lease, 1, t(65)).await.unwrap();

    remembers(&store, &key, &["swim"]).await;

    assert_eq!(said(&store, "u1").await, Verdicts::default(), "the old verdict is still being removed");
    assert_eq!(save(&store, "u1", &verdict(&key, "swim", Opinion::Edited, 7)).await, VerdictSaved::Saved);
    assert_eq!(said(&store, "u1").await.verdicts.len(), 1);
}
