//! A request for a page of follow-ups, and the page.
//!
//! What is pressing depends on the time reckoned from, so the token carries it: all pages of a list are of one moment.

use jiff::Timestamp;
use kit::error::InvalidField;
use proto::context::v1 as pb;

use super::{answer, field};
use crate::domain::follow_ups::{FollowUp, FollowUpPlace, FollowUpReason};

/// Which page is asked for.
pub(super) struct Page {
    pub(super) now: Timestamp,
    size: usize,
    after: Option<FollowUpPlace>,
}

impl Page {
    /// The page that `request` means, at the time `present`.
    pub(super) fn of(request: &pb::ListFollowUpsRequest, present: Timestamp) -> Result<Self, InvalidField> {
        let size = field::page_size(request.page_size)?;
        let given = field::time("now", request.now)?;
        let begun = field::page_token(&request.page_token, |token| {
            read(token).filter(|(now, _)| given.is_none_or(|given| given == *now))
        })?;
        match begun {
            Some((now, place)) => Ok(Self { now, size, after: Some(place) }),
            None => Ok(Self { now: given.unwrap_or_else(|| whole_micros(present)), size, after: None }),
        }
    }

    /// The page out of the whole list.
    pub(super) fn out_of(self, mut all: Vec<FollowUp>) -> pb::ListFollowUpsResponse {
        all.retain(|follow_up| self.after.as_ref().is_none_or(|after| follow_up.place > *after));
        let more = all.len() > self.size;
        all.truncate(self.size);
        let next = all.last().filter(|_| more).map(|last| token(self.now, &last.place));
        pb::ListFollowUpsResponse {
            follow_ups: all.into_iter().map(follow_up).collect(),
            next_page_token: next.unwrap_or_default(),
        }
    }
}

fn follow_up(follow_up: FollowUp) -> pb::FollowUp {
    pb::FollowUp {
        item: Some(answer::item(follow_up.item)),
        reason: reason(follow_up.reason).into(),
        at: Some(answer::time(follow_up.at)),
        days: follow_up.days,
    }
}

fn reason(reason: FollowUpReason) -> pb::follow_up::Reason {
    match reason {
        FollowUpReason::Overdue => pb::follow_up::Reason::Overdue,
        FollowUpReason::DueSoon => pb::follow_up::Reason::DueSoon,
        FollowUpReason::Reversed => pb::follow_up::Reason::Reversed,
        FollowUpReason::Silent => pb::follow_up::Reason::Silent,
    }
}

/// The times of what is remembered are whole, too, and a token holds no more.
fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

fn token(now: Timestamp, place: &FollowUpPlace) -> String {
    let FollowUpPlace { reason: why, distance_micros, item_id } = place;
    format!("{}.{}.{distance_micros}.{item_id}", now.as_microsecond(), i32::from(reason(*why)))
}

fn read(token: &str) -> Option<(Timestamp, FollowUpPlace)> {
    let mut parts = token.splitn(4, '.');
    let now = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok()?;
    let reason = match pb::follow_up::Reason::try_from(parts.next()?.parse::<i32>().ok()?).ok()? {
        pb::follow_up::Reason::Unspecified => return None,
        pb::follow_up::Reason::Overdue => FollowUpReason::Overdue,
        pb::follow_up::Reason::DueSoon => FollowUpReason::DueSoon,
        pb::follow_up::Reason::Silent => FollowUpReason::Silent,
        pb::follow_up::Reason::Reversed => FollowUpReason::Reversed,
    };
    let distance_micros = parts.next()?.parse().ok()?;
    let item_id = parts.next()?.to_owned();
    Some((now, FollowUpPlace { reason, distance_micros, item_id }))
}
