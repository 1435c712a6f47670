//! AuthService, one method after the other.

use std::sync::Arc;

use kit::authn::{Caller, Jwk};
use kit::lifecycle::Lifecycle;
use kit::status::{to_status, unbuilt};
use kit::telemetry::trace::TraceContext;
use proto::auth::v1 as pb;
use proto::auth::v1::auth_service_server::AuthService;
use tonic::{Request, Response, Status};

use super::{jwks, logout, sessions};
use crate::domain::login::{Credentials, Login};
use crate::domain::logout::Logout;
use crate::domain::refresh::Refresh;
use crate::domain::register::{Register, Registration};
use crate::domain::sessions::Sessions;

/// AuthService over its use cases.
pub(crate) struct AuthApi {
    pub(crate) register: Register,
    pub(crate) login: Login,
    pub(crate) refresh: Refresh,
    pub(crate) logout: Arc<Logout>,
    pub(crate) sessions: Sessions,
    pub(crate) published: Vec<Jwk>,
    pub(crate) lifecycle: Lifecycle,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AuthService for AuthApi {
    async fn register(&self, request: Request<pb::RegisterRequest>) -> Answer<pb::RegisterResponse> {
        let registration = Registration::try_from(request.into_inner()).map_err(to_status)?;
        let admitted = self.register.register(registration).await.map_err(to_status)?;
        Ok(Response::new(admitted.into()))
    }

    async fn login(&self, request: Request<pb::LoginRequest>) -> Answer<pb::LoginResponse> {
        let credentials = Credentials::try_from(request.into_inner()).map_err(to_status)?;
        let admitted = self.login.log_in(credentials).await.map_err(to_status)?;
        Ok(Response::new(admitted.into()))
    }

    async fn refresh(&self, request: Request<pb::RefreshRequest>) -> Answer<pb::RefreshResponse> {
        let trace = Some(TraceContext::of_or_random(request.metadata().as_ref()));
        let token = request.into_inner().refresh_token;
        let admitted = self.refresh.refresh(&token, trace).await.map_err(to_status)?;
        Ok(Response::new(admitted.into()))
    }

    async fn logout(&self, request: Request<pb::LogoutRequest>) -> Answer<pb::LogoutResponse> {
        let presented = logout::presented(request);
        let ended = logout::finish(&self.lifecycle, self.logout.clone(), presented).await.map_err(to_status)?;
        Ok(Response::new(ended.into()))
    }

    async fn logout_all(&self, _: Request<pb::LogoutAllRequest>) -> Answer<pb::LogoutAllResponse> {
        Err(unbuilt("AuthService.LogoutAll"))
    }

    async fn list_sessions(&self, request: Request<pb::ListSessionsRequest>) -> Answer<pb::ListSessionsResponse> {
        let caller = Caller::of(&request)?;
        let page = sessions::page(request.into_inner()).map_err(to_status)?;
        let listed = self.sessions.list(&caller, page).await.map_err(to_status)?;
        Ok(Response::new(sessions::listed(listed, &caller)))
    }

    async fn revoke_session(&self, request: Request<pb::RevokeSessionRequest>) -> Answer<pb::RevokeSessionResponse> {
        let caller = Caller::of(&request)?;
        let trace = Some(TraceContext::of_or_random(request.metadata().as_ref()));
        let session = sessions::session_id(request.into_inner().session_id).map_err(to_status)?;
        let revoked = self.sessions.end(&caller, &session, trace).await.map_err(to_status)?;
        Ok(Response::new(pb::RevokeSessionResponse { revoked }))
    }

    async fn change_password(&self, _: Request<pb::ChangePasswordRequest>) -> Answer<pb::ChangePasswordResponse> {
        Err(unbuilt("AuthService.ChangePassword"))
    }

    async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Answer<pb::GetAccountResponse> {
        let caller = Caller::of(&request)?;
        let account = self.sessions.account(&caller).await.map_err(to_status)?;
        Ok(Response::new(pb::GetAccountResponse { account: Some(account.into()) }))
    }

    async fn delete_account(&self, _: Request<pb::DeleteAccountRequest>) -> Answer<pb::DeleteAccountResponse> {
        Err(unbuilt("AuthService.DeleteAccount"))
    }

    async fn get_jwks(&self, _: Request<pb::GetJwksRequest>) -> Answer<pb::GetJwksResponse> {
        Ok(Response::new(jwks::key_set(&self.published)))
    }
}
