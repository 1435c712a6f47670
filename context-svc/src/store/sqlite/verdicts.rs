//! What users said about items.

use async_trait::async_trait;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SqliteStore;
use super::columns::{conversation_id, micros, parsed, time};
use super::jobs::Unwritable;
use crate::domain::model::{ConversationKey, ForgottenRejection, Opinion, Verdict, VerdictSaved, Verdicts};
use crate::store::{StoreError, VerdictStore};

pub(super) const VERDICTS: &str = "
    SELECT item_id, conversation_id, opinion, at, revision, marks, statement, edit, revisions FROM verdict
    WHERE user_id = ?1 AND era = (SELECT era FROM user_memory WHERE user_id = ?1)
    ORDER BY at DESC, item_id";

pub(super) const FORGOTTEN: &str = "
    SELECT mark, at FROM forgotten_rejection
    WHERE user_id = ?1 AND era = (SELECT era FROM user_memory WHERE user_id = ?1)";

/// The era of an item that the user can read; nothing if there is no such item.
const ERA_OF_ITEM: &str = "
    SELECT c.era FROM living_conversation c, json_each(c.context, '$.items') item
    WHERE c.user_id = ?1 AND c.conversation_id = ?2 AND item.value ->> '$.id' = ?3";

#[async_trait]
impl VerdictStore for SqliteStore {
    async fn list_verdicts(&self, user: &UserId) -> Result<Verdicts, StoreError> {
        let user = user.clone();
        Ok(self.database.read(move |db| list(db, &user)).await?)
    }

    async fn save_verdict(&self, user: &UserId, verdict: &Verdict) -> Result<VerdictSaved, StoreError> {
        let json = Json::of(verdict)?;
        let (user, verdict) = (user.clone(), verdict.clone());
        Ok(self.database.write(move |db| save(db, &user, &verdict, &json)).await?)
    }

    async fn take_over_verdict(&self, user: &UserId, verdict: &Verdict) -> Result<bool, StoreError> {
        let json = Json::of(verdict)?;
        let (user, verdict) = (user.clone(), verdict.clone());
        Ok(self.database.write(move |db| take_over(db, &user, verdict, &json)).await?)
    }

    async fn take_over_rejection(&self, user: &UserId, rejection: &ForgottenRejection) -> Result<bool, StoreError> {
        let (user, rejection) = (user.clone(), rejection.clone());
        let keep = move |db: &Connection| {
            let kept = db
                .prepare_cached(
                    "INSERT INTO forgotten_rejection (user_id, era, mark, at)
                     SELECT user_id, era, ?2, ?3 FROM user_memory WHERE user_id = ?1 AND closed = 0
                     ON CONFLICT (user_id, era, mark) DO UPDATE SET at = excluded.at WHERE excluded.at > at",
                )?
                .execute(params![user.as_str(), rejection.mark, micros(rejection.at)])?;
            Ok(kept > 0)
        };
        Ok(self.database.write(keep).await?)
    }
}

/// Where a verdict may be taken over: the conversation is there, and nothing as late was said of the item.
const ERA_OF_TAKEN_OVER: &str = "
    SELECT c.era, coalesce((SELECT v.revision FROM verdict v
                            WHERE v.user_id = ?1 AND v.item_id = ?3 AND v.era = c.era), 0)
    FROM living_conversation c
    WHERE c.user_id = ?1 AND c.conversation_id = ?2
      AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.user_id = ?1 AND v.item_id = ?3 AND v.era = c.era AND v.at >= ?4)";

pub(super) fn list(db: &Connection, user: &UserId) -> rusqlite::Result<Verdicts> {
    let user = [user.as_str()];
    // In this order: what becomes forgotten in between is seen twice rather than not at all.
    let verdicts = db.prepare_cached(VERDICTS)?.query_map(user, verdict)?.collect::<rusqlite::Result<_>>()?;
    let forgotten = db.prepare_cached(FORGOTTEN)?.query_map(user, forgotten)?.collect::<rusqlite::Result<_>>()?;
    Ok(Verdicts { verdicts, forgotten })
}

/// The parts of a verdict that are stored as JSON.
struct Json {
    marks: String,
    edit: String,
    revisions: String,
}

