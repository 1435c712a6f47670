//! How often a model is asked, what it is told in between, and when the next one is.

use super::pass::Judged;
use super::tests::{Scene, goal, said};
use super::*;
use crate::domain::model::{ContextOutcome, ConversationId, ItemStatus, WhatNext};
use crate::llm::{Answer, Asker, Flaw, Proposal, Transcript};

fn nothing(why: &str) -> Result<Answer, ModelError> {
    Ok(Answer { nothing_said: Some(why.to_owned()), ..Answer::default() })
}

fn unusable() -> Result<Answer, ModelError> {
    let message = "the answer could not be used: it was empty".to_owned();
    Err(ModelError::Unusable { reason: "MODEL_OUTPUT_INVALID", message, raw: "sorry".to_owned() })
}

fn too_much() -> Result<Answer, ModelError> {
    Err(ModelError::TooMuch { reason: "MODEL_OUTPUT_TRUNCATED", message: "cut".to_owned(), raw: None })
}

impl Scene {
    fn says_next(&self, answers: impl IntoIterator<Item = Result<Answer, ModelError>>) {
        self.model.answers.lock().extend(answers);
    }

    fn complaints(&self) -> Vec<Option<String>> {
        self.model.asked.lock().iter().map(|asked| asked.complaint.clone()).collect()
    }
}

#[tokio::test]
async fn a_model_is_asked_once_more_and_told_which_quotes_are_not_there() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    scene.answers(vec![goal(1, "I want to fly")]);
    scene.answers(vec![goal(1, "I want to swim")]);

    let context = scene.extracted().await;

    let complaints = scene.complaints();
    assert_eq!((complaints.len(), complaints[0].as_ref()), (2, None));
    let complaint = complaints[1].as_deref().unwrap();
    assert!(complaint.contains("\"I want to fly\" is not in message 1"), "{complaint}");
    assert_eq!(context.items_dropped, [("QUOTE_NOT_FOUND".to_owned(), 1)].into());
    assert_eq!(context.items.len(), 1);
}

#[tokio::test]
async fn nothing_said_in_answer_to_a_complaint_is_believed() {
    let scene = Scene::new().await;
    scene.says(&[(Role::Assistant, "Try keto"), (Role::User, "No, no diets for me.")]).await;
    scene.answers(vec![goal(1, "Try keto")]);
    scene.says_next([nothing("the user refused")]);

    let context = scene.extracted().await;

    assert_eq!((context.outcome, context.items.len()), (ContextOutcome::NothingSaid, 0));
    assert_eq!(context.items_dropped, [("NOT_THE_USER".to_owned(), 1)].into());
}

#[tokio::test]
async fn after_a_long_talk_nothing_is_asked_about_once_more() {
    let (long, short) = ("I tell you about my day. ".repeat(11), "I tell you about my day. ".repeat(10));
    for (talk, calls) in [(long, 2), (short, 1)] {
        let scene = Scene::new().await;
        scene.says(&[(Role::User, &talk)]).await;
        scene.says_next([nothing("small talk"), nothing("small talk, really")]);

        assert_eq!(scene.extracted().await.outcome, ContextOutcome::NothingSaid);
        assert_eq!(scene.complaints().len(), calls);
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_told_by_its_path_and_counted() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    let flaw = Flaw { reason: "UNKNOWN_KIND", problem: "items[0].kind: \"WISH\" is none of GOAL".to_owned() };
    scene.says_next([Ok(Answer { flaws: vec![flaw], ..Answer::default() })]);
    scene.answers(vec![goal(1, "I want to swim")]);

    let context = scene.extracted().await;

    assert!(scene.complaints()[1].as_ref().unwrap().contains("items[0].kind"));
    assert_eq!(context.items_dropped, [("UNKNOWN_KIND".to_owned(), 1)].into());
}

#[tokio::test]
async fn after_two_useless_answers_the_fallback_reads_and_signs() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    scene.says_next([unusable(), unusable()]);
    let answer = Answer { items: vec![goal(1, "I want to swim")], model: "second".to_owned(), ..Answer::default() };
    scene.fallback.answers.lock().push_back(Ok(answer));

    let context = scene.extracted().await;

    assert_eq!((context.model.as_str(), context.items.len()), ("second", 1));
    assert_eq!(scene.fallback.asked.lock()[0].complaint, None);
}

#[tokio::test]
async fn if_nobody_can_read_the_first_says_what_becomes_of_the_job() {
    let until = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(9);
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    let message = "slow down".to_owned();
    scene.says_next([Err(ModelError::NotNow { until, reason: "MODEL_RATE_LIMITED", message })]);
    scene.fallback.answers.lock().extend([unusable(), unusable()]);

    let failure = scene.fails().await;

    assert_eq!((failure.reason, failure.next), ("MODEL_RATE_LIMITED", WhatNext::Snooze { until }));
}

