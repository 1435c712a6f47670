//! The transport: who, what, do, answer. Conversions validate, so that an invalid command cannot exist in the domain.

mod account;
mod account_admin;
mod auth;
mod jwks;
mod login;
mod logout;
mod register;
mod sessions;
mod trust;

use jiff::Timestamp;
use kit::authn::AccessTable;
use proto::auth::v1 as pb;
use proto::auth::v1::account_admin_service_server::AccountAdminServiceServer;
use proto::auth::v1::auth_service_server::AuthServiceServer;
use proto::auth::v1::trust_service_server::TrustServiceServer;
use proto::auth::v1::{account_admin_service_server, auth_service_server, trust_service_server};
use tonic::service::Routes;

use crate::domain::admission::Admitted;

pub(crate) use auth::AuthApi;
pub(crate) use trust::TrustApi;

/// Which methods need no user token. Every other one does, also one that does not exist.
pub(crate) const ACCESS: AccessTable = AccessTable {
    public: &[
        "/afterword.auth.v1.AuthService/Register",
        "/afterword.auth.v1.AuthService/Login",
        "/afterword.auth.v1.AuthService/Refresh",
        "/afterword.auth.v1.AuthService/Logout",
        "/afterword.auth.v1.AuthService/GetJwks",
    ],
    internal: &["/afterword.auth.v1.TrustService/", "/afterword.auth.v1.AccountAdminService/"],
};

/// The full names of the services served here.
pub const SERVICES: &[&str] = &[
    auth_service_server::SERVICE_NAME,
    trust_service_server::SERVICE_NAME,
    account_admin_service_server::SERVICE_NAME,
];

/// The services, with no gate around them yet.
pub(crate) fn routes(auth: AuthApi, trust: TrustApi) -> Routes {
    Routes::new(AuthServiceServer::new(auth))
        .add_service(TrustServiceServer::new(trust))
        .add_service(AccountAdminServiceServer::new(account_admin::AccountAdminApi))
}

fn time(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() })
}

/// Register, Login and Refresh answer alike; each has its own message so that each can grow.
macro_rules! answered_by_admission {
    ($($message:ident),+) => {$(
        impl From<Admitted> for pb::$message {
            fn from(admitted: Admitted) -> Self {
                Self {
                    access_token: admitted.access.text.expose().to_owned(),
                    access_expires_at: time(admitted.access.expires_at),
                    refresh_token: admitted.refresh.expose().to_owned(),
                    session: Some(sessions::session(admitted.session, true)),
                    account: Some(admitted.account.into()),
                }
            }
        }
    )+};
}

answered_by_admission!(RegisterResponse, LoginResponse, RefreshResponse);
