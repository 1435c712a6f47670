//! The service on a fresh store, a model that follows a script, and users who talk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use context_svc::App;
use context_svc::config::Config;
use context_svc::domain::model::{ConversationId, ConversationKey, ItemKind, Role};
use context_svc::llm::{Answer, Model, ModelError, Proposal, RollUp, RolledUp, Transcript};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as LibraryJwk};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use kit::authn::{Change, Entry, INTERNAL_TOKEN_HEADER, Jwk, KeySet, News};
use kit::clock::{Clock, TestClock};
use kit::id::{Secret, SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::serve::GrpcServer;
use parking_lot::Mutex;
use proto::context::v1 as pb;
use proto::context::v1::append_messages_request::NewMessage;
use proto::context::v1::chat_service_client::ChatServiceClient;
use proto::context::v1::conversation_service_client::ConversationServiceClient;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use proto::context::v1::memory_admin_service_client::MemoryAdminServiceClient;
use proto::context::v1::memory_service_client::MemoryServiceClient;
use serde_json::json;
use tokio::sync::watch;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

pub(crate) const INTERNAL_TOKEN: &str = "internal-token-of-the-tests-0123456789";
const KID: &str = "key-of-the-tests";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Remembers every message of the user as a goal, word for word.
#[derive(Default)]
pub(crate) struct Attentive {
    calls: AtomicUsize,
    roll_ups: AtomicUsize,
    held: watch::Sender<bool>,
    babble: Mutex<Option<String>>,
    prompt_version: Mutex<String>,
}

impl Attentive {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How often it was asked to roll up.
    pub(crate) fn roll_ups(&self) -> usize {
        self.roll_ups.load(Ordering::SeqCst)
    }

    /// From now on it does not answer.
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// From now on it reads with another prompt.
    pub(crate) fn reads_with(&self, prompt_version: &str) {
        *self.prompt_version.lock() = prompt_version.to_owned();
    }

    /// From now on it answers just this, which nobody can use.
    pub(crate) fn babble(&self, words: &str) {
        *self.babble.lock() = Some(words.to_owned());
    }

    /// It answers again, also what it was asked meanwhile.
    pub(crate) fn go_on(&self) {
        self.held.send_replace(false);
    }
}

#[async_trait]
impl Model for Attentive {
    fn prompt_version(&self) -> String {
        self.prompt_version.lock().clone()
    }

    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.held.subscribe().wait_for(|held| !held).await.expect("the model lives");
        if let Some(raw) = self.babble.lock().clone() {
            return Err(ModelError::Unusable { reason: "NO_JSON", message: "no JSON".into(), raw });
        }
        let words = transcript.messages.iter().filter(|message| message.role == Role::User);
        let items: Vec<Proposal> =
            words.map(|message| Proposal::stated(ItemKind::Goal, message.seq, message.text.as_str())).collect();
        let summary = items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join(" ");
        Ok(Answer {
            title: "A talk".into(),
            summary,
            provider: "scripted".into(),
            prompt_version: self.prompt_version(),
            items,
            ..Answer::default()
        })
    }

    async fn summarise(&self, _: &RollUp) -> Result<RolledUp, ModelError> {
        self.roll_ups.fetch_add(1, Ordering::SeqCst);
        Ok(RolledUp::default())
    }
}

