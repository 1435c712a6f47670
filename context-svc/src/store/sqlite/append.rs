//! Adding messages to a conversation.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::columns::micros;
use super::enqueue::enqueue;
use crate::domain::model::{
    Addition, Appended, AppendedMessage, ConversationKey, Incarnation, NewMessage, Role, Trigger, Zone,
};

/// What an append reads of a conversation.
struct Head {
    incarnation: String,
    era: i64,
    deleting: bool,
    session_id: String,
    time_zone: Option<String>,
    last_seq: i64,
    dirty: bool,
}

/// One append on its way into the database.
pub(super) struct Append {
    pub(super) key: ConversationKey,
    pub(super) addition: Addition,
    pub(super) handover: Trigger,
    /// The life that begins if there is no such conversation.
    pub(super) newborn: Incarnation,
}

impl Append {
    /// Adds all of the messages or, on an error, none.
    pub(super) fn run(&self, db: &Connection) -> rusqlite::Result<Option<Appended>> {
        let Some(era) = self.era(db)? else { return Ok(None) };
        let head = match self.head(db)? {
            Some(head) => head,
            None => self.create(db, era)?,
        };
        if head.deleting || head.era != era {
            return Ok(None);
        }
        let held_elsewhere = head.session_id != self.addition.session_id.as_str();
        if head.dirty && held_elsewhere && self.brings_something_new(db, &head)? {
            // A full queue does not keep anybody from speaking: what stays dirty is the sweep's.
            enqueue(db, &self.key, &self.handover)?;
        }
        let appended = self.insert(db, &head)?;
        kit::failpoint::reached("message-inserted");
        if appended.messages.iter().any(|message| !message.duplicate) {
            self.advance(db, &appended)?;
        }
        Ok(Some(appended))
    }

    /// The era in force; `None` if nothing is accepted for the user any more.
    fn era(&self, db: &Connection) -> rusqlite::Result<Option<i64>> {
        let user = self.key.user_id.as_str();
        db.prepare_cached("INSERT INTO user_memory (user_id) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([user])?;
        db.prepare_cached("SELECT era FROM user_memory WHERE user_id = ?1 AND closed = 0")?
            .query_row([user], |row| row.get(0))
            .optional()
    }

    fn head(&self, db: &Connection) -> rusqlite::Result<Option<Head>> {
        db.prepare_cached(
            "SELECT incarnation, era, deleting, session_id, time_zone, last_seq, dirty
             FROM conversation WHERE user_id = ?1 AND conversation_id = ?2",
        )?
        .query_row(params![self.key.user_id.as_str(), self.key.conversation_id.as_str()], head)
        .optional()
    }

    fn create(&self, db: &Connection, era: i64) -> rusqlite::Result<Head> {
        db.prepare_cached(
            "INSERT INTO conversation
                 (user_id, conversation_id, incarnation, era, session_id, created_at, last_at, appended_at)
             VALUES (:user, :conversation, :incarnation, :era, :session, :now, :now, :now)
             RETURNING incarnation, era, deleting, session_id, time_zone, last_seq, dirty",
        )?
        .query_row(
            named_params! {
                ":user": self.key.user_id.as_str(),
                ":conversation": self.key.conversation_id.as_str(),
                ":incarnation": self.newborn.as_str(),
                ":era": era,
                ":session": self.addition.session_id.as_str(),
                ":now": micros(self.handover.at),
            },
            head,
        )
    }

    fn brings_something_new(&self, db: &Connection, head: &Head) -> rusqlite::Result<bool> {
        for message in &self.addition.messages {
            if self.find(db, head, message)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn insert(&self, db: &Connection, head: &Head) -> rusqlite::Result<Appended> {
        let mut last_seq = head.last_seq;
        let mut messages = Vec::with_capacity(self.addition.messages.len());
        for message in &self.addition.messages {
            let found = self.find(db, head, message)?;
            let duplicate = found.is_some();
            let seq = found.unwrap_or(last_seq + 1);
            if !duplicate {
                self.insert_one(db, head, seq, message)?;
                last_seq = seq;
            }
            messages.push(AppendedMessage { client_id: message.client_id.clone(), seq, duplicate });
        }
        Ok(Appended { last_seq, messages })
    }

    fn find(&self, db: &Connection, head: &Head, message: &NewMessage) -> rusqlite::Result<Option<i64>> {
        db.prepare_cached(
            "SELECT seq FROM message
             WHERE user_id = ?1 AND conversation_id = ?2 AND incarnation = ?3 AND client_id = ?4",
        )?
        .query_row(
            params![
                self.key.user_id.as_str(),
                self.key.conversation_id.as_str(),
                head.incarnation,
                message.client_id.as_str()
            ],
            |row| row.get(0),
        )
        .optional()
    }

    fn insert_one(&self, db: &Connection, head: &Head, seq: i64, message: &NewMessage) -> rusqlite::Result<()> {
        db.prepare_cached(
            "INSERT INTO message (user_id, conversation_id, incarnation, seq, era, client_id, role, name, text, at, time_zone)
             VALUES (:user, :conversation, :incarnation, :seq, :era, :client, :role, :name, :text, :at, :time_zone)",
        )?
        .execute(named_params! {
            ":user": self.key.user_id.as_str(),
            ":conversation": self.key.conversation_id.as_str(),
            ":incarnation": head.incarnation,
            ":seq": seq,
            ":era": head.era,
            ":client": message.client_id.as_str(),
            ":role": message.role.as_str(),
            ":name": message.name,
            ":text": message.text,
            ":at": micros(message.at),
            ":time_zone": self.zone(head),
        })?;
        Ok(())
    }

    /// The zone that the append named, else the conversation's, else the account's.
    fn zone<'a>(&'a self, head: &'a Head) -> Option<&'a str> {
        let given = self.addition.time_zone.as_ref();
        given.and_then(Zone::named).or(head.time_zone.as_deref()).or(given.map(Zone::name))
    }

    fn advance(&self, db: &Connection, appended: &Appended) -> rusqlite::Result<()> {
        let mut last_user_seq = 0;
        let mut last_at = None;
        for (message, place) in self.addition.messages.iter().zip(&appended.messages) {
            if place.duplicate {
                continue;
            }
            last_at = last_at.max(Some(message.at));
            if message.role == Role::User {
                last_user_seq = place.seq;
            }
        }
        let last_at = last_at.unwrap_or(self.handover.at);
        db.prepare_cached(
            "UPDATE conversation
             SET last_seq = :last_seq, last_user_seq = max(last_user_seq, :last_user_seq), dirty = 1,
                 last_at = CASE last_seq WHEN 0 THEN :last_at ELSE max(last_at, :last_at) END,
                 appended_at = max(appended_at, :now), session_id = :session,
                 time_zone = coalesce(:time_zone, time_zone)
             WHERE user_id = :user AND conversation_id = :conversation",
        )?
        .execute(named_params! {
            ":last_seq": appended.last_seq,
            ":last_user_seq": last_user_seq,
            ":last_at": micros(last_at),
            ":now": micros(self.handover.at),
            ":session": self.addition.session_id.as_str(),
            ":time_zone": self.addition.time_zone.as_ref().and_then(Zone::named),
            ":user": self.key.user_id.as_str(),
            ":conversation": self.key.conversation_id.as_str(),
        })?;
        Ok(())
    }
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        incarnation: row.get("incarnation")?,
        era: row.get("era")?,
        deleting: row.get("deleting")?,
        session_id: row.get("session_id")?,
        time_zone: row.get("time_zone")?,
        last_seq: row.get("last_seq")?,
        dirty: row.get("dirty")?,
    })
}
