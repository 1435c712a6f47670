//! Seeing one's sessions, and ending one from another.

use jiff::Timestamp;
use kit::authn::Caller;
use kit::error::{Classify, Kind};
use kit::id::SessionId;
use kit::telemetry::trace::TraceContext;

use super::account::Account;
use super::admission::Admission;
use super::session::{LoginSession, Page, RevokeReason, Standing};
use crate::store::StoreError;

/// Why a session could not be shown or ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionsError {
    /// The account never had it.
    #[error("there is no such session")]
    NotFound,
    /// The token is good, but its account is gone.
    #[error("a valid access token is required")]
    NoAccount,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for SessionsError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::NoAccount => Kind::Unauthenticated,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "SESSION_NOT_FOUND",
            Self::NoAccount => "TOKEN_REVOKED",
            Self::Store(error) => error.reason(),
        }
    }
}

/// One's own account and sessions.
#[derive(Clone)]
pub struct Sessions {
    /// What sessions are made and ended with.
    pub admission: Admission,
}

impl Sessions {
    /// The caller's account.
    pub async fn account(&self, caller: &Caller) -> Result<Account, SessionsError> {
        self.admission.accounts.find_account(&caller.user_id).await?.ok_or(SessionsError::NoAccount)
    }

    /// The caller's live sessions, last used first; where the next page starts, if there may be one.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed, SessionsError> {
        let account = self.account(caller).await?;
        let standing = Standing {
            generation: account.generation,
            kept_session: account.kept_session,
            now: self.admission.revoke.clock.now(),
            idle: self.admission.life.idle,
        };
        let one_more = Page { size: page.size + 1, ..page.clone() };
        let mut sessions = self.admission.revoke.sessions.list_sessions(&caller.user_id, &standing, &one_more).await?;
        let has_more = sessions.len() > page.size;
        sessions.truncate(page.size);
        let next = sessions.last().filter(|_| has_more).map(|last| (last.rotated_at, last.id.clone()));
        Ok(Listed { sessions, next })
    }

    /// Ends one of the caller's sessions; `true` if this call did.
    pub async fn end(
        &self,
        caller: &Caller,
        session: &SessionId,
        trace: Option<TraceContext>,
    ) -> Result<bool, SessionsError> {
        let found = self.admission.revoke.sessions.find_session(session).await?;
        if found.is_none_or(|found| found.user != caller.user_id) {
            return Err(SessionsError::NotFound);
        }
        Ok(self.admission.revoke.end(&caller.user_id, session, RevokeReason::SessionRevoked, trace).await?)
    }
}

/// A page of sessions.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Last used first.
    pub sessions: Vec<LoginSession>,
    /// Where the next page starts.
    pub next: Option<(Timestamp, SessionId)>,
}
