//! Login sessions: born, moved on, ended.

use async_trait::async_trait;
use kit::id::{SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteStore, micros, optional_time, session_id, time, user_id};
use crate::domain::audit::{AuditEntry, AuditEvent};
use crate::domain::refresh_token::TokenHash;
use crate::domain::session::{LoginSession, Page, Revocation, Rotation, Standing};
use crate::store::{SessionStore, StoreError};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create_session(&self, session: &LoginSession) -> Result<(), StoreError> {
        let session = session.clone();
        let create = move |db: &Connection| {
            db.prepare_cached(
                "INSERT INTO login_session (session_id, user_id, born, device, created_at, expires_at, refresh_key,
                                            current_hash, previous_hash, rotations, rotated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                session.id.as_str(),
                session.user.as_str(),
                session.born,
                session.device,
                micros(session.created_at),
                micros(session.expires_at),
                session.refresh_key,
                session.current.as_bytes(),
                session.previous.as_ref().map(TokenHash::as_bytes),
                session.rotations,
                micros(session.rotated_at),
            ])?;
            let entry = AuditEntry {
                user: session.user,
                session: Some(session.id),
                event: AuditEvent::LoggedIn,
                at: session.created_at,
            };
            super::audit::record(db, &entry)
        };
        Ok(self.database.write(create).await?)
    }

    async fn find_session(&self, id: &SessionId) -> Result<Option<LoginSession>, StoreError> {
        let id = id.clone();
        let find = move |db: &Connection| {
            db.prepare_cached("SELECT * FROM login_session WHERE session_id = ?1")?
                .query_row([id.as_str()], session)
                .optional()
        };
        Ok(self.database.read(find).await?)
    }

    async fn rotate(&self, id: &SessionId, rotation: &Rotation) -> Result<bool, StoreError> {
        let (id, rotation) = (id.clone(), rotation.clone());
        let rotate = move |db: &Connection| {
            db.prepare_cached(
                "UPDATE login_session
                 SET previous_hash = current_hash, current_hash = ?3, rotated_at = ?4, rotations = rotations + 1
                 WHERE session_id = ?1 AND current_hash = ?2 AND revoked_at IS NULL",
            )?
            .execute(params![
                id.as_str(),
                rotation.from.as_bytes(),
                rotation.to.as_bytes(),
                micros(rotation.at)
            ])
        };
        Ok(self.database.write(rotate).await? == 1)
    }

    async fn revoke(&self, revocation: &Revocation) -> Result<bool, StoreError> {
        let revocation = revocation.clone();
        let revoke = move |db: &Connection| {
            let Revocation { session, user, reason, at, trace } = revocation;
            let next_at = reason.asks_for_extraction().then_some(micros(at));
            let trace = trace.filter(|_| next_at.is_some()).map(|trace| trace.to_string());
            let ended = db
                .prepare_cached(
                    "UPDATE login_session
                     SET revoked_at = ?3, revoked_reason = ?4, outbox_state = iif(?5 IS NULL, NULL, 'pending'),
                         outbox_next_at = ?5, outbox_attempts = iif(?5 IS NULL, NULL, 0), outbox_trace = ?6
                     WHERE session_id = ?1 AND user_id = ?2 AND revoked_at IS NULL",
                )?
                .execute(params![session.as_str(), user.as_str(), micros(at), reason.as_str(), next_at, trace])?;
            if ended == 0 {
                return Ok(false);
            }
            super::audit::record(db, &AuditEntry { user, session: Some(session), event: reason.into(), at })?;
            Ok(true)
        };
        Ok(self.database.write(revoke).await?)
    }

    async fn list_sessions(
        &self,
        user: &UserId,
        standing: &Standing,
        page: &Page,
    ) -> Result<Vec<LoginSession>, StoreError> {
        let (user, standing, page) = (user.clone(), standing.clone(), page.clone());
        let list = move |db: &Connection| {
            let (before_at, before_id) = match &page.after {
                Some((at, id)) => (micros(*at), id.as_str()),
                None => (i64::MAX, ""),
            };
            db.prepare_cached(
                "SELECT * FROM login_session
                 WHERE user_id = ?1 AND (rotated_at, session_id) < (?2, ?3)
                   AND revoked_at IS NULL AND expires_at > ?4 AND rotated_at > ?5 AND (born = ?6 OR session_id = ?7)
                 ORDER BY rotated_at DESC, session_id DESC LIMIT ?8",
            )?
            .query_map(
                params![
                    user.as_str(),
                    before_at,
                    before_id,
                    micros(standing.now),
                    micros(standing.used_after()),
                    standing.generation,
                    standing.kept_session.as_ref().map(SessionId::as_str),
                    page.size as i64,
                ],
                session,
            )?
            .collect()
        };
        Ok(self.database.read(list).await?)
    }
}

fn session(row: &Row<'_>) -> rusqlite::Result<LoginSession> {
    let previous = row.get::<_, Option<[u8; 32]>>("previous_hash")?.map(TokenHash::from_bytes);
    Ok(LoginSession {
        id: session_id(row, "session_id")?,
        user: user_id(row)?,
        born: row.get("born")?,
        device: row.get("device")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        refresh_key: row.get("refresh_key")?,
        current: TokenHash::from_bytes(row.get("current_hash")?),
        previous,
        rotations: row.get("rotations")?,
        rotated_at: time(row, "rotated_at")?,
        revoked_at: optional_time(row, "revoked_at")?,
    })
}
