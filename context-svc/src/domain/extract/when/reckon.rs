//! From what was said of a time, and when and where it was said, to the place in the calendar.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::figures;
use super::said::{Day, Hour, Nth, Said, Stretch, Year};
use super::spot::{Clock, Spot};
use super::word::{Edge, Season, Unit};
use crate::domain::model::DuePrecision;

/// Zones of the United States, where the month comes first in figures.
const MONTH_FIRST: &[&str] = &[
    "US/",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
    "America/Detroit",
    "America/Boise",
    "America/Indiana/",
    "America/Kentucky/",
    "America/North_Dakota/",
    "America/Juneau",
    "America/Sitka",
    "America/Nome",
    "America/Adak",
    "America/Menominee",
    "Pacific/Honolulu",
];

/// Zones where summer ends in February.
const SOUTHERN: &[&str] = &[
    "Australia/",
    "Antarctica/",
    "America/Argentina/",
    "America/Buenos_Aires",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Montevideo",
    "America/Asuncion",
    "Africa/Johannesburg",
    "Africa/Windhoek",
    "Africa/Maputo",
    "Africa/Harare",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Indian/Mauritius",
];

/// Leap days are at most eight years apart.
const YEARS_SEARCHED: i16 = 8;

/// When and where something was said.
pub(super) struct Saying {
    now: DateTime,
    today: Date,
    is_month_first: bool,
    is_southern: bool,
}

impl Saying {
    /// At the local time `now` in `zone`.
    pub(super) fn new(now: DateTime, zone: &TimeZone) -> Self {
        let lies_in =
            |zones: &[&str]| zone.iana_name().is_some_and(|name| zones.iter().any(|zone| name.starts_with(zone)));
        Self { now, today: now.date(), is_month_first: lies_in(MONTH_FIRST), is_southern: lies_in(SOUTHERN) }
    }

    /// Where in the calendar `said` is; `None` if there is no such day.
    pub(super) fn spot(&self, said: Said) -> Option<Spot> {
        match (said.day, said.hour) {
            (Some(day), None) => self.day(day),
            (Some(day), Some(hour)) => at(self.day(day)?.date, hour),
            (None, Some(hour)) => {
                let today = at(self.today, hour)?;
                let is_over = matches!(today.time, Some(Clock::At(time)) if today.date.to_datetime(time) <= self.now);
                if is_over { at(self.today.tomorrow().ok()?, hour) } else { Some(today) }
            }
            (None, None) => None,
        }
    }

    fn day(&self, day: Day) -> Option<Spot> {
        match day {
            Day::Offset(days) => Some(Spot::day(self.today.checked_add(days.days()).ok()?)),
            Day::Count(count, unit) => self.count(count, unit),
            Day::Weekday(weekday, nth) => self.weekday(weekday, nth).map(Spot::day),
            Day::Dated { month, day, year } => self.dated(month, day, year).map(Spot::day),
            Day::Numbered { day, months } => self.numbered(day, months).map(Spot::day),
            Day::Figures(a, b, year) => self.figures(a, b, year).map(Spot::day),
            Day::Stretch(stretch, edge) => self.stretch(stretch, edge),
        }
    }

    fn count(&self, count: i32, unit: Unit) -> Option<Spot> {
        let span = match unit {
            Unit::Minute | Unit::Hour => {
                let span = if unit == Unit::Hour { count.hours() } else { count.minutes() };
                let then = self.now.checked_add(span).ok()?;
                let minute = Time::new(then.hour(), then.minute(), 0, 0).ok()?;
                return Some(Spot::day(then.date()).at(Clock::At(minute)));
            }
            Unit::Day => count.days(),
            Unit::Week | Unit::Weekend => count.weeks(),
            Unit::Month => count.months(),
            Unit::Quarter => count.checked_mul(3)?.months(),
            Unit::Year => count.years(),
        };
        Some(Spot::day(self.today.checked_add(span).ok()?))
    }

    fn weekday(&self, weekday: Weekday, nth: Nth) -> Option<Date> {
        let ahead = i32::from(self.today.weekday().until(weekday));
        let days = match nth {
            Nth::This => ahead,
            Nth::Coming(weeks) => (if ahead == 0 { 7 } else { ahead }) + 7 * weeks,
            Nth::Last => ahead - 7,
            Nth::InWeek(weeks) => {
                let from_monday = i32::from(Weekday::Monday.until(weekday));
                from_monday - i32::from(Weekday::Monday.until(self.today.weekday())) + 7 * weeks
            }
        };
        self.today.checked_add(days.days()).ok()
    }

    fn dated(&self, month: i8, day: i8, year: Year) -> Option<Date> {
        let this_year = self.today.year();
        let in_year = |year: i16| Date::new(year, month, day).ok();
        match year {
            Year::Is(number) => in_year(i16::try_from(number).ok()?),
            Year::Rel(years) => {
                let year = i16::try_from(years).ok()?.checked_add(this_year)?;
                in_year(year).or_else(|| Some(Date::new(year, month, 1).ok()?.last_of_month()))
            }
            Year::Coming => self.years().filter_map(in_year).find(|date| *date >= self.today),
            Year::Next => self.years().filter_map(in_year).find(|date| *date > self.today),
            Year::Last => self.years_back().filter_map(in_year).find(|date| *date < self.today),
        }
    }

    fn years(&self) -> impl Iterator<Item = i16> + use<> {
        let this_year = self.today.year();
        this_year..=this_year.saturating_add(YEARS_SEARCHED)
    }

    fn years_back(&self) -> impl Iterator<Item = i16> + use<> {
        let this_year = self.today.year();
        (this_year.saturating_sub(YEARS_SEARCHED)..=this_year).rev()
    }

