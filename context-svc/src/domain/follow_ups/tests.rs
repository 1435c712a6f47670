//! What is pressing, why, and in what order.

use std::time::Duration;

use super::rules::follow_ups;
use super::*;
use crate::domain::model::{
    Basis, ConversationId, Due, Edit, EditedDue, Evidence, ItemKind, ItemStatus, Opinion, Reviser, Revision, Role,
    SessionContext, Standing, Supersession, Verdict, Verdicts,
};
use crate::domain::verdicts::mark;

fn day(number: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(number * 86_400)
}

/// A statement of the conversation `c` and the day on which it was said.
fn said(on: u64, kind: ItemKind, text: &str) -> Item {
    let conversation_id = ConversationId::parse(format!("c{on}")).unwrap();
    Item {
        id: format!("c{on}.{text}"),
        conversation_id: conversation_id.clone(),
        kind,
        text: text.to_owned(),
        status: Some(if kind == ItemKind::Goal { ItemStatus::Active } else { ItemStatus::Taken }),
        due: None,
        speaker: Role::User,
        evidence: vec![Evidence { conversation_id, seq: 1, quote: format!("well, {text}") }],
        basis: Basis::Stated,
        said_at: day(on),
        supersedes: None,
        superseded_by: None,
        progress: Vec::new(),
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    }
}

fn goal(on: u64, text: &str) -> Item {
    said(on, ItemKind::Goal, text)
}

fn decision(on: u64, text: &str) -> Item {
    said(on, ItemKind::Decision, text)
}

fn due(at: Timestamp) -> Option<Due> {
    Some(Due { phrase: "then".to_owned(), local_date: None, instant: Some(at), precision: None })
}

fn reversed(item: Item) -> Item {
    Item { status: Some(ItemStatus::Reversed), ..item }
}

/// Texts, reasons and days of what is pressing on the day `now`.
fn pressing(items: &[Item], now: u64) -> Vec<(String, FollowUpReason, i32)> {
    let found = follow_ups(items, day(now), &FollowUpSettings::default());
    found.into_iter().map(|found| (found.item.text, found.reason, found.days)).collect()
}

/// What is stated by conversations that no summary covers.
fn stated(items: Vec<Item>, overlay: &Overlay) -> Vec<Item> {
    let context =
        |item: Item| SessionContext { items: vec![item.clone()], ..SessionContext::blank(&item.conversation_id) };
    let contexts: Vec<SessionContext> = items.into_iter().map(context).collect();
    statements(&mut Summary::empty(), &contexts, overlay)
}

