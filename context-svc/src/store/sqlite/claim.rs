//! Leasing a job to a worker.

use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::columns::{causes, key, micros, parsed, time, traces, watermark};
use crate::domain::model::{ConversationKey, Incarnation, Job, Lease, WorkerId};
use crate::store::ClaimTerms;

/// The job whose lease expired first. One that has been delivered too often is to be given up instead of claimed. What an
/// erasure is about to remove is not claimed again.
pub(super) const EXPIRED: &str = "
    SELECT user_id, conversation_id, job_deliveries FROM conversation
    WHERE job_state = 'RUNNING' AND job_lease_until <= ?1 AND user_id NOT IN (SELECT value FROM json_each(?2))
      AND era = (SELECT m.era FROM user_memory m WHERE m.user_id = conversation.user_id)
    ORDER BY job_lease_until LIMIT 1";

/// The job that is due for longest.
pub(super) const DUE: &str = "
    SELECT user_id, conversation_id, 0 AS job_deliveries FROM conversation
    WHERE job_state = 'PENDING' AND job_due_at <= ?1 AND user_id NOT IN (SELECT value FROM json_each(?2))
      AND era = (SELECT m.era FROM user_memory m WHERE m.user_id = conversation.user_id)
    ORDER BY job_due_at LIMIT 1";

/// Leases the next job, if there is one, and says how many were given up. See [`crate::store::JobStore::claim`].
pub(super) fn claim(
    db: &Connection,
    worker: &WorkerId,
    capped: &[UserId],
    terms: &ClaimTerms,
) -> rusqlite::Result<(Option<Job>, u64)> {
    let capped = capped_json(capped);
    let mut poisoned = 0;
    while let Some((key, deliveries)) = next(db, EXPIRED, &capped, terms)? {
        if deliveries < terms.deliveries_max {
            return Ok((Some(lease(db, &key, worker, terms)?), poisoned));
        }
        give_up(db, &key, terms)?;
        poisoned += 1;
    }
    let due = next(db, DUE, &capped, terms)?;
    let job = due.map(|(key, _)| lease(db, &key, worker, terms)).transpose()?;
    Ok((job, poisoned))
}

fn capped_json(users: &[UserId]) -> String {
    serde_json::Value::from_iter(users.iter().map(UserId::as_str)).to_string()
}

fn next(
    db: &Connection,
    which: &'static str,
    capped: &str,
    terms: &ClaimTerms,
) -> rusqlite::Result<Option<(ConversationKey, u32)>> {
    db.prepare_cached(which)?
        .query_row(params![micros(terms.now), capped], |row| Ok((key(row)?, row.get("job_deliveries")?)))
        .optional()
}

fn lease(db: &Connection, key: &ConversationKey, worker: &WorkerId, terms: &ClaimTerms) -> rusqlite::Result<Job> {
    db.prepare_cached(
        "UPDATE conversation
         SET job_state = 'RUNNING', job_owner = :worker, job_lease_until = :lease_until, job_bound = job_want,
             job_fence = job_fence + 1, job_deliveries = job_deliveries + 1, job_attempts = job_attempts + 1,
             job_updated_at = :now
         WHERE user_id = :user AND conversation_id = :conversation
         RETURNING user_id, conversation_id, incarnation, job_fence, job_owner, job_want, job_done, job_attempts,
                   job_snoozes, job_causes, job_traces, job_first_at",
    )?
    .query_row(
        named_params! {
            ":worker": worker.as_str(),
            ":lease_until": micros(terms.now + terms.lease),
            ":now": micros(terms.now),
            ":user": key.user_id.as_str(),
            ":conversation": key.conversation_id.as_str(),
        },
        job,
    )
}

fn give_up(db: &Connection, key: &ConversationKey, terms: &ClaimTerms) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE conversation
         SET job_state = 'DEAD', job_owner = NULL, job_lease_until = NULL, job_fence = job_fence + 1, job_deliveries = 0,
             job_error_reason = 'POISON', job_error_at = :now, job_updated_at = :now,
             job_error_message = 'its worker died or lost it ' || job_deliveries || ' times in a row'
         WHERE user_id = :user AND conversation_id = :conversation",
    )?
    .execute(named_params! {
        ":now": micros(terms.now),
        ":user": key.user_id.as_str(),
        ":conversation": key.conversation_id.as_str(),
    })?;
    Ok(())
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        lease: Lease {
            key: key(row)?,
            incarnation: parsed::<String, _>(row, "incarnation", Incarnation::parse)?,
            fence: row.get("job_fence")?,
            owner: parsed::<String, _>(row, "job_owner", WorkerId::parse)?,
        },
        want: watermark(row, "job_want")?,
        done: watermark(row, "job_done")?,
        attempt: row.get("job_attempts")?,
        snoozes: row.get("job_snoozes")?,
        causes: causes(row)?,
        traces: traces(row)?,
        first_at: time(row, "job_first_at")?,
    })
}
