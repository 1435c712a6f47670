use reqwest::header::HeaderValue;

use super::super::finding::Status;
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// What is said of a clock that is this much ahead of a server's, negative: behind.
fn off_by(seconds: i64) -> Finding {
    let told = Told { ahead: SignedDuration::from_secs(-seconds), margin: Duration::from_millis(600) };
    beside_a_server("api.example", told)
}

#[test]
fn a_clock_that_agrees_is_well() {
    for seconds in [0, 29, -30] {
        assert_eq!(off_by(seconds).status, Status::Ok, "{seconds}");
    }
}

#[test]
fn a_clock_that_is_off_is_told_by_how_much_and_which_way() {
    let (slow, fast) = (off_by(-47), off_by(15 * 60));

    assert_eq!((slow.status, slow.reason), (Status::Fail, Some("CLOCK_OFF")));
    assert_eq!(slow.message, "the clock is 47 s behind that of api.example");
    assert_eq!(fast.message, "the clock is 15 min ahead of that of api.example");
}

#[test]
fn a_clock_that_is_off_by_a_time_zone_is_told_to_hold_local_time() {
    for seconds in [3600, -2 * 3600, 5 * 3600 + 1800, -(8 * 3600 + 70)] {
        assert_eq!(off_by(seconds).reason, Some("CLOCK_HOLDS_LOCAL_TIME"), "{seconds}");
    }
    for seconds in [110, 900, 3600 + 300] {
        assert_eq!(off_by(seconds).reason, Some("CLOCK_OFF"), "{seconds}");
    }
}

#[test]
fn the_date_of_an_answer_is_read_with_what_a_cache_has_kept() {
    let mut headers = HeaderMap::new();
    let now = at("2026-11-25T12:00:10Z");
    assert!(told_by(&headers, now, Duration::ZERO).is_none());

    headers.insert(DATE, HeaderValue::from_static("Wed, 25 Nov 2026 12:00:00 GMT"));
    let fresh = told_by(&headers, now, Duration::from_secs(2)).unwrap();
    headers.insert(AGE, HeaderValue::from_static("60"));
    let kept = told_by(&headers, now, Duration::ZERO).unwrap();

    // Half a second for what the header leaves out, and half of the way for how long it took.
    assert_eq!((fresh.ahead, fresh.margin), (SignedDuration::from_millis(-8500), Duration::from_millis(1500)));
    assert_eq!(kept.ahead, SignedDuration::from_millis(50_500));
}

#[test]
fn a_clock_that_went_back_behind_what_is_stored_is_noticed() {
    let now = at("2026-11-25T12:00:00Z");
    let stored = [("auth-svc", at("2026-11-25T11:00:00Z")), ("context-svc", at("2026-11-25T12:05:00Z"))];

    let behind = beside_the_stores(now, &stored);
    let right = beside_the_stores(at("2026-11-25T12:05:01Z"), &stored);

    assert_eq!((behind.status, behind.reason), (Status::Fail, Some("CLOCK_WENT_BACK")));
    assert!(behind.message.contains("context-svc has something of 2026-11-25T12:05:00Z"), "{}", behind.message);
    assert_eq!(right.status, Status::Ok);
}

#[test]
fn a_clock_that_was_never_set_is_noticed() {
    assert_eq!(beside_the_stores(Timestamp::UNIX_EPOCH, &[]).reason, Some("CLOCK_BEFORE_BUILD"));
}