#[test]
fn a_goal_is_overdue_due_soon_or_silent_and_one_of_these_at_most() {
    let with = |due_on: u64, said_on: u64| Item { due: due(day(due_on)), ..goal(said_on, "swim") };
    for (item, expected) in [
        (with(99, 90), Some((FollowUpReason::Overdue, 1))),
        (with(100, 90), Some((FollowUpReason::DueSoon, 0))),
        (with(107, 90), Some((FollowUpReason::DueSoon, 7))),
        (with(108, 90), None),
        (with(107, 10), Some((FollowUpReason::DueSoon, 7))),
        (with(108, 10), Some((FollowUpReason::Silent, 90))),
        (goal(86, "swim"), None),
        (goal(85, "swim"), Some((FollowUpReason::Silent, 15))),
        (Item { last_mentioned_at: Some(day(95)), ..goal(10, "swim") }, None),
        (Item { due: due(day(99)), status: Some(ItemStatus::Done), ..goal(10, "swim") }, None),
        (Item { due: due(day(99)), status: Some(ItemStatus::Dropped), ..goal(10, "swim") }, None),
        (Item { due: due(day(99)), superseded_by: Some("c9.x".to_owned()), ..goal(10, "swim") }, None),
        (goal(200, "said later than now"), None),
    ] {
        let found = pressing(std::slice::from_ref(&item), 100);

        let found: Vec<_> = found.into_iter().map(|(_, reason, days)| (reason, days)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{item:?}");
    }
}

#[test]
fn words_that_came_to_no_time_are_not_overdue() {
    let vague = Due { phrase: "some day".to_owned(), local_date: None, instant: None, precision: None };

    assert_eq!(pressing(&[Item { due: Some(vague), ..goal(99, "learn the harp") }], 100), []);
}

#[test]
fn what_is_overdue_comes_first_and_within_a_reason_what_is_nearest_to_now() {
    let items = [
        goal(50, "sing"),
        goal(80, "paint"),
        reversed(decision(80, "rest")),
        reversed(decision(90, "ski")),
        Item { due: due(day(100)), ..goal(90, "call today") },
        Item { due: due(day(103)), ..goal(90, "call on day 103") },
        Item { due: due(day(60)), ..goal(50, "late") },
        Item { due: due(day(98)), ..goal(90, "just missed") },
    ];

    let texts: Vec<_> = pressing(&items, 100).into_iter().map(|(text, ..)| text).collect();

    assert_eq!(texts, ["just missed", "late", "call today", "call on day 103", "ski", "rest", "paint", "sing"]);
    let mut backwards = items;
    backwards.reverse();
    assert_eq!(pressing(&backwards, 100).into_iter().map(|(text, ..)| text).collect::<Vec<_>>(), texts);
}

#[test]
fn of_two_that_are_as_near_the_id_decides() {
    let items = [reversed(decision(90, "rest")), reversed(decision(90, "go skiing"))];

    let texts: Vec<_> = pressing(&items, 100).into_iter().map(|(text, ..)| text).collect();

    assert_eq!(texts, ["go skiing", "rest"]);
}

#[test]
fn a_reversal_is_news_for_thirty_days() {
    let item = [reversed(Item { last_mentioned_at: Some(day(70)), ..decision(1, "sell") })];

    assert_eq!(pressing(&item, 100), [("sell".to_owned(), FollowUpReason::Reversed, 30)]);
    assert_eq!(pressing(&item, 101), []);
    assert_eq!(pressing(&item, 69), [], "it was not taken back yet");
}

#[test]
fn what_a_user_put_right_was_taken_back_or_spoken_of_then() {
    let changed = |on: u64, by, status| Revision { by, at: day(on), text: String::new(), status, due: None };
    let taken = Some(ItemStatus::Taken);
    let by_user = Item { revisions: vec![changed(95, Reviser::User, taken)], ..reversed(decision(1, "sell")) };
    let reworded = Item { revisions: vec![changed(95, Reviser::User, Some(ItemStatus::Reversed))], ..by_user.clone() };
    let edited = Item { revisions: vec![changed(95, Reviser::User, Some(ItemStatus::Active))], ..goal(1, "swim") };

    assert_eq!(pressing(&[by_user], 100), [("sell".to_owned(), FollowUpReason::Reversed, 5)]);
    assert_eq!(pressing(&[reworded], 100), [], "that was on the first day");
    assert_eq!(pressing(&[edited], 100), []);
}

#[test]
fn a_decision_that_another_conversation_takes_back_is_one_follow_up_with_both_quotes() {
    let quit = decision(10, "quit");
    let not = reversed(Item { supersedes: Some(quit.id.clone()), ..decision(90, "not quitting") });

    let items = stated(vec![not.clone(), quit.clone()], &Overlay::default());
    let found = follow_ups(&items, day(100), &FollowUpSettings::default());

    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.reason, found.at, found.days), (FollowUpReason::Reversed, day(90), 10));
    assert_eq!((found.item.id.as_str(), found.item.status), (quit.id.as_str(), Some(ItemStatus::Reversed)));
    let quotes: Vec<_> = found.item.evidence.iter().map(|evidence| evidence.quote.as_str()).collect();
    assert_eq!(quotes, ["well, not quitting", "well, quit"]);
    assert_eq!(found.item.superseded_by, Some(not.id));
}

