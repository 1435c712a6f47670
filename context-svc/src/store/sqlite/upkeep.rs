//! Removing what nobody needs any more, a few rows at a time.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::columns::{key, micros, parsed};
use super::conversations::delete;
use super::usage::OLD;
use crate::domain::model::{ConversationKey, Incarnation, Life};
use crate::store::{StoreError, UpkeepStore};

/// The next life that has messages: read off the key, without touching a message of the one before.
pub(super) const NEXT_LIFE: &str = "
    SELECT user_id, conversation_id, incarnation FROM message
    WHERE (user_id, conversation_id, incarnation) > (?1, ?2, ?3)
    ORDER BY user_id, conversation_id, incarnation LIMIT 1";

/// Whether a life goes on.
const LIVES: &str = "
    SELECT EXISTS (SELECT 1 FROM conversation WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3)";

/// What an erasure should have removed. It takes long where there is much of those once erased, so no write waits for it.
pub(super) const GONE_ERAS: &str = "
    SELECT c.rowid FROM user_memory m CROSS JOIN conversation c ON c.user_id = m.user_id
    WHERE m.era > 0 AND c.era < m.era LIMIT ?1";

/// Asks once more, because the row may be another's by now.
const GONE_ERA: &str = "
    DELETE FROM conversation
    WHERE rowid = ?1 AND era < (SELECT m.era FROM user_memory m WHERE m.user_id = conversation.user_id)";

/// Jobs in one of these states that still have details, the longest unchanged first.
pub(super) const DETAILED: &str = "
    SELECT rowid FROM conversation
    WHERE job_listed_as = ?1 AND job_changed_at <= ?2 AND job_causes <> '' AND job_state NOT IN ('PENDING', 'RUNNING')
    ORDER BY job_changed_at LIMIT ?3";

/// Neither dirty nor live, and nothing has happened to them.
pub(super) const SILENT: &str = "
    SELECT user_id, conversation_id FROM conversation
    WHERE job_listed_as IN ('DONE', 'IDLE') AND job_changed_at <= ?1 AND appended_at <= ?1 AND dirty = 0 LIMIT ?2";

#[async_trait]
impl UpkeepStore for SqliteStore {
    async fn find_orphans(&self, after: Option<&Life>, limit: usize) -> Result<(Vec<Life>, Option<Life>), StoreError> {
        let after = after.cloned();
        Ok(self.database.read(move |db| find_orphans(db, after, limit)).await?)
    }

    async fn remove_orphans(&self, life: &Life, limit: usize) -> Result<usize, StoreError> {
        let life = life.clone();
        let remove = move |db: &Connection| {
            if lives(db, &life)? {
                return Ok(0);
            }
            let Life { key, incarnation } = &life;
            db.prepare_cached(
                "DELETE FROM message
                 WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND seq IN
                     (SELECT seq FROM message WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 LIMIT ?4)",
            )?
            .execute(params![
                key.user_id.as_str(),
                key.conversation_id.as_str(),
                incarnation.as_str(),
                limit as i64
            ])
        };
        Ok(self.database.write(remove).await?)
    }

