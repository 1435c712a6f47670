use proptest::prelude::*;

use super::*;

const SOME_WORDS: &[&str] = &[
    "in",
    "by",
    "at",
    "on",
    "the",
    "of",
    "next",
    "last",
    "every",
    "end of",
    "Friday",
    "May",
    "March",
    "31",
    "2025",
    "24/7",
    "29/2",
    "9am",
    "half past",
    "two",
    "months",
    "weeks",
    "9999",
    "31st",
    "bis",
    "Ende",
    "halb",
    "drei",
    "Uhr",
    "31.",
    "30.2.2025",
    "vor",
    "明年",
    "三月",
    "二十九日",
    "下",
    "周五",
    "年底",
    "前",
    "后",
    "点",
    "半",
    "来週",
    "までに",
    "毎",
    "fin de",
    "año",
    "à",
    "9h30",
    "prochain",
    "fra",
    "due",
    "mesi",
    ",",
    ".",
    "-",
    "to",
    "9:99",
    "24:00",
    "christmas",
    "Feb 29 2025",
    "Q3",
    "winter",
    "2199",
];

fn sentences() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(SOME_WORDS), 0..9);
    prop_oneof![words.clone().prop_map(|words| words.join(" ")), words.prop_map(|words| words.concat()), ".{0,60}",]
}

proptest! {
    #[test]
    fn whatever_is_found_is_there_and_comes_to_a_day(text in sentences(), second in 0_i64..6_000_000_000, zone in prop::sample::select(&["UTC", "Pacific/Kiritimati", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"][..])) {
        let at = Timestamp::from_second(second).unwrap();
        let zone = TimeZone::get(zone).unwrap();

        if let Some(found) = find(&text) {
            let due = resolve(&When { phrase: found.to_owned(), value: None }, at, &zone);

            prop_assert!(text.contains(found));
            prop_assert!(due.local_date.is_some(), "{found:?} of {text:?} at {at}");
            prop_assert!(due.instant.is_some() && due.precision.is_some());
        }
    }

    #[test]
    fn no_words_said_at_any_time_are_too_much(phrase in sentences(), value in ".{0,20}|[0-9]{4}-[0-9WQ]{1,3}(-[0-9]{2})?", second in prop_oneof![
        Just(Timestamp::MIN.as_second()), Just(Timestamp::MAX.as_second()), Timestamp::MIN.as_second()..Timestamp::MAX.as_second()
    ]) {
        let at = Timestamp::from_second(second).unwrap();

        let due = resolve(&When { phrase: phrase.clone(), value: Some(value) }, at, &TimeZone::get("Pacific/Kiritimati").unwrap());

        prop_assert_eq!(&due.phrase, &phrase);
        prop_assert_eq!(due.local_date.is_some(), due.instant.is_some());
        is_past(&due, at);
    }
}
