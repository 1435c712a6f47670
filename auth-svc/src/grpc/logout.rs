//! What Logout is given and how it is carried through.

use std::sync::Arc;

use kit::authn::bearer;
use kit::error::{Classify, Kind};
use kit::lifecycle::Lifecycle;
use kit::telemetry::trace::TraceContext;
use proto::auth::v1 as pb;
use proto::auth::v1::logout_response::Extraction;
use tonic::Request;

use crate::domain::logout::{LoggedOut, Logout, Presented};
use crate::store::StoreError;

/// Nothing could be written. Saying so is the one thing Logout may fail with.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogoutError {
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The process is being stopped, and the write was abandoned.
    #[error("the service is stopping; repeat the call")]
    Stopping,
}

impl Classify for LogoutError {
    fn kind(&self) -> Kind {
        match self {
            // Whatever it was: not written, and worth repeating.
            Self::Store(_) | Self::Stopping => Kind::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) if error.kind() == Kind::Internal => "STORE_UNAVAILABLE",
            Self::Store(error) => error.reason(),
            Self::Stopping => "STOPPING",
        }
    }
}

/// What the caller holds. A header that is no bearer token proves nothing, and is no obstacle.
pub(super) fn presented(request: Request<pb::LogoutRequest>) -> Presented {
    let headers = request.metadata().as_ref();
    let bearer = bearer(headers).ok().map(str::to_owned);
    let trace = Some(TraceContext::of_or_random(headers));
    let refresh_token = Some(request.into_inner().refresh_token).filter(|token| !token.is_empty());
    Presented { bearer, refresh_token, trace }
}

/// Carries the logout through. tonic drops a handler whose caller hangs up: the task it waits for goes on.
pub(super) async fn finish(
    lifecycle: &Lifecycle,
    logout: Arc<Logout>,
    presented: Presented,
) -> Result<LoggedOut, LogoutError> {
    let task = lifecycle.spawn("logout", async move { logout.log_out(presented).await });
    let ended = match task.await {
        Ok(Some(ended)) => ended,
        Ok(None) | Err(_) => return Err(LogoutError::Stopping),
    };
    ended.map_err(|error| {
        if error.kind() == Kind::Internal {
            // Told as an outage, so nobody else says it.
            tracing::error!(error = &error as &dyn std::error::Error, "a logout failed through a fault of the store");
        }
        LogoutError::Store(error)
    })
}

impl From<LoggedOut> for pb::LogoutResponse {
    fn from(ended: LoggedOut) -> Self {
        match ended {
            LoggedOut::Now => Self { revoked: true, extraction: Extraction::Scheduled.into() },
            LoggedOut::Before => Self { revoked: false, extraction: Extraction::NothingToDo.into() },
        }
    }
}
