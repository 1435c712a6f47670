//! What passes over a long or changing talk leave behind: nothing read is lost, nothing false comes back.

use super::tests::{Scene, goal};
use super::*;
use crate::domain::model::{Basis, ItemKind, ItemStatus, WhatNext};
use crate::llm::{Answer, Proposal, Quote};

const PIECEMEAL: Cut = Cut { tokens_max: 4, overlap: 0, pieces_max: 8 };

fn not_now() -> Result<Answer, ModelError> {
    let until = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(9);
    Err(ModelError::NotNow { until, reason: "BUDGET", message: "spent".to_owned() })
}

fn texts(context: &SessionContext) -> Vec<&str> {
    context.items.iter().filter(|item| item.superseded_by.is_none()).map(|item| item.text.as_str()).collect()
}

#[tokio::test]
async fn what_was_read_before_a_failure_is_saved_and_the_next_pass_begins_behind_it() {
    let scene = Scene::cutting(PIECEMEAL).await;
    scene.says(&[(Role::User, "I want to swim"), (Role::User, "I want to dive")]).await;
    scene.answers(vec![goal(1, "I want to swim")]);
    scene.model.answers.lock().push_back(not_now());

    let first = scene.extracted().await;
    scene.model.answers.lock().push_back(not_now());
    let failure = scene.fails().await;

    assert_eq!((texts(&first), first.extracted_seq), (vec!["I want to swim"], 1));
    assert!(matches!(failure.next, WhatNext::Snooze { .. }), "{failure:?}");
    let asked = scene.model.asked.lock();
    assert_eq!(asked.last().unwrap().messages[0].seq, 2);
}

#[tokio::test]
async fn what_a_budget_refuses_no_other_model_reads() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    scene.model.answers.lock().push_back(not_now());
    scene.fallback.answers.lock().push_back(Ok(Answer::default()));

    scene.fails().await;

    assert!(scene.fallback.asked.lock().is_empty());
}

#[tokio::test]
async fn a_short_message_that_is_too_much_is_asked_about_without_what_came_before() {
    let scene = Scene::new().await;
    scene.says(&[(Role::Assistant, "How about swimming?"), (Role::User, "I will swim")]).await;
    let too_much = || ModelError::TooMuch { reason: "MODEL_CONTEXT_TOO_LONG", message: "long".to_owned(), raw: None };
    scene.model.answers.lock().extend([Err(too_much()), Err(too_much())]);
    scene.answers(vec![goal(2, "I will swim")]);

    let context = scene.extracted().await;

    assert_eq!((texts(&context), context.extracted_seq), (vec!["I will swim"], 2));
    assert_eq!(scene.model.asked.lock()[2].messages.len(), 1);
}

#[tokio::test]
async fn reading_again_from_scratch_in_several_passes_loses_nothing_and_keeps_ids() {
    let scene = Scene::cutting(PIECEMEAL).await;
    scene.says(&[(Role::User, "I want to swim"), (Role::User, "I want to dive")]).await;
    scene.answers(vec![goal(1, "I want to swim")]);
    scene.answers(vec![goal(2, "I want to dive")]);
    let old = scene.extracted().await;
    let job = scene.last_job().await;
    let again = Job { want: crate::domain::model::Watermark::new(1, 2), ..job.clone() };
    scene.answers(vec![Proposal::stated_as(ItemKind::Goal, "I want to swim soon", 1, "I want to swim")]);
    scene.model.answers.lock().push_back(not_now());

    let half = scene.extractor.process(&again).await.unwrap();

    assert_eq!((half.extracted_seq, texts(&half)), (1, vec!["I want to swim soon", "I want to dive"]));
    assert_eq!(
        half.items.iter().map(|item| &item.id).collect::<Vec<_>>(),
        old.items.iter().map(|item| &item.id).collect::<Vec<_>>()
    );
    assert_eq!(half.changes.dropped, Vec::<String>::new());
}

#[tokio::test]
async fn a_goal_that_comes_back_holds_again() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run 10 km")]).await;
    scene.answers(vec![goal(1, "I want to run 10 km")]);
    let ten = scene.extracted().await.items[0].id.clone();
    scene.later(60).says(&[(Role::User, "I would rather run 5 km")]).await;
    scene.answers(vec![Proposal { supersedes: Some(ten.clone()), ..goal(2, "I would rather run 5 km") }]);
    let five = scene.extracted().await.items[1].id.clone();
    scene.later(120).says(&[(Role::User, "I want to run 10 km")]).await;
    scene.answers(vec![Proposal { supersedes: Some(five.clone()), ..goal(3, "I want to run 10 km") }]);

    let context = scene.extracted().await;

    assert_eq!(texts(&context), ["I want to run 10 km"]);
    let replaced = context.items.iter().find(|item| item.id == five).unwrap();
    assert_eq!(replaced.superseded_by, Some(ten));
}

#[tokio::test]
async fn a_goal_that_is_only_spoken_of_again_stands_as_it_stood() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I ran the marathon")]).await;
    scene.answers(vec![Proposal { status: Some(ItemStatus::Done), ..goal(1, "I ran the marathon") }]);
    let id = scene.extracted().await.items[0].id.clone();
    scene.says(&[(Role::User, "Still proud of that marathon")]).await;
    scene.answers(vec![Proposal { same_as: Some(id), ..goal(2, "Still proud of that marathon") }]);

    let context = scene.extracted().await;

    assert_eq!((context.items.len(), context.items[0].status), (1, Some(ItemStatus::Done)));
}

#[tokio::test]
async fn a_refused_suggestion_is_no_goal_although_the_user_is_quoted() {
    let quoting = |basis, text: &str, answer: &str| Proposal {
        basis,
        text: text.to_owned(),
        evidence: vec![
            Quote { seq: 1, text: "You could also try keto".to_owned() },
            Quote { seq: 2, text: answer.to_owned() },
        ],
        ..goal(2, answer)
    };
    let refused = quoting(Basis::Stated, "Try keto.", "No, no diets for me");
    let scene = Scene::new().await;
    scene.says(&[(Role::Assistant, "You could also try keto."), (Role::User, "No, no diets for me.")]).await;
    scene.answers(vec![refused.clone()]);
    scene.answers(vec![refused]);

    assert!(scene.fails().await.message.contains("2 UNSUPPORTED"));
}

#[tokio::test]
async fn two_offers_accepted_in_one_breath_are_two_items_also_when_read_again() {
    let offer = |text: &str, words: &str| Proposal {
        basis: Basis::Accepted,
        text: text.to_owned(),
        evidence: vec![Quote { seq: 1, text: words.to_owned() }, Quote { seq: 2, text: "Yes, both".to_owned() }],
        ..goal(2, "Yes, both")
    };
    let scene = Scene::new().await;
    scene.says(&[(Role::Assistant, "A walk after lunch, and bed at eleven?"), (Role::User, "Yes, both.")]).await;
    scene.answers(vec![offer("A walk after lunch", "A walk after lunch")]);
    scene.extracted().await;
    scene.says(&[(Role::User, "Good night")]).await;
    scene.answers(vec![offer("Bed at eleven", "bed at eleven")]);

    let context = scene.extracted().await;

    assert_eq!(texts(&context), ["A walk after lunch", "Bed at eleven"]);
}
