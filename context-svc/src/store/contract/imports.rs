//! Taking over what users said about items elsewhere.

use crate::domain::model::{Edit, ErasureRequest, ForgottenRejection, Opinion, Verdict, Verdicts};
use crate::store::Store;

use super::language::*;

fn verdict(item_id: &str, opinion: Opinion, second: i64) -> Verdict {
    Verdict {
        item_id: item_id.into(),
        conversation_id: key("u1", "c1").conversation_id,
        opinion,
        statement: "I want to swim".into(),
        edit: Edit::default(),
        revisions: vec![],
        marks: vec!["mark".into()],
        at: t(second),
        revision: 7,
    }
}

fn rejection(mark: &str, second: i64) -> ForgottenRejection {
    ForgottenRejection { mark: mark.into(), at: t(second) }
}

async fn takes_over(store: &impl Store, verdict: &Verdict) -> bool {
    store.take_over_verdict(&user("u1"), verdict).await.unwrap()
}

async fn said(store: &impl Store) -> Verdicts {
    store.list_verdicts(&user("u1")).await.unwrap()
}

pub(crate) async fn a_verdict_on_an_item_that_is_not_there_yet_is_taken_over(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    let given = verdict("c1.swim", Opinion::Rejected, 5);

    assert!(takes_over(&store, &given).await);
    assert!(!takes_over(&store, &given).await, "once is enough");

    let verdicts = vec![Verdict { revision: 1, ..given }];
    assert_eq!(said(&store).await, Verdicts { verdicts, forgotten: vec![] });
}

pub(crate) async fn of_a_verdict_here_and_one_from_elsewhere_the_later_holds(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    takes_over(&store, &verdict("c1.swim", Opinion::Rejected, 5)).await;

    let earlier = takes_over(&store, &verdict("c1.swim", Opinion::Confirmed, 4)).await;
    let later = takes_over(&store, &verdict("c1.swim", Opinion::Confirmed, 6)).await;

    let holds = &said(&store).await.verdicts[0];
    assert_eq!((earlier, later, holds.opinion, holds.revision), (false, true, Opinion::Confirmed, 2));
}

pub(crate) async fn a_verdict_on_what_is_not_held_is_not_taken_over(store: impl Store) {
    says(&store, &key("u1", "c2"), "hello").await;
    says(&store, &key("u2", "c1"), "hello").await;

    assert!(!takes_over(&store, &verdict("c1.swim", Opinion::Rejected, 5)).await);

    assert_eq!(said(&store).await, Verdicts::default());
}

pub(crate) async fn what_is_left_of_a_rejection_is_taken_over_once(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    let mut taken = vec![];
    for (mark, second) in [("a", 5), ("a", 5), ("a", 4), ("a", 6)] {
        taken.push(store.take_over_rejection(&user("u1"), &rejection(mark, second)).await.unwrap());
    }

    assert_eq!((taken, said(&store).await.forgotten), (vec![true, false, false, true], vec![rejection("a", 6)]));
}

pub(crate) async fn a_closed_account_takes_nothing_over(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    let user_id = user("u1");
    let request = ErasureRequest { user_id, request_id: None, closes_account: true, at: t(1), again_at: t(1) };
    store.begin_erasure(&request).await.unwrap();

    let taken = store.take_over_rejection(&user("u1"), &rejection("a", 5)).await.unwrap();

    assert!(!taken && !takes_over(&store, &verdict("c1.swim", Opinion::Rejected, 5)).await);
    assert_eq!(said(&store).await, Verdicts::default());
}
