//! What goes into a summary, what a model may do to it, and that it ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::clock::TestClock;
use parking_lot::Mutex;

use super::*;
use crate::domain::model::{
    Basis, ContextOutcome, ConversationId, Covered, Edit, Evidence, Incarnation, Item, ItemChanges, ItemKind,
    ItemStatus, Opinion, Part, Role, SessionContext, Stand, Unsummarised, Verdict, Verdicts, WhatNext,
};
use crate::domain::verdicts::mark;
use crate::llm::{Answer, Model, ModelError, RolledUp, Transcript};

const CUT: Cut = Cut { tokens_max: 2000, overlap: 0, pieces_max: 8 };

/// Answers each roll-up by a script, and keeps what it was asked.
struct Scripted<F> {
    answer: F,
    asked: Mutex<Vec<RollUp>>,
}

#[async_trait]
impl<F: Fn(&RollUp) -> Result<RolledUp, ModelError> + Send + Sync + 'static> Model for Scripted<F> {
    async fn extract(&self, _: &Transcript) -> Result<Answer, ModelError> {
        panic!("no summary extracts")
    }

    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        self.asked.lock().push(roll_up.clone());
        (self.answer)(roll_up)
    }
}

fn scripted<F>(answer: F) -> (Arc<Scripted<F>>, RollUps)
where
    F: Fn(&RollUp) -> Result<RolledUp, ModelError> + Send + Sync + 'static,
{
    let model = Arc::new(Scripted { answer, asked: Mutex::default() });
    let clock = Arc::new(TestClock::frozen_at(day(1000)));
    (model.clone(), RollUps::new(model, clock, CUT, 20, Duration::from_secs(60)))
}

fn silent(_: &RollUp) -> Result<RolledUp, ModelError> {
    Ok(RolledUp::default())
}

fn day(number: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(number * 86_400)
}

fn id(name: &str) -> ConversationId {
    ConversationId::parse(name).unwrap()
}

/// A decision that was said on a day, in a conversation of the name `c` and the day.
fn decision(said: u64, text: &str) -> Item {
    let conversation_id = id(&format!("c{said}"));
    Item {
        id: format!("c{said}.{text}"),
        conversation_id: conversation_id.clone(),
        kind: ItemKind::Decision,
        text: text.into(),
        status: Some(ItemStatus::Taken),
        due: None,
        speaker: Role::User,
        evidence: vec![Evidence { conversation_id, seq: 1, quote: format!("well, {text}") }],
        basis: Basis::Stated,
        said_at: day(said),
        supersedes: None,
        superseded_by: None,
        progress: vec![],
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    }
}

/// The context of the conversation that was held on a day.
fn held(on: u64, summary: &str, items: Vec<Item>) -> Unsummarised {
    let conversation_id = id(&format!("c{on}"));
    let covered = Covered {
        conversation_id: conversation_id.clone(),
        incarnation: Incarnation::parse("i").unwrap(),
        extract_fence: 1,
    };
    let context = SessionContext {
        conversation_id,
        title: format!("Day {on}"),
        summary: summary.into(),
        language: String::new(),
        items,
        provider: String::new(),
        model: String::new(),
        prompt_version: String::new(),
        usage: Usage::default(),
        extracted_seq: 1,
        outcome: ContextOutcome::Extracted,
        items_dropped: Default::default(),
        extracted_at: day(on),
        changes: ItemChanges::default(),
    };
    Unsummarised { covered, context, last_at: day(on) }
}

fn pick(summary: Summary, oldest: Vec<Unsummarised>) -> Pick {
    let open = oldest.iter().map(|each| each.covered.clone()).collect();
    Pick {
        user_id: UserId::parse("u1").unwrap(),
        summary,
        marking: None,
        open,
        oldest,
        said: Verdicts::default(),
        stand: Stand { era: 0, deletions: 0 },
    }
}

fn texts(summary: &Summary) -> Vec<(String, Option<String>)> {
    let mut items = summary.items();
    items.sort_by_key(|item| item.said_at);
    items.into_iter().map(|item| (item.text, item.superseded_by)).collect()
}

#[tokio::test]
async fn what_a_model_leaves_unsaid_stays_and_ten_epochs_change_no_word() {
    let (_, roll_ups) = scripted(silent);
    let rest = decision(1, "I will rest on Sundays.");
    let mut summary = Summary::empty();

    for epoch in 1..=10 {
        let talk = if epoch == 1 { held(1, "", vec![rest.clone()]) } else { held(epoch, "They talked.", vec![]) };
        summary = roll_ups.summarise(&pick(summary, vec![talk])).await.unwrap().summary;
    }

    assert_eq!((summary.epoch, summary.items()), (10, vec![rest]));
    assert_eq!(summary.parts.len(), 10, "each conversation speaks for itself");
}

