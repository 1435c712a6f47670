//! The words of a time, and what they come to. Unless a test says otherwise they are said on Monday, 2 June 2025, at 11:00 in
//! Berlin.

mod any_text;
mod borders;
mod finding;
mod languages;
mod models_word;

use super::*;

const MONDAY: &str = "2025-06-02T09:00:00Z";

fn due(phrase: &str, at: &str, zone: &str) -> Due {
    resolve(&When { phrase: phrase.to_owned(), value: None }, at.parse().unwrap(), &TimeZone::get(zone).unwrap())
}

/// The due as `date precision`, with the local time if there is one; empty if it was not resolved.
fn shown(due: &Due, zone: &str) -> String {
    let (Some(date), Some(instant), Some(precision)) = (due.local_date, due.instant, due.precision) else {
        return String::new();
    };
    let local = TimeZone::get(zone).unwrap().to_datetime(instant);
    match precision {
        crate::domain::model::DuePrecision::Minute => format!("{date} {:02}:{:02}", local.hour(), local.minute()),
        precision => format!("{date} {}", precision.as_str()),
    }
}

fn said_on_monday(phrase: &str) -> String {
    shown(&due(phrase, MONDAY, "Europe/Berlin"), "Europe/Berlin")
}

#[track_caller]
fn assert_said_on_monday(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(phrase, expected)| {
            let shown = said_on_monday(phrase);
            (shown != *expected).then(|| format!("{phrase:?}: {shown:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
