//! Who may call a method through the gateway.
//!
//! A first look, so that a stranger costs the services nothing. Each service verifies the token again.

use http::HeaderMap;
use kit::authn::{AuthnError, Caller, Verifier, bearer};

/// Lets callers through by their access token.
#[derive(Clone)]
pub struct Guard {
    verifier: Verifier,
    public: &'static [&'static str],
}

impl Guard {
    /// Every method but the `public` ones (paths such as `/afterword.auth.v1.AuthService/Login`) needs a valid token.
    pub fn new(verifier: Verifier, public: &'static [&'static str]) -> Self {
        Self { verifier, public }
    }

    /// Lets a call of the method at `path` through, or says why not.
    pub fn admit(&self, path: &str, headers: &HeaderMap) -> Result<(), AuthnError> {
        if self.public.contains(&path) {
            return Ok(());
        }
        self.verifier.verify(bearer(headers)?).map(|_| ())
    }

    /// Who the token is for.
    pub fn verify(&self, token: &str) -> Result<Caller, AuthnError> {
        self.verifier.verify(token)
    }
}
