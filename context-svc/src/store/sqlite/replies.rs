//! Answers in a talk.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kit::id::SessionId;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::append::Append;
use super::columns::{message, parsed};
use crate::domain::model::{
    Addition, AppendedMessage, Cause, ClientId, ConversationKey, Incarnation, NewMessage, Role, TalkSoFar, Trigger,
    answered_by, spare_reply_id,
};
use crate::store::{ReplyStore, StoreError};

/// The newest messages of a conversation.
pub(super) const TALK_SO_FAR: &str = "
    SELECT incarnation, seq, client_id, role, name, text, at, time_zone FROM message
    WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation =
        (SELECT incarnation FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2)
    ORDER BY seq DESC LIMIT ?3";

/// What is, or may be, called an answer to one message: `.` follows `-` and comes before all digits.
pub(super) const CALLED_SO: &str = "
    SELECT seq, client_id, role FROM message
    WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND client_id >= ?4 AND client_id < ?4 || '.'";

#[async_trait]
impl ReplyStore for SqliteStore {
    async fn talk_so_far(&self, key: &ConversationKey, limit: usize) -> Result<Option<TalkSoFar>, StoreError> {
        let key = key.clone();
        let read = move |db: &Connection| {
            let of = params![key.user_id.as_str(), key.conversation_id.as_str(), limit as i64];
            db.prepare_cached(TALK_SO_FAR)?
                .query_map(of, |row| Ok((parsed::<String, _>(row, "incarnation", Incarnation::parse)?, message(row)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let newest_first = self.database.read(read).await?;
        let Some((incarnation, _)) = newest_first.first().cloned() else { return Ok(None) };
        let messages = newest_first.into_iter().rev().map(|(_, message)| message).collect();
        Ok(Some(TalkSoFar { incarnation, messages }))
    }

    async fn append_reply(
        &self,
        key: &ConversationKey,
        incarnation: &Incarnation,
        reply: &NewMessage,
        now: Timestamp,
    ) -> Result<Option<AppendedMessage>, StoreError> {
        let (key, incarnation, reply) = (key.clone(), incarnation.clone(), reply.clone());
        let append = move |db: &Connection| {
            let Some(session_id) = session_of(db, &key, &incarnation)? else { return Ok(None) };
            let client_id = name_of(db, &key, &incarnation, &reply)?;
            let named = NewMessage { client_id, ..reply.clone() };
            let addition = Addition { session_id, time_zone: None, messages: vec![named] };
            let append =
                Append { key: key.clone(), addition, handover: no_handover(now), newborn: incarnation.clone() };
            Ok(append.run(db)?.and_then(|appended| appended.messages.into_iter().next()))
        };
        Ok(self.database.write(append).await?)
    }
}

/// The login session that this life of a conversation was last held under; `None` if it is over.
fn session_of(
    db: &Connection,
    key: &ConversationKey,
    incarnation: &Incarnation,
) -> rusqlite::Result<Option<SessionId>> {
    db.prepare_cached(
        "SELECT session_id FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3",
    )?
    .query_row(params![key.user_id.as_str(), key.conversation_id.as_str(), incarnation.as_str()], |row| {
        parsed::<String, _>(row, "session_id", SessionId::parse)
    })
    .optional()
}

/// What to call an answer: as the one that is there already, if there is one.
fn name_of(
    db: &Connection,
    key: &ConversationKey,
    incarnation: &Incarnation,
    reply: &NewMessage,
) -> rusqlite::Result<ClientId> {
    let Some(answered) = answered_by(&reply.client_id) else { return Ok(reply.client_id.clone()) };
    let of =
        params![key.user_id.as_str(), key.conversation_id.as_str(), incarnation.as_str(), reply.client_id.as_str()];
    let mut is_taken = false;
    let mut called_so = db.prepare_cached(CALLED_SO)?;
    let mut rows = called_so.query(of)?;
    while let Some(row) = rows.next()? {
        let client_id = parsed::<String, _>(row, "client_id", ClientId::parse)?;
        let role = parsed(row, "role", |word: String| Role::parse(&word))?;
        let is_later = row.get::<_, i64>("seq")? > answered;
        if is_later && role == Role::Assistant && answered_by(&client_id) == Some(answered) {
            return Ok(client_id);
        }
        is_taken |= client_id == reply.client_id;
    }
    let spare = if is_taken { spare_reply_id(answered) } else { None };
    Ok(spare.unwrap_or_else(|| reply.client_id.clone()))
}

/// For an append that changes no hands, at `at`.
fn no_handover(at: Timestamp) -> Trigger {
    Trigger {
        cause: Cause::Disconnect,
        trace: None,
        at,
        wait: Duration::ZERO,
        wait_max: Duration::ZERO,
        depth_limit: 0,
    }
}
