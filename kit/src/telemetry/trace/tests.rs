//! Headers, as clients send them and as they go on.

use super::*;

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn a_traceparent_is_read_as_the_specification_says() {
    let cases = [
        (GIVEN, Some(GIVEN)),
        // Flags that are not defined are not passed on.
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", Some(GIVEN)),
        // A later version: what is known of it, in the version that we speak.
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Some(GIVEN)),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-holds", Some(GIVEN)),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what", None),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", None),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-001", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", None),
        ("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
        ("+0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
        (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é", None),
        ("", None),
    ];
    for (text, read) in cases {
        assert_eq!(TraceContext::parse(text).map(|context| context.to_string()).as_deref(), read, "{text}");
    }
}

#[test]
fn a_trace_of_our_own_is_a_valid_one_and_never_the_same() {
    let (one, other) = (TraceContext::random(), TraceContext::random());

    assert_eq!(TraceContext::parse(&one.to_string()), Some(one));
    assert_ne!(one.trace_id(), other.trace_id());
}

#[test]
fn of_two_traceparents_neither_counts() {
    let mut twice = headers(&[(TRACEPARENT, GIVEN)]);
    twice.append(TRACEPARENT, HeaderValue::from_static(GIVEN));

    assert_eq!(TraceContext::of(&twice), None);
}

#[test]
fn a_request_goes_on_with_what_is_valid_of_its_trace() {
    let settled = |given: &[(HeaderName, &'static str)]| {
        let mut settled = headers(given);
        settle(&mut settled);
        settled
    };

    let good = [(TRACEPARENT, GIVEN), (TRACESTATE, "rojo=00f067aa0ba902b7, tenant@congo=t61rcWkgMzE")];
    assert_eq!(settled(&good), headers(&good));
    for bad in ["=value", "Upper=1", "no-value=", "a=b=c", "no equals sign", " , "] {
        let without = settled(&[(TRACEPARENT, GIVEN), (TRACESTATE, bad)]);
        assert_eq!(without, headers(&[(TRACEPARENT, GIVEN)]), "{bad}");
    }
    let made_up = settled(&[(TRACEPARENT, "<script>"), (TRACESTATE, "rojo=1")]);
    assert!(TraceContext::of(&made_up).is_some() && !made_up.contains_key(TRACESTATE));
}

#[test]
fn however_long_a_header_is_no_more_goes_on_than_the_specification_asks_for() {
    let given = |version: &str, more: &str| format!("{version}{}{more}", &GIVEN[2..]);
    let state = |members: usize, value: usize| vec![format!("a={}", "v".repeat(value)); members].join(",");
    let goes_on = |traceparent: &str, tracestate: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::try_from(traceparent).unwrap());
        headers.insert(TRACESTATE, HeaderValue::try_from(tracestate).unwrap());
        let trace = settle(&mut headers).to_string();
        (trace == GIVEN && headers[TRACEPARENT] == GIVEN, headers.contains_key(TRACESTATE))
    };
    let long = "-".repeat(10_000);

    assert_eq!(goes_on(&given("00", &long), "a=1"), (false, false));
    assert_eq!(goes_on(&given("ff", &long), "a=1"), (false, false));
    assert_eq!(goes_on(&given("01", &long), "a=1"), (true, true));
    assert_eq!(goes_on(GIVEN, &state(32, 1)), (true, true));
    assert_eq!(goes_on(GIVEN, &state(33, 1)), (true, false));
    assert_eq!(goes_on(GIVEN, &state(2, 253)), (true, true));
    assert_eq!(goes_on(GIVEN, &state(2, 254)), (true, false));
    assert_eq!(goes_on(GIVEN, &state(1, 10_000)), (true, false));
}

#[test]
fn what_is_kept_as_json_is_what_was_given() {
    let kept = serde_json::to_string(&TraceContext::parse(GIVEN)).unwrap();

    assert_eq!(kept, format!("\"{GIVEN}\""));
    assert_eq!(serde_json::from_str::<TraceContext>(&kept).unwrap().to_string(), GIVEN);
    assert!(serde_json::from_str::<TraceContext>("\"00-1-2-3\"").is_err());
}
