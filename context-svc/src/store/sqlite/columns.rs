//! Columns to values and back. What cannot be read back means that something else wrote the file.

use jiff::Timestamp;
use kit::id::UserId;
use rusqlite::Row;
use rusqlite::types::{FromSql, Type};

use crate::domain::model::{
    Cause, ClientId, ConversationId, ConversationKey, Message, Role, SessionContext, Traces, Watermark,
};

pub(super) const MESSAGE: &str = "seq, client_id, role, name, text, at, time_zone";

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A column that holds what `parse` understands.
pub(super) fn parsed<T: FromSql, U>(
    row: &Row<'_>,
    column: &str,
    parse: impl FnOnce(T) -> Option<U>,
) -> rusqlite::Result<U> {
    parse(row.get(column)?).ok_or_else(|| unreadable(row, column))
}

/// A column that may be null and otherwise holds what `parse` understands.
pub(super) fn optional<T: FromSql, U>(
    row: &Row<'_>,
    column: &str,
    parse: impl FnOnce(T) -> Option<U>,
) -> rusqlite::Result<Option<U>> {
    match row.get::<_, Option<T>>(column)? {
        None => Ok(None),
        Some(value) => parse(value).map(Some).ok_or_else(|| unreadable(row, column)),
    }
}

fn unreadable(row: &Row<'_>, column: &str) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Null, format!("{column} holds no such value").into())
}

pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    parsed(row, column, |micros: i64| Timestamp::from_microsecond(micros).ok())
}

pub(super) fn optional_time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    optional(row, column, |micros: i64| Timestamp::from_microsecond(micros).ok())
}

pub(super) fn watermark(row: &Row<'_>, column: &str) -> rusqlite::Result<Watermark> {
    row.get(column).map(Watermark::from_i64)
}

pub(super) fn conversation_id(row: &Row<'_>) -> rusqlite::Result<ConversationId> {
    parsed::<String, _>(row, "conversation_id", ConversationId::parse)
}

pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<ConversationKey> {
    Ok(ConversationKey::new(parsed::<String, _>(row, "user_id", UserId::parse)?, conversation_id(row)?))
}

pub(super) fn causes(row: &Row<'_>) -> rusqlite::Result<Vec<Cause>> {
    parsed(row, "job_causes", |words: String| words.split_whitespace().map(Cause::parse).collect())
}

pub(super) fn causes_text(causes: &[Cause]) -> String {
    causes.iter().map(|cause| cause.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn traces(row: &Row<'_>) -> rusqlite::Result<Traces> {
    let traces = optional(row, "job_traces", |json: String| serde_json::from_str(&json).ok())?;
    Ok(traces.unwrap_or_default())
}

/// JSON, or null if there are none.
pub(super) fn traces_text(traces: &Traces) -> Option<String> {
    // Strings in a list can always be written as JSON.
    traces.iter().next().and_then(|_| serde_json::to_string(traces).ok())
}

pub(super) fn context(row: &Row<'_>) -> rusqlite::Result<SessionContext> {
    parsed(row, "context", |json: String| serde_json::from_str(&json).ok())
}

/// A message from the columns [`MESSAGE`].
pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        seq: row.get("seq")?,
        client_id: parsed::<String, _>(row, "client_id", ClientId::parse)?,
        role: parsed(row, "role", |word: String| Role::parse(&word))?,
        name: row.get("name")?,
        text: row.get("text")?,
        at: time(row, "at")?,
        time_zone: row.get("time_zone")?,
    })
}
