//! Erasing a user, in one write and then piece by piece.

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};

use super::SqliteStore;
use super::columns::{micros, parsed, time};
use crate::domain::model::{
    Erasure, ErasureCounts, ErasureEnd, ErasureLease, ErasureRequest, ErasureState, RequestId, WorkerId,
};
use crate::store::{ErasureStore, StoreError};

const ERASURE: &str = "state, counts, started_at";

/// What every write of a leased erasure filters on.
const MINE: &str =
    "user_id = :user AND request_id = :request AND state = 'RUNNING' AND fence = :fence AND owner = :owner";

/// The erasure that is due for longest.
pub(super) const DUE: &str = "
    SELECT user_id, request_id FROM erasure WHERE state = 'RUNNING' AND due_at <= ?1 ORDER BY due_at LIMIT 1";

/// The conversations, with their jobs and what was made of them, before the messages: so that their ids are soon free for
/// others.
const REMOVE: [&str; 6] = [
    "DELETE FROM conversation
     WHERE rowid IN (SELECT rowid FROM conversation WHERE user_id = ?1 AND era < ?2 LIMIT ?3)",
    "DELETE FROM message
     WHERE user_id = ?1 AND (conversation_id, incarnation, seq) IN
         (SELECT conversation_id, incarnation, seq FROM message WHERE user_id = ?1 AND era < ?2 LIMIT ?3)",
    "DELETE FROM model_call
     WHERE call_id IN (SELECT call_id FROM model_call WHERE user_id = ?1 AND era < ?2 LIMIT ?3)",
    "DELETE FROM usage_day
     WHERE user_id = ?1 AND (era, day) IN (SELECT era, day FROM usage_day WHERE user_id = ?1 AND era < ?2 LIMIT ?3)",
    "DELETE FROM verdict WHERE rowid IN (SELECT rowid FROM verdict WHERE user_id = ?1 AND era < ?2 LIMIT ?3)",
    "DELETE FROM forgotten_rejection
     WHERE user_id = ?1 AND (era, mark) IN
         (SELECT era, mark FROM forgotten_rejection WHERE user_id = ?1 AND era < ?2 LIMIT ?3)",
];

/// What could be read of a user. Every message up to the last one of a conversation is there.
const COUNTS: &str = "
    SELECT count(*) AS conversations, coalesce(sum(c.last_seq), 0) AS messages, count(c.context) AS session_contexts,
           coalesce(sum(json_array_length(c.context, '$.items')), 0)
               + coalesce((SELECT json_array_length(summary, '$.standing') FROM user_memory WHERE user_id = ?1), 0) AS items,
           (SELECT count(summary) FROM user_memory WHERE user_id = ?1) AS summaries,
           (SELECT count(*) FROM verdict v JOIN user_memory m ON m.user_id = v.user_id AND m.era = v.era
            WHERE v.user_id = ?1) AS verdicts,
           count(*) FILTER (WHERE c.job_state IN ('PENDING', 'RUNNING'))
               + (SELECT count(*) FROM user_memory WHERE user_id = ?1 AND job_state IN ('PENDING', 'RUNNING')) AS jobs
    FROM living_conversation c WHERE c.user_id = ?1";

#[async_trait]
impl ErasureStore for SqliteStore {
    async fn begin_erasure(&self, request: &ErasureRequest) -> Result<Erasure, StoreError> {
        let (request, made_up) = (request.clone(), RequestId::random());
        Ok(self.database.write(move |db| begin(db, &request, &made_up)).await?)
    }

    async fn is_closed(&self, user: &UserId) -> Result<bool, StoreError> {
        let user = user.clone();
        let closed = move |db: &Connection| Ok(find_closed(db, &user)?.unwrap_or(false));
        Ok(self.database.read(closed).await?)
    }

    async fn claim_erasure(
        &self,
        worker: &WorkerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<ErasureLease>, StoreError> {
        let worker = worker.clone();
        Ok(self.database.write(move |db| claim(db, &worker, now, lease_until)).await?)
    }

    async fn erase_some(
        &self,
        lease: &ErasureLease,
        limit: usize,
        lease_until: Timestamp,
    ) -> Result<Option<usize>, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| erase_some(db, &lease, limit, lease_until)).await?)
    }

    async fn scrub(&self) -> Result<bool, StoreError> {
        Ok(self.database.truncate_wal().await?)
    }

    async fn finish_erasure(&self, lease: &ErasureLease, now: Timestamp) -> Result<ErasureEnd, StoreError> {
        let lease = lease.clone();
        Ok(self.database.write(move |db| finish(db, &lease, now)).await?)
    }
}