impl Json {
    fn of(verdict: &Verdict) -> Result<Self, StoreError> {
        Ok(Self { marks: text(&verdict.marks)?, edit: text(&verdict.edit)?, revisions: text(&verdict.revisions)? })
    }
}

fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(Unwritable::of)
}

fn save(db: &Connection, user: &UserId, verdict: &Verdict, json: &Json) -> rusqlite::Result<VerdictSaved> {
    let of_item = params![user.as_str(), verdict.conversation_id.as_str(), verdict.item_id];
    let era: Option<i64> = db.prepare_cached(ERA_OF_ITEM)?.query_row(of_item, |row| row.get(0)).optional()?;
    let Some(era) = era else { return Ok(VerdictSaved::NoSuchItem) };
    let stands: Option<i64> = db
        .prepare_cached("SELECT revision FROM verdict WHERE user_id = ?1 AND item_id = ?2 AND era = ?3")?
        .query_row(params![user.as_str(), verdict.item_id, era], |row| row.get(0))
        .optional()?;
    if stands.unwrap_or(0) != verdict.revision - 1 {
        return Ok(VerdictSaved::Overtaken);
    }
    put(db, user, verdict, era, json)?;
    Ok(VerdictSaved::Saved)
}

fn take_over(db: &Connection, user: &UserId, mut verdict: Verdict, json: &Json) -> rusqlite::Result<bool> {
    let of_item = params![user.as_str(), verdict.conversation_id.as_str(), verdict.item_id, micros(verdict.at)];
    let place = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let found = db.prepare_cached(ERA_OF_TAKEN_OVER)?.query_row(of_item, place).optional()?;
    let Some((era, revision)) = found else { return Ok(false) };
    verdict.revision = revision + 1;
    put(db, user, &verdict, era, json)?;
    Ok(true)
}

fn put(db: &Connection, user: &UserId, verdict: &Verdict, era: i64, json: &Json) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO verdict (user_id, item_id, conversation_id, era, opinion, at, revision, marks, statement,
                                         edit, revisions)
         VALUES (:user, :item, :conversation, :era, :opinion, :at, :revision, :marks, :statement, :edit, :revisions)",
    )?
    .execute(named_params! {
        ":user": user.as_str(),
        ":item": verdict.item_id,
        ":conversation": verdict.conversation_id.as_str(),
        ":era": era,
        ":opinion": verdict.opinion.as_str(),
        ":at": micros(verdict.at),
        ":revision": verdict.revision,
        ":marks": json.marks,
        ":statement": verdict.statement,
        ":edit": json.edit,
        ":revisions": json.revisions,
    })?;
    Ok(())
}

/// Takes what was said about the items of a conversation; of rejections the marks stay.
pub(super) fn forget(db: &Connection, key: &ConversationKey) -> rusqlite::Result<()> {
    let of = [key.user_id.as_str(), key.conversation_id.as_str()];
    db.prepare_cached(
        "INSERT INTO forgotten_rejection (user_id, era, mark, at)
         SELECT v.user_id, v.era, mark.value, v.at FROM verdict v, json_each(v.marks) mark
         WHERE v.user_id = ?1 AND v.conversation_id = ?2 AND v.opinion = 'REJECTED'
         ON CONFLICT (user_id, era, mark) DO UPDATE SET at = max(at, excluded.at)",
    )?
    .execute(of)?;
    db.prepare_cached("DELETE FROM verdict WHERE user_id = ?1 AND conversation_id = ?2")?.execute(of)?;
    Ok(())
}

fn verdict(row: &Row<'_>) -> rusqlite::Result<Verdict> {
    Ok(Verdict {
        item_id: row.get("item_id")?,
        conversation_id: conversation_id(row)?,
        opinion: parsed(row, "opinion", |word: String| Opinion::parse(&word))?,
        statement: row.get("statement")?,
        edit: json(row, "edit")?,
        revisions: json(row, "revisions")?,
        marks: json(row, "marks")?,
        at: time(row, "at")?,
        revision: row.get("revision")?,
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    parsed(row, column, |json: String| serde_json::from_str(&json).ok())
}

fn forgotten(row: &Row<'_>) -> rusqlite::Result<ForgottenRejection> {
    Ok(ForgottenRejection { mark: row.get("mark")?, at: time(row, "at")? })
}
