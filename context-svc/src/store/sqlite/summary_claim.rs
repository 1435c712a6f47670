//! Asking for a summary, and leasing the job that makes it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::columns::{micros, parsed, time};
use super::summaries::{json, open, open_json};
use crate::domain::model::{Covered, JobState, SummaryAsked, SummaryJob, SummaryLease, WorkerId};
use crate::store::ClaimTerms;

/// The job whose lease expired first.
pub(super) const EXPIRED: &str = "
    SELECT user_id, job_deliveries FROM user_memory
    WHERE job_state = 'RUNNING' AND job_lease_until <= ?1 ORDER BY job_lease_until LIMIT 1";

/// The job that is due for longest.
pub(super) const DUE: &str = "
    SELECT user_id, 0 AS job_deliveries FROM user_memory
    WHERE job_state = 'PENDING' AND job_run_at <= ?1 AND coalesce(job_not_before, job_run_at) <= ?1
    ORDER BY job_run_at LIMIT 1";

/// What it takes to say whether a job is due: it is asked for after each extraction.
struct Asked {
    era: i64,
    is_marking: bool,
    state: JobState,
    failed_on: BTreeSet<Covered>,
}

/// Queues a job if one is due. See [`crate::store::SummaryStore::ask_summary`].
pub(super) fn ask(db: &Connection, user: &UserId, enough: usize, now: Timestamp) -> rusqlite::Result<SummaryAsked> {
    let asked = db
        .prepare_cached(
            "SELECT era, marking IS NOT NULL AS is_marking, job_state, job_failed_on FROM user_memory WHERE user_id = ?1",
        )?
        .query_row([user.as_str()], asked)
        .optional()?;
    let Some(Asked { era, is_marking, state, failed_on }) = asked else { return Ok(SummaryAsked::NotDue) };
    if state.is_live() {
        return Ok(SummaryAsked::Live);
    }
    if !is_marking {
        let open = open(db, user, era)?;
        if open.len() < enough {
            return Ok(SummaryAsked::NotDue);
        }
        if state == JobState::Dead && open.is_subset(&failed_on) {
            return Ok(SummaryAsked::GivenUp);
        }
    }
    db.prepare_cached(
        "UPDATE user_memory
         SET job_state = 'PENDING', job_run_at = ?2, job_not_before = NULL, job_first_at = ?2, job_attempts = 0,
             job_deliveries = 0, job_snoozes = 0, job_failed_on = NULL, job_error_reason = NULL,
             job_error_message = NULL, job_error_at = NULL, job_updated_at = ?2
         WHERE user_id = ?1",
    )?
    .execute(params![user.as_str(), micros(now)])?;
    Ok(SummaryAsked::Queued)
}

/// Leases the next job, if there is one. See [`crate::store::SummaryStore::claim_summary`].
pub(super) fn claim(db: &Connection, worker: &WorkerId, terms: &ClaimTerms) -> rusqlite::Result<Option<SummaryJob>> {
    while let Some((user, deliveries)) = next(db, EXPIRED, terms)? {
        if deliveries < terms.deliveries_max {
            return lease(db, &user, worker, terms).map(Some);
        }
        give_up(db, &user, terms)?;
    }
    match next(db, DUE, terms)? {
        Some((user, _)) => lease(db, &user, worker, terms).map(Some),
        None => Ok(None),
    }
}

fn next(db: &Connection, which: &'static str, terms: &ClaimTerms) -> rusqlite::Result<Option<(UserId, u32)>> {
    db.prepare_cached(which)?
        .query_row(params![micros(terms.now)], |row| {
            Ok((parsed::<String, _>(row, "user_id", UserId::parse)?, row.get("job_deliveries")?))
        })
        .optional()
}

fn lease(db: &Connection, user: &UserId, worker: &WorkerId, terms: &ClaimTerms) -> rusqlite::Result<SummaryJob> {
    db.prepare_cached(
        "UPDATE user_memory
         SET job_state = 'RUNNING', job_owner = :worker, job_lease_until = :lease_until, job_fence = job_fence + 1,
             job_deliveries = job_deliveries + 1, job_attempts = job_attempts + 1, job_updated_at = :now
         WHERE user_id = :user
         RETURNING user_id, job_fence, job_owner, job_attempts, job_first_at",
    )?
    .query_row(
        named_params! {
            ":worker": worker.as_str(),
            ":lease_until": micros(terms.now + terms.lease),
            ":now": micros(terms.now),
            ":user": user.as_str(),
        },
        job,
    )
}

fn give_up(db: &Connection, user: &UserId, terms: &ClaimTerms) -> rusqlite::Result<()> {
    let failed_on = open_json(db, user)?;
    db.prepare_cached(
        "UPDATE user_memory
         SET job_state = 'DEAD', job_owner = NULL, job_lease_until = NULL, job_fence = job_fence + 1,
             job_failed_on = ?3, job_error_reason = 'POISON', job_error_at = ?2, job_updated_at = ?2,
             job_error_message = 'its worker died or lost it ' || job_deliveries || ' times in a row', job_deliveries = 0
         WHERE user_id = ?1",
    )?
    .execute(params![user.as_str(), micros(terms.now), failed_on])?;
    Ok(())
}

fn asked(row: &Row<'_>) -> rusqlite::Result<Asked> {
    Ok(Asked {
        era: row.get("era")?,
        is_marking: row.get("is_marking")?,
        state: parsed(row, "job_state", |word: String| JobState::parse(&word))?,
        failed_on: json(row, "job_failed_on")?.unwrap_or_default(),
    })
}

fn job(row: &Row<'_>) -> rusqlite::Result<SummaryJob> {
    Ok(SummaryJob {
        lease: SummaryLease {
            user_id: parsed::<String, _>(row, "user_id", UserId::parse)?,
            fence: row.get("job_fence")?,
            owner: parsed::<String, _>(row, "job_owner", WorkerId::parse)?,
        },
        attempt: row.get("job_attempts")?,
        first_at: time(row, "job_first_at")?,
    })
}
