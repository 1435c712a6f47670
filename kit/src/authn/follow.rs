//! Follows auth-svc: keeps the keys and the revocations of a [`Verifier`] current.
//!
//! The one place that turns messages of the trust feed into [`Change`]s.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use proto::auth::v1 as pb;
use proto::auth::v1::auth_service_client::AuthServiceClient;
use proto::auth::v1::trust_service_client::TrustServiceClient;
use proto::auth::v1::watch_trust_response::Event;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use super::{Change, Entry, InternalToken, Jwk, KeySet, News, Verifier};
use crate::id::{SessionId, UserId};
use crate::lifecycle::Lifecycle;
use crate::retry::backoff;

/// Keys are fetched again this often, so that a withdrawn one is soon forgotten.
const KEYS_MAX_AGE: Duration = Duration::from_secs(60);
/// However many tokens name unknown keys, keys are not fetched more often than this.
const KEYS_MIN_AGE: Duration = Duration::from_secs(30);
/// The feed says something every second. After this long without a word the connection is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Keeps `verifier` current from the auth-svc behind `channel`, until draining starts.
///
/// Connects again, for ever, whenever the feed breaks; what is known stays in force meanwhile.
pub async fn follow(channel: Channel, token: InternalToken, verifier: Verifier, lifecycle: Lifecycle) {
    let keys = keep_keys(AuthServiceClient::new(channel.clone()), &verifier);
    let trust = keep_trust(TrustServiceClient::with_interceptor(channel, token), &verifier);
    let both = async { tokio::join!(keys, trust) };
    let draining = lifecycle.draining();
    tokio::select! {
        // Looked at first: a feed that ends because everything ends is not news.
        biased;
        () = draining.cancelled() => {}
        _ = both => {}
    }
}

type TrustClient = TrustServiceClient<InterceptedService<Channel, InternalToken>>;

#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error("auth-svc refused: {0}")]
    Refused(#[from] tonic::Status),
    #[error("auth-svc was silent for {} s", SILENCE_MAX.as_secs())]
    Silent,
    #[error("auth-svc ended the trust feed")]
    Ended,
    #[error("auth-svc sent an event without its time or content")]
    Malformed,
}

async fn keep_keys(mut auth: AuthServiceClient<Channel>, verifier: &Verifier) {
    let clock = verifier.clock();
    let mut pause = Pause::new("key set");
    loop {
        match answered(verifier, auth.get_jwks(pb::GetJwksRequest {})).await {
            Ok(answer) => {
                let published = answer.into_inner().keys;
                verifier.keys().replace(KeySet::of(published.into_iter().map(Jwk::from)));
                pause.reset();
                clock.sleep(KEYS_MIN_AGE).await;
                tokio::select! {
                    () = verifier.keys().asked_for_news() => {}
                    () = clock.sleep(KEYS_MAX_AGE - KEYS_MIN_AGE) => {}
                }
            }
            Err(error) => clock.sleep(pause.after(&error)).await,
        }
    }
}

async fn keep_trust(mut feed: TrustClient, verifier: &Verifier) {
    let mut cursor = None;
    let mut pause = Pause::new("trust feed");
    loop {
        let Err(error) = listen(&mut feed, verifier, &mut cursor, &mut pause).await;
        verifier.clock().sleep(pause.after(&error)).await;
    }
}

/// Applies events until the feed breaks. `cursor` is left where the next connection may resume.
async fn listen(
    feed: &mut TrustClient,
    verifier: &Verifier,
    cursor: &mut Option<pb::TrustCursor>,
    pause: &mut Pause,
) -> Result<std::convert::Infallible, FeedError> {
    let request = pb::WatchTrustRequest { cursor: cursor.clone() };
    let mut events = answered(verifier, feed.watch_trust(request)).await?.into_inner();
    loop {
        let mut event = answered(verifier, events.message()).await?.ok_or(FeedError::Ended)?;
        let position = event.cursor.take();
        let change = change(event).ok_or(FeedError::Malformed)?;
        // Resuming amid a snapshot would skip the rest of it.
        let amid_snapshot = matches!(change.news, News::Snapshot { last: false, .. });
        *cursor = position.filter(|_| !amid_snapshot);
        verifier.trust().apply(change);
        pause.reset();
    }
}

/// The answer, unless it takes so long that there may be nobody to give it.
async fn answered<T>(
    verifier: &Verifier,
    answer: impl Future<Output = Result<T, tonic::Status>>,
) -> Result<T, FeedError> {
    tokio::select! {
        answer = answer => Ok(answer?),
        () = verifier.clock().sleep(SILENCE_MAX) => Err(FeedError::Silent),
    }
}

/// The wait before the next attempt: it grows with each failure in a row, and logs only the first of them.
struct Pause {
    what: &'static str,
    failures: u32,
}

impl Pause {
    fn new(what: &'static str) -> Self {
        Self { what, failures: 0 }
    }

    fn reset(&mut self) {
        if self.failures > 0 {
            tracing::info!("{} of auth-svc is back", self.what);
        }
        self.failures = 0;
    }

    fn after(&mut self, error: &FeedError) -> Duration {
        if self.failures == 0 {
            tracing::warn!(%error, "{} of auth-svc is away, trying until it is back", self.what);
        }
        self.failures = self.failures.saturating_add(1);
        backoff(self.failures, PAUSE_MIN, PAUSE_MAX)
    }
}

impl From<pb::Jwk> for Jwk {
    fn from(jwk: pb::Jwk) -> Self {
        Self { kty: jwk.kty, crv: jwk.crv, purpose: jwk.r#use, alg: jwk.alg, kid: jwk.kid, x: jwk.x, d: None }
    }
}

fn change(event: pb::WatchTrustResponse) -> Option<Change> {
    let as_of = timestamp(event.as_of)?;
    let news = match event.event? {
        Event::Snapshot(chunk) => {
            News::Snapshot { entries: entries(chunk.sessions, chunk.generations), last: chunk.last }
        }
        Event::Delta(delta) => News::Delta(entries(delta.sessions, delta.generations)),
        Event::Heartbeat(_) => News::Heartbeat,
    };
    Some(Change { as_of, news })
}

/// An id that does not parse is left out: no token with it could be accepted either.
fn entries(sessions: Vec<pb::RevokedSession>, generations: Vec<pb::MinGeneration>) -> Vec<Entry> {
    let sessions = sessions.into_iter().filter_map(|revoked| {
        let session_id = SessionId::parse(revoked.session_id)?;
        Some(Entry::Session { session_id, expires_at: expiry(revoked.expires_at) })
    });
    let users = generations.into_iter().filter_map(|raised| {
        let user_id = UserId::parse(raised.user_id)?;
        let kept_session = SessionId::parse(raised.kept_session_id);
        let expires_at = expiry(raised.expires_at);
        Some(Entry::User { user_id, min_generation: raised.generation, kept_session, expires_at })
    });
    sessions.chain(users).collect()
}

/// An entry whose end cannot be read is kept for ever: refusing too long is safe, too short is not.
fn expiry(at: Option<prost_types::Timestamp>) -> Timestamp {
    timestamp(at).unwrap_or(Timestamp::MAX)
}

fn timestamp(at: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.seconds, at.nanos).ok()
}
