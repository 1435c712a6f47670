//! What becomes of reports on goals, pass after pass.

use super::tests::{Scene, goal};
use super::*;
use crate::domain::model::{ItemKind, ItemStatus};
use crate::llm::{Answer, Proposal, Quote, Report};

fn report(seq: i64, words: &str, value: f64) -> Report {
    let quote = Quote { seq, text: words.to_owned() };
    Report { note: words.to_owned(), value: Some(value), unit: "km".to_owned(), target: None, quote }
}

fn values(context: &SessionContext) -> Vec<Option<f64>> {
    context.items[0].progress.iter().map(|report| report.value).collect()
}

#[tokio::test]
async fn a_report_is_kept_with_its_own_quote_and_time_and_counts_as_a_mention() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run a marathon")]).await;
    scene.later(60).says(&[(Role::User, "I ran 12 km")]).await;
    scene.answers(vec![Proposal {
        progress: vec![report(2, "i RAN 12 km", 12.0)],
        ..goal(1, "I want to run a marathon")
    }]);

    let context = scene.extracted().await;

    let (item, report) = (&context.items[0], &context.items[0].progress[0]);
    assert_eq!((report.evidence[0].seq, report.evidence[0].quote.as_str()), (2, "I ran 12 km"));
    assert_eq!((item.said_at.as_second(), report.said_at.as_second()), (0, 60));
    assert_eq!((item.evidence.len(), item.last_mentioned_at), (1, Some(report.said_at)));
}

#[tokio::test]
async fn a_later_pass_adds_reports_and_drops_and_doubles_none() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run a marathon. I ran 12 km")]).await;
    let first = vec![report(1, "I ran 12 km", 12.0)];
    scene.answers(vec![Proposal { progress: first, ..goal(1, "I want to run a marathon") }]);
    let id = scene.extracted().await.items[0].id.clone();
    scene.later(60).says(&[(Role::User, "I ran 15 km")]).await;
    let again = vec![report(1, "ran 12 km", 12.0), report(2, "I ran 15 km", 15.0)];
    scene.answers(vec![Proposal { same_as: Some(id), progress: again, ..goal(1, "I want to run a marathon") }]);

    let second = scene.extracted().await;
    scene.says(&[(Role::User, "bye")]).await;
    scene.answers(vec![goal(1, "I want to run a marathon")]);
    let third = scene.extracted().await;

    assert_eq!((values(&second), second.changes.updated.len()), (vec![Some(12.0), Some(15.0)], 1));
    assert_eq!((values(&third), third.changes.updated.len()), (vec![Some(12.0), Some(15.0)], 0));
}

#[tokio::test]
async fn a_report_that_does_not_hold_is_dropped_and_counted_and_its_goal_stays() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run a marathon"), (Role::Assistant, "You ran 12 km")]).await;
    let progress = vec![report(2, "ran 12 km", 12.0), report(1, "I ran 15 km", 15.0), report(9, "I ran", 1.0)];
    let decision = Proposal::stated(ItemKind::Decision, 1, "I want to run a marathon");
    let misplaced = vec![report(1, "run a marathon", 1.0)];
    scene.answers(vec![
        Proposal { progress, ..goal(1, "I want to run a marathon") },
        Proposal { progress: misplaced, ..decision },
    ]);

    let context = scene.extracted().await;

    assert_eq!((context.items.len(), values(&context)), (2, vec![]));
    assert_eq!(context.items_dropped, [("PROGRESS_UNFOUNDED".to_owned(), 4)].into());
}

#[tokio::test]
async fn so_many_reports_are_kept_and_the_latest_of_all() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run a marathon")]).await;
    for lap in 1..=60 {
        scene.later(lap).says(&[(Role::User, &format!("I ran {lap} km"))]).await;
    }
    let reports = (1..=60).map(|lap| report(lap + 1, &format!("I ran {lap} km"), lap as f64));
    scene.answers(vec![Proposal { progress: reports.collect(), ..goal(1, "I want to run a marathon") }]);

    let context = scene.extracted().await;

    assert_eq!((values(&context).len(), values(&context)[0]), (50, Some(11.0)));
}

