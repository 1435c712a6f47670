//! Makes access tokens: good ones, and every kind of bad one.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as LibraryJwk};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use kit::authn::{AuthnError, Change, Entry, Jwk, KeySet, Keys, News, Policy, TrustSet, Verifier};
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};
use serde_json::{Map, Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.test";
pub(crate) const AUDIENCE: &str = "afterword";
pub(crate) const USER: &str = "user-1";
pub(crate) const SESSION: &str = "session-1";
pub(crate) const GENERATION: i64 = 3;
/// The present, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;
/// From when on a revocation made now may be forgotten.
pub(crate) const FORGOTTEN: i64 = NOW + 310;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub(crate) fn session(id: &str) -> SessionId {
    SessionId::parse(id).unwrap()
}

pub(crate) fn session_ended(id: &str) -> Entry {
    Entry::Session { session_id: session(id), expires_at: at(FORGOTTEN) }
}

pub(crate) fn snapshot(entries: Vec<Entry>) -> Change {
    Change { as_of: at(NOW), news: News::Snapshot { entries, last: true } }
}

/// The signature keys of the tests, always the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Signs now.
    Active,
    /// Signed until lately and is still published.
    Retired,
    /// Ours once, and published no more.
    Withdrawn,
    /// Somebody else's.
    Stranger,
}

impl Key {
    fn private(self) -> EncodingKey {
        // PKCS #8 around the 32 bytes of an Ed25519 private key (RFC 8410, 7).
        let mut der = hex("302e020100300506032b657004220420");
        der.extend([self as u8 + 1; 32]);
        EncodingKey::from_ed_der(&der)
    }

    pub(crate) fn kid(self) -> &'static str {
        match self {
            Self::Active => "the-active-key_1",
            Self::Retired => "the-retired-key_0",
            Self::Withdrawn => "a-key-of-last-year",
            Self::Stranger => "a-key-nobody-knows",
        }
    }

    pub(crate) fn jwk(self) -> Jwk {
        let library = LibraryJwk::from_encoding_key(&self.private(), Algorithm::EdDSA).unwrap();
        let AlgorithmParameters::OctetKeyPair(pair) = library.algorithm else { panic!("Ed25519 is an octet key pair") };
        let word = str::to_owned;
        Jwk {
            kty: word("OKP"),
            crv: word("Ed25519"),
            purpose: word("sig"),
            alg: word("EdDSA"),
            kid: word(self.kid()),
            x: pair.x,
            d: None,
        }
    }

    pub(crate) fn public_bytes(self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(self.jwk().x).unwrap()
    }

    pub(crate) fn public_pem(self) -> Vec<u8> {
        let mut der = hex("302a300506032b6570032100");
        der.extend(self.public_bytes());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der)).into_bytes()
    }

    pub(crate) fn public_json(self) -> Value {
        let jwk = self.jwk();
        json!({"kty": jwk.kty, "crv": jwk.crv, "use": jwk.purpose, "alg": jwk.alg, "kid": jwk.kid, "x": jwk.x})
    }
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The keys that auth-svc publishes.
pub(crate) fn published() -> Vec<Jwk> {
    vec![Key::Active.jwk(), Key::Retired.jwk()]
}

pub(crate) fn policy() -> Policy {
    Policy { issuer: ISSUER.into(), audience: AUDIENCE.into(), max_ttl: Duration::from_secs(300) }
}

/// A verifier of the given keys to which nothing but `revoked` has been told.
pub(crate) fn verifier(keys: Vec<Jwk>, revoked: Vec<Entry>) -> Verifier {
    let verifier = fresh_verifier();
    verifier.keys().replace(KeySet::of(keys));
    verifier.trust().apply(snapshot(revoked));
    verifier
}

/// A verifier that nobody has told anything.
pub(crate) fn fresh_verifier() -> Verifier {
    verifier_by(TestClock::frozen_at(at(NOW)))
}

pub(crate) fn verifier_by(clock: TestClock) -> Verifier {
    Verifier::new(policy(), Keys::new(), TrustSet::new(), Arc::new(clock))
}