#[tokio::test]
async fn the_same_statement_of_two_conversations_is_one_as_said_last_with_both_quotes() {
    let (_, roll_ups) = scripted(silent);
    let talks = vec![held(1, "", vec![decision(1, "I will rest")]), held(2, "", vec![decision(2, "I will REST!")])];

    let summary = roll_ups.summarise(&pick(Summary::empty(), talks)).await.unwrap().summary;

    assert_eq!(texts(&summary), [("I will REST!".to_owned(), None)]);
    assert_eq!(summary.items()[0].evidence.len(), 2);
}

#[tokio::test]
async fn what_a_conversation_says_now_replaces_what_it_said_before() {
    let (_, roll_ups) = scripted(silent);
    let kept = decision(1, "I will rest");
    let before = held(1, "Old.", vec![kept.clone(), decision(1, "I will ski")]);
    let done = Item { status: Some(ItemStatus::Reversed), ..kept };
    let after = held(1, "New.", vec![done, decision(1, "I will swim")]);

    let first = roll_ups.summarise(&pick(Summary::empty(), vec![before])).await.unwrap().summary;
    let second = roll_ups.summarise(&pick(first, vec![after])).await.unwrap().summary;

    let items: Vec<_> = second.items().into_iter().map(|item| (item.text, item.status)).collect();
    let expected = [("I will rest", ItemStatus::Reversed), ("I will swim", ItemStatus::Taken)];
    assert_eq!(items, expected.map(|(text, status)| (text.to_owned(), Some(status))));
    assert_eq!(second.parts.iter().map(Part::text).collect::<Vec<_>>(), ["Day 1: New."]);
}

#[tokio::test]
async fn a_later_statement_replaces_an_earlier_one_whatever_the_order_of_reading() {
    let (stay, leave) = (decision(1, "I will stay"), decision(2, "I will leave"));
    let (earlier, later) = (stay.id.clone(), leave.id.clone());
    let pairs = [(earlier.clone(), later.clone()), (later, earlier)];
    let (_, roll_ups) = scripted(move |_| Ok(RolledUp { superseded: pairs.to_vec(), ..RolledUp::default() }));
    let talks = vec![held(2, "", vec![leave.clone()]), held(1, "", vec![stay])];

    let summary = roll_ups.summarise(&pick(Summary::empty(), talks)).await.unwrap().summary;

    assert_eq!(texts(&summary), [("I will stay".to_owned(), Some(leave.id)), ("I will leave".to_owned(), None)]);
}

#[tokio::test]
async fn a_model_can_neither_invent_statements_nor_mix_kinds() {
    let goal = Item { kind: ItemKind::Goal, status: Some(ItemStatus::Active), ..decision(2, "I want to rest") };
    let rest = decision(1, "I will rest");
    let ids = vec![rest.id.clone(), goal.id.clone()];
    let (_, roll_ups) = scripted(move |_| {
        let invented = vec![ids[0].clone(), "c9.made up".to_owned()];
        let superseded = vec![(ids[0].clone(), ids[1].clone()), (ids[0].clone(), "c9.made up".to_owned())];
        Ok(RolledUp { same: vec![ids.clone(), invented], superseded, ..RolledUp::default() })
    });
    let talks = vec![held(1, "", vec![rest]), held(2, "", vec![goal])];

    let summary = roll_ups.summarise(&pick(Summary::empty(), talks)).await.unwrap().summary;

    assert_eq!(texts(&summary), [("I will rest".to_owned(), None), ("I want to rest".to_owned(), None)]);
}

#[tokio::test]
async fn a_phrase_may_tell_only_what_the_conversations_it_names_have_told() {
    let phrase =
        |text: &str, of: &[&str]| Phrase { text: text.into(), conversations: of.iter().map(|name| id(name)).collect() };
    let phrases = vec![
        phrase("They swam and skied.", &["c1", "c2"]),
        phrase("A divorce was spoken of.", &["c3"]),
        phrase("They swam.", &["c3", "c9"]),
        phrase("My password is hunter2.", &["c3"]),
    ];
    let (_, roll_ups) = scripted(move |_| Ok(RolledUp { phrases: phrases.clone(), ..RolledUp::default() }));
    let talks = vec![
        held(1, "They swam.", vec![]),
        held(2, "They skied.", vec![]),
        held(3, "It rained.", vec![]),
        held(4, "The divorce is hard.", vec![]),
    ];

    let summary = roll_ups.summarise(&pick(Summary::empty(), talks)).await.unwrap().summary;

    let told: Vec<String> = summary.parts.iter().map(Part::text).collect();
    assert_eq!(told, ["Day 4: The divorce is hard.", "Day 3: It rained.", "They swam and skied."]);
}

