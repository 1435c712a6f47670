//! The writes of a running job. Each matches only while its lease is the one in force.

use jiff::Timestamp;
use rusqlite::{Connection, ToSql, named_params};

use super::columns::micros;
use crate::domain::model::{Committed, Fate, LastError, Lease, RawAnswer, Watermark};

/// What a write of a running job filters on.
const MINE: &str = "user_id = :user AND conversation_id = :conversation AND incarnation = :incarnation
                    AND job_state = 'RUNNING' AND job_fence = :fence AND job_owner = :owner
                    AND era = (SELECT era FROM user_memory WHERE user_id = :user)";

/// What every write that ends a claim with a verdict sets.
const LEFT: &str = "job_owner = NULL, job_lease_until = NULL, job_deliveries = 0, job_updated_at = :now";

/// What a result sets, besides.
const SAVED: &str = "context = :context, extracted_to = :upto, job_done = :upto, extract_fence = job_fence,
                     unsummarised = 1, job_attempts = 0, job_snoozes = 0, job_not_before = NULL,
                     job_error_reason = NULL, job_error_message = NULL, job_error_at = NULL, job_raw_answer = NULL,
                     prompt_version = :version, extracted_at = :now";

/// A result on its way into the database.
pub(super) struct Saved {
    /// Up to where it covers the messages.
    pub(super) upto: Watermark,
    /// The session context as JSON.
    pub(super) context: String,
    /// What it was read with; `None` if no model was asked.
    pub(super) prompt_version: Option<String>,
}

pub(super) fn heartbeat(db: &Connection, lease: &Lease, lease_until: Timestamp) -> rusqlite::Result<bool> {
    let values = named_params! { ":lease_until": micros(lease_until) };
    update(db, lease, "job_lease_until = max(job_lease_until, :lease_until)", "", values)
}

/// Tries in order: everything is covered; newer messages that nobody asked for yet; more was asked for.
pub(super) fn complete(db: &Connection, lease: &Lease, saved: &Saved, now: Timestamp) -> rusqlite::Result<Committed> {
    let ways = [
        (
            "job_state = 'DONE', dirty = 0",
            "job_want <= :upto AND last_seq <= (:upto & ((1 << 40) - 1))",
            Committed::Done,
        ),
        ("job_state = 'DONE'", "job_want <= :upto", Committed::Done),
        // Of a reading from the beginning a part may be saved: what was covered before is not covered any more.
        (
            "job_state = 'PENDING', dirty = max(dirty, last_seq > (:upto & ((1 << 40) - 1)))",
            "job_want > :upto",
            Committed::Rearmed,
        ),
    ];
    for (state, condition, committed) in ways {
        let values = named_params! {
            ":context": saved.context,
            ":upto": saved.upto.as_i64(),
            ":version": saved.prompt_version,
            ":now": micros(now),
        };
        // Never backwards, whatever a processor claims to have covered.
        let condition = format!("AND job_done < :upto AND {condition}");
        if update(db, lease, &format!("{state}, {SAVED}, {LEFT}"), &condition, values)? {
            return Ok(committed);
        }
    }
    Ok(Committed::LeaseLost)
}

pub(super) fn fail(
    db: &Connection,
    lease: &Lease,
    fate: Fate,
    error: &LastError,
    answer: Option<&RawAnswer>,
) -> rusqlite::Result<bool> {
    let (state, not_before) = match fate {
        Fate::Retry { not_before } => ("job_state = 'PENDING'", Some(not_before)),
        Fate::Snooze { until } => {
            ("job_state = 'PENDING', job_attempts = job_attempts - 1, job_snoozes = job_snoozes + 1", Some(until))
        }
        Fate::Dead => ("job_state = 'DEAD'", None),
        Fate::DeadOfOutage => ("job_state = 'DEAD', job_died_of_outage = 1", None),
    };
    let set = format!(
        "{state}, job_not_before = :not_before, job_error_reason = :reason, job_error_message = :message,
         job_error_at = :now, job_raw_answer = coalesce(:answer, job_raw_answer), {LEFT}"
    );
    let values = named_params! {
        ":not_before": not_before.map(micros), ":reason": error.reason, ":message": error.message, ":now": micros(error.at),
        ":answer": answer.map(RawAnswer::as_str),
    };
    update(db, lease, &set, "", values)
}

pub(super) fn release(db: &Connection, lease: &Lease, now: Timestamp) -> rusqlite::Result<bool> {
    let set = format!("job_state = 'PENDING', job_attempts = job_attempts - 1, job_not_before = NULL, {LEFT}");
    update(db, lease, &set, "", named_params! { ":now": micros(now) })
}

/// Sets `set` on the job of this lease, if it is still in force and `condition` holds. Whether it was.
fn update(
    db: &Connection,
    lease: &Lease,
    set: &str,
    condition: &str,
    values: &[(&str, &dyn ToSql)],
) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached(&format!("UPDATE conversation SET {set} WHERE {MINE} {condition}"))?;
    let (user, conversation) = (lease.key.user_id.as_str(), lease.key.conversation_id.as_str());
    let (incarnation, owner) = (lease.incarnation.as_str(), lease.owner.as_str());
    let mine = named_params! {
        ":user": user, ":conversation": conversation, ":incarnation": incarnation, ":fence": lease.fence, ":owner": owner
    };
    let all: Vec<_> = mine.iter().chain(values).copied().collect();
    Ok(statement.execute(all.as_slice())? == 1)
}
