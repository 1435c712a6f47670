//! What a coach opens with, over six weeks of talks that the offline reader reads.

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::follow_up::Reason;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::world::{User, World, message};

pub(crate) fn at(time: &str) -> Option<prost_types::Timestamp> {
    let at: jiff::Timestamp = time.parse().unwrap();
    Some(prost_types::Timestamp { seconds: at.as_second(), nanos: 0 })
}

/// The user says this at that time, and it has been extracted.
pub(crate) async fn talk(user: &User<'_>, conversation: &str, time: &str, texts: &[&str]) {
    let said = |text: &&str| pb::append_messages_request::NewMessage { at: at(time), ..message("", text) };
    let request = pb::AppendMessagesRequest {
        conversation_id: conversation.into(),
        time_zone: "Europe/Paris".into(),
        messages: texts.iter().map(said).collect(),
    };
    user.conversations().append_messages(request).await.expect("the talk is stored");
    user.ends(conversation).await;
    user.until_done(conversation).await;
}

/// A page of follow-ups.
pub(crate) async fn page(
    user: &User<'_>,
    now: &str,
    page_size: i32,
    page_token: &str,
) -> Result<pb::ListFollowUpsResponse, Status> {
    let now = if now.is_empty() { None } else { at(now) };
    let request = pb::ListFollowUpsRequest { now, page_size, page_token: page_token.into() };
    Ok(user.memory().list_follow_ups(request).await?.into_inner())
}

/// All follow-ups: why, since or in how many days, and the words to quote, the first quote first.
pub(crate) async fn follow_ups(user: &User<'_>, now: &str) -> Vec<(Reason, i32, Vec<String>)> {
    let found = page(user, now, 0, "").await.expect("a page").follow_ups.into_iter();
    let told = found.map(|found| {
        let (reason, days) = (found.reason(), found.days);
        (reason, days, found.item.unwrap().evidence.into_iter().map(|evidence| evidence.quote).collect())
    });
    told.collect()
}

fn told(expected: &[(Reason, i32, &[&str])]) -> Vec<(Reason, i32, Vec<String>)> {
    let quotes = |quotes: &[&str]| quotes.iter().map(|quote| (*quote).to_owned()).collect();
    expected.iter().map(|(reason, days, said)| (*reason, *days, quotes(said))).collect()
}

const THESIS: &str = "I want to hand in my thesis by 2025-03-21.";
const HARP: &str = "I want to learn the harp.";
const QUIT: &str = "I decided to quit my job.";
const RACE: &str = "I want to run a race by 2025-04-10.";

const AGAIN: &str = "I want to run a race by 2025-04-10!";
const STAYS: &str = "Well, I'm not quitting my job after all.";

#[tokio::test]
async fn six_weeks_of_talks_are_followed_up_at_three_dates() {
    let world = World::reading_by(|_| ()).await;
    let alice = world.user("alice", "s1");

    talk(&alice, "week-1", "2025-03-03T09:00:00Z", &[THESIS, HARP, QUIT]).await;
    talk(&alice, "week-2", "2025-03-10T09:00:00Z", &[RACE, "I ran 12 km this week."]).await;
    let in_the_third_week = follow_ups(&alice, "2025-03-18T10:00:00Z").await;
    talk(&alice, "week-4", "2025-03-24T09:00:00Z", &[STAYS]).await;
    let in_the_fourth = follow_ups(&alice, "2025-03-28T10:00:00Z").await;
    talk(&alice, "week-6", "2025-04-07T09:00:00Z", &["I want to learn the harp!", AGAIN, "I ran 15 km this week."])
        .await;
    let in_the_sixth = follow_ups(&alice, "2025-04-09T10:00:00Z").await;

    assert_eq!(in_the_third_week, told(&[(Reason::DueSoon, 3, &[THESIS]), (Reason::Silent, 15, &[HARP])]));
    assert_eq!(
        in_the_fourth,
        told(&[
            (Reason::Overdue, 6, &[THESIS]),
            (Reason::Reversed, 4, &[STAYS, QUIT]),
            (Reason::Silent, 18, &[RACE]),
            (Reason::Silent, 25, &[HARP]),
        ])
    );
    assert_eq!(
        in_the_sixth,
        told(&[
            (Reason::Overdue, 18, &[THESIS]),
            (Reason::DueSoon, 1, &[AGAIN, RACE]),
            (Reason::Reversed, 16, &[STAYS, QUIT]),
        ])
    );
    let race = page(&alice, "2025-04-09T10:00:00Z", 0, "").await.unwrap().follow_ups.swap_remove(1).item.unwrap();
    let reports: Vec<_> = race.progress.iter().map(|report| (report.value, report.unit.as_str())).collect();
    assert_eq!(reports, [(Some(12.0), "km"), (Some(15.0), "km")]);
}

