//! The public keys that may sign access tokens.
//!
//! A key set comes over the network, so a bad entry is left out; it never spoils the good ones.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use tokio::sync::Notify;

use super::token::is_kid;

const PUBLIC_KEY_BYTES: usize = 32;

/// A JSON Web Key (RFC 7517, RFC 8037) as published, before anything about it is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jwk {
    /// Key type; `OKP` is the only one used.
    pub kty: String,
    /// Curve; `Ed25519` is the only one used.
    pub crv: String,
    /// `use`: what the key is for; `sig` is the only one used.
    pub purpose: String,
    /// Algorithm; `EdDSA` is the only one used.
    pub alg: String,
    /// The name tokens call the key by.
    pub kid: String,
    /// The public key, 32 bytes in base64url.
    pub x: String,
    /// The private key. Whoever publishes it is not trusted with this key.
    pub d: Option<String>,
}

/// Verification keys by `kid`.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: HashMap<String, DecodingKey>,
}

impl KeySet {
    /// The usable keys among `published`; the others are skipped, and so is a second key under a taken `kid`.
    pub fn of(published: impl IntoIterator<Item = Jwk>) -> Self {
        let mut keys = HashMap::new();
        for jwk in published {
            let Some(key) = usable(&jwk) else {
                tracing::warn!(key.id = ?jwk.kid, "skipped a published key that is no Ed25519 signature key");
                continue;
            };
            match keys.entry(jwk.kid) {
                Entry::Vacant(free) => _ = free.insert(key),
                Entry::Occupied(taken) => tracing::warn!(key.id = taken.key(), "skipped a second key of the same id"),
            }
        }
        Self { keys }
    }

    /// How many keys are usable.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is usable.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.get(kid)
    }
}

fn usable(jwk: &Jwk) -> Option<DecodingKey> {
    let labelled = jwk.kty == "OKP" && jwk.crv == "Ed25519" && jwk.purpose == "sig" && jwk.alg == "EdDSA";
    if !labelled || jwk.d.is_some() || !is_kid(&jwk.kid) {
        return None;
    }
    // What a cryptography library does with a key of another length, up to panicking, is not to be relied on.
    let x = URL_SAFE_NO_PAD.decode(&jwk.x).ok().filter(|x| x.len() == PUBLIC_KEY_BYTES)?;
    Some(DecodingKey::from_ed_der(&x))
}

/// The key set in force, replaced as a whole while others verify with it. Clones share it.
#[derive(Clone, Default)]
pub struct Keys {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    current: ArcSwap<KeySet>,
    loaded: AtomicBool,
    unknown_key_seen: Notify,
}

impl Keys {
    /// No keys yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `keys` in force.
    pub fn replace(&self, keys: KeySet) {
        self.shared.current.store(Arc::new(keys));
        self.shared.loaded.store(true, Ordering::Release);
    }

    /// The key set in force.
    pub(super) fn current(&self) -> Arc<KeySet> {
        self.shared.current.load_full()
    }

    /// Whether a key set has ever been put in force.
    pub(super) fn are_loaded(&self) -> bool {
        self.shared.loaded.load(Ordering::Acquire)
    }

    /// Says that a token named a key which is not here. Cheap, and may be said as often as tokens come.
    pub(super) fn ask_for_news(&self) {
        self.shared.unknown_key_seen.notify_one();
    }

    /// Completes once somebody has asked for news since the last time this completed.
    pub(super) async fn asked_for_news(&self) {
        self.shared.unknown_key_seen.notified().await;
    }
}
