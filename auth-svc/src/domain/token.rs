//! Access tokens: signed JWTs that every service verifies on its own.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kit::error::{Classify, Kind};
use kit::id::{Secret, SessionId, UserId};
use serde::Serialize;

/// A signed access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The JWT.
    pub text: Secret,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Whom a token is for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Claim `sub`.
    pub user: &'a UserId,
    /// Claim `sid`.
    pub session: &'a SessionId,
    /// Claim `gen`: the account's generation as read for this token, not the session's birth.
    pub generation: i64,
    /// Claim `zoneinfo`, left out if nobody named a time zone.
    pub time_zone: Option<&'a str>,
}

/// The signature could not be made.
#[derive(Debug, thiserror::Error)]
#[error("could not sign an access token: {0}")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl Classify for SigningError {
    fn kind(&self) -> Kind {
        Kind::Internal
    }

    fn reason(&self) -> &'static str {
        "INTERNAL"
    }
}

/// Signs access tokens under the active key.
pub struct Issuer {
    key: EncodingKey,
    header: Header,
    issuer: String,
    audience: String,
    lifetime: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a UserId,
    sid: &'a SessionId,
    jti: String,
    iat: i64,
    exp: i64,
    #[serde(rename = "gen")]
    generation: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    zoneinfo: Option<&'a str>,
}

impl Issuer {
    /// An issuer that signs with the PKCS #8 key given, known to verifiers as `kid`. Signs once to prove that it can.
    pub fn new(kid: &str, pkcs8: &[u8], terms: Terms) -> Result<Self, SigningError> {
        let header =
            Header { typ: Some("at+jwt".to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let Terms { issuer, audience, lifetime } = terms;
        let key = EncodingKey::from_ed_der(pkcs8);
        jsonwebtoken::crypto::sign(b"self-test", &key, Algorithm::EdDSA)?;
        Ok(Self { key, header, issuer, audience, lifetime })
    }

    /// A token for `subject`, valid from `iat` on.
    ///
    /// `iat` must have been taken before session and account were read: then no token outlives its entry in the trust feed.
    pub fn issue(&self, subject: Subject<'_>, iat: Timestamp) -> Result<AccessToken, SigningError> {
        // Claims are whole seconds: rounding down keeps the token's life within the setting.
        let iat = iat.as_second();
        let exp = iat + self.lifetime.as_secs() as i64;
        let claims = Claims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: subject.user,
            sid: subject.session,
            jti: kit::id::random(),
            iat,
            exp,
            generation: subject.generation,
            zoneinfo: subject.time_zone,
        };
        let text = Secret::new(jsonwebtoken::encode(&self.header, &claims, &self.key)?);
        Ok(AccessToken { text, expires_at: Timestamp::from_second(exp).unwrap_or(Timestamp::MAX) })
    }
}

/// What every token of an issuer says.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Claim `iss`.
    pub issuer: String,
    /// Claim `aud`.
    pub audience: String,
    /// How long a token is good for.
    pub lifetime: Duration,
}