#[tokio::test]
async fn a_decision_that_was_taken_back_elsewhere_holds_no_more_wherever_it_is_given_back() {
    let world = World::reading_by(|_| ()).await;
    let alice = world.user("alice", "s1");
    talk(&alice, "c1", "2025-03-03T09:00:00Z", &[QUIT]).await;
    talk(&alice, "c2", "2025-03-24T09:00:00Z", &[STAYS]).await;

    let list = async |include_superseded| {
        let request = pb::ListItemsRequest { include_superseded, ..Default::default() };
        alice.memory().list_items(request).await.unwrap().into_inner().items
    };
    let (standing, all) = (list(false).await, list(true).await);
    let of_c1 = pb::ListItemsRequest { conversation_id: "c1".into(), ..Default::default() };
    let of_c1 = alice.memory().list_items(of_c1).await.unwrap().into_inner().items;
    let search = async || {
        let kinds = vec![pb::search_memory_request::Kind::Decision.into()];
        let request = pb::SearchMemoryRequest { query: "quit my job".into(), kinds, ..Default::default() };
        let hits = alice.memory().search_memory(request).await.unwrap().into_inner().hits;
        hits.into_iter().filter_map(|hit| hit.evidence.into_iter().next()).map(|found| found.quote).collect::<Vec<_>>()
    };
    let (context, found) = (alice.context().await, search().await);

    assert_eq!(standing.iter().map(|item| item.conversation_id.as_str()).collect::<Vec<_>>(), ["c2"]);
    assert_eq!((all.len(), &all[1].superseded_by, &all[0].supersedes), (2, &all[0].id, &all[1].id));
    assert_eq!((context.items.len(), of_c1.len()), (0, 0), "{}", context.text);

    assert!(!found.contains(&QUIT.to_owned()), "{found:?}");

    alice.deletes("c2").await.unwrap();
    assert_eq!(list(false).await[0].text, QUIT, "what took it back is gone");
    assert_eq!(search().await, [QUIT]);
}

#[tokio::test]
async fn a_conversation_that_goes_on_reports_on_its_goals_and_takes_back_its_decisions() {
    let world = World::reading_by(|_| ()).await;
    let alice = world.user("alice", "s1");
    talk(&alice, "c1", "2025-03-03T09:00:00Z", &[QUIT, RACE]).await;
    talk(&alice, "c1", "2025-03-24T09:00:00Z", &[STAYS, "I ran 12 km this week."]).await;
    alice.until("c1", |extraction| extraction.done == 4).await;

    let in_march = follow_ups(&alice, "2025-03-28T10:00:00Z").await;
    let in_april = page(&alice, "2025-04-08T10:00:00Z", 0, "").await.unwrap().follow_ups;

    assert_eq!(in_march, told(&[(Reason::Reversed, 4, &[QUIT, STAYS])]));
    let race = in_april[0].item.as_ref().unwrap();
    assert_eq!((in_april[0].reason(), race.text.as_str(), race.evidence.len()), (Reason::DueSoon, RACE, 1));
    let [report] = race.progress.as_slice() else { panic!("{:?}", race.progress) };
    assert_eq!((report.value, report.evidence[0].seq, report.said_at), (Some(12.0), 4, at("2025-03-24T09:00:00Z")));
}

#[tokio::test]
async fn all_pages_are_of_one_moment_and_nothing_is_on_two() {
    let world = World::reading_by(|_| ()).await;
    let alice = world.user("alice", "s1");
    let goals = ["I want to learn the harp.", "I want to learn to dance.", "I want to learn Finnish."];
    talk(&alice, "c1", "2025-03-03T09:00:00Z", &goals).await;

    let whole = page(&alice, "", 0, "").await.unwrap();
    let first = page(&alice, "", 2, "").await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(60));
    let second = page(&alice, "", 2, &first.next_page_token).await.unwrap();

    let reasons: Vec<_> = whole.follow_ups.iter().map(|found| found.reason()).collect();
    assert_eq!(reasons, [Reason::Silent; 3], "without `now` it is now");
    let ids = |page: &pb::ListFollowUpsResponse| -> Vec<String> {
        page.follow_ups.iter().map(|found| found.item.clone().unwrap().id).collect()
    };
    assert_eq!([ids(&first), ids(&second)].concat(), ids(&whole));
    assert_eq!((first.follow_ups.len(), second.next_page_token.as_str()), (2, ""));
    assert_eq!(page(&world.user("bob", "s2"), "", 0, "").await.unwrap(), pb::ListFollowUpsResponse::default());
}

#[tokio::test]
async fn a_request_that_cannot_be_accepted_is_told_its_field() {
    let world = World::reading_by(|_| ()).await;
    let alice = world.user("alice", "s1");
    talk(&alice, "c1", "2025-03-03T09:00:00Z", &[HARP, THESIS]).await;
    let march = "2025-03-30T09:00:00Z";
    let token = page(&alice, march, 1, "").await.unwrap().next_page_token;

    let too_late = pb::ListFollowUpsRequest {
        now: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        ..Default::default()
    };
    for (refused, field) in [
        (page(&alice, march, -1, "").await.unwrap_err(), "page_size"),
        (page(&alice, march, 1, "x").await.unwrap_err(), "page_token"),
        (page(&alice, march, 1, "1.9.1.c1.x").await.unwrap_err(), "page_token"),
        (page(&alice, "2025-03-31T09:00:00Z", 1, &token).await.unwrap_err(), "page_token"),
        (alice.memory().list_follow_ups(too_late).await.unwrap_err(), "now"),
    ] {
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        let named = &refused.get_details_bad_request().unwrap().field_violations[0].field;
        assert_eq!(named, field);
    }
    assert_eq!(page(&alice, march, 500, &token).await.unwrap().follow_ups.len(), 1);
}
