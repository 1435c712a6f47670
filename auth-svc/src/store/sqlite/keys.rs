//! Signing keys and refresh keys.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{SqliteStore, micros, parsed, time};
use crate::domain::keys::{KeyState, SealedKey, SigningKeyRecord};
use crate::store::{KeyStore, StoreError};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn signing_keys(&self, first: &SigningKeyRecord) -> Result<Vec<SigningKeyRecord>, StoreError> {
        let first = first.clone();
        let settle = move |db: &Connection| {
            db.execute(
                "INSERT INTO signing_key (kid, state, public, sealed, created_at) SELECT ?1, 'active', ?2, ?3, ?4
                 WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE state = 'active')",
                params![first.sealed.id, first.public, first.sealed.sealed, micros(first.sealed.created_at)],
            )?;
            db.prepare(
                "SELECT kid AS key_id, state, public, sealed, created_at FROM signing_key ORDER BY created_at DESC",
            )?
            .query_map([], signing_key)?
            .collect()
        };
        Ok(self.database.write(settle).await?)
    }

    async fn refresh_keys(&self, first: &SealedKey) -> Result<Vec<SealedKey>, StoreError> {
        let first = first.clone();
        let settle = move |db: &Connection| {
            db.execute(
                "INSERT INTO refresh_key (key_id, sealed, created_at) SELECT ?1, ?2, ?3
                 WHERE NOT EXISTS (SELECT 1 FROM refresh_key)",
                params![first.id, first.sealed, micros(first.created_at)],
            )?;
            db.prepare("SELECT * FROM refresh_key ORDER BY created_at DESC")?.query_map([], sealed_key)?.collect()
        };
        Ok(self.database.write(settle).await?)
    }
}

fn signing_key(row: &Row<'_>) -> rusqlite::Result<SigningKeyRecord> {
    Ok(SigningKeyRecord {
        state: parsed(row, "state", |text: String| KeyState::parse(&text))?,
        public: row.get("public")?,
        sealed: sealed_key(row)?,
    })
}

fn sealed_key(row: &Row<'_>) -> rusqlite::Result<SealedKey> {
    Ok(SealedKey { id: row.get("key_id")?, sealed: row.get("sealed")?, created_at: time(row, "created_at")? })
}
