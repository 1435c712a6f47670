//! What reads how once a user has spoken.

use jiff::civil::date;

use super::overlay::is_rejected;
use super::*;
use crate::domain::model::{
    Basis, Due, DuePrecision, EditedDue, Evidence, ForgottenRejection, ItemKind, ItemStatus, Part, Role, Standing,
    Summary, Supersession, Talk,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn alice() -> UserId {
    UserId::parse("alice").unwrap()
}

fn conversation(id: &str) -> ConversationId {
    ConversationId::parse(id).unwrap()
}

/// A goal with the id `c1.text` that was said at `second`.
fn goal(of: &str, text: &str, second: i64) -> Item {
    let conversation_id = conversation(of);
    Item {
        id: format!("{of}.{}", text.replace(' ', "-")),
        conversation_id: conversation_id.clone(),
        kind: ItemKind::Goal,
        text: text.to_owned(),
        status: Some(ItemStatus::Active),
        due: None,
        speaker: Role::User,
        evidence: vec![Evidence { conversation_id, seq: 1, quote: text.to_owned() }],
        basis: Basis::Stated,
        said_at: at(second),
        supersedes: None,
        superseded_by: None,
        progress: Vec::new(),
        last_mentioned_at: None,
        horizon: None,
        revisions: Vec::new(),
        verdict: None,
    }
}

/// What the user has said so far; each item is judged as it stands then.
#[derive(Default)]
struct Said(Verdicts);

impl Said {
    fn says(&mut self, item: &Item, opinion: Opinion, edit: Option<Edit>, second: i64) -> &mut Self {
        let (item, all) = (item.clone(), vec![item.clone()]);
        let shown = shown(&alice(), &self.0, &all, &item);
        let found = Found { item, all, shown, zone: TimeZone::UTC, said: self.0.clone() };
        let verdict = found.verdict(&alice(), opinion, edit.unwrap_or_else(|| found.edit()), at(second));
        self.0.verdicts.retain(|other| other.item_id != verdict.item_id);
        self.0.verdicts.insert(0, verdict);
        self
    }

    fn rejects(&mut self, item: &Item, second: i64) -> &mut Self {
        self.says(item, Opinion::Rejected, None, second)
    }

    fn words(&mut self, item: &Item, text: &str, second: i64) -> &mut Self {
        let edit = Edit { text: Some(text.to_owned()), at: Some(at(second)), ..Edit::default() };
        self.says(item, Opinion::Edited, Some(edit), second)
    }

    fn overlay(&self) -> Overlay {
        Overlay::of(&alice(), &self.0)
    }

    /// What of these items is left, in whose words.
    fn leaves(&self, items: &[Item]) -> Vec<String> {
        let mut items = items.to_vec();
        self.overlay().lay_over(&mut items);
        items.into_iter().filter(|item| !is_rejected(item)).map(|item| item.text).collect()
    }
}

#[test]
fn a_rejected_statement_is_rejected_in_every_conversation_however_it_is_written() {
    let (here, there) = (goal("c1", "I want to fly", 1), goal("c2", "i want to  FLY!", 2));
    let mut said = Said::default();
    said.rejects(&here, 3);

    assert_eq!(said.leaves(&[here, there, goal("c2", "I want to fly a kite", 2)]), ["I want to fly a kite"]);
    assert!(said.overlay().rejects("I want to fly."));
    assert_eq!(said.overlay().rejected(), ["I want to fly"]);
    let bob = Overlay::of(&UserId::parse("bob").unwrap(), &Verdicts::default());
    assert!(!bob.rejects("I want to fly"));
}

#[test]
fn a_rejected_item_stays_away_when_it_is_extracted_in_other_words() {
    let mut item = goal("c1", "I want to fly", 1);
    let mut said = Said::default();
    said.rejects(&item, 2);

    item.text = "The user wants to learn flying".to_owned();

    assert_eq!(said.leaves(&[item]), [""; 0]);
}

#[test]
fn the_last_word_on_a_statement_counts() {
    let (here, there) = (goal("c1", "I want to fly", 1), goal("c2", "I want to fly", 2));
    let mut said = Said::default();

    said.rejects(&here, 3).says(&there, Opinion::Confirmed, None, 4);
    assert_eq!(said.leaves(&[here.clone(), there.clone()]).len(), 2);
    assert!(said.overlay().rejected().is_empty());

    said.rejects(&here, 5);
    assert_eq!(said.leaves(&[here, there]).len(), 0);
}

#[test]
fn what_a_deleted_conversation_left_rejected_stays_rejected() {
    let item = goal("c2", "I want to fly", 1);
    let mut said = Said::default();
    let mark = mark(&alice(), "I want to fly!");
    assert!(!mark.contains("fly"), "it says nothing");
    said.0.forgotten.push(ForgottenRejection { mark, at: at(2) });

    assert_eq!(said.leaves(std::slice::from_ref(&item)).len(), 0);
    said.says(&item, Opinion::Confirmed, None, 3);
    assert_eq!(said.leaves(&[item]).len(), 1);
}

#[test]
fn an_edit_is_laid_over_whatever_is_extracted_since() {
    let mut item = goal("c1", "I want to run", 1);
    let mut said = Said::default();
    said.words(&item, "I want to run in May", 2);
    item.status = Some(ItemStatus::Done);
    item.revisions.push(Revision {
        by: Reviser::Extraction,
        at: at(3),
        text: item.text.clone(),
        status: Some(ItemStatus::Active),
        due: None,
    });

    let mut items = [item];
    said.overlay().lay_over(&mut items);

    let [item] = items;
    assert_eq!((item.text.as_str(), item.status), ("I want to run in May", Some(ItemStatus::Done)));
    assert_eq!(item.verdict, Some(Opinion::Edited));
    let told: Vec<_> = item.revisions.iter().map(|each| (each.by, each.text.as_str())).collect();
    assert_eq!(told, [(Reviser::User, "I want to run"), (Reviser::Extraction, "I want to run in May")]);
}

#[test]
fn an_edited_item_that_is_rejected_takes_both_wordings_along() {
    let item = goal("c1", "I want to fly", 1);
    let mut said = Said::default();
    said.words(&item, "I want to glide", 2).rejects(&item, 3);

    let others = [goal("c2", "I want to fly", 1), goal("c2", "I want to glide", 1)];

    assert_eq!(said.leaves(&others).len(), 0);
    assert_eq!(said.overlay().rejected(), ["I want to glide", "I want to fly"]);
}

#[test]
fn what_a_rejected_item_replaced_holds_again() {
    let (mut first, mut second, third) =
        (goal("c1", "I want to run", 1), goal("c1", "I want to swim", 2), goal("c1", "I want to row", 3));
    first.superseded_by = Some(second.id.clone());
    second.supersedes = Some(first.id.clone());
    let mut said = Said::default();
    said.rejects(&second, 4);

    let mut items = vec![first.clone(), second.clone()];
    said.overlay().lay_over(&mut items);
    assert_eq!(items[0].superseded_by, None);

    second.superseded_by = Some(third.id.clone());
    let mut items = vec![first, second, Item { supersedes: Some("c1.I-want-to-swim".to_owned()), ..third }];
    said.overlay().lay_over(&mut items);
    assert_eq!(items[0].superseded_by.as_deref(), Some("c1.I-want-to-row"), "of a chain what is left of it");
    assert_eq!(items[2].supersedes, None);
}

fn summary(standing: Vec<Vec<Item>>) -> Summary {
    let mut summary = Summary::empty();
    summary.standing = standing.into_iter().map(|said| Standing { said }).collect();
    summary
}

#[test]
fn a_summary_is_free_of_what_was_rejected() {
    let (wrong, right, later) =
        (goal("c1", "I want to fly", 1), goal("c2", "I want to swim", 1), goal("c2", "I want to fly high", 2));
    let mut summary = summary(vec![vec![wrong.clone()], vec![right.clone()], vec![later.clone()]]);
    let pair = |earlier: &Item, later: &Item| Supersession { earlier: earlier.id.clone(), later: later.id.clone() };
    summary.superseded = vec![pair(&right, &wrong), pair(&wrong, &later)];
    let talk = |id: &str, text: &str| Talk {
        conversation_id: conversation(id),
        title: "I want to fly".to_owned(),
        summary: text.to_owned(),
        extracted_seq: 1,
        last_at: at(1),
    };
    let wording = "It rained. The user wants very much to fly soon.".to_owned();
    summary.parts = vec![
        Part { wording: Some(wording.clone()), talks: vec![talk("c1", "It rained. They want to fly.")] },
        Part { wording: Some(wording.clone()), talks: vec![talk("c2", "I want to fly. They want to fly.")] },
    ];
    let mut said = Said::default();
    said.rejects(&wrong, 3);

    said.overlay().lay_over_summary(&mut summary);

    assert_eq!(
        summary.said().map(|item| item.text.as_str()).collect::<Vec<_>>(),
        ["I want to swim", "I want to fly high"]
    );
    assert_eq!(summary.superseded, [pair(&right, &later)]);
    let wordings: Vec<_> = summary.parts.iter().map(|part| part.wording.as_deref().unwrap()).collect();
    assert_eq!(wordings, ["It rained.", &wording], "elsewhere it may be about something else");
    let told: Vec<_> = summary.talks().map(|talk| (talk.title.as_str(), talk.summary.as_str())).collect();
    assert_eq!(told, [("", "It rained."), ("", "They want to fly.")]);
}

#[test]
fn an_edit_counts_as_said_when_it_was_made() {
    let (edited, before, after) =
        (goal("c1", "I want to run", 1), goal("c2", "I want to run!", 5), goal("c3", "I want to run", 9));
    let mut said = Said::default();
    said.words(&edited, "I want to run in May", 7);
    let overlay = said.overlay();

    let mut earlier = summary(vec![vec![before.clone(), edited.clone()]]);
    let mut later = summary(vec![vec![after.clone(), before.clone(), edited]]);
    overlay.lay_over_summary(&mut earlier);
    overlay.lay_over_summary(&mut later);

    assert_eq!(earlier.items()[0].text, "I want to run in May");
    assert_eq!(later.items()[0].text, "I want to run");
    assert_eq!([overlay.is_reworded(&before), overlay.is_reworded(&after)], [true, false]);
}

fn change(text: Option<&str>, status: Option<ItemStatus>, due: Option<DueChange>) -> Change {
    Change { text: text.map(|text| Wording::text("text", text).unwrap()), status, due }
}

#[test]
fn a_status_must_fit_the_kind() {
    use ItemStatus::{Active, Done, Dropped, Reversed, Taken};
    for (kind, fitting) in [
        (ItemKind::Goal, vec![Active, Done, Dropped]),
        (ItemKind::Decision, vec![Taken, Reversed]),
        (ItemKind::Insight, vec![]),
    ] {
        for status in ItemStatus::ALL {
            let changed = change(None, Some(*status), None).over(&Edit::default(), kind, at(0), &TimeZone::UTC);
            assert_eq!(changed.is_ok(), fitting.contains(status), "{kind} {status}");
        }
    }
}

#[test]
fn what_a_change_leaves_out_stays_as_it_was_changed_before() {
    let before = change(Some(" I want\nto swim "), None, Some(DueChange::Clear));
    let before = before.over(&Edit::default(), ItemKind::Goal, at(1), &TimeZone::UTC).unwrap();

    let after = change(None, Some(ItemStatus::Done), None).over(&before, ItemKind::Goal, at(2), &TimeZone::UTC);

    let expected = Edit {
        text: Some("I want to swim".to_owned()),
        status: Some(ItemStatus::Done),
        due: Some(EditedDue::Cleared),
        at: Some(at(2)),
    };
    assert_eq!(after, Ok(expected));
}

#[test]
fn words_that_must_not_be_remembered_are_refused() {
    for text in
        ["", " … ", "\u{200b}", "My password is swordfish", "pay with 4111 1111 1111 1111", &"long ".repeat(300)]
    {
        assert_eq!(Wording::text("text", text).unwrap_err().field, "text", "{text}");
    }
    assert!(Wording::phrase("due.phrase", "").is_ok());
    assert!(Wording::phrase("due.phrase", &"soon ".repeat(60)).is_err());
}

fn wished(day: Option<&str>, instant: Option<&str>, precision: Option<DuePrecision>) -> Result<Due, InvalidField> {
    let (day, instant) = (day.map(|day| day.parse().unwrap()), instant.map(|instant| instant.parse().unwrap()));
    let wished = WishedDue { phrase: "soon".to_owned(), day, instant, precision };
    let zone = TimeZone::get("America/New_York").unwrap();
    let edit = change(None, None, Some(DueChange::Set(wished))).over(&Edit::default(), ItemKind::Goal, at(0), &zone)?;
    let Some(EditedDue::Set(due)) = edit.due else { panic!("a due time was set") };
    Ok(due)
}

#[test]
fn a_day_or_a_moment_is_enough_for_a_due_time() {
    use DuePrecision::{Day, Minute, Month, Quarter, Week, Year};
    for (day, instant, precision, local_date, moment, exact) in [
        (Some("2025-10-31"), None, None, date(2025, 10, 31), "2025-11-01T03:59:59.999999Z", Day),
        (None, Some("2025-10-31T01:30:00Z"), None, date(2025, 10, 30), "2025-10-31T01:30:00Z", Minute),
        (Some("2025-10-31"), Some("2025-10-31T14:00:00Z"), None, date(2025, 10, 31), "2025-10-31T14:00:00Z", Minute),
        (Some("2025-10-14"), None, Some(Week), date(2025, 10, 19), "2025-10-20T03:59:59.999999Z", Week),
        (Some("2025-10-14"), None, Some(Month), date(2025, 10, 31), "2025-11-01T03:59:59.999999Z", Month),
        (Some("2025-10-14"), None, Some(Quarter), date(2025, 12, 31), "2026-01-01T04:59:59.999999Z", Quarter),
        (
            Some("2025-10-14"),
            Some("2020-01-01T00:00:00Z"),
            Some(Year),
            date(2025, 12, 31),
            "2026-01-01T04:59:59.999999Z",
            Year,
        ),
    ] {
        let due = wished(day, instant, precision).unwrap();
        let moment = Some(moment.parse().unwrap());
        let expected =
            Due { phrase: "soon".into(), local_date: Some(local_date), instant: moment, precision: Some(exact) };
        assert_eq!(due, expected);
    }
}

#[test]
fn a_due_time_that_cannot_be_is_refused() {
    for (day, instant, precision, field) in [
        (None, None, None, "due"),
        (None, None, Some(DuePrecision::Day), "due"),
        (Some("1999-01-01"), None, None, "due.local_date"),
        (Some("9999-12-31"), None, None, "due.local_date"),
        (None, Some("9999-01-01T00:00:00Z"), None, "due.local_date"),
        (Some("2025-10-31"), None, Some(DuePrecision::Minute), "due.instant"),
        (Some("2025-10-31"), Some("2025-11-02T00:00:00Z"), None, "due.local_date"),
    ] {
        assert_eq!(wished(day, instant, precision).unwrap_err().field, field, "{day:?} {instant:?} {precision:?}");
    }
}
