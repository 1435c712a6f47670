//! Reading again what was read before.

use async_trait::async_trait;
use rusqlite::{Connection, named_params};

use super::columns::{key, micros};
use super::{SqliteStore, enqueue};
use crate::domain::model::{ConversationKey, Outdated, ReadWith, Reread, Trigger};
use crate::store::{RereadingStore, StoreError};

#[async_trait]
impl RereadingStore for SqliteStore {
    async fn list_outdated(&self, which: &Outdated, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        let which = which.clone();
        Ok(self.database.read(move |db| list(db, &which, limit)).await?)
    }

    async fn reread(&self, which: &Outdated, limit: usize, trigger: &Trigger) -> Result<Reread, StoreError> {
        let (which, trigger) = (which.clone(), trigger.clone());
        let reread = move |db: &Connection| {
            let mut reread = Reread::default();
            for key in list(db, &which, limit)? {
                match enqueue::reread(db, &key, &trigger)? {
                    Some(outcome) => reread.accepted.push((key, outcome)),
                    None => {
                        reread.is_full = true;
                        break;
                    }
                }
            }
            Ok(reread)
        };
        Ok(self.database.write(reread).await?)
    }
}

fn list(db: &Connection, which: &Outdated, limit: usize) -> rusqlite::Result<Vec<ConversationKey>> {
    let (version, ranges): (_, &[&str]) = match &which.read_with {
        ReadWith::Version(version) => (version, &["="]),
        ReadWith::AnyBut(version) => (version, &["<", ">"]),
    };
    let whose = which.user_id.as_ref().map(|user| user.as_str());
    let mut found = Vec::new();
    for range in ranges {
        let left = limit - found.len();
        let mut statement = db.prepare_cached(&outdated(whose.is_some(), range))?;
        let keys = statement.query_map(
            named_params! {
                ":user": whose,
                ":conversation": which.conversation_id.as_ref().map(|id| id.as_str()),
                ":version": version,
                ":before": micros(which.extracted_before),
                ":limit": left as i64,
            },
            key,
        )?;
        for key in keys {
            found.push(key?);
        }
    }
    Ok(found)
}

/// Those whose prompt version stands so to the given one. The plus keeps the index of the versions away from one user's
/// conversations, which are few enough to be sorted.
pub(super) fn outdated(of_one_user: bool, range: &str) -> String {
    let within = if of_one_user {
        "user_id = :user AND (:conversation IS NULL OR conversation_id = :conversation) AND +"
    } else {
        ":user IS NULL AND :conversation IS NULL AND "
    };
    format!(
        "SELECT user_id, conversation_id FROM living_conversation
         WHERE {within}prompt_version {range} :version AND extracted_at < :before
           AND (job_want >> 40) = (job_done >> 40)
         ORDER BY prompt_version, extracted_at, user_id, conversation_id LIMIT :limit"
    )
}
