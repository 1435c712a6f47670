use super::*;

#[test]
fn the_day_is_that_of_the_user_when_it_was_said() {
    for (zone, at, expected) in [
        ("Asia/Tokyo", "2025-07-25T02:00:00Z", "2025-07-26 09:00"),
        ("America/Los_Angeles", "2025-07-25T02:00:00Z", "2025-07-25 09:00"),
        ("Pacific/Kiritimati", "2025-12-30T10:20:00Z", "2026-01-01 09:00"),
        ("Asia/Shanghai", "2025-06-02T15:50:00Z", "2025-06-03 09:00"),
        ("Asia/Kathmandu", "2025-06-02T18:20:00Z", "2025-06-04 09:00"),
    ] {
        assert_eq!(shown(&due("tomorrow at 9am", at, zone), zone), expected, "{zone}");
    }
}

#[test]
fn a_time_that_the_clocks_skip_keeps_its_date() {
    let due = due("morgen um halb drei in der Nacht", "2025-03-29T22:40:00Z", "Europe/Berlin");

    assert_eq!(due.local_date, Some("2025-03-30".parse().unwrap()));
    assert_eq!(due.instant, Some("2025-03-30T01:30:00Z".parse().unwrap()));
}

#[test]
fn a_time_that_comes_twice_is_the_first() {
    let due = due("tomorrow at 2:30 am", "2025-10-25T12:00:00Z", "Europe/Berlin");

    assert_eq!(due.instant, Some("2025-10-26T00:30:00Z".parse().unwrap()));
}

#[test]
fn a_day_ends_when_the_next_begins_even_if_that_begins_late() {
    // Cairo puts its clocks forward at midnight: the 25th begins at 01:00.
    let due = due("tomorrow", "2025-04-23T12:00:00Z", "Africa/Cairo");

    assert_eq!(due.local_date, Some("2025-04-24".parse().unwrap()));
    assert_eq!(due.instant, Some("2025-04-24T21:59:59.999999Z".parse().unwrap()));
}

#[test]
fn a_month_that_is_too_short_is_cut_to_its_last_day() {
    for (phrase, at, expected) in [
        ("in two months", "2025-12-31T15:00:00Z", "2026-02-28 DAY"),
        ("in two months", "2027-12-31T15:00:00Z", "2028-02-29 DAY"),
        ("in one year", "2024-02-29T15:00:00Z", "2025-02-28 DAY"),
        ("on the 31st of next month", "2025-05-31T15:00:00Z", "2025-06-30 DAY"),
        ("on the 31st", "2025-06-02T15:00:00Z", "2025-07-31 DAY"),
        ("on February 29", "2025-06-02T15:00:00Z", "2028-02-29 DAY"),
        ("next month", "2028-01-31T15:00:00Z", "2028-02-29 MONTH"),
    ] {
        assert_eq!(shown(&due(phrase, at, "America/New_York"), "America/New_York"), expected, "{phrase} at {at}");
    }
}

#[test]
fn the_last_day_of_a_week_a_month_or_a_year_belongs_to_it() {
    for (phrase, at, expected) in [
        ("this week", "2025-06-08T12:00:00Z", "2025-06-08 WEEK"),
        ("next week", "2025-06-08T12:00:00Z", "2025-06-15 WEEK"),
        ("on Sunday", "2025-06-08T12:00:00Z", "2025-06-15 DAY"),
        ("this month", "2025-06-30T12:00:00Z", "2025-06-30 MONTH"),
        ("next month", "2025-12-31T12:00:00Z", "2026-01-31 MONTH"),
        ("this year", "2025-12-31T12:00:00Z", "2025-12-31 YEAR"),
        ("next quarter", "2025-12-31T12:00:00Z", "2026-03-31 QUARTER"),
        ("early June", "2025-06-15T12:00:00Z", "2026-06-10 WEEK"),
    ] {
        assert_eq!(shown(&due(phrase, at, "Europe/Paris"), "Europe/Paris"), expected, "{phrase} at {at}");
    }
}

#[test]
fn figures_and_seasons_are_read_as_the_country_has_them() {
    for (phrase, zone, expected) in [
        ("by 08/07/2025", "Europe/London", "2025-07-08 DAY"),
        ("by 08/07/2025", "America/New_York", "2025-08-07 DAY"),
        ("by 31/08/2025", "America/New_York", "2025-08-31 DAY"),
        ("by 4/7", "America/Chicago", "2026-04-07 DAY"),
        ("next summer", "Australia/Sydney", "2026-02-28 QUARTER"),
        ("this winter", "Australia/Sydney", "2025-08-31 QUARTER"),
    ] {
        assert_eq!(shown(&due(phrase, MONDAY, zone), zone), expected, "{phrase} in {zone}");
    }
}

#[test]
fn what_is_over_when_it_is_said_is_past() {
    let at: Timestamp = MONDAY.parse().unwrap();

    for (phrase, is_over) in
        [("yesterday", true), ("in 2019", true), ("today", false), ("tomorrow", false), ("soon", false)]
    {
        assert_eq!(is_past(&due(phrase, MONDAY, "Europe/Berlin"), at), is_over, "{phrase}");
    }
}
