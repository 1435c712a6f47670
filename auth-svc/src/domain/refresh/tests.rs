use std::sync::Arc;

use async_trait::async_trait;
use kit::clock::{Clock, TestClock};
use kit::id::{Secret, SessionId, UserId};
use tokio::sync::Notify;

use super::*;
use crate::domain::admission::SessionLife;
use crate::domain::feed::Feed;
use crate::domain::keys;
use crate::domain::revoke::Revoke;
use crate::domain::session::{Page, Revocation, Standing};
use crate::domain::token::{Issuer, Terms};
use crate::domain::vault::Vault;
use crate::store::{SessionStore, SqliteStore};

/// A store that never answers.
struct Hanging;

#[async_trait]
impl SessionStore for Hanging {
    async fn create_session(&self, _: &LoginSession) -> Result<(), StoreError> {
        std::future::pending().await
    }

    async fn find_session(&self, _: &SessionId) -> Result<Option<LoginSession>, StoreError> {
        std::future::pending().await
    }

    async fn rotate(&self, _: &SessionId, _: &Rotation) -> Result<bool, StoreError> {
        std::future::pending().await
    }

    async fn revoke(&self, _: &Revocation) -> Result<bool, StoreError> {
        std::future::pending().await
    }

    async fn list_sessions(&self, _: &UserId, _: &Standing, _: &Page) -> Result<Vec<LoginSession>, StoreError> {
        std::future::pending().await
    }
}

async fn refresh_over_a_hanging_store(clock: &TestClock) -> Refresh {
    kit::authn::install_crypto();
    let (hour, clock) = (Duration::from_secs(3600), Arc::new(clock.clone()));
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let vault = Vault::new(&Secret::new("A".repeat(43) + "=")).unwrap();
    let keys = keys::load(store.as_ref(), &vault, clock.now()).await.unwrap();
    let terms = Terms { issuer: "us".to_owned(), audience: "us".to_owned(), lifetime: hour };
    let feed = Feed::new(store.clone(), clock.clone(), hour);
    let revoke = Revoke { sessions: Arc::new(Hanging), feed, outbox_bell: Arc::new(Notify::new()), clock };
    let admission = Admission {
        accounts: store,
        revoke,
        issuer: Arc::new(Issuer::new(&keys.kid, &keys.signing, terms).unwrap()),
        refresh_keys: keys.refresh,
        life: SessionLife { idle: hour, absolute: hour },
    };
    Refresh { admission }
}

#[tokio::test]
async fn an_exchange_that_takes_too_long_is_given_up() {
    let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
    let refresh = refresh_over_a_hanging_store(&clock).await;
    let token = RefreshToken::first_of(SessionId::random()).to_text();

    let mut answer = Box::pin(refresh.refresh(token.expose(), None));
    assert!(futures::poll!(&mut answer).is_pending());
    clock.advance(DEADLINE);

    assert!(matches!(answer.await, Err(RefreshError::TimedOut)));
}
