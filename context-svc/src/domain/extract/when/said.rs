//! What was said of a time, before anybody knows when it was said.

use jiff::civil::Weekday;

use super::word::{Edge, Part, Season, Unit};

/// A day or a longer stretch, perhaps with a time of day; or a time of day alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// The day; `None` if only a time of day was said.
    pub(super) day: Option<Day>,
    /// The time of day.
    pub(super) hour: Option<Hour>,
}

/// A day, or a stretch that is told by its last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// So many days from today.
    Offset(i32),
    /// So many units from now.
    Count(i32, Unit),
    /// A day of the week.
    Weekday(Weekday, Nth),
    /// A day by month and number.
    Dated { month: i8, day: i8, year: Year },
    /// A day by its number, in a month counted from this one, or in the first that is still to come.
    Numbered { day: i8, months: Option<i32> },
    /// Figures in an order that depends on the country.
    Figures(i32, i32, Option<i32>),
    /// A stretch, or a part of it.
    Stretch(Stretch, Option<Edge>),
}

/// Which of many equal weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nth {
    /// The first after today, or so many weeks after that.
    Coming(i32),
    /// The first from today.
    This,
    /// The last before today.
    Last,
    /// That of a calendar week, counted from the present one.
    InWeek(i32),
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    /// A unit, counted from the present one.
    Rel(Unit, i32),
    /// A month.
    Month(i8, Year),
    /// A quarter of a year.
    Quarter(i8, Year),
    /// A season.
    Season(Season, Year),
    /// A year.
    Year(i32),
}

/// Which of many years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Year {
    /// The first in which it is not over.
    Coming,
    /// The first in which it has not begun.
    Next,
    /// The last in which it is over.
    Last,
    /// Counted from the present one.
    Rel(i32),
    /// By number.
    Is(i32),
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hour {
    /// Minutes since midnight as said; 1440 is the midnight that closes the day.
    pub(super) minutes: i32,
    /// The part of the day.
    pub(super) part: Option<Part>,
    /// Whether it cannot be anything but a time: "9:30", not "at 9".
    pub(super) is_plain: bool,
}

impl Said {
    /// Whether it is over whenever it was said.
    pub(super) fn is_past(&self) -> bool {
        self.day.is_some_and(|day| match day {
            Day::Offset(n) | Day::Count(n, _) | Day::Weekday(_, Nth::InWeek(n)) => n < 0,
            Day::Weekday(_, Nth::Last) => true,
            Day::Dated { year, .. } => year.is_past(),
            Day::Numbered { months, .. } => months.is_some_and(|months| months < 0),
            Day::Stretch(Stretch::Rel(_, n), _) => n < 0,
            Day::Stretch(Stretch::Month(_, year) | Stretch::Quarter(_, year) | Stretch::Season(_, year), _) => {
                year.is_past()
            }
            Day::Weekday(..) | Day::Figures(..) | Day::Stretch(Stretch::Year(_), _) => false,
        })
    }

    /// Whether it is told by the clock alone: "in ten minutes", which as often says how long something takes.
    pub(super) fn is_by_the_clock(&self) -> bool {
        matches!(self.day, Some(Day::Count(_, Unit::Minute | Unit::Hour)))
    }
}

impl Year {
    fn is_past(self) -> bool {
        matches!(self, Self::Last) || matches!(self, Self::Rel(years) if years < 0)
    }
}
