//! The small language of these stories.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_svc::domain::account::{Account, Email};
use auth_svc::domain::admission::Admitted;
use auth_svc::domain::audit::AuditEvent;
use auth_svc::{App, Config};
use kit::authn::{Caller, InternalToken};
use kit::clock::{Clock, TestClock};
use kit::id::{Secret, SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::serve::{self, GrpcServer, Health, Part};
use kit::telemetry::trace::TraceContext;
use proto::auth::v1 as pb;
use proto::auth::v1::auth_service_client::AuthServiceClient;
use proto::context::v1 as context;
use proto::context::v1::extraction_service_server::{ExtractionService, ExtractionServiceServer};
use tokio::sync::mpsc;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// The internal token of every service in these stories.
pub(crate) const INTERNAL_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(30);

/// auth-svc on a port, and what it is tested with.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: TestClock,
    pub(crate) channel: Channel,
    pub(crate) context: ContextStandIn,
    life: Lifecycle,
    directory: tempfile::TempDir,
}

impl World {
    /// Starts auth-svc, with a context-svc that says yes.
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::open(directory, TestClock::ticking(), ContextStandIn::start().await).await
    }

    /// Ends auth-svc as SIGTERM would and starts it again over the same file.
    pub(crate) async fn restarted(self) -> Self {
        self.life.shutdown(PATIENCE).await;
        self.app.close().await;
        Self::open(self.directory, self.clock, self.context).await
    }

    async fn open(directory: tempfile::TempDir, clock: TestClock, context: ContextStandIn) -> Self {
        kit::authn::install_crypto();
        let mut config = Config {
            store: format!("sqlite:{}", directory.path().join("auth.db").display()),
            internal_tokens: vec![Secret::new(INTERNAL_TOKEN)],
            ..Config::default()
        };
        config.password.memory_kib = 64;
        let life = Lifecycle::new();
        let app = App::open(config, Arc::new(clock.clone()), &life).await.unwrap();
        let listener = serve::bind("listen", "127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        GrpcServer::new(app.routes(), app.health()).await.serve(listener, &life);
        app.start(serve::channel(&format!("http://{}", context.address)).unwrap());
        let channel = serve::channel(&format!("http://{address}")).unwrap();
        Self { app, clock, channel, context, life, directory }
    }

    /// Drains: what was begun is finished. The store stays readable.
    pub(crate) async fn drain(&self) {
        assert!(self.life.shutdown(PATIENCE).await, "everything ends by itself");
    }

    /// A client of AuthService.
    pub(crate) fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }

    /// A new account with one session, made without hashing a password.
    pub(crate) async fn logged_in(&self) -> Admitted {
        let account = self.account().await;
        self.logs_in(account).await
    }

    /// A new account without a session.
    pub(crate) async fn account(&self) -> Account {
        let id = UserId::random();
        let account = Account {
            email: Email::parse(&format!("{id}@example.org")).unwrap(),
            id,
            display_name: String::new(),
            time_zone: "UTC".to_owned(),
            password_hash: Secret::new("none"),
            generation: 0,
            kept_session: None,
            created_at: self.clock.now(),
        };
        assert!(self.app.store().create_account(&account).await.unwrap());
        account
    }

    /// One more session of an account.
    pub(crate) async fn logs_in(&self, account: Account) -> Admitted {
        self.app.admission().start_session(account, "test".to_owned(), self.clock.now()).await.unwrap()
    }

    /// Logs out with `token` as bearer.
    pub(crate) async fn logs_out(&self, token: &str) -> Result<pb::LogoutResponse, Status> {
        let request = bearing(token, pb::LogoutRequest::default());
        self.auth().logout(request).await.map(Response::into_inner)
    }

    /// The next pair for a refresh token.
    pub(crate) async fn refreshes(&self, refresh_token: &str) -> Result<pb::RefreshResponse, Status> {
        let request = pb::RefreshRequest { refresh_token: refresh_token.to_owned() };
        self.auth().refresh(request).await.map(Response::into_inner)
    }

    /// The account of an access token.
    pub(crate) async fn account_of(&self, token: &str) -> Result<pb::Account, Status> {
        let answer = self.auth().get_account(bearing(token, pb::GetAccountRequest {})).await?;
        Ok(answer.into_inner().account.expect("an account"))
    }

    /// What the audit log says about a user, oldest first.
    pub(crate) async fn audit(&self, user: &UserId) -> Vec<AuditEvent> {
        let entries = self.app.store().list_audit(user, 1000).await.unwrap();
        entries.into_iter().rev().map(|entry| entry.event).collect()
    }

    /// Whether the stored session has ended.
    pub(crate) async fn has_ended(&self, session: &SessionId) -> bool {
        self.app.store().find_session(session).await.unwrap().expect("the session is there").revoked_at.is_some()
    }
}

/// `message` with a bearer token.
pub(crate) fn bearing<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// The caller that an access token proves.
pub(crate) fn caller(admitted: &Admitted) -> Caller {
    Caller {
        user_id: admitted.account.id.clone(),
        session_id: admitted.session.id.clone(),
        generation: 0,
        time_zone: None,
        expires_at: admitted.access.expires_at,
    }
}

