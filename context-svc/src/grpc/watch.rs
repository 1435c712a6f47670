//! A stream of the states of one extraction, and why it ends.

use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use kit::authn::{AuthnError, Caller, LEEWAY, Verifier};
use kit::clock::SharedClock;
use kit::error::{Classify, Kind};
use kit::lifecycle::Lifecycle;
use kit::status::to_status;
use proto::context::v1 as pb;
use tonic::Status;

use super::answer;
use crate::domain::model::ConversationKey;
use crate::domain::watch::{Watch, WatchError};

/// What a watcher receives.
pub(super) type States = BoxStream<'static, Result<pb::WatchExtractionResponse, Status>>;

/// Opens streams, and ends them when their time has come.
pub(crate) struct Watchers {
    pub(crate) watch: Watch,
    pub(crate) verifier: Verifier,
    pub(crate) clock: SharedClock,
    pub(crate) lifecycle: Lifecycle,
}

/// We are about to stop.
#[derive(Debug, thiserror::Error)]
#[error("the service is about to stop; connect again")]
pub(super) struct Draining;

impl Classify for Draining {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn reason(&self) -> &'static str {
        "DRAINING"
    }
}

impl Watchers {
    /// The state now, then every change. Nothing goes on for a client that is gone: it lives by being read.
    pub(super) async fn open(&self, caller: Caller, key: &ConversationKey) -> Result<States, WatchError> {
        let watching = self.watch.extraction(key).await?;
        let end = Box::pin(self.end(caller));
        let states = stream::unfold(Some((watching, end)), |open| async {
            let (mut watching, mut end) = open?;
            let next = tokio::select! {
                biased;
                status = &mut end => Err(status),
                next = watching.next() => next.map_err(to_status),
            };
            match next {
                Ok(state) => {
                    let response = pb::WatchExtractionResponse { extraction: Some(answer::extraction(state)) };
                    Some((Ok(response), Some((watching, end))))
                }
                Err(status) => Some((Err(status), None)),
            }
        });
        Ok(states.boxed())
    }

    /// Completes when the caller may not go on, or we cannot.
    fn end(&self, caller: Caller) -> impl Future<Output = Status> + Send + 'static {
        let (trust, clock, draining) = (self.verifier.trust().clone(), self.clock.clone(), self.lifecycle.draining());
        let left = (caller.expires_at + LEEWAY).duration_since(clock.now());
        let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
        async move {
            tokio::select! {
                biased;
                () = trust.until_revoked(&caller) => to_status(AuthnError::TokenRevoked),
                () = draining.cancelled() => to_status(Draining),
                () = clock.sleep(left) => to_status(AuthnError::TokenExpired),
            }
        }
    }
}