#[tokio::test]
async fn a_phrase_takes_over_all_that_an_earlier_one_told_or_nothing_of_it() {
    let phrase =
        |text: &str, of: &[&str]| Phrase { text: text.into(), conversations: of.iter().map(|name| id(name)).collect() };
    let together = phrase("They swam and skied.", &["c1", "c2"]);
    let (_, first) = scripted(move |_| Ok(RolledUp { phrases: vec![together.clone()], ..RolledUp::default() }));
    let talks = vec![held(1, "They swam.", vec![]), held(2, "They skied.", vec![])];
    let before = first.summarise(&pick(Summary::empty(), talks)).await.unwrap().summary;
    let half = phrase("They skied, and it rained.", &["c1", "c3"]);
    let (_, second) = scripted(move |_| Ok(RolledUp { phrases: vec![half.clone()], ..RolledUp::default() }));

    let rained = held(3, "It rained.", vec![]);
    let mut summary = second.summarise(&pick(before, vec![rained])).await.unwrap().summary;

    let told = |summary: &Summary| summary.parts.iter().map(Part::text).collect::<Vec<_>>();
    assert_eq!(told(&summary), ["Day 3: It rained.", "They swam and skied."]);
    summary.forget(&id("c2"));
    assert_eq!(told(&summary), ["Day 3: It rained.", "Day 1: They swam."], "nobody skied any more");
}

#[tokio::test]
async fn five_hundred_are_rolled_up_in_calls_that_fit_and_each_is_covered_once() {
    let (model, roll_ups) = scripted(silent);
    let mut left: Vec<_> = (1..=500).map(|n| held(n, &"They talked at length. ".repeat(20), vec![])).collect();
    left[7].context.items =
        (0..40).map(|n| decision(8, &format!("I will do thing {n} {}", "well ".repeat(40)))).collect();
    let (mut summary, mut covered, mut epochs) = (Summary::empty(), BTreeSet::new(), 0);

    while left.len() >= 20 {
        let mut picked = pick(summary, left.clone());
        picked.oldest.truncate(200);
        let summarised = roll_ups.summarise(&picked).await.unwrap();
        for each in &summarised.covered {
            assert!(covered.insert(each.clone()), "covered twice");
        }
        left.retain(|each| !summarised.covered.contains(&each.covered));
        summary = summarised.summary;
        epochs += 1;
    }

    assert_eq!((left.len(), covered.len()), (0, 500));
    assert!(epochs > 1);
    for call in model.asked.lock().iter() {
        let told = call
            .told
            .iter()
            .flat_map(|told| [&told.title, &told.summary].into_iter().chain(told.statements.iter().map(|s| &s.text)));
        let known = call.known.iter().map(|s| &s.text).chain(call.earlier.iter().map(|phrase| &phrase.text));
        let tokens: usize = told.chain(known).map(|text| approximate_tokens(text)).sum();
        assert!(tokens <= CUT.tokens_max, "{tokens} tokens in one call");
    }
    assert_eq!(summary.items().len(), 40, "also those of a conversation that takes several calls");
}

#[tokio::test]
async fn a_summary_stays_within_bounds_and_keeps_what_holds() {
    let (_, roll_ups) = scripted(silent);
    let dropped = Item { status: Some(ItemStatus::Reversed), ..decision(1, "I will give up") };
    let mut items = vec![dropped, decision(1, "I will rest")];
    items.extend((0..999).map(|n| decision(1, &format!("I will do thing {n}"))));

    let summary = roll_ups.summarise(&pick(Summary::empty(), vec![held(1, "", items)])).await.unwrap().summary;

    let kept: Vec<String> = summary.items().into_iter().map(|item| item.text).collect();
    assert_eq!((kept.len(), kept.contains(&"I will give up".to_owned())), (1000, false));
}

#[tokio::test]
async fn a_model_that_fails_fails_the_attempt() {
    let error = || ModelError::Temporary { reason: "TIMEOUT", message: "too slow".into() };
    let (_, roll_ups) = scripted(move |_| Err(error()));

    let failure = roll_ups.summarise(&pick(Summary::empty(), vec![held(1, "", vec![])])).await.unwrap_err();

    assert_eq!((failure.reason, failure.next), ("TIMEOUT", WhatNext::Retry { not_before: None }));
}

fn rejected(item: &Item) -> Verdict {
    Verdict {
        item_id: item.id.clone(),
        conversation_id: item.conversation_id.clone(),
        opinion: Opinion::Rejected,
        statement: item.text.clone(),
        edit: Edit::default(),
        revisions: vec![],
        marks: vec![mark(&UserId::parse("u1").unwrap(), &item.text)],
        at: day(9),
        revision: 1,
    }
}

#[tokio::test]
async fn what_was_rejected_is_told_to_no_model_and_kept_for_taking_it_back() {
    let (model, roll_ups) = scripted(silent);
    let (before, again, rest) = (decision(1, "I will fly!"), decision(2, "I will fly."), decision(2, "I will rest."));
    let first = pick(Summary::empty(), vec![held(1, "I will fly!", vec![before])]);
    let summary = roll_ups.summarise(&first).await.unwrap().summary;
    let mut second = pick(summary, vec![held(2, "It rained. I will fly.", vec![again.clone(), rest])]);
    second.said.verdicts.push(rejected(&again));

    let summary = roll_ups.summarise(&second).await.unwrap().summary;

    let asked = format!("{:?}", model.asked.lock()[1]);
    assert!(!asked.contains("fly") && asked.contains("It rained.") && asked.contains("I will rest."), "{asked}");
    assert_eq!(summary.said().count(), 3);
}