#[tokio::test]
async fn reading_again_from_scratch_keeps_the_reports_that_are_still_to_be_read() {
    let scene = Scene::cutting(Cut { tokens_max: 7, overlap: 0, pieces_max: 8 }).await;
    scene.says(&[(Role::User, "I want to run a marathon"), (Role::User, "I ran 12 km on Sunday")]).await;
    let run = || goal(1, "I want to run a marathon");
    scene.answers(vec![run()]);
    scene.answers(vec![Proposal { progress: vec![report(2, "I ran 12 km", 12.0)], ..run() }]);
    let old = scene.extracted().await;
    let again = Job { want: crate::domain::model::Watermark::new(1, 2), ..scene.last_job().await };
    scene.answers(vec![run()]);
    let until = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(9);
    let not_now = ModelError::NotNow { until, reason: "BUDGET", message: "spent".to_owned() };
    scene.model.answers.lock().push_back(Err(not_now));

    let half = scene.extractor.process(&again).await.unwrap();

    assert_eq!((values(&old), half.extracted_seq), (vec![Some(12.0)], 1));
    assert_eq!(half.items, old.items);
}

impl Scene {
    /// The same user holds another conversation.
    fn elsewhere(self) -> Self {
        let conversation_id = crate::domain::model::ConversationId::parse("other").unwrap();
        Self { key: crate::domain::model::ConversationKey { conversation_id, ..self.key }, ..self }
    }
}

#[tokio::test]
async fn another_conversation_knows_what_holds_and_what_ends_it_takes_its_place() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run a marathon. I decided to quit.")]).await;
    let quit = Proposal::stated(ItemKind::Decision, 1, "I decided to quit");
    scene.answers(vec![goal(1, "I want to run a marathon"), quit]);
    let first = scene.extracted().await;
    let id = |place: usize| Some(first.items[place].id.clone());
    let other = scene.elsewhere();
    other.later(60).says(&[(Role::User, "I am not quitting. I ran it!")]).await;
    let reversed = Some(ItemStatus::Reversed);
    let not = Proposal { status: reversed, ..Proposal::stated(ItemKind::Decision, 1, "I am not quitting") };
    other.answers(vec![
        Proposal { same_as: id(1), ..not },
        Proposal { supersedes: id(0), status: Some(ItemStatus::Done), ..goal(1, "I ran it") },
    ]);

    let second = other.extracted().await;

    let told = other.model.asked.lock()[1].elsewhere.clone();
    assert_eq!((told.len(), told.iter().all(|item| first.items.contains(item))), (2, true));
    let ended: Vec<_> = second.items.iter().map(|item| (item.text.as_str(), item.supersedes.clone())).collect();
    assert_eq!(ended, [("I am not quitting", id(1)), ("I ran it", id(0))]);
}

#[tokio::test]
async fn no_word_of_another_conversation_is_taken_over() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I decided to leave Barbara")]).await;
    scene.answers(vec![Proposal::stated(ItemKind::Decision, 1, "I decided to leave Barbara")]);
    let first = scene.extracted().await;
    let other = scene.elsewhere();
    other.later(60).says(&[(Role::User, "We talked it over. I stay.")]).await;
    let stay = Proposal::stated_as(ItemKind::Decision, "I stay with Barbara", 1, "I stay");
    let items = vec![Proposal { supersedes: Some(first.items[0].id.clone()), ..stay }];
    let summary = "They talked it over. Barbara is not left.".to_owned();
    other.model.answers.lock().push_back(Ok(Answer {
        title: "Barbara".to_owned(),
        summary,
        items,
        ..Answer::default()
    }));

    let second = other.extracted().await;

    assert_eq!((second.title.as_str(), second.summary.as_str()), ("", "They talked it over."));
    assert_eq!(
        (second.items[0].text.as_str(), &second.items[0].supersedes),
        ("I stay", &Some(first.items[0].id.clone()))
    );
}

#[tokio::test]
async fn what_is_over_or_was_never_said_elsewhere_is_not_told_and_replaces_nothing() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I gave up the marathon. I like tea.")]).await;
    scene.answers(vec![
        Proposal { status: Some(ItemStatus::Dropped), ..goal(1, "I gave up the marathon") },
        Proposal::stated(ItemKind::Insight, 1, "I like tea"),
    ]);
    scene.extracted().await;
    let other = scene.elsewhere();
    other.says(&[(Role::User, "I want to swim")]).await;
    other.answers(vec![Proposal { supersedes: Some("talk.made-up".to_owned()), ..goal(1, "I want to swim") }]);

    let second = other.extracted().await;

    assert_eq!(other.model.asked.lock()[1].elsewhere, []);
    assert_eq!(second.items[0].supersedes, None);
}