    async fn remove_gone_eras(&self, limit: usize) -> Result<usize, StoreError> {
        let find = move |db: &Connection| {
            db.prepare_cached(GONE_ERAS)?
                .query_map([limit as i64], |row| row.get::<_, i64>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let gone = self.database.read(find).await?;
        if gone.is_empty() {
            return Ok(0);
        }
        let remove = move |db: &Connection| {
            let mut one = db.prepare_cached(GONE_ERA)?;
            gone.iter().map(|row| one.execute([row])).sum()
        };
        Ok(self.database.write(remove).await?)
    }

    async fn forget_details(
        &self,
        done_before: Timestamp,
        ended_badly_before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let forget = move |db: &Connection| {
            let states = [("DONE", done_before), ("DEAD", ended_badly_before), ("CANCELLED", ended_badly_before)];
            let mut forgotten = 0;
            for (state, before) in states {
                let left = limit - forgotten;
                forgotten += db.prepare_cached(&forgetting())?.execute(params![state, micros(before), left as i64])?;
            }
            Ok(forgotten)
        };
        Ok(self.database.write(forget).await?)
    }

    async fn forget_calls(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let forget = move |db: &Connection| {
            let forgetting = format!("DELETE FROM model_call WHERE call_id IN ({OLD})");
            db.prepare_cached(&forgetting)?.execute(params![micros(ended_before), limit as i64])
        };
        Ok(self.database.write(forget).await?)
    }

    async fn forget_erasures(&self, done_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let forget = move |db: &Connection| {
            db.prepare_cached(
                "DELETE FROM erasure WHERE (user_id, request_id) IN
                     (SELECT user_id, request_id FROM erasure WHERE state = 'DONE' AND finished_at <= ?1 LIMIT ?2)",
            )?
            .execute(params![micros(done_before), limit as i64])
        };
        Ok(self.database.write(forget).await?)
    }

    async fn list_silent(&self, silent_since: Timestamp, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        let list = move |db: &Connection| {
            db.prepare_cached(SILENT)?.query_map(params![micros(silent_since), limit as i64], key)?.collect()
        };
        Ok(self.database.read(list).await?)
    }

    async fn delete_silent(&self, key: &ConversationKey, silent_since: Timestamp) -> Result<bool, StoreError> {
        let key = key.clone();
        let delete = move |db: &Connection| {
            let silent = "
                SELECT EXISTS (SELECT 1 FROM conversation WHERE user_id = ?2 AND conversation_id = ?3
                    AND job_state IN ('DONE', 'IDLE') AND job_changed_at <= ?1 AND appended_at <= ?1 AND dirty = 0)";
            let of = params![micros(silent_since), key.user_id.as_str(), key.conversation_id.as_str()];
            let is_silent: bool = db.prepare_cached(silent)?.query_row(of, |row| row.get(0))?;
            if is_silent { delete(db, &key) } else { Ok(None) }
        };
        let ended = self.database.write(delete).await?;
        self.remove_rest(ended.as_ref()).await;
        Ok(ended.is_some())
    }
}

/// A dead job keeps the reason it died of, and when: without it nobody could say what it is.
fn forgetting() -> String {
    format!(
        "UPDATE conversation
         SET job_causes = '', job_traces = NULL, job_raw_answer = NULL, job_error_message = iif(job_error_message IS NULL, NULL, ''),
             context = json_set(context, '$.items_dropped', json('{{}}'))
         WHERE rowid IN ({DETAILED})"
    )
}

fn find_orphans(db: &Connection, mut at: Option<Life>, limit: usize) -> rusqlite::Result<(Vec<Life>, Option<Life>)> {
    let mut orphans = Vec::new();
    for _ in 0..limit {
        let place = at.as_ref().map_or(("", "", ""), |life| {
            (life.key.user_id.as_str(), life.key.conversation_id.as_str(), life.incarnation.as_str())
        });
        at = db.prepare_cached(NEXT_LIFE)?.query_row([place.0, place.1, place.2], life).optional()?;
        match &at {
            None => break,
            Some(life) if lives(db, life)? => {}
            Some(life) => orphans.push(life.clone()),
        }
    }
    Ok((orphans, at))
}

fn lives(db: &Connection, Life { key, incarnation }: &Life) -> rusqlite::Result<bool> {
    let of = [key.user_id.as_str(), key.conversation_id.as_str(), incarnation.as_str()];
    db.prepare_cached(LIVES)?.query_row(of, |row| row.get(0))
}

/// A life from its three columns.
pub(super) fn life(row: &Row<'_>) -> rusqlite::Result<Life> {
    Ok(Life { key: key(row)?, incarnation: parsed::<String, _>(row, "incarnation", Incarnation::parse)? })
}
