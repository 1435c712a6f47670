//! What an operator sees of the jobs, and moves.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::SqliteStore;
use super::columns::{causes, causes_text, micros, optional_time, parsed};
use super::jobs::{EXTRACTION, extraction, find};
use crate::domain::model::{
    Cause, ConversationKey, Extraction, ExtractionCursor, ExtractionFilter, JobState, Moved, QueueCounts, RawAnswer,
};
use crate::store::{OperatorStore, StoreError};

/// Since when the job that is due for longest has been due.
pub(super) const DUE_SINCE: &str = "
    SELECT min(since) AS due_since FROM (
        SELECT min(job_due_at) AS since FROM conversation WHERE job_state = 'PENDING' AND job_due_at <= ?1
        UNION ALL
        SELECT min(job_lease_until) FROM conversation WHERE job_state = 'RUNNING' AND job_lease_until <= ?1)";

/// How many jobs are in each state.
const COUNTS: &str = "SELECT job_state, jobs FROM job_count WHERE jobs > 0 ORDER BY job_state";

#[async_trait]
impl OperatorStore for SqliteStore {
    async fn list_extractions(
        &self,
        filter: &ExtractionFilter,
        after: Option<&ExtractionCursor>,
        limit: usize,
    ) -> Result<Vec<Extraction>, StoreError> {
        let list = Listing { filter: filter.clone(), after: after.cloned(), limit };
        Ok(self.database.read(move |db| list.run(db)).await?)
    }

    async fn count_jobs(&self, now: Timestamp) -> Result<QueueCounts, StoreError> {
        let count = move |db: &Connection| {
            let by_state = db.prepare_cached(COUNTS)?.query_map([], state_and_jobs)?.collect::<Result<_, _>>()?;
            let due_since =
                db.prepare_cached(DUE_SINCE)?.query_row(params![micros(now)], |row| optional_time(row, "due_since"))?;
            Ok(QueueCounts { by_state, due_since })
        };
        Ok(self.database.read(count).await?)
    }

    async fn cancel(&self, key: &ConversationKey, now: Timestamp) -> Result<Option<Moved>, StoreError> {
        let key = key.clone();
        Ok(self.database.write(move |db| cancel(db, &key, now)).await?)
    }

    async fn redrive(&self, key: &ConversationKey, now: Timestamp) -> Result<Option<Moved>, StoreError> {
        let key = key.clone();
        Ok(self.database.write(move |db| redrive(db, &key, now)).await?)
    }
}

/// One page on its way out of the database.
struct Listing {
    filter: ExtractionFilter,
    after: Option<ExtractionCursor>,
    limit: usize,
}

impl Listing {
    fn run(&self, db: &Connection) -> rusqlite::Result<Vec<Extraction>> {
        let mut found = Vec::new();
        match self.filter.state {
            Some(state) => found = self.of_state(db, state)?,
            None => {
                for state in JobState::ALL.iter().filter(|state| **state != JobState::Idle) {
                    found.extend(self.of_state(db, *state)?);
                }
            }
        }
        found.sort_by_cached_key(|each| {
            let ConversationKey { user_id, conversation_id } = each.key.clone();
            (each.updated_at, user_id, conversation_id)
        });
        found.truncate(self.limit);
        Ok(found)
    }

    /// One state at a time, because only so an index brings them in order; a user's own are few enough to be sorted.
    fn of_state(&self, db: &Connection, state: JobState) -> rusqlite::Result<Vec<Extraction>> {
        let (changed_at, user, conversation) = match &self.after {
            None => (i64::MIN, "", ""),
            Some(after) => (micros(after.changed_at), after.key.user_id.as_str(), after.key.conversation_id.as_str()),
        };
        let raw_answers = self.filter.raw_answers;
        let whose = self.filter.user_id.as_ref().map(|user| user.as_str());
        db.prepare_cached(&in_state(whose.is_some()))?
            .query_map(
                named_params! {
                    ":state": state.as_str(),
                    ":user": whose,
                    ":until": self.filter.unchanged_since.map_or(i64::MAX, micros),
                    ":changed_at": changed_at,
                    ":after_user": user,
                    ":after_conversation": conversation,
                    ":limit": self.limit as i64,
                },
                |row| {
                    let answer: Option<String> = if raw_answers { row.get("job_raw_answer")? } else { None };
                    Ok(Extraction { raw_answer: answer.map(RawAnswer::of), ..extraction(row)? })
                },
            )?
            .collect()
    }
}

