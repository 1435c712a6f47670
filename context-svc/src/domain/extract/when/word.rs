//! What single words contribute to a time, whatever their language.

use jiff::civil::Weekday;

/// The meaning of one or a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing to do with a time.
    Other,
    /// The end of a sentence or a line.
    Break,
    /// A comma.
    Comma,
    /// An article or a preposition without weight: left out.
    The,
    /// The same, where it makes a weekday a habit: "le lundi" is every Monday.
    Habit,
    /// "by", "on", "until": what follows is when it is to happen.
    Lead,
    /// "in", "within": the same, or a span of time that begins now.
    In,
    /// "at": an hour follows.
    At,
    /// "to", a dash: the end of a range.
    To,
    /// "from", "starting": what begins then is not due then, unless somebody says so.
    From,
    /// "after", "since": some other time than the one that follows.
    Since,
    /// "every", "on Mondays": no single time.
    Every,
    /// "some day", "later".
    Vague,
    /// "is": "today is Sunday" speaks of no other day.
    Is,
    /// "from now", 后: a span of time that begins now, said after it.
    After,
    /// "ago", and what stands before a day or a span in some languages (vor, 前).
    Before,
    /// Days from today.
    Day(i32),
    /// "this" 0, "next" 1, "last" -1.
    Which(i32),
    /// A calendar unit.
    Unit(Unit),
    /// A unit behind a number that makes it a year, a month or a day: 年 月 日.
    Mark(Unit),
    /// This, the next or another unit, counted from the present one.
    Rel(Unit, i32),
    /// A day of the week.
    Weekday(Weekday),
    /// 1 to 12.
    Month(i8),
    /// A quarter of a year, 1 to 4.
    Quarter(i8),
    /// A season.
    Season(Season),
    /// A feast of fixed date, by month and day.
    Feast(i8, i8),
    /// The beginning, the middle or the end of what follows.
    Edge(Edge),
    /// A year by its number.
    Year(i32),
    /// A number.
    Num(i32),
    /// A number that counts days or quarters: 1st.
    Ord(i32),
    /// A date in figures: two numbers in an order that differs between countries, perhaps a year.
    Figures(i32, i32, Option<i32>),
    /// Two numbers with a stroke between: a date without a year, or a part of a whole.
    Fraction(i32, i32),
    /// A date in figures that is clear: year, month, day.
    Iso(i32, i32, i32),
    /// Hour and minute.
    Clock(i32, i32),
    /// A number with a fraction of two digits, which may be hour and minute.
    Decimal(i32, i32),
    /// "o'clock".
    OClock,
    /// Minutes to add to the hour that follows: "half past", "halb" -30.
    Shift(i32),
    /// Minutes to add to the hour before: "y media".
    Past(i32),
    /// A part of the day.
    Part(Part),
    /// Midnight.
    Midnight,
}

/// A unit of the calendar or the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Weekend,
    Month,
    Quarter,
    Year,
}

/// A part of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Begin,
    Middle,
    End,
}

/// A season, as the weather has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Season {
    Spring,
    Summer,
    Autumn,
    Winter,
}

/// A part of the day, which tells nine in the morning from nine in the evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Am,
    Pm,
    Morning,
    Noon,
    Afternoon,
    Evening,
    Night,
}

/// A word where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it means.
    pub(super) word: Word,
    /// Where it begins in the text, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Whether a [`Word::Habit`] stands before it.
    pub(super) is_habit: bool,
}
