//! Following auth-svc: a scripted one serves the keys and the feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kit::authn::{AccessTable, Caller, Gate, InternalToken, Verifier, follow};
use kit::clock::TestClock;
use kit::id::Secret;
use kit::lifecycle::Lifecycle;
use kit::serve::{GrpcServer, Health};
use kit::status::unbuilt;
use parking_lot::Mutex;
use proto::auth::v1 as pb;
use proto::auth::v1::auth_service_server::{AuthService, AuthServiceServer};
use proto::auth::v1::trust_service_server::{TrustService, TrustServiceServer};
use proto::auth::v1::watch_trust_response::{Delta, Event, Heartbeat, SnapshotChunk};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::forge::{
    FORGOTTEN, Forge, GENERATION, Key, NOW, SESSION, USER, at, fresh_verifier, session, user, verifier_by,
};

/// One `WatchTrust` call: where it wants to start, and where its events go. Dropping it ends the stream.
struct Watch {
    cursor: Option<pb::TrustCursor>,
    events: mpsc::UnboundedSender<Result<pb::WatchTrustResponse, Status>>,
}

impl Watch {
    fn says(&self, position: i64, event: Event) {
        let as_of = Some(prost_types::Timestamp { seconds: NOW, nanos: 0 });
        let cursor = Some(pb::TrustCursor { boot_id: "boot-1".into(), position });
        self.events.send(Ok(pb::WatchTrustResponse { as_of, cursor, event: Some(event) })).unwrap();
    }

    fn starts_at(&self) -> Option<i64> {
        self.cursor.as_ref().map(|cursor| cursor.position)
    }
}

fn ended(session_id: &str) -> pb::RevokedSession {
    let expires_at = Some(prost_types::Timestamp { seconds: FORGOTTEN, nanos: 0 });
    pb::RevokedSession { session_id: session_id.into(), expires_at }
}

fn chunk(sessions: Vec<pb::RevokedSession>, last: bool) -> Event {
    Event::Snapshot(SnapshotChunk { sessions, generations: Vec::new(), last })
}

#[derive(Clone)]
struct ScriptedAuth {
    keys: Arc<Mutex<Vec<Key>>>,
    asked_for_keys: Arc<AtomicUsize>,
    watches: mpsc::UnboundedSender<Watch>,
}

#[tonic::async_trait]
impl TrustService for ScriptedAuth {
    type WatchTrustStream = UnboundedReceiverStream<Result<pb::WatchTrustResponse, Status>>;

    async fn watch_trust(
        &self,
        request: Request<pb::WatchTrustRequest>,
    ) -> Result<Response<Self::WatchTrustStream>, Status> {
        let (events, stream) = mpsc::unbounded_channel();
        // The story may be over.
        let _ = self.watches.send(Watch { cursor: request.into_inner().cursor, events });
        Ok(Response::new(UnboundedReceiverStream::new(stream)))
    }

    async fn check_session(
        &self,
        _: Request<pb::CheckSessionRequest>,
    ) -> Result<Response<pb::CheckSessionResponse>, Status> {
        Err(unbuilt("CheckSession"))
    }
}

/// An `AuthService` that serves keys and nothing else.
macro_rules! serve_keys_only {
    ($($rpc:ident: $request:ident -> $response:ident),+ $(,)?) => {
        #[tonic::async_trait]
        impl AuthService for ScriptedAuth {
            async fn get_jwks(&self, _: Request<pb::GetJwksRequest>) -> Result<Response<pb::GetJwksResponse>, Status> {
                self.asked_for_keys.fetch_add(1, Ordering::SeqCst);
                let keys = self.keys.lock().iter().map(|key| published(*key)).collect();
                Ok(Response::new(pb::GetJwksResponse { keys }))
            }

            $(async fn $rpc(&self, _: Request<pb::$request>) -> Result<Response<pb::$response>, Status> {
                Err(unbuilt(stringify!($rpc)))
            })+
        }
    };
}

serve_keys_only! {
    register: RegisterRequest -> RegisterResponse,
    login: LoginRequest -> LoginResponse,
    refresh: RefreshRequest -> RefreshResponse,
    logout: LogoutRequest -> LogoutResponse,
    logout_all: LogoutAllRequest -> LogoutAllResponse,
    list_sessions: ListSessionsRequest -> ListSessionsResponse,
    revoke_session: RevokeSessionRequest -> RevokeSessionResponse,
    change_password: ChangePasswordRequest -> ChangePasswordResponse,
    get_account: GetAccountRequest -> GetAccountResponse,
    delete_account: DeleteAccountRequest -> DeleteAccountResponse,
}