/// The service, alone in the world.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: TestClock,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) model: Arc<Attentive>,
    channel: Channel,
    _directory: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// With other settings than the usual ones.
    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::open(adjust, Some(Arc::new(Attentive::default()))).await
    }

    /// With the model that the settings name.
    pub(crate) async fn reading_by(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::open(adjust, None).await
    }

    async fn open(adjust: impl FnOnce(&mut Config), model: Option<Arc<Attentive>>) -> Self {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config {
            store: format!("sqlite:{}", directory.path().join("context.db").display()),
            internal_tokens: vec![Secret::new(INTERNAL_TOKEN)],
            ..Config::default()
        };
        adjust(&mut config);
        let (clock, lifecycle) = (TestClock::ticking(), Lifecycle::new());
        let time = Arc::new(clock.clone());
        let app = match model.clone() {
            Some(model) => App::open_with(config, time, &lifecycle, model).await.unwrap(),
            None => App::open(config, time, &lifecycle).await.unwrap(),
        };
        app.verifier().keys().replace(KeySet::of([public_key()]));
        let world_news = News::Snapshot { entries: Vec::new(), last: true };
        app.verifier().trust().apply(Change { as_of: clock.now(), news: world_news });
        app.start_work();
        let channel = GrpcServer::new(app.routes(), app.health()).await.serve_in_process(&lifecycle);
        Self { app, clock, lifecycle, model: model.unwrap_or_default(), channel, _directory: directory }
    }

    /// A user who is logged in under a login session of the name `session`.
    pub(crate) fn user(&self, name: &str, session: &str) -> User<'_> {
        let token = token(name, session, None, self.clock.now().as_second());
        User { world: self, bearer: Bearer(Some(format!("Bearer {token}"))) }
    }

    /// The same, with an account in the time zone `zone`.
    pub(crate) fn user_in(&self, zone: &str, name: &str, session: &str) -> User<'_> {
        let token = token(name, session, Some(zone), self.clock.now().as_second());
        User { world: self, bearer: Bearer(Some(format!("Bearer {token}"))) }
    }

    /// The time zones in which the messages of a conversation were said.
    pub(crate) async fn zones(&self, user: &str, conversation: &str) -> Vec<String> {
        let conversation_id = ConversationId::parse(conversation).unwrap();
        let key = ConversationKey::new(UserId::parse(user).unwrap(), conversation_id);
        let messages = self.app.store().list_messages(&key, 0, 99).await.unwrap();
        messages.into_iter().filter_map(|message| message.time_zone).collect()
    }

    /// Somebody without a token.
    pub(crate) fn stranger(&self) -> User<'_> {
        User { world: self, bearer: Bearer(None) }
    }

    /// What auth-svc tells when a login session has ended.
    pub(crate) fn revoke(&self, session: &str) {
        let session_id = SessionId::parse(session).unwrap();
        let expires_at = self.clock.now() + Duration::from_secs(600);
        let news = News::Delta(vec![Entry::Session { session_id, expires_at }]);
        self.app.verifier().trust().apply(Change { as_of: self.clock.now(), news });
    }

    /// ExtractionService as another service calls it.
    pub(crate) fn internal(&self) -> ExtractionServiceClient<InterceptedService<Channel, Internal>> {
        ExtractionServiceClient::with_interceptor(self.channel.clone(), Internal)
    }

    /// MemoryAdminService as another service calls it.
    pub(crate) fn admin(&self) -> MemoryAdminServiceClient<InterceptedService<Channel, Internal>> {
        MemoryAdminServiceClient::with_interceptor(self.channel.clone(), Internal)
    }
}

/// One user at one client.
pub(crate) struct User<'w> {
    world: &'w World,
    bearer: Bearer,
}

type As<T> = InterceptedService<T, Bearer>;