    fn numbered(&self, day: i8, months: Option<i32>) -> Option<Date> {
        let in_month = |months: i32| {
            let first = self.today.first_of_month().checked_add(months.months()).ok()?;
            Date::new(first.year(), first.month(), day).ok()
        };
        match months {
            // A month that is too short is cut to its last day.
            Some(months) => in_month(months).or_else(|| self.last_of_month(months)),
            None => (0..=2).filter_map(in_month).find(|date| *date >= self.today),
        }
    }

    /// Day first, unless it was said in the United States or there is no such day.
    fn figures(&self, a: i32, b: i32, year: Option<i32>) -> Option<Date> {
        let orders = if self.is_month_first { [(a, b), (b, a)] } else { [(b, a), (a, b)] };
        orders.into_iter().find_map(|(month, day)| {
            let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            self.dated(month, day, year.map_or(Year::Coming, Year::Is))
        })
    }

    fn stretch(&self, stretch: Stretch, edge: Option<Edge>) -> Option<Spot> {
        let (last, precision) = match stretch {
            Stretch::Rel(Unit::Week | Unit::Weekend, weeks) => {
                (self.weekday(Weekday::Sunday, Nth::InWeek(weeks))?, DuePrecision::Week)
            }
            Stretch::Rel(Unit::Month, months) => (self.last_of_month(months)?, DuePrecision::Month),
            Stretch::Rel(Unit::Quarter, quarters) => {
                let into = i32::from(self.today.month() - 1) % 3;
                (self.last_of_month(quarters.checked_mul(3)? + 2 - into)?, DuePrecision::Quarter)
            }
            Stretch::Rel(Unit::Year, years) => (self.last_of_year(years)?, DuePrecision::Year),
            Stretch::Rel(Unit::Day, days) => (self.today.checked_add(days.days()).ok()?, DuePrecision::Day),
            Stretch::Rel(Unit::Minute | Unit::Hour, _) => return None,
            Stretch::Month(month, year) => (self.yearly(month, 1, year, edge)?, DuePrecision::Month),
            Stretch::Quarter(quarter, year) => (self.yearly(quarter * 3, 3, year, edge)?, DuePrecision::Quarter),
            Stretch::Season(season, year) => {
                let last = self.last_month(season);
                // A winter that is told by one year ends in the next.
                let year = match year {
                    Year::Is(year) if last < 3 => Year::Is(year + 1),
                    year => year,
                };
                (self.yearly(last, 3, year, edge)?, DuePrecision::Quarter)
            }
            Stretch::Year(year) => (figures::date(year, 12, 31)?, DuePrecision::Year),
        };
        match (edge, precision) {
            (None | Some(Edge::End), _) => Some(Spot::until(last, precision)),
            (Some(edge), DuePrecision::Month) => {
                let day = if edge == Edge::Begin { 10 } else { 20 };
                Some(Spot::until(Date::new(last.year(), last.month(), day).ok()?, DuePrecision::Week))
            }
            (Some(edge), DuePrecision::Year) => {
                let month = if edge == Edge::Begin { 3 } else { 6 };
                Some(Spot::until(Date::new(last.year(), month, 1).ok()?.last_of_month(), DuePrecision::Quarter))
            }
            _ => None,
        }
    }

    fn last_of_month(&self, months: i32) -> Option<Date> {
        Some(self.today.first_of_month().checked_add(months.months()).ok()?.last_of_month())
    }

    fn last_of_year(&self, years: i32) -> Option<Date> {
        figures::date(i32::from(self.today.year()).checked_add(years)?, 12, 31)
    }

    /// The last day of a stretch of so many months that comes once a year and ends with `last_month`.
    fn yearly(&self, last_month: i8, months: i32, year: Year, edge: Option<Edge>) -> Option<Date> {
        let in_year = |year: i16| Some(Date::new(year, last_month, 1).ok()?.last_of_month());
        let begins = |last: &Date| last.first_of_month().checked_sub((months - 1).months()).unwrap_or(Date::MIN);
        // "Early June" is over on the 15th.
        let ends = |last: &Date| match edge {
            Some(Edge::Begin) => Date::new(last.year(), last_month, 10).unwrap_or(*last),
            Some(Edge::Middle) => Date::new(last.year(), last_month, 20).unwrap_or(*last),
            Some(Edge::End) | None => *last,
        };
        let number = match year {
            Year::Is(number) => number,
            Year::Rel(years) => i32::from(self.today.year()).checked_add(years)?,
            Year::Coming => return self.years().filter_map(in_year).find(|last| ends(last) >= self.today),
            Year::Next => return self.years().filter_map(in_year).find(|last| begins(last) > self.today),
            Year::Last => return self.years_back().filter_map(in_year).find(|last| *last < self.today),
        };
        in_year(i16::try_from(number).ok()?)
    }

    fn last_month(&self, season: Season) -> i8 {
        let northern = match season {
            Season::Spring => 5,
            Season::Summer => 8,
            Season::Autumn => 11,
            Season::Winter => 2,
        };
        if self.is_southern { (northern + 5) % 12 + 1 } else { northern }
    }
}

/// A time of day on a day.
fn at(date: Date, hour: Hour) -> Option<Spot> {
    let spot = Spot::day(date);
    if hour.minutes >= 24 * 60 {
        return Some(spot.at(Clock::Midnight));
    }
    let (hours, minutes) = (i8::try_from(hour.minutes / 60).ok()?, i8::try_from(hour.minutes % 60).ok()?);
    Some(spot.at(Clock::At(Time::new(hours, minutes, 0, 0).ok()?)))
}
