//! Access tokens, and a verifier that believes them.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kit::authn::{Change, Jwk, KeySet, Keys, News, Policy, TrustSet, Verifier, install_crypto};
use kit::clock::SharedClock;
use serde_json::json;

/// Signs tokens for one user and one login session.
pub(crate) struct Issuer {
    key: Ed25519KeyPair,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        install_crypto();
        Self { key: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed") }
    }

    /// A verifier that trusts this issuer and knows of no revocation.
    pub(crate) fn verifier(&self, clock: SharedClock, policy: Policy) -> Verifier {
        let jwk = Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            purpose: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
            kid: "k1".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref()),
            d: None,
        };
        let (keys, trust) = (Keys::new(), TrustSet::new());
        keys.replace(KeySet::of([jwk]));
        trust.apply(Change { as_of: clock.now(), news: News::Snapshot { entries: Vec::new(), last: true } });
        Verifier::new(policy, keys, trust, clock)
    }

    /// A token issued at `at` that lives for two minutes.
    pub(crate) fn token(&self, at: Timestamp) -> String {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"});
        let claims = json!({
            "iss": "https://afterword.local", "aud": "afterword", "sub": "u1", "sid": "s1", "jti": "j1",
            "iat": at.as_second(), "exp": at.as_second() + 120, "gen": 0,
        });
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }
}
