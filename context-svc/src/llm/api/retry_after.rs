//! When a server says to come back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

/// No sooner, whatever it says.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// No later, whatever it says: its clock may be wrong, or ours.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// How long `headers` say to wait, 1 s to 1 h; `None` if they do not say it.
pub(super) fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let wait = millis(headers).or_else(|| retry_after(headers, now)).or_else(|| reset(headers, now))?;
    Some(wait.clamp(WAIT_MIN, WAIT_MAX))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn millis(headers: &HeaderMap) -> Option<Duration> {
    seconds(text(headers, "retry-after-ms")?).map(|millis| millis / 1000)
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = text(headers, "retry-after")?;
    seconds(text).or_else(|| {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(until(at, now))
    })
}

/// When the limits that are used up are reset. Those that are not say nothing of when to come back.
fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let of_openai =
        ["requests", "tokens"].map(|of| [format!("x-ratelimit-remaining-{of}"), format!("x-ratelimit-reset-{of}")]);
    let of_anthropic = ["requests", "tokens", "input-tokens", "output-tokens"]
        .map(|of| ["remaining", "reset"].map(|what| format!("anthropic-ratelimit-{of}-{what}")));
    let of_others = [["x-ratelimit-remaining".to_owned(), "x-ratelimit-reset".to_owned()]];
    let limits = of_openai.into_iter().chain(of_anthropic).chain(of_others);
    let used_up = limits.filter(|[remaining, _]| text(headers, remaining) == Some("0"));
    used_up.filter_map(|[_, reset]| moment(text(headers, &reset)?, now)).max()
}

/// Reads `6m0s`, `17ms`, a timestamp of RFC 3339, or seconds or milliseconds since 1970.
fn moment(text: &str, now: Timestamp) -> Option<Duration> {
    if let Some(number) = seconds(text) {
        // Fewer than a billion seconds are a wait, of which nobody has so many; a million millions are milliseconds.
        return match number.as_secs() {
            0..1_000_000_000 => Some(number),
            1_000_000_000..1_000_000_000_000 => Some(until(Timestamp::from_second(number.as_secs() as i64).ok()?, now)),
            millis => Some(until(Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?, now)),
        };
    }
    let length: Option<SignedDuration> = text.parse().ok();
    match length {
        Some(length) => Some(Duration::try_from(length).unwrap_or_default()),
        None => Some(until(text.parse().ok()?, now)),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// 2026-03-01T12:00:00Z
    const NOW: i64 = 1_772_366_400;

    fn wait_of(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let entry = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))
        };
        wait(&headers.iter().map(entry).collect(), Timestamp::from_second(NOW).expect("a time"))
    }

    #[test]
    fn every_way_to_say_when_is_understood() {
        let cases: [(&[(&'static str, &str)], f64); 14] = [
            (&[("retry-after", "2")], 2.0),
            (&[("retry-after", " 2.5 ")], 2.5),
            (&[("retry-after", "Sun, 01 Mar 2026 12:00:30 GMT")], 30.0),
            (&[("retry-after-ms", "1500")], 1.5),
            (&[("retry-after-ms", "1500"), ("retry-after", "2")], 1.5),
            (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")], 360.0),
            (&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "1m12.5s")], 72.5),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1772366410")], 10.0),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1772366410000")], 10.0),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")], 7.0),
            (
                &[
                    ("anthropic-ratelimit-tokens-remaining", "0"),
                    ("anthropic-ratelimit-tokens-reset", "2026-03-01T12:00:40Z"),
                ],
                40.0,
            ),
            // Out of bounds.
            (&[("retry-after", "0")], 1.0),
            (&[("retry-after", "86400")], 3600.0),
            (&[("retry-after", "Sun, 01 Mar 2026 11:00:00 GMT")], 1.0),
        ];
        for (headers, secs) in cases {
            assert_eq!(wait_of(headers), Some(Duration::from_secs_f64(secs)), "{headers:?}");
        }
    }

    #[test]
    fn a_limit_that_is_not_used_up_says_nothing() {
        assert_eq!(wait_of(&[("x-ratelimit-remaining-tokens", "149000"), ("x-ratelimit-reset-tokens", "6m0s")]), None);
    }

    #[test]
    fn of_several_limits_used_up_the_last_to_be_reset_counts() {
        let wait = wait_of(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "5s"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "20s"),
        ]);

        assert_eq!(wait, Some(Duration::from_secs(20)));
    }

    #[test]
    fn nonsense_says_nothing() {
        for nonsense in ["", "soon", "-5", "NaN", "inf", "Sun, 99 Mar 2026"] {
            assert_eq!(wait_of(&[("retry-after", nonsense)]), None, "{nonsense:?}");
        }
        assert_eq!(wait_of(&[]), None);
    }
}
