//! Model calls, and their sums by day.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use kit::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::SqliteStore;
use super::columns::{micros, parsed};
use crate::domain::model::{CallRecord, ConversationKey, DayUsage, Spent, Usage, day_of};
use crate::store::{StoreError, UsageStore};

/// The era in which a call of the user ?1 that began at ?2 counts; none if it is of before an erasure.
const ERA: &str = "
    SELECT coalesce((SELECT era FROM user_memory WHERE user_id = ?1), 0)
    WHERE NOT EXISTS (SELECT 1 FROM user_memory WHERE user_id = ?1 AND closed = 1)
      AND NOT EXISTS (SELECT 1 FROM erasure WHERE user_id = ?1 AND started_at >= ?2)";

const CONSUMED: &str = "calls, input_tokens, cached_input_tokens, output_tokens, cost_micro_usd";

const ADDED: &str = "calls = calls + excluded.calls, input_tokens = input_tokens + excluded.input_tokens,
                     cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
                     output_tokens = output_tokens + excluded.output_tokens,
                     cost_micro_usd = cost_micro_usd + excluded.cost_micro_usd";

/// The days of a user.
pub(super) const DAYS: &str = "
    SELECT day, calls, input_tokens, cached_input_tokens, output_tokens, cost_micro_usd FROM usage_day
    WHERE user_id = ?1 AND era = coalesce((SELECT era FROM user_memory WHERE user_id = ?1), 0) AND day BETWEEN ?2 AND ?3
    ORDER BY day DESC";

/// The calls for the extraction of one conversation, summed.
pub(super) const OF_JOB: &str = "
    SELECT coalesce(sum(calls), 0) AS calls, coalesce(sum(input_tokens), 0) AS input_tokens,
           coalesce(sum(cached_input_tokens), 0) AS cached_input_tokens,
           coalesce(sum(output_tokens), 0) AS output_tokens, coalesce(sum(cost_micro_usd), 0) AS cost_micro_usd
    FROM model_call
    WHERE user_id = ?1 AND conversation_id = ?2 AND ended_at >= ?3 AND operation = 'EXTRACT'
      AND era = coalesce((SELECT era FROM user_memory WHERE user_id = ?1), 0)";

/// The oldest calls.
pub(super) const OLD: &str = "SELECT call_id FROM model_call WHERE ended_at <= ?1 ORDER BY ended_at LIMIT ?2";

#[async_trait]
impl UsageStore for SqliteStore {
    async fn record_call(&self, call: &CallRecord) -> Result<(), StoreError> {
        let call = call.clone();
        Ok(self.database.write(move |db| record(db, &call)).await?)
    }

    async fn spent(&self, user: &UserId, day: Date) -> Result<Spent, StoreError> {
        let user = user.clone();
        let spent = move |db: &Connection| {
            let day = day.to_string();
            let of_user = db.prepare_cached(DAYS)?.query_row([user.as_str(), &day, &day], usage).optional()?;
            let of_all = db
                .prepare_cached(&format!("SELECT {CONSUMED} FROM usage_of_all WHERE day = ?1"))?
                .query_row([&day], usage)
                .optional()?;
            Ok(Spent { user: of_user.unwrap_or_default(), all: of_all.unwrap_or_default() })
        };
        Ok(self.database.read(spent).await?)
    }

    async fn usage_of_job(&self, key: &ConversationKey, since: Timestamp) -> Result<Usage, StoreError> {
        let key = key.clone();
        let sum = move |db: &Connection| {
            let of = params![key.user_id.as_str(), key.conversation_id.as_str(), micros(since)];
            db.prepare_cached(OF_JOB)?.query_row(of, usage)
        };
        Ok(self.database.read(sum).await?)
    }

    async fn list_usage(&self, user: &UserId, first: Date, last: Date) -> Result<Vec<DayUsage>, StoreError> {
        let user = user.clone();
        let list = move |db: &Connection| {
            let of = params![user.as_str(), first.to_string(), last.to_string()];
            db.prepare_cached(DAYS)?.query_map(of, day_usage)?.collect()
        };
        Ok(self.database.read(list).await?)
    }
}

fn record(db: &Connection, call: &CallRecord) -> rusqlite::Result<()> {
    let (user, day) = (call.user_id.as_str(), day_of(call.ended_at).to_string());
    let began_at = call.ended_at.checked_sub(call.took).unwrap_or(Timestamp::MIN);
    let era: Option<i64> =
        db.prepare_cached(ERA)?.query_row(params![user, micros(began_at)], |row| row.get(0)).optional()?;
    let Usage { calls, input_tokens, cached_input_tokens, output_tokens, cost_micro_usd } = call.usage;
    if let Some(era) = era {
        insert(db, call, era)?;
        db.prepare_cached(&format!(
            "INSERT INTO usage_day (user_id, era, day, {CONSUMED}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (user_id, era, day) DO UPDATE SET {ADDED}"
        ))?
        .execute(params![
            user,
            era,
            day,
            calls,
            input_tokens,
            cached_input_tokens,
            output_tokens,
            cost_micro_usd
        ])?;
    }
    db.prepare_cached(&format!(
        "INSERT INTO usage_of_all (day, {CONSUMED}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (day) DO UPDATE SET {ADDED}"
    ))?
    .execute(params![day, calls, input_tokens, cached_input_tokens, output_tokens, cost_micro_usd])?;
    Ok(())
}

/// Names the conversation only while it is there.
fn insert(db: &Connection, call: &CallRecord, era: i64) -> rusqlite::Result<()> {
    db.prepare_cached(&format!(
        "INSERT INTO model_call (user_id, era, conversation_id, operation, provider, model, ended_at, took, error, {CONSUMED})
         VALUES (:user, :era,
                 (SELECT conversation_id FROM living_conversation WHERE user_id = :user AND conversation_id = :conversation),
                 :operation, :provider, :model, :ended_at, :took, :error,
                 :calls, :input, :cached_input, :output, :cost)"
    ))?
    .execute(named_params! {
        ":user": call.user_id.as_str(),
        ":era": era,
        ":conversation": call.conversation_id.as_ref().map(|id| id.as_str()),
        ":operation": call.operation.as_str(),
        ":provider": call.provider,
        ":model": call.model,
        ":ended_at": micros(call.ended_at),
        ":took": i64::try_from(call.took.as_micros()).unwrap_or(i64::MAX),
        ":error": call.error,
        ":calls": call.usage.calls,
        ":input": call.usage.input_tokens,
        ":cached_input": call.usage.cached_input_tokens,
        ":output": call.usage.output_tokens,
        ":cost": call.usage.cost_micro_usd,
    })?;
    Ok(())
}

/// Takes the name of a conversation off its calls.
pub(super) fn disown(db: &Connection, key: &ConversationKey) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE model_call SET conversation_id = NULL WHERE user_id = ?1 AND conversation_id = ?2")?
        .execute([key.user_id.as_str(), key.conversation_id.as_str()])?;
    Ok(())
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        calls: row.get("calls")?,
        input_tokens: row.get("input_tokens")?,
        cached_input_tokens: row.get("cached_input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        cost_micro_usd: row.get("cost_micro_usd")?,
    })
}

fn day_usage(row: &Row<'_>) -> rusqlite::Result<DayUsage> {
    Ok(DayUsage { day: parsed(row, "day", |text: String| text.parse().ok())?, usage: usage(row)? })
}
