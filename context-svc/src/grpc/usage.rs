//! What a user consumed, by day.

use kit::error::InvalidField;
use proto::context::v1 as pb;

use super::answer;
use crate::domain::model::{DayUsage, Usage};

const DAYS_DEFAULT: u32 = 30;
const DAYS_MAX: i32 = 366;

/// How many days are asked for.
pub(super) fn days(request: &pb::GetUsageRequest) -> Result<u32, InvalidField> {
    match request.days {
        0 => Ok(DAYS_DEFAULT),
        days @ 1..=DAYS_MAX => Ok(days.unsigned_abs()),
        _ => Err(InvalidField::new("days", "must be 1 to 366")),
    }
}

/// The days, and what a user may consume on each.
pub(super) fn usage(days: Vec<DayUsage>, daily_token_limit: u64) -> pb::GetUsageResponse {
    let total = days.iter().fold(Usage::default(), |so_far, day| so_far + day.usage);
    let day = |day: DayUsage| pb::get_usage_response::Day {
        date: day.day.to_string(),
        usage: Some(answer::usage(day.usage)),
    };
    pb::GetUsageResponse {
        total: Some(answer::usage(total)),
        days: days.into_iter().map(day).collect(),
        daily_token_limit: i64::try_from(daily_token_limit).unwrap_or(i64::MAX),
    }
}
