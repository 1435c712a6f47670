//! Talks over weeks, with the answers of a capable model on record: what a later talk says of an earlier one, and what a roll-up
//! makes of both.

use context_svc::llm::Provider;
use proto::context::v1 as pb;
use proto::context::v1::follow_up::Reason;
use serde_json::{Value, json};

use super::Story;
use super::answers::{form, says};
use crate::follow_ups::{follow_ups, page, talk};
use crate::summary::until_summarised;

/// An item that quotes the first message of its talk, with changes.
fn item(kind: &str, text: &str, quote: &str, changes: Value) -> Value {
    let mut item = json!({
        "kind": kind, "text": text, "status": null, "basis": "STATED", "horizon": null,
        "evidence": [{"seq": 1, "quote": quote}], "due": null, "progress": [], "same_as": null, "replaces": null,
    });
    for (name, value) in changes.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn decided(text: &str) -> Value {
    item("DECISION", text, text.trim_end_matches('.'), json!({}))
}

fn roll_up(same: Value, superseded: Value) -> super::Scripted {
    says(&json!({"same": same, "superseded": superseded, "phrases": []}).to_string())
}

async fn items(story: &Story) -> Vec<pb::Item> {
    story.user().memory().list_items(pb::ListItemsRequest::default()).await.unwrap().into_inner().items
}

fn texts(items: &[pb::Item]) -> Vec<&str> {
    items.iter().map(|item| item.text.as_str()).collect()
}

const SAVE: &str = "I want to save 1000 euros for the trip by the end of April";
const SELL: &str = "I decided to sell the flat";
const SAVED: &str = "I want to save 1000 euros for the trip and have put away 300";
const STAYS: &str = "I changed my mind about moving, the flat stays ours";

#[tokio::test]
async fn a_later_talk_reports_on_a_goal_and_takes_back_a_decision_of_an_earlier_one() {
    let first = form(vec![
        item(
            "GOAL",
            "I want to save 1000 euros for the trip.",
            SAVE,
            json!({
                "due": {"phrase": "by the end of April", "value": "2025-04-30"},
            }),
        ),
        item("DECISION", "I decided to sell the flat.", SELL, json!({})),
    ]);
    let report = json!({
        "note": "300 of 1000 euros are put away", "value": 300, "unit": "euros", "target": 1000, "seq": 1, "quote": SAVED,
    });
    let second = form(vec![
        item("GOAL", "I want to save 1000 euros for the trip.", SAVED, json!({"progress": [report]})),
        item("DECISION", "The flat stays ours.", STAYS, json!({"status": "REVERSED", "replaces": "e2"})),
    ]);
    let story = Story::of(Provider::OpenAi, [says(&first.to_string()), says(&second.to_string())]).await;
    let user = story.user();

    talk(&user, "c1", "2025-03-03T09:00:00Z", &[&format!("{SAVE}. {SELL}.")]).await;
    talk(&user, "c2", "2025-03-31T09:00:00Z", &[&format!("{SAVED}. {STAYS}.")]).await;

    let told = story.server.asked()[1].body.to_string();
    assert!(
        told.contains("<elsewhere>") && told.contains("save 1000 euros") && told.contains("sell the flat"),
        "{told}"
    );
    let quotes = |said: &[&str]| said.iter().map(|quote| (*quote).to_owned()).collect::<Vec<_>>();
    let in_march = follow_ups(&user, "2025-03-10T09:00:00Z").await;
    let in_early_april = follow_ups(&user, "2025-04-05T09:00:00Z").await;
    let in_late_april = follow_ups(&user, "2025-04-28T09:00:00Z").await;
    let in_may = follow_ups(&user, "2025-05-02T09:00:00Z").await;
    assert_eq!(in_march, []);
    assert_eq!(in_early_april, [(Reason::Reversed, 5, quotes(&[STAYS, SELL]))]);
    assert_eq!(
        in_late_april,
        [(Reason::DueSoon, 2, quotes(&[SAVED, SAVE])), (Reason::Reversed, 28, quotes(&[STAYS, SELL]))]
    );
    assert_eq!(in_may, [(Reason::Overdue, 1, quotes(&[SAVED, SAVE]))]);
    let goal = page(&user, "2025-05-02T09:00:00Z", 0, "").await.unwrap().follow_ups.swap_remove(0).item.unwrap();
    assert_eq!(goal.text, "I want to save 1000 euros for the trip.");
    let reports: Vec<_> = goal.progress.iter().map(|report| (report.value, report.target, &*report.unit)).collect();
    assert_eq!(reports, [(Some(300.0), Some(1000.0), "euros")]);
    let context = user.context().await;
    assert!(!context.text.contains("sell the flat") && context.text.contains("put away"), "{}", context.text);
}

#[tokio::test]
async fn what_a_roll_up_omits_of_six_statements_is_still_listed_and_in_the_context() {
    let first = form(vec![
        decided("I decided to rest on Sundays."),
        decided("I decided to paint the hall blue."),
        decided("I decided to learn Finnish."),
    ]);
    let second = form(vec![
        decided("I decided to keep my Sundays free."),
        decided("I decided to paint the hall green."),
        decided("I decided to ride to work."),
    ]);
    let answer = roll_up(json!([["s1", "s4"]]), json!([{"earlier": "s2", "later": "s5"}]));
    let script = [says(&first.to_string()), says(&second.to_string()), answer];
    let story = Story::with(Provider::OpenAi, script, |config| config.summary.threshold = 2).await;
    let said = |form: &Value| {
        let texts = form["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned());
        texts.collect::<Vec<_>>().join(" ")
    };

    talk(&story.user(), "c1", "2025-03-03T09:00:00Z", &[&said(&first)]).await;
    talk(&story.user(), "c2", "2025-03-10T09:00:00Z", &[&said(&second)]).await;
    let summary = until_summarised(&story.world).await;

    assert_eq!((summary.epoch, summary.items().len(), summary.superseded.len()), (1, 5, 1));
    let (listed, context) = (items(&story).await, story.user().context().await);
    for omitted in ["I decided to learn Finnish.", "I decided to ride to work."] {
        assert!(texts(&listed).contains(&omitted), "{listed:?}");
        assert!(context.text.contains(omitted), "{}", context.text);
    }
    assert_eq!(listed.len(), 5, "only what was replaced is not listed");
    assert!(!context.text.contains("hall blue"), "{}", context.text);
}

#[tokio::test]
async fn an_older_talk_that_is_imported_later_changes_nothing_newer() {
    let (newer, older) = ("I decided to move to Lyon", "I decided to move to Nice");
    let wrong_way = item("DECISION", older, older, json!({"replaces": "e1"}));
    let both_ways = json!([{"earlier": "s1", "later": "s2"}, {"earlier": "s2", "later": "s1"}]);
    let script = [
        says(&form(vec![decided(newer)]).to_string()),
        roll_up(json!([]), json!([])),
        says(&form(vec![wrong_way]).to_string()),
        roll_up(json!([]), both_ways),
    ];
    let story = Story::with(Provider::OpenAi, script, |config| config.summary.threshold = 1).await;
    talk(&story.user(), "new", "2025-06-02T09:00:00Z", &[newer]).await;
    until_summarised(&story.world).await;
    let before = items(&story).await;

    talk(&story.user(), "old", "2025-01-06T09:00:00Z", &[older]).await;
    let summary = until_summarised(&story.world).await;

    assert_eq!((summary.epoch, story.calls()), (2, 4));
    assert_eq!(items(&story).await, before);
    let context = story.user().context().await;
    assert_eq!(context.items, before);
    assert!(!context.text.contains(older), "{}", context.text);
}