#[test]
fn the_same_holds_for_what_a_roll_up_found_out() {
    let (quit, not) = (decision(10, "quit"), reversed(decision(90, "not quitting")));
    let mut summary = Summary::empty();
    summary.superseded = vec![Supersession { earlier: quit.id.clone(), later: not.id.clone() }];
    summary.standing = vec![Standing { said: vec![quit] }, Standing { said: vec![not] }];

    let items = statements(&mut summary, [], &Overlay::default());

    assert_eq!(pressing(&items, 100), [("quit".to_owned(), FollowUpReason::Reversed, 10)]);
}

#[test]
fn a_decision_that_is_taken_again_or_gave_way_to_another_is_no_follow_up() {
    let quit = Item { last_mentioned_at: Some(day(95)), ..decision(10, "quit") };
    let not = reversed(Item { supersedes: Some(quit.id.clone()), ..decision(90, "not quitting") });
    let (blue, green) = (decision(10, "blue"), decision(90, "green"));
    let green = Item { supersedes: Some(blue.id.clone()), ..green };

    let items = stated(vec![quit, not, blue, green], &Overlay::default());

    assert_eq!(pressing(&items, 100), []);
}

#[test]
fn a_statement_of_several_conversations_is_one_and_counts_as_last_said() {
    let texts = [goal(10, "swim"), goal(60, "Swim!"), goal(80, "swim.")].to_vec();

    let items = stated(texts, &Overlay::default());

    assert_eq!(pressing(&items, 100), [("swim.".to_owned(), FollowUpReason::Silent, 20)]);
    assert_eq!(items[0].evidence.len(), 3);
}

fn verdict(item: &Item, opinion: Opinion, edit: Edit) -> Overlay {
    let user = UserId::parse("u1").unwrap();
    let verdict = Verdict {
        item_id: item.id.clone(),
        conversation_id: item.conversation_id.clone(),
        opinion,
        statement: item.text.clone(),
        edit,
        revisions: vec![],
        marks: if opinion == Opinion::Edited { vec![] } else { vec![mark(&user, &item.text)] },
        at: day(40),
        revision: 1,
    };
    Overlay::of(&user, &Verdicts { verdicts: vec![verdict], forgotten: vec![] })
}

#[test]
fn what_the_user_says_of_an_item_counts() {
    let item = Item { due: due(day(99)), ..goal(10, "swim") };
    let later = EditedDue::Set(due(day(104)).unwrap());
    let edit = |status, due| Edit { text: None, status, due, at: Some(day(40)) };
    for (overlay, expected) in [
        (verdict(&item, Opinion::Confirmed, Edit::default()), vec![FollowUpReason::Overdue]),
        (verdict(&item, Opinion::Rejected, Edit::default()), vec![]),
        (verdict(&item, Opinion::Edited, edit(Some(ItemStatus::Done), None)), vec![]),
        (verdict(&item, Opinion::Edited, edit(None, Some(later))), vec![FollowUpReason::DueSoon]),
    ] {
        let items = stated(vec![item.clone()], &overlay);

        let reasons: Vec<_> = pressing(&items, 100).into_iter().map(|(_, reason, _)| reason).collect();
        assert_eq!(reasons, expected);
    }
}

#[test]
fn a_reversal_that_the_user_rejects_leaves_the_decision_as_it_was() {
    let quit = decision(10, "quit");
    let not = reversed(Item { supersedes: Some(quit.id.clone()), ..decision(90, "not quitting") });
    let overlay = verdict(&not, Opinion::Rejected, Edit::default());

    let items = stated(vec![quit, not], &overlay);

    assert_eq!(pressing(&items, 100), []);
    assert_eq!((items.len(), items[0].status, &items[0].superseded_by), (1, Some(ItemStatus::Taken), &None));
}