/// The reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> String {
    kit::status::reason_of(&refused.expect_err("a refusal")).expect("a reason")
}

/// A context-svc that remembers what it was asked, and can go away and come back at the same address.
pub(crate) struct ContextStandIn {
    pub(crate) address: SocketAddr,
    asked: mpsc::UnboundedReceiver<String>,
    handler: Handler,
    life: Option<Lifecycle>,
}

impl ContextStandIn {
    async fn start() -> Self {
        let (sender, asked) = mpsc::unbounded_channel();
        let mut stand_in = Self {
            address: ([127, 0, 0, 1], 0).into(),
            asked,
            handler: Handler { asked: sender, refusal: Refusal::default() },
            life: None,
        };
        stand_in.comes_back().await;
        stand_in
    }

    /// Nobody listens any more.
    pub(crate) async fn goes_away(&mut self) {
        if let Some(life) = self.life.take() {
            life.shutdown(Duration::ZERO).await;
        }
    }

    /// Listens again where it did.
    pub(crate) async fn comes_back(&mut self) {
        let listener = serve::bind("listen", &self.address.to_string()).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let health = Health::new();
        health.set("stand-in", Part::Ready);
        let life = Lifecycle::new();
        let routes = Routes::new(ExtractionServiceServer::new(self.handler.clone()));
        GrpcServer::new(routes, &health).await.serve(listener, &life);
        self.life = Some(life);
    }

    /// From now on it answers everything with what `refusal` makes.
    pub(crate) fn refuses(&self, refusal: fn() -> Status) {
        *self.handler.refusal.lock().unwrap() = Some(refusal);
    }

    /// From now on it says yes.
    pub(crate) fn accepts(&self) {
        *self.handler.refusal.lock().unwrap() = None;
    }

    /// The session that it is next asked to extract.
    pub(crate) async fn is_asked(&mut self) -> String {
        tokio::time::timeout(PATIENCE, self.asked.recv()).await.expect("it is asked in time").expect("a session")
    }

    /// Whether it has been asked anything more.
    pub(crate) fn was_asked_more(&mut self) -> bool {
        self.asked.try_recv().is_ok()
    }
}

#[derive(Clone)]
struct Handler {
    asked: mpsc::UnboundedSender<String>,
    refusal: Refusal,
}

/// What everything is refused with, if it is.
type Refusal = Arc<Mutex<Option<fn() -> Status>>>;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ExtractionService for Handler {
    async fn schedule_extraction(
        &self,
        request: Request<context::ScheduleExtractionRequest>,
    ) -> Result<Response<context::ScheduleExtractionResponse>, Status> {
        let token = request.metadata().get(kit::authn::INTERNAL_TOKEN_HEADER).expect("the internal token is sent");
        assert_eq!(token.to_str().unwrap(), INTERNAL_TOKEN);
        assert!(TraceContext::of(request.metadata().as_ref()).is_some(), "every logout can be traced");
        let request = request.into_inner();
        assert_eq!(request.cause(), context::trigger::Cause::Logout);
        if let Some(refusal) = *self.refusal.lock().unwrap() {
            return Err(refusal());
        }
        self.asked.send(request.session_id).unwrap();
        Ok(Response::new(context::ScheduleExtractionResponse::default()))
    }

    type WatchExtractionStream = tokio_stream::Empty<Result<context::WatchExtractionResponse, Status>>;

    async fn watch_extraction(
        &self,
        _: Request<context::WatchExtractionRequest>,
    ) -> Result<Response<Self::WatchExtractionStream>, Status> {
        Err(kit::status::unbuilt("watch_extraction"))
    }

    async fn get_extraction(
        &self,
        _: Request<context::GetExtractionRequest>,
    ) -> Answer<context::GetExtractionResponse> {
        Err(kit::status::unbuilt("GetExtraction"))
    }

    async fn list_extractions(
        &self,
        _: Request<context::ListExtractionsRequest>,
    ) -> Answer<context::ListExtractionsResponse> {
        Err(kit::status::unbuilt("ListExtractions"))
    }

    async fn redrive_extraction(
        &self,
        _: Request<context::RedriveExtractionRequest>,
    ) -> Answer<context::RedriveExtractionResponse> {
        Err(kit::status::unbuilt("RedriveExtraction"))
    }

    async fn cancel_extraction(
        &self,
        _: Request<context::CancelExtractionRequest>,
    ) -> Answer<context::CancelExtractionResponse> {
        Err(kit::status::unbuilt("CancelExtraction"))
    }

    async fn reextract_conversations(
        &self,
        _: Request<context::ReextractConversationsRequest>,
    ) -> Answer<context::ReextractConversationsResponse> {
        Err(kit::status::unbuilt("ReextractConversations"))
    }

    async fn get_queue_status(
        &self,
        _: Request<context::GetQueueStatusRequest>,
    ) -> Answer<context::GetQueueStatusResponse> {
        Err(kit::status::unbuilt("GetQueueStatus"))
    }
}

/// The internal token, as a client sends it.
pub(crate) fn internal() -> InternalToken {
    InternalToken::parse(Secret::new(INTERNAL_TOKEN)).unwrap()
}
