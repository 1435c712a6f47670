//! What calls of models consumed, summed.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::Usage;

/// What was consumed on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// By the user in question.
    pub user: Usage,
    /// By all users together, also by those who have been erased since.
    pub all: Usage,
}

/// What one user consumed on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUsage {
    /// The day in UTC.
    pub day: Date,
    /// What was consumed on it.
    pub usage: Usage,
}

/// The day in UTC on which what was consumed at that time counts.
pub fn day_of(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}
