//! The grammar of days: which words in a row name a day, in any of the languages.

use super::figures;
use super::lexicon::Ways;
use super::said::{Day, Nth, Stretch, Year};
use super::word::{Edge, Part, Unit, Word};

/// Nobody plans in larger numbers, and the calendar ends somewhere.
const COUNT_MAX: i32 = 999;

/// A day, how many words it took, and whether those words may as well mean something else.
pub(super) type Found = (Day, usize, bool);

const SURE: bool = false;
const WEAK: bool = true;

/// The day that `words` begin with.
pub(super) fn day(words: &[Word], ways: Ways) -> Option<Found> {
    counted(words).or_else(|| edged(words, ways)).or_else(|| dated(words)).or_else(|| weekday(words, ways)).or_else(
        || {
            let (stretch, len, is_weak) = stretch(words, ways)?;
            let edge_follows = match (&words[len..], stretch) {
                ([Word::Edge(edge), Word::Unit(again), ..], Stretch::Rel(unit, _)) if *again == unit => {
                    Some((*edge, 2))
                }
                ([Word::Edge(edge), Word::Unit(Unit::Month), ..], Stretch::Month(..)) => Some((*edge, 2)),
                ([Word::Edge(edge), Word::Unit(Unit::Year), ..], Stretch::Year(_)) => Some((*edge, 2)),
                ([Word::Edge(edge), ..], _) if ways.is_unspaced => Some((*edge, 1)),
                _ => None,
            };
            match edge_follows {
                Some((edge, more)) => Some((Day::Stretch(stretch, Some(edge)), len + more, SURE)),
                None => Some((Day::Stretch(stretch, None), len, is_weak)),
            }
        },
    )
}

/// "in two months", 两周后, "vor drei Tagen".
fn counted(words: &[Word]) -> Option<Found> {
    let (count, unit, len) = match *words {
        [Word::In, Word::Num(n), Word::Unit(unit), Word::After, ..] => (n, unit, 4),
        [Word::In, Word::Which(1), Word::Num(n), Word::Unit(unit), Word::After, ..] => (n, unit, 5),
        [Word::In, Word::Which(1), Word::Num(n), Word::Unit(unit), ..]
        | [Word::Which(1), Word::Num(n), Word::Unit(unit), Word::After, ..] => (n, unit, 4),
        // "Which" and "Unit" are one word by now.
        [Word::In, Word::Num(n), Word::Rel(unit, 1), ..] => (n, unit, 3),
        [Word::In, Word::Num(n), Word::Unit(unit), ..] | [Word::Num(n), Word::Unit(unit), Word::After, ..] => {
            (n, unit, 3)
        }
        [Word::Before, Word::Num(n), Word::Unit(unit), ..] | [Word::Num(n), Word::Unit(unit), Word::Before, ..] => {
            (-n, unit, 3)
        }
        _ => return None,
    };
    (count.abs() <= COUNT_MAX).then_some((Day::Count(count, unit), len, SURE))
}

/// "the end of next month", "Anfang Januar", "fin de año".
fn edged(words: &[Word], ways: Ways) -> Option<Found> {
    // 十二月底, 2026年底
    match *words {
        [Word::Num(month @ 1..=12), Word::Edge(edge), Word::Unit(Unit::Month), ..] if ways.is_unspaced => {
            let month = i8::try_from(month).ok()?;
            return Some((Day::Stretch(Stretch::Month(month, Year::Coming), Some(edge)), 3, SURE));
        }
        [Word::Num(year), Word::Edge(edge), Word::Unit(Unit::Year), ..] if ways.is_unspaced && is_year(year) => {
            return Some((Day::Stretch(Stretch::Year(year), Some(edge)), 3, SURE));
        }
        _ => {}
    }
    let [Word::Edge(edge), rest @ ..] = words else { return None };
    if let [Word::Unit(unit @ (Unit::Day | Unit::Week | Unit::Month | Unit::Quarter | Unit::Year)), ..] = rest {
        return Some((Day::Stretch(Stretch::Rel(*unit, 0), Some(*edge)), 2, SURE));
    }
    let (stretch, len, _) = stretch(rest, ways)?;
    Some((Day::Stretch(stretch, Some(*edge)), len + 1, SURE))
}

