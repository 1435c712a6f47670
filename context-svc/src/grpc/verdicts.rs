//! What a user wants changed of an item, out of the words of the contract.

use jiff::civil::Date;
use kit::error::InvalidField;
use proto::context::v1 as pb;

use super::field;
use crate::domain::model::{DuePrecision, ItemStatus};
use crate::domain::verdicts::{Change, DueChange, WishedDue, Wording};

impl TryFrom<&pb::UpdateItemRequest> for Change {
    type Error = InvalidField;

    fn try_from(request: &pb::UpdateItemRequest) -> Result<Self, InvalidField> {
        let due = match (&request.due, request.clear_due) {
            (Some(_), true) => return Err(InvalidField::new("clear_due", "must not be set together with `due`")),
            (Some(due), false) => Some(DueChange::Set(wished_due(due)?)),
            (None, true) => Some(DueChange::Clear),
            (None, false) => None,
        };
        let change = Self {
            text: request.text.as_ref().map(|text| Wording::text("text", text)).transpose()?,
            status: request.status.map(|number| status("status", number)).transpose()?,
            due,
        };
        if change.text.is_none() && change.status.is_none() && change.due.is_none() {
            return Err(InvalidField::new("text", "must be set, or `status`, `due` or `clear_due`"));
        }
        Ok(change)
    }
}

fn wished_due(due: &pb::Due) -> Result<WishedDue, InvalidField> {
    let day = match due.local_date.as_str() {
        "" => None,
        date => Some(day(date).ok_or_else(|| InvalidField::new("due.local_date", "must be a day as YYYY-MM-DD"))?),
    };
    Ok(WishedDue {
        phrase: Wording::phrase("due.phrase", &due.phrase)?.into_string(),
        day,
        instant: field::time("due.instant", due.instant)?,
        precision: precision(due.precision)?,
    })
}

fn day(text: &str) -> Option<Date> {
    // The library reads more than that: times behind the day, and years of six digits.
    if text.len() == "YYYY-MM-DD".len() { text.parse().ok() } else { None }
}

fn precision(number: i32) -> Result<Option<DuePrecision>, InvalidField> {
    match pb::due::Precision::try_from(number) {
        Ok(pb::due::Precision::Unspecified) => Ok(None),
        Ok(pb::due::Precision::Minute) => Ok(Some(DuePrecision::Minute)),
        Ok(pb::due::Precision::Day) => Ok(Some(DuePrecision::Day)),
        Ok(pb::due::Precision::Week) => Ok(Some(DuePrecision::Week)),
        Ok(pb::due::Precision::Month) => Ok(Some(DuePrecision::Month)),
        Ok(pb::due::Precision::Quarter) => Ok(Some(DuePrecision::Quarter)),
        Ok(pb::due::Precision::Year) => Ok(Some(DuePrecision::Year)),
        Err(_) => Err(InvalidField::new("due.precision", "must be MINUTE, DAY, WEEK, MONTH, QUARTER or YEAR")),
    }
}

/// How an item stands.
pub(super) fn status(field: impl Into<String>, number: i32) -> Result<ItemStatus, InvalidField> {
    match pb::item::Status::try_from(number) {
        Ok(pb::item::Status::Active) => Ok(ItemStatus::Active),
        Ok(pb::item::Status::Done) => Ok(ItemStatus::Done),
        Ok(pb::item::Status::Dropped) => Ok(ItemStatus::Dropped),
        Ok(pb::item::Status::Taken) => Ok(ItemStatus::Taken),
        Ok(pb::item::Status::Reversed) => Ok(ItemStatus::Reversed),
        Ok(pb::item::Status::Unspecified) | Err(_) => {
            Err(InvalidField::new(field, "must be ACTIVE, DONE, DROPPED, TAKEN or REVERSED"))
        }
    }
}
