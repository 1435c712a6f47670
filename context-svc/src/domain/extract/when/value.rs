//! Reads the naive local value that a model gives for the words of a time: ISO 8601 without offset, or nearly so.

use jiff::civil::{Date, ISOWeekDate, Time, Weekday};

use super::spot::{Clock, Spot};
use crate::domain::model::DuePrecision;

/// `2025-10-31`, `2025-10-31T09:00`, `2025-10`, `2025-W40`, `2025-Q4` or `2025`.
///
/// An offset or a Z behind the time is ignored: the value is local, whatever the model says.
pub(super) fn read(value: &str) -> Option<Spot> {
    let value = value.trim();
    let (date, time) = match value.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(clock(time.trim())?)),
        None => (value.trim_end_matches(['Z', 'z']), None),
    };
    let spot = calendar(date)?;
    match time {
        Some(time) => (spot.precision == DuePrecision::Day).then(|| spot.at(Clock::At(time))),
        None => Some(spot),
    }
}

fn calendar(text: &str) -> Option<Spot> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(|year| number(year, 4))?;
    let (second, third) = (parts.next(), parts.next());
    match (second, third) {
        (None, _) => Some(Spot::until(Date::new(year, 12, 31).ok()?, DuePrecision::Year)),
        (Some(month), Some(day)) => {
            let (month, day) = (number(month, 2)?, number(day, 2)?);
            Some(Spot::day(Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?))
        }
        (Some(part), None) => match part.as_bytes().first()?.to_ascii_uppercase() {
            b'W' => {
                let week = i8::try_from(number(&part[1..], 2)?).ok()?;
                let sunday = ISOWeekDate::new(year, week, Weekday::Sunday).ok()?;
                Some(Spot::until(sunday.date(), DuePrecision::Week))
            }
            b'Q' => {
                let quarter = i8::try_from(number(&part[1..], 1)?).ok()?;
                let last = Date::new(year, quarter.checked_mul(3)?, 1).ok()?.last_of_month();
                Some(Spot::until(last, DuePrecision::Quarter))
            }
            _ => {
                let month = i8::try_from(number(part, 2)?).ok()?;
                Some(Spot::until(Date::new(year, month, 1).ok()?.last_of_month(), DuePrecision::Month))
            }
        },
    }
}

/// `09:00`, `09:00:00`, `09:00:00.5Z`, `09:00+02:00`.
fn clock(text: &str) -> Option<Time> {
    let end = text.find(['Z', 'z', '+', '-', '[']).unwrap_or(text.len());
    let mut parts = text[..end].trim_end().splitn(3, ':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

/// A number of at most `digits` ASCII digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    let is_number = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_value_is_read_as_far_as_it_goes_and_always_as_local() {
        for (value, day, precision) in [
            ("2025-10-31", date(2025, 10, 31), DuePrecision::Day),
            ("2025-10-31Z", date(2025, 10, 31), DuePrecision::Day),
            ("2025-10", date(2025, 10, 31), DuePrecision::Month),
            ("2024-02", date(2024, 2, 29), DuePrecision::Month),
            ("2025-Q3", date(2025, 9, 30), DuePrecision::Quarter),
            ("2025-W40", date(2025, 10, 5), DuePrecision::Week),
            ("2025", date(2025, 12, 31), DuePrecision::Year),
        ] {
            assert_eq!(read(value), Some(Spot::until(day, precision)), "{value}");
        }
        let nine = Spot::day(date(2025, 10, 31)).at(Clock::At(Time::constant(9, 0, 0, 0)));
        for value in ["2025-10-31T09:00", " 2025-10-31 09:00:00", "2025-10-31T09:00:00.000Z", "2025-10-31t9:00+14:00"] {
            assert_eq!(read(value), Some(nine), "{value}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for value in [
            "",
            "tomorrow",
            "2025-02-30",
            "2025-13",
            "2025-W60",
            "2025-Q5",
            "25",
            "2025-10T09:00",
            "2025-1-1-1",
            "Wé",
            "2025-é",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