/// A day by its number, by figures, by a feast or by its distance from today.
fn dated(words: &[Word]) -> Option<Found> {
    if let [Word::Weekday(_), rest @ ..] = words {
        let comma = usize::from(matches!(rest, [Word::Comma, ..]));
        return match dated(&rest[comma..])? {
            (Day::Offset(_), ..) => None,
            (day, len, _) => Some((day, len + 1 + comma, SURE)),
        };
    }
    if let Some((year, len)) = year_before(words)
        && let Some((month, day, more)) = month_and_day(&words[len..])
    {
        return in_year(month, day, year, len + more);
    }
    if let Some((month, day, len)) = month_and_day(words) {
        let (year, more) = year_behind(&words[len..]).unwrap_or((Year::Coming, 0));
        return in_year(month, day, year, len + more);
    }
    match *words {
        [Word::Day(days), ..] => Some((Day::Offset(days), 1, SURE)),
        [
            Word::Which(0),
            Word::Part(Part::Morning | Part::Noon | Part::Afternoon | Part::Evening | Part::Night),
            ..,
        ] => Some((Day::Offset(0), 1, SURE)),
        [Word::Iso(year, month, day), ..] => {
            in_year(i8::try_from(month).ok()?, i8::try_from(day).ok()?, Year::Is(year), 1)
        }
        [Word::Figures(a, b, year), ..] => Some((Day::Figures(a, b, year), 1, year.is_none())),
        [Word::Fraction(a, b), ..] => Some((Day::Figures(a, b, None), 1, WEAK)),
        [Word::Which(0 | 1), Word::Feast(month, day), ..] => in_year(month, day, Year::Coming, 2),
        [Word::Which(-1), Word::Feast(month, day), ..] => in_year(month, day, Year::Last, 2),
        [Word::Feast(month, day), ..] => {
            let (year, more) = year_behind(&words[1..]).unwrap_or((Year::Coming, 0));
            Some((Day::Dated { month, day, year }, 1 + more, more == 0))
        }
        [Word::Rel(Unit::Year, years), Word::Feast(month, day), ..] => in_year(month, day, Year::Rel(years), 2),
        [Word::Rel(Unit::Month, months), Word::Lead | Word::In, Word::Ord(day), ..] => {
            numbered(day, Some(months), 3, SURE)
        }
        [Word::Rel(Unit::Month, months), Word::Ord(day), ..] | [Word::Ord(day), Word::Rel(Unit::Month, months), ..] => {
            numbered(day, Some(months), 2, SURE)
        }
        [Word::Ord(day), ..] => numbered(day, None, 1, WEAK),
        _ => None,
    }
}

fn month_and_day(words: &[Word]) -> Option<(i8, i8, usize)> {
    let (month, day) = match *words {
        [Word::Month(month), Word::Num(day) | Word::Ord(day), ..]
        | [Word::Num(day) | Word::Ord(day), Word::Month(month), ..] => (month, day),
        _ => return None,
    };
    // In a leap year, since 29 February is a date as long as no year is given.
    let day = figures::date(2000, i32::from(month), day)?.day();
    Some((month, day, 2))
}

fn in_year(month: i8, day: i8, year: Year, len: usize) -> Option<Found> {
    if let Year::Is(number) = year {
        figures::date(number, i32::from(month), i32::from(day))?;
    }
    Some((Day::Dated { month, day, year }, len, SURE))
}

fn numbered(day: i32, months: Option<i32>, len: usize, is_weak: bool) -> Option<Found> {
    let day = i8::try_from(day).ok().filter(|day| (1..=31).contains(day))?;
    Some((Day::Numbered { day, months }, len, is_weak))
}

fn weekday(words: &[Word], ways: Ways) -> Option<Found> {
    let which = |which: i32| match which {
        0 if !ways.weekday_by_week => Nth::This,
        -1 if !ways.weekday_by_week => Nth::Last,
        n if ways.weekday_by_week => Nth::InWeek(n),
        n => Nth::Coming(n - 1),
    };
    let (weekday, nth, len) = match *words {
        [Word::Rel(Unit::Week, week), Word::Lead | Word::In, Word::Weekday(weekday), ..]
        | [Word::Weekday(weekday), Word::Lead | Word::In, Word::Rel(Unit::Week, week), ..] => {
            (weekday, Nth::InWeek(week), 3)
        }
        [Word::Rel(Unit::Week, week), Word::Weekday(weekday), ..]
        | [Word::Weekday(weekday), Word::Rel(Unit::Week, week), ..] => (weekday, Nth::InWeek(week), 2),
        [Word::Which(n), Word::Weekday(weekday), ..] => (weekday, which(n), 2),
        [Word::Weekday(weekday), Word::Which(n), ..] if ways.which_follows => (weekday, which(n), 2),
        [Word::Weekday(weekday), ..] => (weekday, Nth::Coming(0), 1),
        _ => return None,
    };
    Some((Day::Weekday(weekday, nth), len, SURE))
}

