//! In front of every gRPC method: who may pass, and as whom.
//!
//! Closed unless opened: a method that no list names requires a user token, even one that does not exist.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Either, Ready, ready};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use subtle::ConstantTimeEq;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Routes;
use tower::{Layer, Service};

use super::{AuthnError, Verifier};
use crate::error::InvalidField;
use crate::id::Secret;
use crate::status::to_status;

/// The header by which services and operators prove themselves.
pub const INTERNAL_TOKEN_HEADER: &str = "afterword-internal-token";

const INTERNAL_TOKEN_BYTES_MIN: usize = 32;

/// Which methods do not need a user token. Every other one does.
///
/// Entries are paths such as `/afterword.auth.v1.AuthService/Login`; one that ends in `/` stands for all methods of a service.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccessTable {
    /// Open to everybody.
    pub public: &'static [&'static str],
    /// Open to whoever has the internal token.
    pub internal: &'static [&'static str],
}

enum Access {
    Public,
    Internal,
    User,
}

impl AccessTable {
    fn access_to(&self, path: &str) -> Access {
        // Internal first: a method that is in both lists by mistake stays closed.
        if is_listed(self.internal, path) {
            Access::Internal
        } else if is_listed(self.public, path) {
            Access::Public
        } else {
            Access::User
        }
    }
}

fn is_listed(list: &[&str], path: &str) -> bool {
    list.iter().any(|entry| path == *entry || (entry.ends_with('/') && path.starts_with(entry)))
}

/// A secret shared by the services: at least 32 visible ASCII characters. Cheap to clone, as every call does.
#[derive(Clone, PartialEq, Eq)]
pub struct InternalToken(Arc<Secret>);

impl InternalToken {
    /// The token in `secret`, if it is long enough to be one.
    pub fn parse(secret: Secret) -> Result<Self, InvalidField> {
        let text = secret.expose();
        if text.len() < INTERNAL_TOKEN_BYTES_MIN || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidField::new("internal_token", "must be at least 32 visible ASCII characters"));
        }
        Ok(Self(Arc::new(secret)))
    }

    fn equals(&self, given: &[u8]) -> subtle::Choice {
        self.0.expose().as_bytes().ct_eq(given)
    }
}

impl fmt::Debug for InternalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InternalToken(***)")
    }
}

/// On the client's side: sends the token with every call.
impl tonic::service::Interceptor for InternalToken {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
        let mut value = MetadataValue::<Ascii>::try_from(self.0.expose())
            .map_err(|_| to_status(AuthnError::InternalTokenRequired))?;
        value.set_sensitive(true);
        request.metadata_mut().insert(INTERNAL_TOKEN_HEADER, value);
        Ok(request)
    }
}

/// The internal tokens that are accepted: one, or two while it is being changed.
#[derive(Debug, Clone)]
pub struct InternalTokens {
    /// The token in use.
    pub current: InternalToken,
    /// The one before it or the one to come, while services are being moved over.
    pub other: Option<InternalToken>,
}

impl From<InternalToken> for InternalTokens {
    fn from(current: InternalToken) -> Self {
        Self { current, other: None }
    }
}

impl InternalTokens {
    /// The tokens listed in a setting: one, or two of which the first is the one sent. A refusal names `setting`.
    pub fn of_setting(setting: &str, secrets: &[Secret]) -> Result<Self, InvalidField> {
        let wrong = |problem: &str| InvalidField::new(setting, problem);
        let mut tokens = Vec::new();
        for secret in secrets {
            tokens.push(InternalToken::parse(secret.clone()).map_err(|error| wrong(&error.problem))?);
        }
        let mut tokens = tokens.into_iter();
        let current = tokens.next().ok_or_else(|| {
            wrong("is required: the secret that the services share, at least 32 characters, e.g. from `openssl rand -hex 32`")
        })?;
        let other = tokens.next();
        if tokens.next().is_some() {
            return Err(wrong("must be one token, or two while it is being changed"));
        }
        Ok(Self { current, other })
    }

    /// Whether `headers` carry exactly one accepted token. Takes as long for a near miss as for a far one.
    fn check(&self, headers: &HeaderMap) -> Result<(), AuthnError> {
        let given = only(headers, INTERNAL_TOKEN_HEADER).ok_or(AuthnError::InternalTokenRequired)?;
        let mut accepted = self.current.equals(given.as_bytes());
        if let Some(other) = &self.other {
            accepted |= other.equals(given.as_bytes());
        }
        if accepted.into() { Ok(()) } else { Err(AuthnError::InternalTokenRequired) }
    }
}

/// The token of the one `authorization` header: `Bearer`, in any case, one space, the token.
///
/// Two headers are refused, because two readers could choose differently.
pub fn bearer(headers: &HeaderMap) -> Result<&str, AuthnError> {
    if !headers.contains_key(AUTHORIZATION) {
        return Err(AuthnError::TokenMissing);
    }
    let value = only(headers, AUTHORIZATION.as_str()).ok_or(AuthnError::TokenInvalid)?;
    let text = value.to_str().map_err(|_| AuthnError::TokenInvalid)?;
    let (scheme, token) = text.split_once(' ').ok_or(AuthnError::TokenInvalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(AuthnError::TokenInvalid) }
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// A layer for a gRPC server that lets calls through by an [`AccessTable`].
///
/// A call to a user method arrives with its [`Caller`](super::Caller) among the request's extensions.
#[derive(Clone)]
pub struct Gate {
    verifier: Verifier,
    internal: InternalTokens,
    table: AccessTable,
}

impl Gate {
    /// A gate over `table`.
    pub fn new(verifier: Verifier, internal: impl Into<InternalTokens>, table: AccessTable) -> Self {
        Self { verifier, internal: internal.into(), table }
    }

    /// Puts `routes` behind this gate, and calls to services that they lack as well.
    pub fn around(self, routes: Routes) -> Routes {
        routes.into_axum_router().layer(self).into()
    }

    fn admit<B>(&self, request: &mut Request<B>) -> Result<(), AuthnError> {
        match self.table.access_to(request.uri().path()) {
            Access::Public => Ok(()),
            Access::Internal => self.internal.check(request.headers()),
            Access::User => {
                let caller = self.verifier.verify(bearer(request.headers())?)?;
                request.extensions_mut().insert(caller);
                Ok(())
            }
        }
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// A service behind a [`Gate`].
#[derive(Clone)]
pub struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Gated<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<R>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.gate.admit(&mut request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(refusal) => Either::Right(ready(Ok(to_status(refusal).into_http()))),
        }
    }
}
