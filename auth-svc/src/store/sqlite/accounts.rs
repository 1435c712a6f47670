//! Accounts and their addresses.

use async_trait::async_trait;
use kit::id::{Secret, SessionId, UserId};
use rusqlite::{OptionalExtension, Row, params};

use super::{SqliteStore, micros, optional_session_id, parsed, time, user_id};
use crate::domain::account::{Account, Email};
use crate::domain::audit::{AuditEntry, AuditEvent};
use crate::store::{AccountStore, StoreError};

#[async_trait]
impl AccountStore for SqliteStore {
    async fn create_account(&self, account: &Account) -> Result<bool, StoreError> {
        let account = account.clone();
        let create = move |db: &rusqlite::Connection| {
            let claimed = db
                .prepare_cached("INSERT INTO email (address, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute([account.email.key(), account.id.as_str()])?;
            if claimed == 0 {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO account (user_id, email, display_name, time_zone, password_hash, generation, kept_sid, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                account.id.as_str(),
                account.email.as_str(),
                account.display_name,
                account.time_zone,
                account.password_hash.expose(),
                account.generation,
                account.kept_session.as_ref().map(SessionId::as_str),
                micros(account.created_at),
            ])?;
            let entry =
                AuditEntry { user: account.id, session: None, event: AuditEvent::Registered, at: account.created_at };
            super::audit::record(db, &entry)?;
            Ok(true)
        };
        Ok(self.database.write(create).await?)
    }

    async fn find_account(&self, id: &UserId) -> Result<Option<Account>, StoreError> {
        let id = id.clone();
        let find = move |db: &rusqlite::Connection| {
            db.prepare_cached("SELECT * FROM account WHERE user_id = ?1")?.query_row([id.as_str()], account).optional()
        };
        Ok(self.database.read(find).await?)
    }

    async fn find_account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let key = email.key().to_owned();
        let find = move |db: &rusqlite::Connection| {
            db.prepare_cached("SELECT account.* FROM email JOIN account USING (user_id) WHERE address = ?1")?
                .query_row([key], account)
                .optional()
        };
        Ok(self.database.read(find).await?)
    }

    async fn rehash(&self, id: &UserId, verified: &Secret, stronger: &Secret) -> Result<(), StoreError> {
        let (id, verified, stronger) = (id.clone(), verified.clone(), stronger.clone());
        let replace = move |db: &rusqlite::Connection| {
            db.prepare_cached("UPDATE account SET password_hash = ?3 WHERE user_id = ?1 AND password_hash = ?2")?
                .execute([id.as_str(), verified.expose(), stronger.expose()])
        };
        self.database.write(replace).await?;
        Ok(())
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: user_id(row)?,
        email: parsed(row, "email", |text: String| Email::parse(&text).ok())?,
        display_name: row.get("display_name")?,
        time_zone: row.get("time_zone")?,
        password_hash: Secret::new(row.get::<_, String>("password_hash")?),
        generation: row.get("generation")?,
        kept_session: optional_session_id(row, "kept_sid")?,
        created_at: time(row, "created_at")?,
    })
}