/// A week, a month, a quarter, a season or a year.
fn stretch(words: &[Word], ways: Ways) -> Option<(Stretch, usize, bool)> {
    if let Some((year, len)) = year_before(words)
        && let Some(stretch) = words.get(len).and_then(|word| yearly(*word, year))
    {
        return Some((stretch, len + 1, SURE));
    }
    let which = |n: i32| match n {
        0 => Year::Coming,
        -1 => Year::Last,
        _ => Year::Next,
    };
    match *words {
        [Word::Which(n), word, ..] if yearly(word, Year::Coming).is_some() => Some((yearly(word, which(n))?, 2, SURE)),
        [word, Word::Which(n), ..] if ways.which_follows && yearly(word, Year::Coming).is_some() => {
            Some((yearly(word, which(n))?, 2, SURE))
        }
        [word, ..] if yearly(word, Year::Coming).is_some() => match year_behind(&words[1..]) {
            Some((year, more)) => Some((yearly(word, year)?, 1 + more, SURE)),
            None => Some((yearly(word, Year::Coming)?, 1, is_weak(word, ways))),
        },
        [Word::Rel(unit @ (Unit::Week | Unit::Weekend | Unit::Month | Unit::Quarter | Unit::Year), n), ..] => {
            Some((Stretch::Rel(unit, n), 1, SURE))
        }
        [Word::Unit(Unit::Weekend), ..] => Some((Stretch::Rel(Unit::Weekend, 0), 1, WEAK)),
        [Word::Year(year), ..] => Some((Stretch::Year(year), 1, SURE)),
        [Word::Num(year), ..] if is_year(year) => Some((Stretch::Year(year), 1, WEAK)),
        _ => None,
    }
}

/// Whether a stretch without a year may be something else: the verb "may", a summer dress.
fn is_weak(word: Word, ways: Ways) -> bool {
    match word {
        Word::Quarter(_) => false,
        Word::Month(_) => !ways.is_unspaced,
        _ => true,
    }
}

fn yearly(word: Word, year: Year) -> Option<Stretch> {
    match word {
        Word::Month(month) => Some(Stretch::Month(month, year)),
        Word::Quarter(quarter) => Some(Stretch::Quarter(quarter, year)),
        Word::Season(season) => Some(Stretch::Season(season, year)),
        _ => None,
    }
}

/// "next year in", 明年.
fn year_before(words: &[Word]) -> Option<(Year, usize)> {
    match *words {
        [Word::Rel(Unit::Year, years), Word::In | Word::Lead, ..] => Some((Year::Rel(years), 2)),
        [Word::Rel(Unit::Year, years), ..] => Some((Year::Rel(years), 1)),
        [Word::Year(year), ..] => Some((Year::Is(year), 1)),
        _ => None,
    }
}

/// ", 2026", "of next year".
fn year_behind(words: &[Word]) -> Option<(Year, usize)> {
    match *words {
        [Word::Comma, Word::Num(year), ..] if is_year(year) => Some((Year::Is(year), 2)),
        [Word::Num(year), ..] if is_year(year) => Some((Year::Is(year), 1)),
        [Word::Year(year), ..] => Some((Year::Is(year), 1)),
        [Word::Rel(Unit::Year, years), ..] => Some((Year::Rel(years), 1)),
        _ => None,
    }
}

fn is_year(number: i32) -> bool {
    (1900..=2199).contains(&number)
}

/// Whether an edge can be told of a stretch: nobody says what the beginning of a week is.
pub(super) fn has_edge(stretch: Stretch, edge: Edge) -> bool {
    let is_month = matches!(stretch, Stretch::Month(..) | Stretch::Rel(Unit::Month, _));
    edge == Edge::End || is_month || matches!(stretch, Stretch::Year(_) | Stretch::Rel(Unit::Year, _))
}
