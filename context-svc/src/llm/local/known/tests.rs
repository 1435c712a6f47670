//! Which goal a report is about, and which decision is taken back: the one that is plainly meant, or none.

use jiff::Timestamp;

use super::super::read;
use super::super::tests::transcript;
use super::*;
use crate::domain::model::{Basis, ConversationId, Evidence, Role, SessionContext};
use crate::llm::Answer;

fn told(turns: &[&str]) -> Answer {
    read(&transcript(turns.iter().map(|text| (Role::User, *text))))
}

/// What was stated in a conversation before.
fn stated(conversation: &str, kind: ItemKind, text: &str) -> Item {
    let conversation_id = ConversationId::parse(conversation).unwrap();
    Item {
        id: format!("{conversation}.{}", text.len()),
        conversation_id: conversation_id.clone(),
        kind,
        text: text.to_owned(),
        status: Some(if kind == ItemKind::Goal { ItemStatus::Active } else { ItemStatus::Taken }),
        due: None,
        speaker: Role::User,
        evidence: vec![Evidence { conversation_id, seq: 7, quote: text.to_owned() }],
        basis: Basis::Stated,
        said_at: Timestamp::UNIX_EPOCH,
        supersedes: None,
        superseded_by: None,
        progress: Vec::new(),
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    }
}

fn remembering(items: Vec<Item>, said: &str) -> Answer {
    let context = SessionContext::blank(&ConversationId::parse("talk").unwrap());
    let previous = Some(SessionContext { items, ..context });
    read(&Transcript { previous, ..transcript([(Role::User, said)]) })
}

fn beside(elsewhere: Vec<Item>, said: &str) -> Answer {
    read(&Transcript { elsewhere, ..transcript([(Role::User, said)]) })
}

#[test]
fn a_report_goes_to_the_goal_it_is_plainly_about() {
    for (goal, report, value, target) in [
        ("I want to run a marathon in May.", "I ran 12 km this week.", 12.0, None),
        ("I want to lose weight.", "Lost 2 kg so far!", 2.0, None),
        ("I want to save 1000 euros.", "I've saved 300 of 1000 euros.", 300.0, Some(1000.0)),
        ("My goal is to read 12 books this year.", "I have read 4 books.", 4.0, None),
    ] {
        let answer = told(&["I want to sing in a choir.", goal, report]);

        let reports = &answer.items[1].progress;
        assert_eq!((answer.items.len(), reports.len()), (2, 1), "{report}");
        assert_eq!((reports[0].value, reports[0].target, reports[0].quote.seq), (Some(value), target, 3), "{report}");
    }
}

#[test]
fn a_report_that_may_be_about_something_else_is_left() {
    for turns in [
        ["I want to write to my aunt.", "I wrote 3 pages of my thesis."],
        ["I want to walk in the hills.", "I walked 5 km to work."],
        ["I want to run a marathon. I want to run a hotel.", "I ran 12 km this week."],
        ["I want to swim.", "I ran 12 km this week."],
    ] {
        let answer = told(&turns);

        assert!(answer.items.iter().all(|item| item.progress.is_empty()), "{turns:?}");
    }
}

#[test]
fn a_report_on_what_is_known_from_before_names_it_and_nothing_else() {
    let goal = |conversation| stated(conversation, ItemKind::Goal, "I want to run a marathon.");

    let remembered = remembering(vec![goal("talk")], "I ran 12 km this week.");
    let elsewhere = beside(vec![goal("other")], "I ran 12 km this week.");

    let [again] = remembered.items.as_slice() else { panic!("{:?}", remembered.items) };
    assert_eq!((again.same_as.as_deref(), again.progress.len(), again.evidence[0].seq), (Some("talk.25"), 1, 7));
    assert_eq!(elsewhere.items, [], "it was not said in this conversation");
}

#[test]
fn a_decision_that_is_taken_back_in_the_same_talk_is_reversed_where_it_stands() {
    for taken_back in ["I changed my mind, I'm not quitting.", "I changed my mind. I'm not quitting my job."] {
        let answer = told(&["I decided to quit my job.", "Hm.", taken_back]);

        let [decision] = answer.items.as_slice() else { panic!("{:?}", answer.items) };
        assert_eq!(
            (decision.text.as_str(), decision.status),
            ("I decided to quit my job.", Some(ItemStatus::Reversed))
        );
        assert_eq!(decision.evidence.last().map(|quote| quote.seq), Some(3));
    }
}

#[test]
fn a_decision_that_is_taken_again_holds_again() {
    let turns = ["I decided to quit my job.", "I'm not quitting after all.", "I decided to quit my job!"];

    assert_eq!(told(&turns).items[0].status, None);
}

#[test]
fn a_decision_of_before_is_named_by_what_takes_it_back() {
    let decision = |conversation| stated(conversation, ItemKind::Decision, "I decided to quit my job.");
    let said = "Well, I'm not quitting my job after all.";

    let remembered = remembering(vec![decision("talk")], said);
    let elsewhere = beside(vec![decision("other")], said);

    let reversed = Some(ItemStatus::Reversed);
    assert_eq!((remembered.items[0].same_as.as_deref(), remembered.items[0].status), (Some("talk.25"), reversed));
    assert_eq!((elsewhere.items[0].supersedes.as_deref(), elsewhere.items[0].status), (Some("other.25"), reversed));
}

#[test]
fn what_takes_back_something_that_is_not_known_or_could_be_two_things_is_left() {
    let sell = |what: &str| stated("other", ItemKind::Decision, &format!("I decided to sell the {what}."));

    for said in ["I'm not taking the boat to the lake after all.", "I'm not selling after all.", "I changed my mind."] {
        assert_eq!(beside(vec![sell("boat"), sell("piano")], said).items, [], "{said}");
    }
}