#[tokio::test]
async fn what_is_too_much_is_read_in_halves_without_a_gap() {
    let scene = Scene::new().await;
    let turns = ["I want to swim", "I want to dive", "I want to row"].map(|text| (Role::User, text));
    scene.says(&turns).await;
    scene.says_next([too_much()]);
    scene.answers(vec![goal(1, "I want to swim")]);
    scene.says_next([too_much()]);
    scene.answers(vec![goal(2, "I want to dive")]);
    scene.answers(vec![goal(3, "I want to row")]);

    let context = scene.extracted().await;

    assert_eq!((context.items.len(), context.extracted_seq), (3, 3));
    let asked: Vec<Vec<i64>> =
        scene.model.asked.lock().iter().map(|asked| asked.messages.iter().map(|m| m.seq).collect()).collect();
    assert_eq!(asked, [vec![1, 2, 3], vec![1], vec![1, 2, 3], vec![1, 2], vec![2, 3]]);
}

#[tokio::test]
async fn what_is_too_much_however_short_is_never_taken_for_read() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    scene.says_next([too_much()]);

    let failure = scene.fails().await;

    assert_eq!((failure.reason, failure.next), ("MODEL_OUTPUT_TRUNCATED", WhatNext::Retry { not_before: None }));
}

#[tokio::test]
async fn a_goal_that_is_reached_keeps_its_id_and_its_words_and_tells_of_the_change() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "My goal is to read twelve books")]).await;
    scene.answers(vec![goal(1, "My goal is to read twelve books")]);
    let first = scene.extracted().await;
    let id = first.items[0].id.clone();
    scene.says(&[(Role::User, "I finished the twelfth of the books")]).await;
    let done = Proposal {
        same_as: Some(id.clone()),
        status: Some(ItemStatus::Done),
        ..goal(2, "I finished the twelfth of the books")
    };
    scene.answers(vec![done]);

    let second = scene.extracted().await;

    let item = &second.items[0];
    assert_eq!((second.items.len(), &item.id, item.status), (1, &id, Some(ItemStatus::Done)));
    assert_eq!(item.text, "My goal is to read twelve books");
    assert_eq!((item.revisions.len(), item.revisions[0].status), (1, Some(ItemStatus::Active)));
    assert_eq!((first.changes.added, second.changes.updated), (vec![id.clone()], vec![id]));
}

/// The example stands in the instructions as lines of JSON: two turns, then the answer.
#[test]
fn the_example_of_the_prompt_passes_our_own_judgement() {
    let instructions = include_str!("../../llm/remote/extract.md");
    let example = instructions.split("Example\n<transcript>\n").nth(1).unwrap();
    let (turns, form) = example.split_once("</transcript>\n").unwrap();
    let turn = |line: &str| {
        let turn: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut message = said(turn["seq"].as_i64().unwrap(), turn["text"].as_str().unwrap());
        message.role = Role::parse(turn["role"].as_str().unwrap()).unwrap();
        message.at = "2024-03-05T18:01:00Z".parse().unwrap();
        message
    };
    let transcript = Transcript::of(Asker::somebody(), turns.lines().map(turn).collect());
    let answer = crate::llm::remote::read(form, &transcript).expect("the form can be read");

    let judged = Judged::of(&ConversationId::parse("talk").unwrap(), &transcript, answer, &Overlay::default());

    assert_eq!((judged.complaints, judged.items.len()), (vec![], 3));
    assert_eq!(judged.items[0].due.as_ref().and_then(|due| due.local_date), Some(jiff::civil::date(2024, 3, 6)));
    let report = &judged.items[2].progress[0];
    assert_eq!((report.value, report.unit.as_str(), report.target), (Some(4.0), "books", Some(12.0)));
}

#[tokio::test]
async fn a_pass_that_has_taken_half_its_time_leaves_the_rest_to_the_next() {
    let scene = Scene::cutting(Cut { tokens_max: 4, overlap: 0, pieces_max: 8 }).await;
    scene.says(&[(Role::User, "I want to swim"), (Role::User, "I want to dive")]).await;
    scene.answers(vec![goal(1, "I want to swim")]);
    let (store, readers, clock) = (scene.store.clone(), scene.extractor.readers.clone(), scene.extractor.clock.clone());
    let hurried = Extractor::new(store, readers, clock, scene.extractor.cut, Duration::ZERO);

    let context = hurried.process(&scene.claim().await).await.unwrap();

    assert_eq!((context.items.len(), context.extracted_seq), (1, 1));
}
