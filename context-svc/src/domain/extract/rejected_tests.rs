//! What an extraction makes of what the user has said about items.

use super::tests::{Scene, goal};
use super::*;
use crate::domain::model::{ContextOutcome, ConversationId, ConversationKey, ItemKind, ItemStatus, Watermark};
use crate::domain::recall::Recall;
use crate::domain::verdicts::{Change, Correct, Wording};
use crate::llm::{Answer, Proposal};

impl Scene {
    fn correct(&self) -> Correct {
        Correct::new(self.store.clone(), self.extractor.clock.clone())
    }

    /// The user calls an item wrong.
    async fn rejects(&self, id: &str) {
        self.correct().reject(&self.key.user_id, id).await.expect("the item is there");
    }

    /// Everything is read once more, as if for the first time.
    async fn extracted_from_scratch(&self) -> SessionContext {
        let mut job = self.claim().await;
        job.want = Watermark::new(job.want.generation() + 1, job.want.seq());
        self.extractor.process(&job).await.expect("the pass succeeds")
    }
}

#[tokio::test]
async fn what_was_rejected_is_told_and_not_proposed_again_without_a_complaint() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to fly")]).await;
    scene.answers(vec![goal(1, "I want to fly")]);
    let first = scene.extracted().await;
    scene.rejects(&first.items[0].id).await;
    scene.says(&[(Role::User, "Hm, I want to fly")]).await;
    scene.answers(vec![goal(2, "I want to fly")]);

    let second = scene.extracted().await;

    let asked = scene.model.asked.lock();
    assert_eq!((asked.len(), &asked[1].rejected), (2, &vec!["I want to fly".to_owned()]));
    assert_eq!(asked[1].previous.as_ref().map(|previous| previous.items.len()), Some(0), "it is not remembered either");
    assert_eq!(second.items_dropped, [("REJECTED_BY_USER".to_owned(), 1)].into());
    assert_eq!(second.items, first.items, "so that the rejection can be taken back");
}

#[tokio::test]
async fn an_extraction_of_nothing_but_what_was_rejected_has_found_nothing() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to fly")]).await;
    scene.answers(vec![goal(1, "I want to fly")]);
    let first = scene.extracted().await;
    scene.rejects(&first.items[0].id).await;
    let key = ConversationKey::new(scene.key.user_id.clone(), ConversationId::parse("other").unwrap());
    let other = Scene { key, ..scene };
    other.says(&[(Role::User, "I want to fly!")]).await;
    other.model.answers.lock().push_back(Ok(Answer { items: vec![goal(1, "I want to fly!")], ..Answer::default() }));

    let context = other.extracted().await;

    assert_eq!((context.outcome, context.items.len()), (ContextOutcome::NothingSaid, 0));
    assert_eq!(other.model.asked.lock().len(), 2, "nobody is asked once more");
}

#[tokio::test]
async fn beside_what_was_rejected_a_fault_is_a_fault() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to fly. I want to swim.")]).await;
    scene.answers(vec![goal(1, "I want to fly")]);
    let first = scene.extracted().await;
    scene.rejects(&first.items[0].id).await;
    scene.says(&[(Role::User, "I want to fly")]).await;
    for _ in 0..2 {
        scene.answers(vec![goal(2, "I want to fly"), goal(2, "I want to dive"), goal(9, "I want to fly")]);
    }

    let failure = scene.fails().await;

    assert_eq!(failure.reason, "MODEL_OUTPUT_UNGROUNDED");
    assert!(failure.message.contains("QUOTE_NOT_FOUND"), "{failure}");
}

#[tokio::test]
async fn a_rejected_item_outlives_an_extraction_from_scratch() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to fly. I want to swim.")]).await;
    scene.answers(vec![goal(1, "I want to fly"), goal(1, "I want to swim")]);
    let first = scene.extracted().await;
    scene.rejects(&first.items[0].id).await;
    scene.says(&[(Role::User, "Bye")]).await;
    scene.answers(vec![goal(1, "I want to swim"), goal(1, "I want to fly")]);

    let again = scene.extracted_from_scratch().await;

    let mut ids: Vec<_> = again.items.iter().map(|item| item.id.as_str()).collect();
    ids.sort_unstable();
    let mut before: Vec<_> = first.items.iter().map(|item| item.id.as_str()).collect();
    before.sort_unstable();
    assert_eq!(ids, before);
    assert!(again.changes.is_empty(), "{:?}", again.changes);
}

#[tokio::test]
async fn an_edited_item_is_known_to_the_model_in_the_words_of_the_user_and_kept_as_it_was_extracted() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run")]).await;
    scene.answers(vec![goal(1, "I want to run")]);
    let id = scene.extracted().await.items[0].id.clone();
    let text = Some(Wording::text("text", "I want to run in May").unwrap());
    let change = Change { text, status: None, due: None };
    scene.correct().update(&scene.key.user_id, &id, &change).await.unwrap();
    scene.says(&[(Role::User, "I really want to run")]).await;
    let same_as = Some(id.clone());
    scene.answers(vec![Proposal { same_as, ..Proposal::stated(ItemKind::Goal, 2, "I really want to run") }]);

    let second = scene.extracted().await;

    let known = scene.model.asked.lock()[1].previous.clone().unwrap();
    assert_eq!(known.items[0].text, "I want to run in May");
    assert_eq!((second.items.len(), &second.items[0].id, second.items[0].text.as_str()), (1, &id, "I want to run"));
}

#[tokio::test]
async fn what_a_user_leaves_as_it_reads_is_kept_too() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run")]).await;
    scene.answers(vec![goal(1, "I want to run")]);
    let id = scene.extracted().await.items[0].id.clone();
    let (correct, user) = (scene.correct(), &scene.key.user_id);
    let text = Some(Wording::text("text", "I want to run in May").unwrap());
    correct.update(user, &id, &Change { text, status: None, due: None }).await.unwrap();
    let status = Some(ItemStatus::Active);
    correct.update(user, &id, &Change { text: None, status, due: None }).await.unwrap();
    scene.says(&[(Role::User, "I have run, I want to rest")]).await;
    let done = Proposal { same_as: Some(id.clone()), status: Some(ItemStatus::Done), ..goal(2, "I have run") };
    scene.answers(vec![done]);
    assert_eq!(scene.extracted().await.items[0].status, Some(ItemStatus::Done));

    let read = Recall::new(scene.store.clone()).session_context(&scene.key).await.unwrap();

    let item = &read.items[0];
    assert_eq!((item.text.as_str(), item.status), ("I want to run in May", status));
}
