//! Refresh tokens: `sid.secret`, of which only hashes are kept, each made from the one before it.
//!
//! A child's secret is an HMAC of its parent's, so whoever presents the same parent gets the same child, from any replica, and
//! an older token is recognised by walking forward from it.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::id::{Secret, SessionId, secret_bytes};
use zeroize::{Zeroize, Zeroizing};

const SECRET_BYTES: usize = 32;

/// What a client presents to Refresh.
#[derive(Clone)]
pub struct RefreshToken {
    /// The session it claims to be of. Proves nothing by itself.
    pub session: SessionId,
    secret: RefreshSecret,
}

impl RefreshToken {
    /// The first token of a session.
    pub fn first_of(session: SessionId) -> Self {
        Self { session, secret: RefreshSecret(secret_bytes()) }
    }

    /// The token in `text`, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (session, secret) = text.rsplit_once('.')?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?;
        Some(Self { session: SessionId::parse(session)?, secret: RefreshSecret(secret.try_into().ok()?) })
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        self.secret.hash()
    }

    /// What the client keeps.
    pub fn to_text(&self) -> Secret {
        Secret::new(format!("{}.{}", self.session, URL_SAFE_NO_PAD.encode(self.secret.0)))
    }
}

/// 256 random bits, or what was made from them. Cleared on drop.
#[derive(Clone)]
struct RefreshSecret([u8; SECRET_BYTES]);

impl RefreshSecret {
    fn hash(&self) -> TokenHash {
        let hash = digest::digest(&digest::SHA256, &self.0);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        TokenHash(bytes)
    }
}

impl Drop for RefreshSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// SHA-256 of a refresh secret. Unsalted, because the secret itself is random.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// A hash read back from a store.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash as it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// The keys that children are made with, shared by all replicas. A session keeps the one it was born with.
pub struct RefreshKeys {
    newest: String,
    keys: HashMap<String, hmac::Key>,
}

impl RefreshKeys {
    /// The keys given by id, the newest first. `None` if there are none.
    pub fn of(keys: impl IntoIterator<Item = (String, Zeroizing<Vec<u8>>)>) -> Option<Self> {
        let mut newest = None;
        let mut by_id = HashMap::new();
        for (id, key) in keys {
            newest.get_or_insert_with(|| id.clone());
            by_id.insert(id, hmac::Key::new(hmac::HMAC_SHA256, &key));
        }
        Some(Self { newest: newest?, keys: by_id })
    }

    /// The id of the key that new sessions get.
    pub fn newest(&self) -> &str {
        &self.newest
    }

    /// The token that follows `parent`. `None` if the key is gone.
    pub fn child(&self, key: &str, parent: &RefreshToken) -> Option<RefreshToken> {
        let key = self.keys.get(key)?;
        Some(RefreshToken { session: parent.session.clone(), secret: step(key, &parent.session, &parent.secret) })
    }

    /// Whether `current` comes after `token` within `steps`: then `token` was issued, and has been used up.
    ///
    /// Takes time in proportion to `steps`.
    pub fn is_ancestor(&self, key: &str, token: &RefreshToken, current: &TokenHash, steps: i64) -> bool {
        let Some(key) = self.keys.get(key) else { return false };
        let mut secret = token.secret.clone();
        for _ in 0..steps {
            secret = step(key, &token.session, &secret);
            if secret.hash() == *current {
                return true;
            }
        }
        false
    }
}

fn step(key: &hmac::Key, session: &SessionId, parent: &RefreshSecret) -> RefreshSecret {
    let mut context = hmac::Context::with_key(key);
    // The secret has a fixed length, so the border between the two is never in doubt.
    context.update(session.as_str().as_bytes());
    context.update(&parent.0);
    let mut bytes = [0; SECRET_BYTES];
    bytes.copy_from_slice(context.sign().as_ref());
    RefreshSecret(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> RefreshKeys {
        RefreshKeys::of([("k1".to_owned(), Zeroizing::new(vec![7; 32]))]).unwrap()
    }

    #[test]
    fn a_token_is_read_back_from_its_text() {
        let token = RefreshToken::first_of(SessionId::parse("s.1").unwrap());

        let read = RefreshToken::parse(token.to_text().expose()).unwrap();

        assert_eq!((read.session.as_str(), read.hash()), ("s.1", token.hash()));
    }

    #[test]
    fn rubbish_is_no_token() {
        let short = URL_SAFE_NO_PAD.encode([0; 31]);
        for text in ["", ".", "abc", "s1.", &format!("s1.{short}"), "s 1.AAAA", "a.b.c"] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_same_parent_has_the_same_child_and_another_session_another() {
        let parent = RefreshToken::first_of(SessionId::parse("s1").unwrap());
        let elsewhere = RefreshToken { session: SessionId::parse("s2").unwrap(), ..parent.clone() };

        let child = keys().child("k1", &parent).unwrap();

        assert_eq!(child.hash(), keys().child("k1", &parent).unwrap().hash());
        assert_ne!(child.hash(), keys().child("k1", &elsewhere).unwrap().hash());
    }

    #[test]
    fn an_ancestor_is_found_within_the_steps_and_a_stranger_never() {
        let first = RefreshToken::first_of(SessionId::parse("s1").unwrap());
        let keys = keys();
        let third = keys.child("k1", &keys.child("k1", &first).unwrap()).unwrap();
        let stranger = RefreshToken::first_of(first.session.clone());

        assert!(keys.is_ancestor("k1", &first, &third.hash(), 2));
        assert!(!keys.is_ancestor("k1", &first, &third.hash(), 1));
        assert!(!keys.is_ancestor("k1", &third, &first.hash(), 5));
        assert!(!keys.is_ancestor("k1", &stranger, &third.hash(), 5));
    }
}
