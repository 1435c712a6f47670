//! Whether the clock of this machine is right, as far as anything at hand tells.
//!
//! Time zones play no part: every time is kept in UTC, and the zone of a process is never asked for.

use std::time::Duration;

use context_svc::llm::api::Endpoint;
use jiff::{SignedDuration, Timestamp, Unit};
use kit::clock::SharedClock;
use reqwest::header::{AGE, DATE, HeaderMap};

use super::finding::{Area, Finding};
use super::{OFFLINE, model, span};
use crate::config::Config;

/// 2026-01-01T00:00:00Z: no program of this kind was built before.
const BUILT_AFTER: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Clocks of machines that keep time are closer to each other.
const OFF_MAX: Duration = Duration::from_secs(30);

/// How long the time is asked for.
const ASK_MAX: Duration = Duration::from_secs(10);

/// A clock that is off by a multiple of that, give or take [`STRAY`], was set to local time.
const ZONE_STEP: u64 = 30 * 60;
const STRAY: u64 = 120;

/// The time that a server told.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// By how much it is after ours; negative: before.
    ahead: SignedDuration,
    /// How far from the truth that may be, because a header has whole seconds and the answer took a while.
    margin: Duration,
}

/// Compares the clock with what is stored, and with the server of the first remote model.
pub(super) async fn examine(
    config: &Config,
    newest: &[(&'static str, Timestamp)],
    clock: &SharedClock,
    is_offline: bool,
) -> Vec<Finding> {
    let stored = beside_the_stores(clock.now(), newest);
    let endpoint = model::sections(config).into_iter().find_map(|(_, settings)| settings.endpoint());
    let told = match endpoint {
        None => Area::Clock
            .is_left_out("NO_MODEL_SERVER", "no server is configured whose clock this one could be compared with"),
        Some(endpoint) if is_offline => {
            Area::Clock.is_left_out(OFFLINE, format!("not compared with the clock of {}", model::place(&endpoint)))
        }
        Some(endpoint) => match ask(&endpoint, clock).await {
            Some(told) => beside_a_server(&model::place(&endpoint), told),
            None => {
                Area::Clock.is_left_out("NO_TIME_TOLD", format!("{} did not tell the time", model::place(&endpoint)))
            }
        },
    };
    vec![stored, told]
}

fn beside_the_stores(now: Timestamp, newest: &[(&'static str, Timestamp)]) -> Finding {
    let shown = now.round(Unit::Second).unwrap_or(now);
    if now < BUILT_AFTER {
        return Area::Clock
            .is_broken("CLOCK_BEFORE_BUILD", format!("the clock says {shown}, when this program did not exist yet"))
            .so("set it, for example by NTP");
    }
    match newest.iter().max_by_key(|(_, at)| at) {
        Some((service, at)) if *at > now + OFF_MAX => {
            let at = at.round(Unit::Second).unwrap_or(*at);
            let found = format!("the clock says {shown}, but {service} has something of {at} in its store");
            Area::Clock
                .is_broken("CLOCK_WENT_BACK", found)
                .so("set it, for example by NTP; if it is right, it was ahead before, and jobs of then wait until that time")
        }
        _ => Area::Clock.is_well(format!("the clock says {shown}, after all that is stored")),
    }
}

fn beside_a_server(server: &str, told: Told) -> Finding {
    let off = told.ahead.unsigned_abs().saturating_sub(told.margin);
    if off <= OFF_MAX {
        return Area::Clock.is_well(format!("it agrees with the clock of {server}"));
    }
    let whole = told.ahead.unsigned_abs();
    let where_to = if told.ahead.is_positive() { "behind" } else { "ahead of" };
    let found = format!("the clock is {} {where_to} that of {server}", span(whole));
    let from_step = (whole.as_secs() + ZONE_STEP / 2) % ZONE_STEP;
    let is_of_a_zone = from_step.abs_diff(ZONE_STEP / 2) <= STRAY && whole.as_secs() + STRAY >= ZONE_STEP;
    if is_of_a_zone {
        return Area::Clock
            .is_broken(
                "CLOCK_HOLDS_LOCAL_TIME",
                format!("{found}: one of them seems to hold local time instead of UTC"),
            )
            .so("set this machine's clock to UTC, for example by NTP: tokens will be refused and due dates wrong");
    }
    Area::Clock
        .is_broken("CLOCK_OFF", found)
        .so("set the one that is wrong, for example by NTP: tokens will be refused and due dates wrong")
}

/// Asks a server for nothing but its answer's `Date` (RFC 9110, section 6.6.1): without a key, and whatever the status.
async fn ask(endpoint: &Endpoint, clock: &SharedClock) -> Option<Told> {
    let mut url = endpoint.base_url.clone();
    // Some carry a key there.
    url.set_query(None);
    let mut client = reqwest::Client::builder()
        .connect_timeout(endpoint.connect_timeout)
        .timeout(ASK_MAX)
        .redirect(reqwest::redirect::Policy::none());
    if url.scheme() == "http" {
        // Nothing to verify, so a system without certificates can ask, too.
        client = client.tls_certs_only([]);
    }
    let client = client.build().ok()?;
    let began = clock.uptime();
    let answer = client.get(url).send().await.ok()?;
    told_by(answer.headers(), clock.now(), clock.uptime().saturating_sub(began))
}

fn told_by(headers: &HeaderMap, now: Timestamp, took: Duration) -> Option<Told> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text(DATE)?).ok()?;
    // What a cache has kept is that much older.
    let age = text(AGE).and_then(|age| age.parse().ok()).unwrap_or_default();
    let margin = Duration::from_millis(500) + took / 2;
    let then = now.checked_sub(took / 2).ok()?;
    let date = date.checked_add(Duration::from_secs(age) + Duration::from_millis(500)).ok()?;
    Some(Told { ahead: date.duration_since(then), margin })
}

#[cfg(test)]
mod tests;
