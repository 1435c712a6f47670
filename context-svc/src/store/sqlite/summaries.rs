//! Summaries, and their job, which are columns of the user's memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::columns::{context, conversation_id, optional, optional_time, parsed, time};
use super::jobs::{Unwritable, last_error};
use super::{SqliteStore, summary_claim, summary_settle, verdicts};
use crate::domain::model::{
    ConversationKey, Covered, Fate, Incarnation, JobState, LastError, Marking, Pick, Stand, Summarised, Summary,
    SummaryAsked, SummaryJob, SummaryLease, SummaryStanding, Unsummarised, WorkerId, Written,
};
use crate::store::{ClaimTerms, StoreError, SummaryStore};

/// Counted without looking at the conversations, so some of them may be of an older era: asking looks closer.
pub(super) const USERS: &str = "
    SELECT user_id FROM conversation INDEXED BY conversation_unsummarised
    WHERE unsummarised = 1 AND user_id > ?2 GROUP BY user_id
    HAVING count(*) >= ?1 AND EXISTS (SELECT 1 FROM user_memory m WHERE m.user_id = conversation.user_id
                                      AND m.job_state NOT IN ('PENDING', 'RUNNING'))
    ORDER BY user_id LIMIT ?3";

pub(super) const HALF_MARKED: &str = "
    SELECT user_id FROM user_memory INDEXED BY summary_marking
    WHERE marking IS NOT NULL AND user_id > ?1 AND job_state NOT IN ('PENDING', 'RUNNING')
    ORDER BY user_id LIMIT ?2";

/// Everything that is open, without the contexts themselves: it is counted after each extraction.
pub(super) const OPEN: &str = "
    SELECT conversation_id, incarnation, extract_fence FROM conversation
    WHERE user_id = ?1 AND unsummarised = 1 AND era = ?2 AND deleting = 0";

pub(super) const OLDEST: &str = "
    SELECT conversation_id, incarnation, extract_fence, last_at, context FROM conversation
    WHERE user_id = ?1 AND unsummarised = 1 AND era = ?2 AND deleting = 0
    ORDER BY last_at, conversation_id LIMIT ?3";

#[async_trait]
impl SummaryStore for SqliteStore {
    async fn find_summary(&self, user: &UserId) -> Result<Option<Summary>, StoreError> {
        let user = user.clone();
        let find = move |db: &Connection| Ok(memory(db, &user)?.and_then(|memory| memory.summary));
        Ok(self.database.read(find).await?)
    }

    async fn find_summary_job(&self, user: &UserId) -> Result<Option<SummaryStanding>, StoreError> {
        let user = user.clone();
        let find = move |db: &Connection| {
            db.prepare_cached(
                "SELECT job_state, epoch, marking IS NOT NULL AS is_marking, job_not_before, job_attempts, job_fence,
                        job_owner, job_error_reason, job_error_message, job_error_at
                 FROM user_memory WHERE user_id = ?1",
            )?
            .query_row([user.as_str()], standing)
            .optional()
        };
        Ok(self.database.read(find).await?)
    }

    async fn list_unsummarised_users(
        &self,
        enough: usize,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let after = after.map_or_else(String::new, |user| user.as_str().to_owned());
        let list = move |db: &Connection| {
            let limit = limit as i64;
            let mut users: Vec<UserId> =
                db.prepare_cached(HALF_MARKED)?.query_map(params![after, limit], user)?.collect::<Result<_, _>>()?;
            let mut many = db.prepare_cached(USERS)?;
            for found in many.query_map(params![enough as i64, after, limit], user)? {
                users.push(found?);
            }
            users.sort();
            users.dedup();
            users.truncate(limit as usize);
            Ok(users)
        };
        Ok(self.database.read(list).await?)
    }

    async fn ask_summary(&self, user: &UserId, enough: usize, now: Timestamp) -> Result<SummaryAsked, StoreError> {
        let user = user.clone();
        Ok(self.database.write(move |db| summary_claim::ask(db, &user, enough, now)).await?)
    }

    async fn claim_summary(&self, worker: &WorkerId, terms: &ClaimTerms) -> Result<Option<SummaryJob>, StoreError> {
        let (worker, terms) = (worker.clone(), *terms);
        Ok(self.database.write(move |db| summary_claim::claim(db, &worker, &terms)).await?)
    }

    async fn heartbeat_summary(&self, lease: &SummaryLease, lease_until: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| summary_settle::heartbeat(db, &lease, lease_until)).await?)
    }

    async fn pick(&self, user: &UserId, limit: usize) -> Result<Pick, StoreError> {
        let user = user.clone();
        Ok(self.database.read(move |db| pick(db, &user, limit)).await?)
    }

    async fn write_summary(
        &self,
        lease: &SummaryLease,
        stand: &Stand,
        summarised: &Summarised,
    ) -> Result<Written, StoreError> {
        let marking = Marking { epoch: summarised.summary.epoch, covered: summarised.covered.clone() };
        let json = summary_settle::Json {
            epoch: marking.epoch,
            summary: serde_json::to_string(&summarised.summary).map_err(Unwritable::of)?,
            marking: serde_json::to_string(&marking).map_err(Unwritable::of)?,
        };
        let (lease, stand) = (lease.clone(), *stand);
        Ok(self.database.write(move |db| summary_settle::write(db, &lease, &stand, &json)).await?)
    }

    async fn mark_summarised(&self, user: &UserId, covered: &Covered, epoch: i64) -> Result<bool, StoreError> {
        let (user, covered) = (user.clone(), covered.clone());
        Ok(self.database.write(move |db| summary_settle::mark(db, &user, &covered, epoch)).await?)
    }

    async fn finish_summary(&self, lease: &SummaryLease, now: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| summary_settle::finish(db, &lease, now)).await?)
    }

    async fn fail_summary(
        &self,
        lease: &SummaryLease,
        fate: Fate,
        error: &LastError,
        failed_on: &BTreeSet<Covered>,
    ) -> Result<bool, StoreError> {
        let (lease, error) = (lease.clone(), error.clone());
        let failed_on = serde_json::to_string(failed_on).map_err(Unwritable::of)?;
        Ok(self.database.write(move |db| summary_settle::fail(db, &lease, fate, &error, &failed_on)).await?)
    }

    async fn release_summary(&self, lease: &SummaryLease, now: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| summary_settle::release(db, &lease, now)).await?)
    }
}

