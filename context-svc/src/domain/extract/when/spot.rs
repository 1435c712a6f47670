//! A place in the user's own calendar, and the moment it comes to in a time zone.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::domain::model::{Due, DuePrecision};

/// Values further from the time of saying than this are taken for mistakes.
const YEARS_BEFORE: i16 = 1;
const YEARS_AFTER: i16 = 30;

/// A day or a longer stretch by its last day, perhaps with a time of day, in the user's own calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// The day.
    pub(super) date: Date,
    /// The time of day; `None` for all of it.
    pub(super) time: Option<Clock>,
    /// How exact it is.
    pub(super) precision: DuePrecision,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// By the clock.
    At(Time),
    /// Midnight, which closes the day.
    Midnight,
}

impl Spot {
    /// All of a day.
    pub(super) fn day(date: Date) -> Self {
        Self { date, time: None, precision: DuePrecision::Day }
    }

    /// A stretch that ends with `date`.
    pub(super) fn until(date: Date, precision: DuePrecision) -> Self {
        Self { date, time: None, precision }
    }

    /// The same day at a time of day.
    pub(super) fn at(self, clock: Clock) -> Self {
        Self { time: Some(clock), precision: DuePrecision::Minute, ..self }
    }

    /// Whether people would speak of it at `at`.
    pub(super) fn is_plausible(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let today = zone.to_datetime(at).date();
        let earliest = today.checked_sub(YEARS_BEFORE.years()).unwrap_or(Date::MIN);
        let latest = today.checked_add(YEARS_AFTER.years()).unwrap_or(Date::MAX);
        (earliest..=latest).contains(&self.date)
    }

    /// The due that `phrase` comes to: only the phrase if it came to nothing, or to a day that no clock can show.
    pub(super) fn due(spot: Option<Self>, phrase: &str, zone: &TimeZone) -> Due {
        let resolved = spot.and_then(|spot| Some((spot, spot.instant(zone)?)));
        Due {
            phrase: phrase.to_owned(),
            local_date: resolved.map(|(spot, _)| spot.date),
            instant: resolved.map(|(_, instant)| instant),
            precision: resolved.map(|(spot, _)| spot.precision),
        }
    }

    /// The time of day, otherwise the last microsecond of the day. A time that a change of the clocks leaves out is as much later
    /// as the clocks are put forward; of one that comes twice, it is the first.
    fn instant(&self, zone: &TimeZone) -> Option<Timestamp> {
        match self.time {
            Some(Clock::At(time)) => zone.to_timestamp(self.date.to_datetime(time)).ok(),
            Some(Clock::Midnight) | None => {
                let next = zone.to_timestamp(self.date.tomorrow().ok()?.to_datetime(Time::midnight())).ok()?;
                next.checked_sub(SignedDuration::from_micros(1)).ok()
            }
        }
    }
}
