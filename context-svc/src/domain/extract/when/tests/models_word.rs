use super::*;

fn with_value(phrase: &str, value: &str) -> String {
    let when = When { phrase: phrase.to_owned(), value: Some(value.to_owned()) };
    let due = resolve(&when, MONDAY.parse().unwrap(), &TimeZone::get("Europe/Berlin").unwrap());
    assert_eq!(due.phrase, phrase);
    shown(&due, "Europe/Berlin")
}

#[test]
fn a_value_counts_only_where_the_words_are_not_understood() {
    assert_eq!(with_value("tomorrow at 10", "2025-06-04T11:00"), "2025-06-03 10:00");
    assert_eq!(with_value("when the school year ends", "2025-07-04"), "2025-07-04 DAY");
    assert_eq!(with_value("huomenna kello kymmenen", "2025-06-03T10:00:00Z"), "2025-06-03 10:00");
    assert_eq!(with_value("after the summer holidays", "2025-09"), "2025-09-30 MONTH");
}

#[test]
fn no_date_is_made_up_for_words_that_have_none() {
    for phrase in [
        "some day",
        "soon",
        "later",
        "every Friday",
        "every day",
        "on Sundays",
        "three times a week",
        "irgendwann",
        "jeden Montag",
        "später",
        "以后",
        "将来",
        "每天",
        "毎朝",
        "いつか",
        "algún día",
        "cada lunes",
        "un jour",
        "tous les lundis",
        "algum dia",
        "prima o poi",
        "ogni giorno",
    ] {
        assert_eq!(with_value(phrase, "2025-06-06"), "", "{phrase}");
    }
}

#[test]
fn a_value_that_nobody_would_speak_of_is_none() {
    for value in ["2019-01-01", "2099-01-01", "9999-12-31", "0001-01-01", "soon", "", "2025-02-30", "2025-06-31T10:00"]
    {
        assert_eq!(with_value("when the time has come", value), "", "{value}");
    }
}