fn published(key: Key) -> pb::Jwk {
    let jwk = key.jwk();
    pb::Jwk { kty: jwk.kty, crv: jwk.crv, r#use: jwk.purpose, alg: jwk.alg, kid: jwk.kid, x: jwk.x }
}

/// A verifier that follows a scripted auth-svc.
struct World {
    auth: ScriptedAuth,
    watches: mpsc::UnboundedReceiver<Watch>,
    verifier: Verifier,
    lifecycle: Lifecycle,
}

impl World {
    async fn start(clock: TestClock) -> Self {
        let (sender, watches) = mpsc::unbounded_channel();
        let auth = ScriptedAuth {
            keys: Arc::new(Mutex::new(vec![Key::Active])),
            asked_for_keys: Arc::default(),
            watches: sender,
        };
        let token = InternalToken::parse(Secret::new("t".repeat(32))).unwrap();
        let (lifecycle, verifier) = (Lifecycle::new(), verifier_by(clock));
        let table = AccessTable {
            public: &["/afterword.auth.v1.AuthService/GetJwks"],
            internal: &["/afterword.auth.v1.TrustService/WatchTrust"],
        };
        let routes =
            Routes::new(AuthServiceServer::new(auth.clone())).add_service(TrustServiceServer::new(auth.clone()));
        let gated = Gate::new(fresh_verifier(), token.clone(), table).around(routes);
        let channel = GrpcServer::new(gated, &Health::new()).await.serve_in_process(&lifecycle);
        lifecycle.spawn("trust feed", follow(channel, token, verifier.clone(), lifecycle.clone()));
        Self { auth, watches, verifier, lifecycle }
    }

    async fn next_watch(&mut self) -> Watch {
        within(self.watches.recv()).await.expect("auth-svc is there")
    }

    async fn is_ready(&self) {
        within(async {
            while !self.verifier.is_ready() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn has_asked_for_keys(&self, times: usize) {
        within(async {
            while self.auth.asked_for_keys.load(Ordering::SeqCst) < times {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn has_heard_of_the_end_of(&self, session_id: &str) {
        let (user_id, session_id) = (user(USER), session(session_id));
        let caller = Caller { user_id, session_id, generation: GENERATION, time_zone: None, expires_at: at(NOW + 300) };
        within(self.verifier.trust().until_revoked(&caller)).await;
    }
}

async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it happens soon")
}

#[tokio::test]
async fn a_follower_gets_its_keys_and_its_revocations() {
    let mut world = World::start(TestClock::frozen_at(at(NOW))).await;
    let (ours, other) = (Forge::new().token(), Forge::new().claim("sid", "other").token());
    let watch = world.next_watch().await;
    assert_eq!(watch.starts_at(), None);

    watch.says(1, chunk(vec![ended("old")], false));
    watch.says(2, chunk(Vec::new(), true));
    world.is_ready().await;
    assert!(world.verifier.verify(&ours).is_ok());

    let generations = vec![pb::MinGeneration {
        user_id: USER.into(),
        generation: GENERATION + 1,
        kept_session_id: "other".into(),
        expires_at: None,
    }];
    watch.says(3, Event::Delta(Delta { sessions: Vec::new(), generations }));
    world.has_heard_of_the_end_of(SESSION).await;
    assert!(world.verifier.verify(&ours).is_err());
    assert!(world.verifier.verify(&other).is_ok(), "the session that was kept goes on");
}

#[tokio::test]
async fn a_broken_feed_resumes_where_it_was() {
    let mut world = World::start(TestClock::ticking()).await;
    let watch = world.next_watch().await;
    watch.says(1, chunk(vec![ended("first")], true));
    watch.says(2, Event::Heartbeat(Heartbeat {}));
    watch.says(3, Event::Delta(Delta { sessions: vec![ended("second")], generations: Vec::new() }));
    world.has_heard_of_the_end_of("second").await;

    drop(watch);

    let watch = world.next_watch().await;
    assert_eq!(watch.starts_at(), Some(3));
    world.has_heard_of_the_end_of("first").await;
    assert!(world.verifier.is_ready(), "what is known stays in force");
}

#[tokio::test]
async fn a_snapshot_that_broke_off_is_not_resumed() {
    let mut world = World::start(TestClock::ticking()).await;
    let watch = world.next_watch().await;
    watch.says(1, chunk(vec![ended("first")], false));
    world.has_heard_of_the_end_of("first").await;

    drop(watch);

    assert_eq!(world.next_watch().await.starts_at(), None);
    assert!(!world.verifier.is_ready());
}

#[tokio::test]
async fn a_silent_feed_is_taken_for_dead() {
    let clock = TestClock::ticking();
    let mut world = World::start(clock.clone()).await;
    let watch = world.next_watch().await;
    watch.says(1, chunk(vec![ended("first")], true));
    world.has_heard_of_the_end_of("first").await;

    clock.advance(Duration::from_secs(6));

    assert_eq!(world.next_watch().await.starts_at(), Some(1));
    drop(watch);
}

#[tokio::test]
async fn any_number_of_unknown_keys_asks_once_in_thirty_seconds() {
    let clock = TestClock::frozen_at(at(NOW));
    let mut world = World::start(clock.clone()).await;
    world.next_watch().await.says(1, chunk(Vec::new(), true));
    world.is_ready().await;
    let token = Forge::new().signed_by(Key::Stranger).header("kid", Key::Stranger.kid()).token();
    world.auth.keys.lock().push(Key::Stranger);

    for _ in 0..100 {
        assert!(world.verifier.verify(&token).is_err());
    }
    clock.advance(Duration::from_secs(29));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.auth.asked_for_keys.load(Ordering::SeqCst), 1);

    clock.advance(Duration::from_secs(1));
    world.has_asked_for_keys(2).await;
    within(async {
        while world.verifier.verify(&token).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_follower_ends_with_the_drain() {
    let mut world = World::start(TestClock::ticking()).await;
    let watch = world.next_watch().await;
    watch.says(1, chunk(Vec::new(), true));
    world.is_ready().await;

    let every_task_ended = world.lifecycle.shutdown(Duration::from_secs(10)).await;

    assert!(every_task_ended, "the follower hangs up, and so the server need not wait for it");
}
