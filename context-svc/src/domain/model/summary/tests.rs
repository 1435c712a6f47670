//! What is left when a conversation is forgotten.

use jiff::Timestamp;

use super::*;
use crate::domain::model::{Basis, Due, Evidence, ItemStatus, Role};

fn id(name: &str) -> ConversationId {
    ConversationId::parse(name).unwrap()
}

fn decision(conversation: &str, text: &str, said: i64) -> Item {
    let said_at = Timestamp::from_second(said).unwrap();
    Item {
        id: format!("{conversation}.{text}"),
        conversation_id: id(conversation),
        kind: ItemKind::Decision,
        text: text.into(),
        status: Some(ItemStatus::Taken),
        due: None,
        speaker: Role::User,
        evidence: vec![Evidence { conversation_id: id(conversation), seq: 1, quote: format!("{text}, said {said}") }],
        basis: Basis::Stated,
        said_at,
        supersedes: None,
        superseded_by: None,
        progress: vec![],
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    }
}

fn talk(conversation: &str) -> Talk {
    Talk {
        conversation_id: id(conversation),
        title: format!("Talk {conversation}"),
        summary: "They talked.".into(),
        extracted_seq: 1,
        last_at: Timestamp::UNIX_EPOCH,
    }
}

fn summary(said: Vec<Vec<Item>>) -> Summary {
    Summary { standing: said.into_iter().map(|said| Standing { said }).collect(), ..Summary::empty() }
}

#[test]
fn a_statement_of_two_conversations_is_one_item_in_the_words_said_last_with_the_evidence_of_both() {
    let summary = summary(vec![vec![decision("c2", "I will rest!", 2), decision("c1", "I will rest", 1)]]);

    let items = summary.items();

    assert_eq!((items.len(), items[0].text.as_str()), (1, "I will rest!"));
    let sources: Vec<_> = items[0].evidence.iter().map(|evidence| evidence.conversation_id.as_str()).collect();
    assert_eq!(sources, ["c2", "c1"]);
}

#[test]
fn forgetting_one_of_two_conversations_leaves_the_words_of_the_other() {
    let mut summary = summary(vec![vec![decision("c2", "I will rest!", 2), decision("c1", "I will rest", 1)]]);

    summary.forget(&id("c2"));

    assert_eq!(summary.items(), [decision("c1", "I will rest", 1)]);
    summary.forget(&id("c1"));
    assert_eq!(summary.standing, []);
}

#[test]
fn a_wording_goes_with_any_conversation_it_tells_of_and_the_others_speak_for_themselves() {
    let mut summary = Summary::empty();
    let wording = Some("Talks about a secret wedding.".to_owned());
    summary.parts = vec![Part { wording, talks: vec![talk("c1"), talk("c2")] }, Part::of(talk("c3"))];

    summary.forget(&id("c1"));

    let mut texts: Vec<String> = summary.parts.iter().map(Part::text).collect();
    texts.sort();
    assert_eq!(texts, ["Talk c2: They talked.", "Talk c3: They talked."]);
}

#[test]
fn what_a_forgotten_statement_had_replaced_holds_again() {
    let (earlier, later) = (decision("c1", "I will stay", 1), decision("c2", "I will leave", 2));
    let mut summary = summary(vec![vec![earlier.clone()], vec![later.clone()]]);
    summary.superseded = vec![Supersession { earlier: earlier.id.clone(), later: later.id.clone() }];
    assert_eq!(summary.items()[0].superseded_by, Some(later.id));

    summary.forget(&id("c2"));

    assert_eq!(summary.items(), [earlier]);
    assert_eq!(summary.superseded, []);
}

#[test]
fn what_is_said_again_after_it_was_replaced_holds_again() {
    let (earlier, later) = (decision("c1", "I will stay", 1), decision("c2", "I will leave", 2));
    let again = decision("c1", "I will stay", 3);
    let mut summary = summary(vec![vec![later.clone()], vec![earlier.clone()]]);
    summary.superseded = vec![Supersession { earlier: earlier.id.clone(), later: later.id.clone() }];

    let replacements = summary.replacements();

    assert_eq!(replacements.of(&earlier), Some(later.id));
    assert_eq!(replacements.of(&again), None);
}

#[test]
fn a_statement_repeated_elsewhere_after_it_was_replaced_holds_again() {
    let (earlier, later) = (decision("c1", "I will stay", 1), decision("c2", "I will leave", 2));
    let again = decision("c3", "I will stay!", 3);
    let mut summary = summary(vec![vec![again, earlier.clone()], vec![later.clone()]]);
    summary.superseded = vec![Supersession { earlier: earlier.id, later: later.id }];

    assert_eq!(summary.items()[0].superseded_by, None);
}

#[test]
fn a_goal_said_again_is_one_with_all_reports_and_due_when_it_was() {
    let report = |conversation: &str, value: f64, said: i64| Progress {
        value: Some(value),
        unit: "km".to_owned(),
        target: None,
        note: String::new(),
        said_at: Timestamp::from_second(said).unwrap(),
        evidence: vec![Evidence { conversation_id: id(conversation), seq: 2, quote: format!("{value} km") }],
    };
    let due = Due { phrase: "in May".into(), local_date: None, instant: Some(Timestamp::UNIX_EPOCH), precision: None };
    let goal = |conversation: &str, said, progress| Item {
        kind: ItemKind::Goal,
        status: Some(ItemStatus::Active),
        progress,
        ..decision(conversation, "run", said)
    };
    let earlier = Item { due: Some(due.clone()), ..goal("c1", 1, vec![report("c1", 12.0, 1)]) };
    let again = goal("c2", 3, vec![report("c2", 15.0, 2), report("c2", 18.0, 3)]);

    let one = summary(vec![vec![again.clone(), earlier.clone()]]).items().swap_remove(0);

    assert_eq!(one.progress.iter().map(|report| report.value).collect::<Vec<_>>(), [12.0, 15.0, 18.0].map(Some));
    assert_eq!(one.due, Some(due));
    let edited = Item { verdict: Some(Opinion::Edited), ..again };
    assert_eq!(summary(vec![vec![edited, earlier]]).items()[0].due, None, "the user has taken it away");
}

#[test]
fn what_an_item_replaces_of_another_conversation_holds_no_more_until_it_is_said_again() {
    let earlier = decision("c1", "I will stay", 1);
    let later = Item { supersedes: Some(earlier.id.clone()), ..decision("c2", "I will leave", 2) };
    let told_again = Item { text: "I will leave!".into(), ..decision("c3", "I will leave", 4) };
    let summary = summary(vec![vec![told_again.clone(), later.clone()], vec![earlier.clone()]]);

    let items = summary.items();

    assert_eq!(items[1].superseded_by, Some(told_again.id), "by the id under which it is shown");
    assert_eq!(summary.replacements().of(&earlier), Some(later.id));
    let said_again = Item { last_mentioned_at: Some(Timestamp::from_second(3).unwrap()), ..earlier };
    assert_eq!(summary.replacements().of(&said_again), None);
}
