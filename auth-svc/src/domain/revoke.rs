//! Ending one session: the write, and whom to tell.

use std::sync::Arc;

use kit::clock::SharedClock;
use kit::id::{SessionId, UserId};
use kit::telemetry::trace::TraceContext;
use tokio::sync::Notify;

use super::feed::{Ended, Ending, Feed};
use super::session::{Revocation, RevokeReason};
use crate::store::{SessionStore, StoreError};

/// Ends sessions. Clones share what they tell.
#[derive(Clone)]
pub struct Revoke {
    /// Where sessions are.
    pub sessions: Arc<dyn SessionStore>,
    /// Who must know at once.
    pub feed: Feed,
    /// Rung after each new outbox entry. A ring that nobody hears costs a second: the relay also looks by itself.
    pub outbox_bell: Arc<Notify>,
    /// The time.
    pub clock: SharedClock,
}

impl Revoke {
    /// Ends the session; `true` if this call did.
    ///
    /// Once it returns, the end is durable and this process refuses the session's tokens.
    pub async fn end(
        &self,
        user: &UserId,
        session: &SessionId,
        reason: RevokeReason,
        trace: Option<TraceContext>,
    ) -> Result<bool, StoreError> {
        let at = self.clock.now();
        let revocation = Revocation { session: session.clone(), user: user.clone(), reason, at, trace };
        let ended = self.sessions.revoke(&revocation).await?;
        if ended {
            kit::failpoint::reached("outbox-written");
            self.feed.publish(Ending { what: Ended::Session(session.clone()), at });
            if reason.asks_for_extraction() {
                self.outbox_bell.notify_one();
            }
            let trace_id = trace.map(|trace| tracing::field::display(trace.trace_id()));
            tracing::info!(trace_id, session.id = %session, reason = reason.as_str(), "session {session} ended");
        }
        Ok(ended)
    }
}
