//! The stretch of the calendar that somebody asks about: "in May 2023", "last week", "am 3. Juni".

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::longest;
use super::phrase::Care;
use super::reckon::Saying;
use super::said::{Day, Said, Stretch, Year};
use super::spot::Spot;
use crate::domain::model::DuePrecision;

/// Days that were named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// These, the first and the last included.
    Days(Date, Date),
    /// Those of a month, or one of them, in any year.
    Yearly(i8, Option<i8>),
}

/// The days that `text` names for sure, if it was said at `at` in `zone`, whether they are over or still to come.
pub fn named(text: &str, at: Timestamp, zone: &TimeZone) -> Option<Named> {
    let said = longest(text, Care::Sure).phrase?.said;
    if let Said { day: Some(day), .. } = said
        && let Some(yearly) = yearly(day)
    {
        return Some(yearly);
    }
    let spot = Saying::new(zone.to_datetime(at), zone).spot(said)?;
    Some(Named::Days(first_of(spot)?, spot.date))
}

fn yearly(day: Day) -> Option<Named> {
    match day {
        Day::Dated { month, day, year: Year::Coming } => Some(Named::Yearly(month, Some(day))),
        Day::Stretch(Stretch::Month(month, Year::Coming), _) => Some(Named::Yearly(month, None)),
        _ => None,
    }
}

/// A stretch is told by its last day.
fn first_of(spot: Spot) -> Option<Date> {
    match spot.precision {
        DuePrecision::Minute | DuePrecision::Day => Some(spot.date),
        DuePrecision::Week => spot.date.checked_sub(6.days()).ok(),
        DuePrecision::Month => Some(spot.date.first_of_month()),
        DuePrecision::Quarter => spot.date.first_of_month().checked_sub(2.months()).ok(),
        DuePrecision::Year => Some(spot.date.first_of_year()),
    }
}

impl Named {
    /// Whether `at` is one of these days, or one of the `days` after them.
    pub fn is_then_or_within(&self, days: i32, at: DateTime) -> bool {
        let ends = |last: Date| last.checked_add(days.days()).unwrap_or(Date::MAX);
        let holds = |first: Date, last: Date| (first..=ends(last)).contains(&at.date());
        match *self {
            Self::Days(first, last) => holds(first, last),
            Self::Yearly(month, day) => [at.year() - 1, at.year()].into_iter().any(|year| match day {
                Some(day) => Date::new(year, month, day).is_ok_and(|date| holds(date, date)),
                None => Date::new(year, month, 1).is_ok_and(|first| holds(first, first.last_of_month())),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn in_june_2025(text: &str) -> Option<Named> {
        // A Sunday.
        named(text, Timestamp::from_second(1_750_000_000).unwrap(), &TimeZone::UTC)
    }

    #[test]
    fn days_are_named_whether_over_or_to_come() {
        for (text, first, last) in [
            ("What did she paint in May 2023?", date(2023, 5, 1), date(2023, 5, 31)),
            ("What happened on October 13, 2023?", date(2023, 10, 13), date(2023, 10, 13)),
            ("What did I say yesterday?", date(2025, 6, 14), date(2025, 6, 14)),
            ("Was habe ich am 3. Juni 2024 gesagt?", date(2024, 6, 3), date(2024, 6, 3)),
            ("我2023年5月说了什么", date(2023, 5, 1), date(2023, 5, 31)),
        ] {
            assert_eq!(in_june_2025(text), Some(Named::Days(first, last)), "{text}");
        }
    }

    #[test]
    fn a_month_without_a_year_is_that_of_any() {
        assert_eq!(in_june_2025("What did we do in August?"), Some(Named::Yearly(8, None)));
        assert_eq!(in_june_2025("What was on 3 August?"), Some(Named::Yearly(8, Some(3))));
    }

    #[test]
    fn what_may_be_something_else_is_no_day() {
        for text in ["Where may I smoke?", "the second floor", "What does she march for?", ""] {
            assert_eq!(in_june_2025(text), None, "{text}");
        }
    }

    #[test]
    fn the_days_after_count_too_also_beyond_new_year() {
        let may = Named::Days(date(2023, 5, 1), date(2023, 5, 31));
        let december = Named::Yearly(12, None);
        let noon = |day: Date| day.at(12, 0, 0, 0);

        assert!(may.is_then_or_within(7, noon(date(2023, 5, 1))) && may.is_then_or_within(7, noon(date(2023, 6, 7))));
        assert!(
            !may.is_then_or_within(7, noon(date(2023, 4, 30))) && !may.is_then_or_within(7, noon(date(2023, 6, 8)))
        );
        assert!(december.is_then_or_within(7, noon(date(2024, 1, 3))));
        assert!(!december.is_then_or_within(7, noon(date(2024, 1, 9))));
        assert!(!Named::Yearly(2, Some(29)).is_then_or_within(0, noon(date(2023, 3, 1))));
    }
}
