//! What is left when a conversation is forgotten.

use jiff::Timestamp;

use super::*;
use crate::domain::model::{Basis, Evidence, ItemStatus, Role};

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