fn begin(db: &Connection, request: &ErasureRequest, made_up: &RequestId) -> rusqlite::Result<Erasure> {
    let user = request.user_id.as_str();
    db.prepare_cached("INSERT INTO user_memory (user_id) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([user])?;
    let closes_now = request.closes_account && !find_closed(db, &request.user_id)?.unwrap_or(false);
    if !closes_now && let Some(erasure) = same(db, request)? {
        return Ok(erasure);
    }
    let counts = db.prepare_cached(COUNTS)?.query_row([user], counts)?;
    let era: i64 = db
        .prepare_cached(
            "UPDATE user_memory
             SET era = era + 1, closed = max(closed, ?2), summary = NULL, marking = NULL,
                 job_state = CASE WHEN job_state IN ('PENDING', 'RUNNING') THEN 'CANCELLED' ELSE 'IDLE' END,
                 job_fence = job_fence + 1, job_owner = NULL, job_lease_until = NULL, job_not_before = NULL,
                 job_failed_on = NULL, job_error_reason = NULL, job_error_message = NULL, job_error_at = NULL,
                 job_updated_at = ?3
             WHERE user_id = ?1 RETURNING era",
        )?
        .query_row(params![user, request.closes_account, micros(request.at)], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO erasure (user_id, request_id, era, state, counts, started_at, again_at, due_at)
         VALUES (:user, :request, :era, 'RUNNING', :counts, :now, :again_at, :now)
         ON CONFLICT (user_id, request_id) DO UPDATE
         SET era = :era, state = 'RUNNING', counts = :counts, started_at = :now, again_at = :again_at, due_at = :now,
             finished_at = NULL, fence = fence + 1, owner = NULL",
    )?
    .execute(named_params! {
        ":user": user,
        ":request": request.request_id.as_ref().unwrap_or(made_up).as_str(),
        ":era": era,
        ":counts": serde_json::to_string(&counts).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?,
        ":now": micros(request.at),
        ":again_at": micros(request.again_at),
    })?;
    Ok(Erasure { state: ErasureState::Running, counts, started_at: request.at })
}

/// The erasure that this request has begun before, or may share.
fn same(db: &Connection, request: &ErasureRequest) -> rusqlite::Result<Option<Erasure>> {
    let user = request.user_id.as_str();
    match &request.request_id {
        Some(id) => db
            .prepare_cached(&format!("SELECT {ERASURE} FROM erasure WHERE user_id = ?1 AND request_id = ?2"))?
            .query_row([user, id.as_str()], erasure)
            .optional(),
        None => db
            .prepare_cached(&format!(
                "SELECT {ERASURE} FROM erasure e
                 WHERE user_id = ?1 AND state = 'RUNNING'
                   AND era = (SELECT era FROM user_memory WHERE user_id = ?1 AND summary IS NULL)
                   AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.user_id = ?1 AND c.era >= e.era)
                   AND NOT EXISTS (SELECT 1 FROM usage_day u WHERE u.user_id = ?1 AND u.era >= e.era)
                   AND NOT EXISTS (SELECT 1 FROM forgotten_rejection f WHERE f.user_id = ?1 AND f.era >= e.era)"
            ))?
            .query_row([user], erasure)
            .optional(),
    }
}

fn find_closed(db: &Connection, user: &UserId) -> rusqlite::Result<Option<bool>> {
    db.prepare_cached("SELECT closed FROM user_memory WHERE user_id = ?1")?
        .query_row([user.as_str()], |row| row.get(0))
        .optional()
}

