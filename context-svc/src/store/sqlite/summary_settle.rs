//! The writes of a running summary job. All but the marks match only while its lease is the one in force.

use jiff::Timestamp;
use kit::id::UserId;
use rusqlite::{Connection, ToSql, named_params, params};

use super::columns::micros;
use crate::domain::model::{Covered, Fate, LastError, Stand, SummaryLease, Written};

const MINE: &str = "user_id = :user AND job_state = 'RUNNING' AND job_fence = :fence AND job_owner = :owner";

/// What every write that ends a claim with a verdict sets.
const LEFT: &str = "job_owner = NULL, job_lease_until = NULL, job_deliveries = 0, job_updated_at = :now";

/// A new summary as it is stored.
pub(super) struct Json {
    pub(super) epoch: i64,
    pub(super) summary: String,
    pub(super) marking: String,
}

pub(super) fn heartbeat(db: &Connection, lease: &SummaryLease, lease_until: Timestamp) -> rusqlite::Result<bool> {
    let values = named_params! { ":lease_until": micros(lease_until) };
    update(db, lease, "job_lease_until = max(job_lease_until, :lease_until)", "", values)
}

/// The epoch is part of the condition, so that a write whose answer was lost does nothing when it is repeated.
pub(super) fn write(db: &Connection, lease: &SummaryLease, stand: &Stand, json: &Json) -> rusqlite::Result<Written> {
    let values = named_params! {
        ":summary": json.summary, ":marking": json.marking, ":epoch": json.epoch, ":era": stand.era,
        ":deletions": stand.deletions
    };
    let set = "summary = :summary, marking = :marking, epoch = :epoch";
    let condition = "AND era = :era AND deletions = :deletions AND epoch = :epoch - 1 AND marking IS NULL";
    if update(db, lease, set, condition, values)? {
        return Ok(Written::Saved);
    }
    // Changes nothing: it only tells whether the lease is still in force.
    let held = update(db, lease, "job_fence = job_fence", "", &[])?;
    Ok(if held { Written::Stale } else { Written::LeaseLost })
}

pub(super) fn mark(db: &Connection, user: &UserId, covered: &Covered, epoch: i64) -> rusqlite::Result<bool> {
    let marked = db
        .prepare_cached(
            "UPDATE conversation SET unsummarised = 0, summarised_in = ?5
             WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND extract_fence = ?4 AND unsummarised = 1",
        )?
        .execute(params![
            user.as_str(),
            covered.conversation_id.as_str(),
            covered.incarnation.as_str(),
            covered.extract_fence,
            epoch
        ])?;
    Ok(marked == 1)
}

pub(super) fn finish(db: &Connection, lease: &SummaryLease, now: Timestamp) -> rusqlite::Result<bool> {
    let set = format!(
        "job_state = 'DONE', marking = NULL, job_not_before = NULL, job_attempts = 0, job_snoozes = 0,
         job_failed_on = NULL, job_error_reason = NULL, job_error_message = NULL, job_error_at = NULL, {LEFT}"
    );
    update(db, lease, &set, "", named_params! { ":now": micros(now) })
}

pub(super) fn fail(
    db: &Connection,
    lease: &SummaryLease,
    fate: Fate,
    error: &LastError,
    failed_on: &str,
) -> rusqlite::Result<bool> {
    let (state, not_before, failed_on) = match fate {
        Fate::Retry { not_before } => ("job_state = 'PENDING'", Some(not_before), None),
        Fate::Snooze { until } => {
            let state = "job_state = 'PENDING', job_attempts = job_attempts - 1, job_snoozes = job_snoozes + 1";
            (state, Some(until), None)
        }
        Fate::Dead | Fate::DeadOfOutage => ("job_state = 'DEAD'", None, Some(failed_on)),
    };
    let set = format!(
        "{state}, job_not_before = :not_before, job_failed_on = :failed_on, job_error_reason = :reason,
         job_error_message = :message, job_error_at = :now, {LEFT}"
    );
    let values = named_params! {
        ":not_before": not_before.map(micros), ":failed_on": failed_on, ":reason": error.reason,
        ":message": error.message, ":now": micros(error.at)
    };
    update(db, lease, &set, "", values)
}

pub(super) fn release(db: &Connection, lease: &SummaryLease, now: Timestamp) -> rusqlite::Result<bool> {
    let set = format!("job_state = 'PENDING', job_attempts = job_attempts - 1, job_not_before = NULL, {LEFT}");
    update(db, lease, &set, "", named_params! { ":now": micros(now) })
}

/// Sets `set` on the job of this lease, if it is still in force and `condition` holds. Whether it was.
fn update(
    db: &Connection,
    lease: &SummaryLease,
    set: &str,
    condition: &str,
    values: &[(&str, &dyn ToSql)],
) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached(&format!("UPDATE user_memory SET {set} WHERE {MINE} {condition}"))?;
    let (user, owner) = (lease.user_id.as_str(), lease.owner.as_str());
    let mine = named_params! { ":user": user, ":fence": lease.fence, ":owner": owner };
    let all: Vec<_> = mine.iter().chain(values).copied().collect();
    Ok(statement.execute(all.as_slice())? == 1)
}