/// A token in the making. It starts as one that is accepted.
#[derive(Clone)]
pub(crate) struct Forge {
    header: Map<String, Value>,
    header_text: Option<Vec<u8>>,
    claims: Map<String, Value>,
    claims_text: Option<Vec<u8>>,
    key: Key,
    secret: Option<Vec<u8>>,
    before_signing: fn(String) -> String,
    signature: fn(Vec<u8>) -> Vec<u8>,
    finish: fn(String) -> String,
}

impl Forge {
    pub(crate) fn new() -> Self {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": Key::Active.kid()});
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "sid": SESSION, "jti": "token-1",
            "iat": NOW, "exp": NOW + 300, "gen": GENERATION,
        });
        Self {
            header: header.as_object().unwrap().clone(),
            header_text: None,
            claims: claims.as_object().unwrap().clone(),
            claims_text: None,
            key: Key::Active,
            secret: None,
            before_signing: |message| message,
            signature: |bytes| bytes,
            finish: |token| token,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name).unwrap();
        self
    }

    /// The header, byte for byte; `KID` stands for the active one.
    pub(crate) fn header_text(mut self, text: &str) -> Self {
        self.header_text = Some(text.replace("KID", Key::Active.kid()).into_bytes());
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name).unwrap();
        self
    }

    /// The payload, byte for byte, made from what it would have been.
    pub(crate) fn claims_text(mut self, edit: fn(String) -> Vec<u8>) -> Self {
        self.claims_text = Some(edit(Value::Object(self.claims.clone()).to_string()));
        self
    }

    /// Replaces a piece of the payload's text.
    pub(crate) fn claims_with(mut self, old: &str, new: &str) -> Self {
        let text = Value::Object(self.claims.clone()).to_string();
        assert!(text.contains(old), "{old} is in {text}");
        self.claims_text = Some(text.replace(old, new).into_bytes());
        self
    }

    /// Signed by `key`, and naming it if it is or was ours.
    pub(crate) fn signed_by(mut self, key: Key) -> Self {
        self.key = key;
        if key != Key::Stranger { self.header("kid", key.kid()) } else { self }
    }

    /// A MAC under `secret` instead of a signature.
    pub(crate) fn mac(mut self, secret: Vec<u8>) -> Self {
        self.secret = Some(secret);
        self
    }

    pub(crate) fn before_signing(mut self, edit: fn(String) -> String) -> Self {
        self.before_signing = edit;
        self
    }

    pub(crate) fn signature(mut self, edit: fn(Vec<u8>) -> Vec<u8>) -> Self {
        self.signature = edit;
        self
    }

    /// An edit of the finished text.
    pub(crate) fn finish(mut self, edit: fn(String) -> String) -> Self {
        self.finish = edit;
        self
    }

    pub(crate) fn token(self) -> String {
        let text = |raw: Option<Vec<u8>>, object| raw.unwrap_or_else(|| Value::Object(object).to_string().into_bytes());
        let header = URL_SAFE_NO_PAD.encode(text(self.header_text, self.header));
        let claims = URL_SAFE_NO_PAD.encode(text(self.claims_text, self.claims));
        let message = (self.before_signing)(format!("{header}.{claims}"));

        let signature = match self.secret {
            None => crypto::sign(message.as_bytes(), &self.key.private(), Algorithm::EdDSA),
            Some(secret) => crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&secret), Algorithm::HS256),
        };
        let signature = (self.signature)(URL_SAFE_NO_PAD.decode(signature.unwrap()).unwrap());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        (self.finish)(token)
    }
}

/// What somebody tries, and how it differs from a good token.
pub(crate) type Attempt = (&'static str, fn(Forge) -> Forge);

/// Checks all of `attempts` before it complains about any.
pub(crate) fn all_are(expected: Result<(), AuthnError>, attempts: &[Attempt]) {
    let verifier = verifier(published(), Vec::new());
    let mut surprises = Vec::new();
    for (what, forge) in attempts {
        let token = forge(Forge::new()).token();
        let answer = verifier.verify(&token).map(drop);
        if answer != expected {
            surprises.push(format!("{what}: {answer:?}"));
        }
    }
    assert!(surprises.is_empty(), "expected {expected:?}, but\n{}", surprises.join("\n"));
}