/// What is read of a user's memory.
struct Memory {
    stand: Stand,
    epoch: i64,
    summary: Option<Summary>,
    marking: Option<Marking>,
}

fn memory(db: &Connection, user: &UserId) -> rusqlite::Result<Option<Memory>> {
    db.prepare_cached("SELECT era, deletions, epoch, summary, marking FROM user_memory WHERE user_id = ?1")?
        .query_row([user.as_str()], |row| {
            Ok(Memory {
                stand: Stand { era: row.get("era")?, deletions: row.get("deletions")? },
                epoch: row.get("epoch")?,
                summary: json(row, "summary")?,
                marking: json(row, "marking")?,
            })
        })
        .optional()
}

/// Everything of that era that no summary covers.
pub(super) fn open(db: &Connection, user: &UserId, era: i64) -> rusqlite::Result<BTreeSet<Covered>> {
    db.prepare_cached(OPEN)?.query_map(params![user.as_str(), era], covered)?.collect()
}

/// The memory first: what is deleted or erased while the rest is read then moves away from where it stood.
fn pick(db: &Connection, user: &UserId, limit: usize) -> rusqlite::Result<Pick> {
    let nothing = Memory { stand: Stand { era: 0, deletions: 0 }, epoch: 0, summary: None, marking: None };
    let Memory { stand, epoch, summary, marking } = memory(db, user)?.unwrap_or(nothing);
    // An erasure takes the summary and leaves its number.
    let summary = Summary { epoch, ..summary.unwrap_or_else(Summary::empty) };
    let mut oldest = db
        .prepare_cached(OLDEST)?
        .query_map(params![user.as_str(), stand.era, limit as i64], unsummarised)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let open = open(db, user, stand.era)?;
    // The reads are not one snapshot: in between a context may have been made anew.
    oldest.retain(|each| open.contains(&each.covered));
    let said = verdicts::list(db, user)?;
    Ok(Pick { user_id: user.clone(), summary, marking, open, oldest, said, stand })
}

/// Takes a conversation out of the summary and lets whoever is making the next one know, in one write.
pub(super) fn forget(db: &Connection, key: &ConversationKey) -> rusqlite::Result<()> {
    let before = memory(db, &key.user_id)?.and_then(|memory| memory.summary);
    let after = before.map(|mut summary| {
        summary.forget(&key.conversation_id);
        serde_json::to_string(&summary).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    });
    db.prepare_cached("UPDATE user_memory SET summary = ?2, deletions = deletions + 1 WHERE user_id = ?1")?
        .execute(params![key.user_id.as_str(), after.transpose()?])?;
    Ok(())
}

fn user(row: &Row<'_>) -> rusqlite::Result<UserId> {
    parsed::<String, _>(row, "user_id", UserId::parse)
}

fn covered(row: &Row<'_>) -> rusqlite::Result<Covered> {
    Ok(Covered {
        conversation_id: conversation_id(row)?,
        incarnation: parsed::<String, _>(row, "incarnation", Incarnation::parse)?,
        extract_fence: row.get("extract_fence")?,
    })
}

pub(super) fn unsummarised(row: &Row<'_>) -> rusqlite::Result<Unsummarised> {
    Ok(Unsummarised { covered: covered(row)?, context: context(row)?, last_at: time(row, "last_at")? })
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    optional(row, column, |json: String| serde_json::from_str(&json).ok())
}

fn standing(row: &Row<'_>) -> rusqlite::Result<SummaryStanding> {
    Ok(SummaryStanding {
        state: parsed(row, "job_state", |word: String| JobState::parse(&word))?,
        epoch: row.get("epoch")?,
        is_marking: row.get("is_marking")?,
        not_before: optional_time(row, "job_not_before")?,
        attempts: row.get("job_attempts")?,
        fence: row.get("job_fence")?,
        owner: optional::<String, _>(row, "job_owner", WorkerId::parse)?,
        last_error: last_error(row)?,
    })
}

/// What is open, as it is stored with a job that has given up.
pub(super) fn open_json(db: &Connection, user: &UserId) -> rusqlite::Result<String> {
    let era: Option<i64> = db
        .prepare_cached("SELECT era FROM user_memory WHERE user_id = ?1")?
        .query_row([user.as_str()], |row| row.get(0))
        .optional()?;
    let open = open(db, user, era.unwrap_or(0))?;
    serde_json::to_string(&open).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
