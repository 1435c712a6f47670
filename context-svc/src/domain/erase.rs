//! Erasing everything that is stored about a user. On return nothing of it can be read; removing it is a durable job.

use std::sync::Arc;

use kit::clock::SharedClock;
use kit::config::Period;
use kit::id::UserId;
use tokio::sync::Notify;

use super::model::{Erasure, ErasureRequest, RequestId};
use super::search::Search;
use crate::store::{ErasureStore, StoreError};

/// Begins erasures and wakes whoever removes. Clones share both.
#[derive(Clone)]
pub struct Erase {
    erasures: Arc<dyn ErasureStore>,
    clock: SharedClock,
    bell: Arc<Notify>,
    again_after: Period,
    search: Option<Search>,
}

impl Erase {
    /// `bell` is rung when there is something to remove, and what was removed is looked for once more `again_after` that.
    pub fn new(erasures: Arc<dyn ErasureStore>, clock: SharedClock, bell: Arc<Notify>, again_after: Period) -> Self {
        Self { erasures, clock, bell, again_after, search: None }
    }

    /// The same, with a search in this process that must not keep anything of who is erased.
    pub fn searched_by(self, search: Search) -> Self {
        Self { search: Some(search), ..self }
    }

    /// A user has their own memory erased. While that goes on, asking again is the same erasure, unless something has been
    /// said since.
    pub async fn memory(&self, user_id: UserId) -> Result<Erasure, StoreError> {
        self.begin(user_id, None, false).await
    }

    /// Erases a user, known or not. A repetition under the same `request_id` is the same erasure.
    pub async fn user(
        &self,
        user_id: UserId,
        request_id: Option<RequestId>,
        account_deleted: bool,
    ) -> Result<Erasure, StoreError> {
        self.begin(user_id, request_id, account_deleted).await
    }

    async fn begin(
        &self,
        user_id: UserId,
        request_id: Option<RequestId>,
        closes_account: bool,
    ) -> Result<Erasure, StoreError> {
        let at = self.clock.now();
        let again_at = at + self.again_after.0;
        let request = ErasureRequest { user_id, request_id, closes_account, at, again_at };
        let erasure = self.erasures.begin_erasure(&request).await?;
        kit::failpoint::reached("erasure-begun");
        if let Some(search) = &self.search {
            search.forget(&request.user_id);
        }
        self.bell.notify_one();
        Ok(erasure)
    }
}
