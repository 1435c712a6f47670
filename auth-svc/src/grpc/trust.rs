//! TrustService: what other services need to know about tokens that are no longer good.

use std::pin::Pin;

use futures::stream::{self, Stream, StreamExt};
use kit::authn::{Entry, News};
use kit::error::InvalidField;
use kit::id::{SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::status::to_status;
use proto::auth::v1 as pb;
use proto::auth::v1::check_session_response::Reason;
use proto::auth::v1::trust_service_server::TrustService;
use proto::auth::v1::watch_trust_response::{self as event, Delta, Heartbeat, SnapshotChunk};
use tonic::{Request, Response, Status};

use super::time;
use crate::domain::check_session::{CheckSession, Claimed, NotLive};
use crate::domain::feed::{Cursor, Event, Feed, Subscription};
use crate::domain::session::Fallen;

/// TrustService over the feed and the store.
pub(crate) struct TrustApi {
    pub(crate) feed: Feed,
    pub(crate) check: CheckSession,
    pub(crate) lifecycle: Lifecycle,
}

#[tonic::async_trait]
impl TrustService for TrustApi {
    type WatchTrustStream = Pin<Box<dyn Stream<Item = Result<pb::WatchTrustResponse, Status>> + Send>>;

    async fn watch_trust(
        &self,
        request: Request<pb::WatchTrustRequest>,
    ) -> Result<Response<Self::WatchTrustStream>, Status> {
        let cursor = request.into_inner().cursor.map(Cursor::from);
        let subscription = self.feed.subscribe(cursor).await.map_err(to_status)?;
        // A feed has no end of its own: the drain must not wait for it.
        let events = events(subscription).take_until(self.lifecycle.draining().cancelled_owned());
        Ok(Response::new(events.boxed()))
    }

    async fn check_session(
        &self,
        request: Request<pb::CheckSessionRequest>,
    ) -> Result<Response<pb::CheckSessionResponse>, Status> {
        let claimed = Claimed::try_from(request.into_inner()).map_err(to_status)?;
        let verdict = self.check.check(&claimed).await.map_err(to_status)?;
        Ok(Response::new(checked(verdict)))
    }
}

fn events(subscription: Subscription) -> impl Stream<Item = Result<pb::WatchTrustResponse, Status>> + Send {
    stream::unfold(Some(subscription), |subscription| async {
        let mut subscription = subscription?;
        match subscription.next().await {
            Ok(event) => Some((Ok(event.into()), Some(subscription))),
            Err(error) => Some((Err(to_status(error)), None)),
        }
    })
}

impl From<pb::TrustCursor> for Cursor {
    fn from(cursor: pb::TrustCursor) -> Self {
        Self { boot: cursor.boot_id, position: cursor.position }
    }
}

impl From<Event> for pb::WatchTrustResponse {
    fn from(Event { change, cursor }: Event) -> Self {
        let event = match change.news {
            News::Snapshot { entries, last } => {
                let (sessions, generations) = split(entries);
                event::Event::Snapshot(SnapshotChunk { sessions, generations, last })
            }
            News::Delta(entries) => {
                let (sessions, generations) = split(entries);
                event::Event::Delta(Delta { sessions, generations })
            }
            News::Heartbeat => event::Event::Heartbeat(Heartbeat {}),
        };
        let cursor = pb::TrustCursor { boot_id: cursor.boot, position: cursor.position };
        Self { as_of: time(change.as_of), cursor: Some(cursor), event: Some(event) }
    }
}

fn split(entries: Vec<Entry>) -> (Vec<pb::RevokedSession>, Vec<pb::MinGeneration>) {
    let (mut sessions, mut generations) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Session { session_id, expires_at } => {
                sessions.push(pb::RevokedSession { session_id: session_id.into(), expires_at: time(expires_at) });
            }
            Entry::User { user_id, min_generation, kept_session, expires_at } => generations.push(pb::MinGeneration {
                user_id: user_id.into(),
                generation: min_generation,
                kept_session_id: kept_session.map_or_else(String::new, String::from),
                expires_at: time(expires_at),
            }),
        }
    }
    (sessions, generations)
}

impl TryFrom<pb::CheckSessionRequest> for Claimed {
    type Error = InvalidField;

    fn try_from(request: pb::CheckSessionRequest) -> Result<Self, InvalidField> {
        Ok(Self {
            user: UserId::parse(request.user_id)
                .ok_or_else(|| InvalidField::new("user_id", "must be 1 to 255 visible ASCII characters"))?,
            session: SessionId::parse(request.session_id)
                .ok_or_else(|| InvalidField::new("session_id", "must be 1 to 64 of A-Z a-z 0-9 . _ -"))?,
            generation: request.generation,
        })
    }
}

fn checked(verdict: Result<(), NotLive>) -> pb::CheckSessionResponse {
    let reason = match verdict {
        Ok(()) => Reason::Unspecified,
        Err(NotLive::Fallen(Fallen::Revoked)) => Reason::Revoked,
        Err(NotLive::Fallen(Fallen::Expired)) => Reason::Expired,
        Err(NotLive::Fallen(Fallen::Superseded)) => Reason::Superseded,
        Err(NotLive::Unknown) => Reason::Unknown,
    };
    pb::CheckSessionResponse { live: verdict.is_ok(), reason: reason.into() }
}
