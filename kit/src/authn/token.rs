//! One access token, read strictly: every step refuses what it does not know, in an order that never trusts early.
//!
//! It must not know about revocation, transport, or how keys arrive.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::jwks::KeySet;
use super::{AuthnError, Caller};
use crate::id::{SessionId, UserId, is_id};

/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 4096;

/// How far the clocks of issuer and verifier may differ, for `exp`, `iat` and `nbf` alike.
pub const LEEWAY: Duration = Duration::from_secs(5);

const SIGNATURE_BYTES: usize = 64;
const LEEWAY_SECS: i64 = LEEWAY.as_secs() as i64;

/// What an access token must say to be ours.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The exact `iss`.
    pub issuer: String,
    /// The exact `aud`.
    pub audience: String,
    /// The longest a token may live, `exp − iat`.
    pub max_ttl: Duration,
}

/// Whose token this is and of which session, by signature, issuer and audience alone: expired and revoked ones included.
///
/// For logging out, and nothing else: a session may be ended by whoever held it, however late.
pub fn signature_only(token: &str, keys: &KeySet, issuer: &str, audience: &str) -> Option<(UserId, SessionId)> {
    let signed = Parts::parse(token).ok()?.signed_by(keys).ok()??;
    let claims = signed.read(issuer, audience).ok()?;
    Some((claims.user_id, claims.session_id))
}

/// A token whose header is acceptable. Nothing in it is to be believed yet.
pub(super) struct Parts<'a> {
    kid: String,
    message: &'a str,
    signature: &'a str,
    payload: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// Splits and decodes `token`, and checks everything that can be checked without a key.
    pub(super) fn parse(token: &'a str) -> Result<Self, AuthnError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthnError::TokenInvalid);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(AuthnError::TokenInvalid)?;
        let (header, payload) = message.split_once('.').ok_or(AuthnError::TokenInvalid)?;
        // A further dot is no base64url, so four parts fail here as well.
        let (header, payload) = (decoded(header)?, decoded(payload)?);
        if decoded(signature)?.len() != SIGNATURE_BYTES {
            return Err(AuthnError::TokenInvalid);
        }

        let header: Header = object(&header)?;
        let acceptable = header.alg == "EdDSA" && is_access_token_type(&header.typ) && is_kid(&header.kid);
        if !acceptable {
            return Err(AuthnError::TokenInvalid);
        }
        Ok(Self { kid: header.kid, message, signature, payload })
    }

    /// The payload, now that one of `keys` vouches for it. `None` if the key it names is not among them.
    pub(super) fn signed_by(self, keys: &KeySet) -> Result<Option<Signed>, AuthnError> {
        let Some(key) = keys.get(&self.kid) else {
            return Ok(None);
        };
        match jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), key, Algorithm::EdDSA) {
            Ok(true) => Ok(Some(Signed { payload: self.payload })),
            Ok(false) | Err(_) => Err(AuthnError::TokenInvalid),
        }
    }
}

/// The payload of a token with a good signature.
pub(super) struct Signed {
    payload: Vec<u8>,
}

impl Signed {
    /// The claims, if every one is there, of its type, and addressed to us.
    pub(super) fn claims(self, policy: &Policy) -> Result<Claims, AuthnError> {
        self.read(&policy.issuer, &policy.audience)
    }

    fn read(self, issuer: &str, audience: &str) -> Result<Claims, AuthnError> {
        let raw: RawClaims = object(&self.payload)?;
        let ours = raw.iss == issuer && raw.aud == audience;
        if !ours || !is_id(&raw.jti) || raw.generation < 0 {
            return Err(AuthnError::TokenInvalid);
        }
        Ok(Claims {
            user_id: UserId::parse(raw.sub).ok_or(AuthnError::TokenInvalid)?,
            session_id: SessionId::parse(raw.sid).ok_or(AuthnError::TokenInvalid)?,
            generation: raw.generation,
            time_zone: raw.zoneinfo.filter(|name| jiff::tz::TimeZone::get(name).is_ok()),
            iat: raw.iat,
            exp: raw.exp,
            nbf: raw.nbf,
        })
    }
}

/// Claims that we made, at whatever time.
pub(super) struct Claims {
    user_id: UserId,
    session_id: SessionId,
    generation: i64,
    time_zone: Option<String>,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
}

impl Claims {
    /// The caller, if the token lives at `now` and was not made to live too long.
    pub(super) fn in_time(self, policy: &Policy, now: Timestamp) -> Result<Caller, AuthnError> {
        let now = now.as_second();
        let expires_at = Timestamp::from_second(self.exp).map_err(|_| AuthnError::TokenInvalid)?;
        let lifetime = self.exp.checked_sub(self.iat).and_then(|secs| u64::try_from(secs).ok());
        let lives_too_long = lifetime.is_none_or(|secs| Duration::from_secs(secs) > policy.max_ttl);
        let from_the_future = self.iat > now + LEEWAY_SECS || self.nbf.is_some_and(|nbf| nbf > now + LEEWAY_SECS);
        if lives_too_long || from_the_future {
            return Err(AuthnError::TokenInvalid);
        }
        if now >= self.exp + LEEWAY_SECS {
            return Err(AuthnError::TokenExpired);
        }
        let Self { user_id, session_id, generation, time_zone, .. } = self;
        Ok(Caller { user_id, session_id, generation, time_zone, expires_at })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Deserialize)]
struct RawClaims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    exp: i64,
    #[serde(rename = "gen")]
    generation: i64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<i64>,
    #[serde(default, deserialize_with = "text_if_it_is_one")]
    zoneinfo: Option<String>,
    #[serde(flatten)]
    _others: EachOnce,
}

/// Reads a claim that may be left out, but not be null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}

/// Reads a claim that proves nothing, so that nobody is turned away for it.
fn text_if_it_is_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(Some(text)),
        _ => Ok(None),
    }
}

/// Claims that mean nothing to us: tolerated, but not twice, because two readers could choose differently.
struct EachOnce;

impl<'de> Deserialize<'de> for EachOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnceVisitor)
    }
}

struct EachOnceVisitor;

impl<'de> Visitor<'de> for EachOnceVisitor {
    type Value = EachOnce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EachOnce, A::Error> {
        let mut seen = HashSet::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if !seen.insert(name) {
                return Err(de::Error::custom("duplicate member"));
            }
        }
        Ok(EachOnce)
    }
}

/// Base64url without padding, in its one canonical spelling.
fn decoded(part: &str) -> Result<Vec<u8>, AuthnError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| AuthnError::TokenInvalid)
}

/// A JSON object and nothing after it. Serde alone would read the fields of a struct from an array, too.
fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, AuthnError> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(AuthnError::TokenInvalid);
    }
    serde_json::from_slice(json).map_err(|_| AuthnError::TokenInvalid)
}

/// Media types compare without case, and `application/` may be left out (RFC 7515, 4.1.9).
fn is_access_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}

pub(super) fn is_kid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