impl User<'_> {
    pub(crate) fn conversations(&self) -> ConversationServiceClient<As<Channel>> {
        ConversationServiceClient::with_interceptor(self.world.channel.clone(), self.bearer.clone())
    }

    pub(crate) fn extractions(&self) -> ExtractionServiceClient<As<Channel>> {
        ExtractionServiceClient::with_interceptor(self.world.channel.clone(), self.bearer.clone())
    }

    pub(crate) fn memory(&self) -> MemoryServiceClient<As<Channel>> {
        MemoryServiceClient::with_interceptor(self.world.channel.clone(), self.bearer.clone())
    }

    pub(crate) fn admin(&self) -> MemoryAdminServiceClient<As<Channel>> {
        MemoryAdminServiceClient::with_interceptor(self.world.channel.clone(), self.bearer.clone())
    }

    pub(crate) fn chat(&self) -> ChatServiceClient<As<Channel>> {
        ChatServiceClient::with_interceptor(self.world.channel.clone(), self.bearer.clone())
    }

    /// A fresh token of the same user and session, as auth-svc would give it now.
    pub(crate) fn fresh_token(&self, name: &str, session: &str) -> String {
        token(name, session, None, self.world.clock.now().as_second())
    }

    pub(crate) async fn append(
        &self,
        conversation: &str,
        messages: Vec<NewMessage>,
    ) -> Result<pb::AppendMessagesResponse, Status> {
        let request =
            pb::AppendMessagesRequest { conversation_id: conversation.into(), messages, ..Default::default() };
        Ok(self.conversations().append_messages(request).await?.into_inner())
    }

    pub(crate) async fn says(&self, conversation: &str, text: &str) {
        self.append(conversation, vec![message("", text)]).await.expect("the message is stored");
    }

    pub(crate) async fn ends(&self, conversation: &str) -> pb::ticket::Outcome {
        let request = pb::EndConversationRequest { conversation_id: conversation.into() };
        self.conversations().end_conversation(request).await.expect("it can be ended").into_inner().outcome()
    }

    pub(crate) async fn deletes(&self, conversation: &str) -> Result<(), Status> {
        let request = pb::DeleteConversationRequest { conversation_id: conversation.into() };
        self.conversations().delete_conversation(request).await.map(drop)
    }

    pub(crate) async fn messages(&self, conversation: &str) -> Result<Vec<pb::Message>, Status> {
        let request = pb::ListMessagesRequest { conversation_id: conversation.into(), ..Default::default() };
        Ok(self.conversations().list_messages(request).await?.into_inner().messages)
    }

    pub(crate) async fn texts(&self, conversation: &str) -> Vec<String> {
        self.messages(conversation).await.unwrap().into_iter().map(|message| message.text).collect()
    }

    pub(crate) async fn extraction(&self, conversation: &str) -> Result<pb::Extraction, Status> {
        let request = pb::GetExtractionRequest { conversation_id: conversation.into() };
        Ok(self.extractions().get_extraction(request).await?.into_inner().extraction.expect("an extraction"))
    }

    /// Looks at the extraction until it is as expected.
    pub(crate) async fn until(&self, conversation: &str, expected: impl Fn(&pb::Extraction) -> bool) -> pb::Extraction {
        let looking = async {
            loop {
                let extraction = self.extraction(conversation).await.expect("the conversation exists");
                if expected(&extraction) {
                    return extraction;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("the extraction gets there in time")
    }

    pub(crate) async fn until_done(&self, conversation: &str) {
        self.until(conversation, |extraction| extraction.state() == pb::extraction::State::Done).await;
    }

    pub(crate) async fn session_context(&self, conversation: &str) -> Result<pb::SessionContext, Status> {
        let request = pb::GetSessionContextRequest { conversation_id: conversation.into() };
        Ok(self.memory().get_session_context(request).await?.into_inner().context.expect("a context"))
    }

    pub(crate) async fn context(&self) -> pb::GetContextResponse {
        self.memory().get_context(pb::GetContextRequest::default()).await.expect("a context").into_inner()
    }
}

pub(crate) fn message(client_id: &str, text: &str) -> NewMessage {
    NewMessage { client_id: client_id.into(), text: text.into(), ..Default::default() }
}

/// Sends the user's token.
#[derive(Clone)]
pub(crate) struct Bearer(Option<String>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.parse().expect("a token is ASCII"));
        }
        Ok(request)
    }
}

/// Sends the internal token.
#[derive(Clone)]
pub(crate) struct Internal;

impl tonic::service::Interceptor for Internal {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = INTERNAL_TOKEN.parse().expect("a token is ASCII");
        request.metadata_mut().insert(INTERNAL_TOKEN_HEADER, token);
        Ok(request)
    }
}

fn private_key() -> EncodingKey {
    // PKCS #8 around the 32 bytes of an Ed25519 private key (RFC 8410, 7).
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([7; 32]);
    EncodingKey::from_ed_der(&der)
}

fn public_key() -> Jwk {
    let library = LibraryJwk::from_encoding_key(&private_key(), Algorithm::EdDSA).unwrap();
    let AlgorithmParameters::OctetKeyPair(pair) = library.algorithm else { panic!("Ed25519 is an octet key pair") };
    let word = str::to_owned;
    Jwk {
        kty: word("OKP"),
        crv: word("Ed25519"),
        purpose: word("sig"),
        alg: word("EdDSA"),
        kid: word(KID),
        x: pair.x,
        d: None,
    }
}

/// An access token as auth-svc makes them, good for five minutes.
fn token(user: &str, session: &str, zone: Option<&str>, now: i64) -> String {
    let config = Config::default();
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": KID});
    let mut claims = json!({
        "iss": config.issuer, "aud": config.audience, "sub": user, "sid": session, "jti": "token-1",
        "iat": now, "exp": now + 300, "gen": 1,
    });
    if let Some(zone) = zone {
        claims["zoneinfo"] = json!(zone);
    }
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(signed.as_bytes(), &private_key(), Algorithm::EdDSA).unwrap();
    format!("{signed}.{signature}")
}
