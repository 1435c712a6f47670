//! Jobs, which are columns of their conversation.

use std::collections::BTreeMap;

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::{SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{causes, key, micros, optional, optional_time, parsed, time, watermark};
use super::{SqliteStore, claim, enqueue, settle};
use crate::domain::model::{
    Backlog, Committed, ContextOutcome, ConversationKey, Enqueued, Extraction, Fate, Job, JobState, LastError, Lease,
    RawAnswer, SessionContext, Trigger, Watermark, WorkerId,
};
use crate::store::{ClaimTerms, JobStore, SessionEnqueued, StoreError};

/// What [`extraction`] reads.
pub(super) const EXTRACTION: &str = "*, json_extract(context, '$.outcome') AS outcome,
                                     coalesce(json_extract(context, '$.items_dropped'), '{}') AS items_dropped";

/// Dirty, silent, and without a job that is live or has ended badly on these very messages.
pub(super) const IDLE: &str = "
    SELECT user_id, conversation_id FROM living_conversation
    WHERE dirty = 1 AND appended_at <= ?1 AND job_state NOT IN ('PENDING', 'RUNNING')
      AND NOT (job_state IN ('DEAD', 'CANCELLED')
               AND job_want >= ((max(job_want, job_done) >> 40) << 40) + last_seq)
    ORDER BY appended_at LIMIT ?2";

#[async_trait]
impl JobStore for SqliteStore {
    async fn enqueue(&self, key: &ConversationKey, trigger: &Trigger) -> Result<Enqueued, StoreError> {
        let (key, trigger) = (key.clone(), trigger.clone());
        Ok(self.database.write(move |db| enqueue::enqueue(db, &key, &trigger)).await?)
    }

    async fn enqueue_session(
        &self,
        user: &UserId,
        session: &SessionId,
        trigger: &Trigger,
    ) -> Result<SessionEnqueued, StoreError> {
        let (user, session, trigger) = (user.clone(), session.clone(), trigger.clone());
        Ok(self.database.write(move |db| enqueue::enqueue_session(db, &user, &session, &trigger)).await?)
    }

    async fn backlog(&self, key: &ConversationKey, measured: u64) -> Result<Option<Backlog>, StoreError> {
        let key = key.clone();
        Ok(self.database.read(move |db| enqueue::backlog(db, &key, measured)).await?)
    }

    async fn claim(&self, worker: &WorkerId, capped: &[UserId], terms: &ClaimTerms) -> Result<Option<Job>, StoreError> {
        let (worker, capped, terms) = (worker.clone(), capped.to_vec(), *terms);
        let (job, poisoned) = self.database.write(move |db| claim::claim(db, &worker, &capped, &terms)).await?;
        self.poisoned.fetch_add(poisoned, Ordering::Relaxed);
        Ok(job)
    }

    fn poisoned(&self) -> u64 {
        self.poisoned.load(Ordering::Relaxed)
    }

    async fn heartbeat(&self, lease: &Lease, lease_until: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| settle::heartbeat(db, &lease, lease_until)).await?)
    }

    async fn complete(
        &self,
        lease: &Lease,
        upto: Watermark,
        context: &SessionContext,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        let lease = lease.clone();
        let is_read = context.outcome != ContextOutcome::Empty;
        let prompt_version = is_read.then(|| context.prompt_version.clone());
        let context = serde_json::to_string(context).map_err(Unwritable::of)?;
        let saved = settle::Saved { upto, context, prompt_version };
        Ok(self.database.write(move |db| settle::complete(db, &lease, &saved, now)).await?)
    }

    async fn fail(
        &self,
        lease: &Lease,
        fate: Fate,
        error: &LastError,
        answer: Option<&RawAnswer>,
    ) -> Result<bool, StoreError> {
        let (lease, error, answer) = (lease.clone(), error.clone(), answer.cloned());
        Ok(self.database.write(move |db| settle::fail(db, &lease, fate, &error, answer.as_ref())).await?)
    }

    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| settle::release(db, &lease, now)).await?)
    }

    async fn list_idle(&self, silent_since: Timestamp, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        let list = move |db: &Connection| {
            db.prepare_cached(IDLE)?.query_map(params![micros(silent_since), limit as i64], key)?.collect()
        };
        Ok(self.database.read(list).await?)
    }

    async fn find_extraction(&self, key: &ConversationKey) -> Result<Option<Extraction>, StoreError> {
        let key = key.clone();
        Ok(self.database.read(move |db| find(db, &key)).await?)
    }

    async fn depth(&self) -> Result<u64, StoreError> {
        Ok(self.database.read(enqueue::depth).await?)
    }
}

/// A session context, or a summary of them, that cannot be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("a context cannot be written as JSON")]
pub(super) struct Unwritable(#[source] serde_json::Error);

impl Unwritable {
    pub(super) fn of(error: serde_json::Error) -> StoreError {
        StoreError::of(Self(error))
    }
}

impl Classify for Unwritable {
    fn kind(&self) -> Kind {
        Kind::Internal
    }

    fn reason(&self) -> &'static str {
        "CONTEXT_UNWRITABLE"
    }
}

/// The job of one conversation.
pub(super) fn find(db: &Connection, key: &ConversationKey) -> rusqlite::Result<Option<Extraction>> {
    db.prepare_cached(&format!(
        "SELECT {EXTRACTION} FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2"
    ))?
    .query_row(params![key.user_id.as_str(), key.conversation_id.as_str()], extraction)
    .optional()
}

/// A job from the columns [`EXTRACTION`].
pub(super) fn extraction(row: &Row<'_>) -> rusqlite::Result<Extraction> {
    Ok(Extraction {
        key: key(row)?,
        state: parsed(row, "job_state", |word: String| JobState::parse(&word))?,
        want: watermark(row, "job_want")?,
        done: watermark(row, "job_done")?,
        run_at: optional_time(row, "job_run_at")?,
        not_before: optional_time(row, "job_not_before")?,
        first_at: optional_time(row, "job_first_at")?,
        attempts: row.get("job_attempts")?,
        deliveries: row.get("job_deliveries")?,
        snoozes: row.get("job_snoozes")?,
        merges: row.get("job_merges")?,
        fence: row.get("job_fence")?,
        owner: optional::<String, _>(row, "job_owner", WorkerId::parse)?,
        lease_until: optional_time(row, "job_lease_until")?,
        causes: causes(row)?,
        last_error: last_error(row)?,
        raw_answer: None,
        outcome: optional(row, "outcome", |word: String| ContextOutcome::parse(&word))?,
        items_dropped: parsed(row, "items_dropped", |json: String| {
            serde_json::from_str::<BTreeMap<String, i64>>(&json).ok()
        })?,
        created_at: optional_time(row, "job_created_at")?,
        updated_at: optional_time(row, "job_updated_at")?,
    })
}

pub(super) fn last_error(row: &Row<'_>) -> rusqlite::Result<Option<LastError>> {
    let Some(reason) = row.get("job_error_reason")? else { return Ok(None) };
    Ok(Some(LastError { reason, message: row.get("job_error_message")?, at: time(row, "job_error_at")? }))
}
