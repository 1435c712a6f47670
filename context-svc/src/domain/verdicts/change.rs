//! What a user may change of an item, and what it comes to.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kit::error::InvalidField;

use crate::domain::extract::TEXT_BYTES_MAX;
use crate::domain::extract::fold::{fingerprint, on_one_line};
use crate::domain::extract::when;
use crate::domain::model::{Due, DuePrecision, Edit, EditedDue, ItemKind, ItemStatus};
use crate::domain::secrets::has_secret;
use crate::llm::When;

const PHRASE_BYTES_MAX: usize = 256;

/// What is to change of an item; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The text.
    pub text: Option<Wording>,
    /// How it stands.
    pub status: Option<ItemStatus>,
    /// When it is to happen.
    pub due: Option<DueChange>,
}

/// Words that may be remembered: on one line, not too many, and without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording(String);

/// A due time, taken away or set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueChange {
    /// None.
    Clear,
    /// This one.
    Set(WishedDue),
}

/// A due time as a user wishes it; the day or the moment is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WishedDue {
    /// The user's words for it; empty if there are none.
    pub phrase: String,
    /// The day.
    pub day: Option<Date>,
    /// The moment.
    pub instant: Option<Timestamp>,
    /// How exact it is; `None`: as exact as what is given.
    pub precision: Option<DuePrecision>,
}

impl Wording {
    /// The text of an item.
    pub fn text(field: &str, text: &str) -> Result<Self, InvalidField> {
        let text = on_one_line(text);
        if fingerprint(&text).is_empty() {
            return Err(InvalidField::new(field, "must say something"));
        }
        Self::of_at_most(TEXT_BYTES_MAX, field, text)
    }

    /// The words for a due time, perhaps none.
    pub fn phrase(field: &str, phrase: &str) -> Result<Self, InvalidField> {
        Self::of_at_most(PHRASE_BYTES_MAX, field, on_one_line(phrase))
    }

    /// The words.
    pub fn into_string(self) -> String {
        self.0
    }

    fn of_at_most(bytes_max: usize, field: &str, words: String) -> Result<Self, InvalidField> {
        if words.len() > bytes_max {
            return Err(InvalidField::new(field, format!("must have at most {bytes_max} bytes")));
        }
        if has_secret(&words) {
            return Err(InvalidField::new(field, "must not give away a card number, a password or a key"));
        }
        Ok(Self(words))
    }
}

impl Change {
    /// Lays the change of an item of that `kind` over what was changed before, as of `now` in the time zone of its conversation.
    pub(super) fn over(
        self,
        before: &Edit,
        kind: ItemKind,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Edit, InvalidField> {
        if self.status.is_some_and(|status| !fits(kind, status)) {
            let problem = match kind {
                ItemKind::Goal => "must be ACTIVE, DONE or DROPPED for a goal",
                ItemKind::Decision => "must be TAKEN or REVERSED for a decision",
                ItemKind::Insight => "must not be set for an insight",
            };
            return Err(InvalidField::new("status", problem));
        }
        let due = match self.due {
            None => before.due.clone(),
            Some(DueChange::Clear) => Some(EditedDue::Cleared),
            Some(DueChange::Set(wished)) => Some(EditedDue::Set(wished.resolve(now, zone)?)),
        };
        Ok(Edit {
            text: self.text.map(Wording::into_string).or_else(|| before.text.clone()),
            status: self.status.or(before.status),
            due,
            at: Some(now),
        })
    }
}

fn fits(kind: ItemKind, status: ItemStatus) -> bool {
    use ItemStatus::{Active, Done, Dropped, Reversed, Taken};
    match kind {
        ItemKind::Goal => matches!(status, Active | Done | Dropped),
        ItemKind::Decision => matches!(status, Taken | Reversed),
        ItemKind::Insight => false,
    }
}

impl WishedDue {
    fn resolve(self, now: Timestamp, zone: &TimeZone) -> Result<Due, InvalidField> {
        let Self { phrase, day, instant, precision } = self;
        let Some(date) = day.or_else(|| instant.map(|instant| zone.to_datetime(instant).date())) else {
            return Err(InvalidField::new("due", "must have `local_date` or `instant`"));
        };
        let precision = match (precision, instant) {
            (Some(precision), _) => precision,
            (None, Some(_)) => DuePrecision::Minute,
            (None, None) => DuePrecision::Day,
        };
        let resolved = when::resolve(&When { phrase: String::new(), value: Some(iso(date, precision)) }, now, zone);
        if resolved.instant.is_none() {
            let problem = "must be a day that is not more than a year past nor more than 30 years ahead";
            return Err(InvalidField::new("due.local_date", problem));
        }
        match (precision, instant) {
            (DuePrecision::Minute, None) => {
                Err(InvalidField::new("due.instant", "must be set if it is due to the minute"))
            }
            (DuePrecision::Minute, Some(instant)) if !is_on(date, instant) => {
                Err(InvalidField::new("due.local_date", "must be the day of `instant`"))
            }
            (DuePrecision::Minute, instant) => {
                Ok(Due { phrase, local_date: Some(date), instant, precision: Some(DuePrecision::Minute) })
            }
            _ => Ok(Due { phrase, ..resolved }),
        }
    }
}

/// Whether the moment is on that day somewhere on earth.
fn is_on(date: Date, instant: Timestamp) -> bool {
    let there = TimeZone::UTC.to_datetime(instant).date();
    there == date || date.tomorrow().is_ok_and(|next| there == next) || date.yesterday().is_ok_and(|last| there == last)
}

/// The stretch of that precision in which the day is.
fn iso(date: Date, precision: DuePrecision) -> String {
    match precision {
        DuePrecision::Minute | DuePrecision::Day => date.to_string(),
        DuePrecision::Week => {
            let week = date.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        DuePrecision::Month => format!("{:04}-{:02}", date.year(), date.month()),
        DuePrecision::Quarter => format!("{:04}-Q{}", date.year(), (date.month() + 2) / 3),
        DuePrecision::Year => format!("{:04}", date.year()),
    }
}