fn claim(
    db: &Connection,
    worker: &WorkerId,
    now: Timestamp,
    lease_until: Timestamp,
) -> rusqlite::Result<Option<ErasureLease>> {
    let due = db
        .prepare_cached(DUE)?
        .query_row([micros(now)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let Some((user, request)) = due else { return Ok(None) };
    db.prepare_cached(
        "UPDATE erasure SET fence = fence + 1, owner = ?3, due_at = ?4 WHERE user_id = ?1 AND request_id = ?2
         RETURNING user_id, request_id, era, fence, owner",
    )?
    .query_row(params![user, request, worker.as_str(), micros(lease_until)], lease)
    .optional()
}

fn erase_some(
    db: &Connection,
    lease: &ErasureLease,
    limit: usize,
    lease_until: Timestamp,
) -> rusqlite::Result<Option<usize>> {
    if !update(db, lease, "due_at = :due", &[(":due", &micros(lease_until))])? {
        return Ok(None);
    }
    let (user, era, limit) = (lease.user_id.as_str(), lease.era, limit as i64);
    for rows in REMOVE {
        let removed = db.prepare_cached(rows)?.execute(params![user, era, limit])?;
        if removed > 0 {
            return Ok(Some(removed));
        }
    }
    Ok(Some(0))
}

fn finish(db: &Connection, lease: &ErasureLease, now: Timestamp) -> rusqlite::Result<ErasureEnd> {
    let too_early = "owner = NULL, due_at = again_at";
    if update_if(db, lease, too_early, "AND again_at > :now", &[(":now", &micros(now))])? {
        return Ok(ErasureEnd::TooEarly);
    }
    let remains: bool = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM conversation WHERE user_id = ?1 AND era < ?2)
                 OR EXISTS (SELECT 1 FROM message WHERE user_id = ?1 AND era < ?2)
                 OR EXISTS (SELECT 1 FROM model_call WHERE user_id = ?1 AND era < ?2)
                 OR EXISTS (SELECT 1 FROM usage_day WHERE user_id = ?1 AND era < ?2)
                 OR EXISTS (SELECT 1 FROM verdict WHERE user_id = ?1 AND era < ?2)
                 OR EXISTS (SELECT 1 FROM forgotten_rejection WHERE user_id = ?1 AND era < ?2)",
        )?
        .query_row(params![lease.user_id.as_str(), lease.era], |row| row.get(0))?;
    if remains {
        return Ok(ErasureEnd::Remains);
    }
    let done = update(db, lease, "state = 'DONE', owner = NULL, finished_at = :now", &[(":now", &micros(now))])?;
    Ok(if done { ErasureEnd::Done } else { ErasureEnd::LeaseLost })
}

fn update(db: &Connection, lease: &ErasureLease, set: &str, values: &[(&str, &dyn ToSql)]) -> rusqlite::Result<bool> {
    update_if(db, lease, set, "", values)
}

/// Sets `set` on the erasure of this lease, if it is still in force and `condition` holds. Whether it was.
fn update_if(
    db: &Connection,
    lease: &ErasureLease,
    set: &str,
    condition: &str,
    values: &[(&str, &dyn ToSql)],
) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached(&format!("UPDATE erasure SET {set} WHERE {MINE} {condition}"))?;
    let (user, request, owner) = (lease.user_id.as_str(), lease.request_id.as_str(), lease.owner.as_str());
    let mine = named_params! { ":user": user, ":request": request, ":fence": lease.fence, ":owner": owner };
    let all: Vec<_> = mine.iter().chain(values).copied().collect();
    Ok(statement.execute(all.as_slice())? == 1)
}

fn erasure(row: &Row<'_>) -> rusqlite::Result<Erasure> {
    Ok(Erasure {
        state: parsed(row, "state", |word: String| ErasureState::parse(&word))?,
        counts: parsed(row, "counts", |json: String| serde_json::from_str(&json).ok())?,
        started_at: time(row, "started_at")?,
    })
}

fn lease(row: &Row<'_>) -> rusqlite::Result<ErasureLease> {
    Ok(ErasureLease {
        user_id: parsed::<String, _>(row, "user_id", UserId::parse)?,
        request_id: parsed::<String, _>(row, "request_id", RequestId::parse)?,
        era: row.get("era")?,
        fence: row.get("fence")?,
        owner: parsed::<String, _>(row, "owner", WorkerId::parse)?,
    })
}

fn counts(row: &Row<'_>) -> rusqlite::Result<ErasureCounts> {
    Ok(ErasureCounts {
        conversations: row.get("conversations")?,
        messages: row.get("messages")?,
        session_contexts: row.get("session_contexts")?,
        items: row.get("items")?,
        verdicts: row.get("verdicts")?,
        summaries: row.get("summaries")?,
        jobs_cancelled: row.get("jobs")?,
    })
}