/// Jobs in one state, the longest unchanged first. The plus keeps the index of the state away from one user's jobs.
pub(super) fn in_state(of_one_user: bool) -> String {
    let within = if of_one_user { "user_id = :user AND +" } else { ":user IS NULL AND " };
    format!(
        "SELECT {EXTRACTION} FROM living_conversation
         WHERE {within}job_listed_as = :state AND job_changed_at <= :until
           AND (job_changed_at, user_id, conversation_id) > (:changed_at, :after_user, :after_conversation)
         ORDER BY job_changed_at, user_id, conversation_id LIMIT :limit"
    )
}

fn state_and_jobs(row: &Row<'_>) -> rusqlite::Result<(JobState, u64)> {
    let state = parsed(row, "job_state", |word: String| JobState::parse(&word))?;
    Ok((state, row.get::<_, i64>("jobs")?.unsigned_abs()))
}

/// The fence goes up, so that a worker that still holds the job can neither renew it nor commit.
fn cancel(db: &Connection, key: &ConversationKey, now: Timestamp) -> rusqlite::Result<Option<Moved>> {
    let Some((state, _)) = standing(db, key)? else { return Ok(None) };
    match state {
        JobState::Cancelled => {}
        JobState::Pending | JobState::Running => {
            db.prepare_cached(
                "UPDATE conversation
                 SET job_state = 'CANCELLED', job_fence = job_fence + 1, job_owner = NULL, job_lease_until = NULL,
                     job_not_before = NULL, job_updated_at = ?3
                 WHERE user_id = ?1 AND conversation_id = ?2",
            )?
            .execute(params![key.user_id.as_str(), key.conversation_id.as_str(), micros(now)])?;
        }
        JobState::Idle | JobState::Done | JobState::Dead => return Ok(Some(Moved::Stays(state))),
    }
    moved(db, key)
}

fn redrive(db: &Connection, key: &ConversationKey, now: Timestamp) -> rusqlite::Result<Option<Moved>> {
    let Some((state, mut causes)) = standing(db, key)? else { return Ok(None) };
    if !matches!(state, JobState::Dead | JobState::Cancelled) {
        return Ok(Some(Moved::Stays(state)));
    }
    if !causes.contains(&Cause::Manual) {
        causes.push(Cause::Manual);
    }
    db.prepare_cached(
        "UPDATE conversation
         SET job_state = 'PENDING', job_run_at = ?3, job_not_before = NULL, job_first_at = ?3, job_attempts = 0,
             job_deliveries = 0, job_snoozes = 0, job_merges = 0, job_causes = ?4, job_error_reason = NULL,
             job_error_message = NULL, job_error_at = NULL, job_died_of_outage = 0, job_updated_at = ?3
         WHERE user_id = ?1 AND conversation_id = ?2",
    )?
    .execute(params![key.user_id.as_str(), key.conversation_id.as_str(), micros(now), causes_text(&causes)])?;
    moved(db, key)
}

fn standing(db: &Connection, key: &ConversationKey) -> rusqlite::Result<Option<(JobState, Vec<Cause>)>> {
    db.prepare_cached(
        "SELECT job_state, job_causes FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2",
    )?
    .query_row(params![key.user_id.as_str(), key.conversation_id.as_str()], |row| {
        Ok((parsed(row, "job_state", |word: String| JobState::parse(&word))?, causes(row)?))
    })
    .optional()
}

fn moved(db: &Connection, key: &ConversationKey) -> rusqlite::Result<Option<Moved>> {
    Ok(find(db, key)?.map(|extraction| Moved::To(Box::new(extraction))))
}
