//! The keys that access tokens and refresh tokens are made with, as stored and as loaded.

use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kit::authn::{Jwk, KeySet};
use kit::id::secret_bytes;
use zeroize::Zeroizing;

use super::refresh_token::RefreshKeys;
use super::vault::{Vault, WrongMasterKey};
use crate::store::{KeyStore, StoreError};

/// A private key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// What tokens or sessions call it by.
    pub id: String,
    /// Sealed under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where a signing key is in its life. It only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that verifiers know it before it signs anything.
    Next,
    /// Signs.
    Active,
    /// Published until the last token it signed has expired.
    Retired,
    /// Published no more; kept for Logout alone, which ends the session of an old token, too.
    Withdrawn,
}

impl KeyState {
    const ALL: [Self; 4] = [Self::Next, Self::Active, Self::Retired, Self::Withdrawn];

    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state that `word` stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    fn is_published(self) -> bool {
        match self {
            Self::Next | Self::Active | Self::Retired => true,
            Self::Withdrawn => false,
        }
    }
}

/// A signing key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Where it is in its life.
    pub state: KeyState,
    /// The Ed25519 public key.
    pub public: [u8; 32],
    /// The private key, PKCS #8, under its `kid`.
    pub sealed: SealedKey,
}

/// Why the keys could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys were sealed under another master key.
    #[error(transparent)]
    WrongMasterKey(#[from] WrongMasterKey),
    /// The cryptographic library refused to make a key.
    #[error("could not make a signing key")]
    Refused,
}

/// The keys in use.
pub struct Keyring {
    /// Name of the key that signs.
    pub kid: String,
    /// The key that signs, PKCS #8.
    pub signing: Zeroizing<Vec<u8>>,
    /// What the key set publishes.
    pub published: Vec<Jwk>,
    /// The published keys and the withdrawn ones, for Logout alone.
    pub kept: KeySet,
    /// What refresh tokens are made with.
    pub refresh: Arc<RefreshKeys>,
}

/// Loads the keys, making the first ones on a new store.
pub async fn load(store: &(impl KeyStore + ?Sized), vault: &Vault, now: Timestamp) -> Result<Keyring, KeysError> {
    let records = store.signing_keys(&new_signing_key(vault, now)?).await?;
    let active = records.iter().find(|key| key.state == KeyState::Active).ok_or(KeysError::Refused)?;
    let signing = vault.open(&active.sealed.id, &active.sealed.sealed)?;
    let mut refresh = Vec::new();
    for key in store.refresh_keys(&new_refresh_key(vault, now)).await? {
        let opened = vault.open(&key.id, &key.sealed)?;
        refresh.push((key.id, opened));
    }
    Ok(Keyring {
        kid: active.sealed.id.clone(),
        signing,
        published: records.iter().filter(|key| key.state.is_published()).map(jwk).collect(),
        kept: KeySet::of(records.iter().map(jwk)),
        refresh: Arc::new(RefreshKeys::of(refresh).ok_or(KeysError::Refused)?),
    })
}

fn new_signing_key(vault: &Vault, now: Timestamp) -> Result<SigningKeyRecord, KeysError> {
    let seed = Zeroizing::new(secret_bytes::<32>());
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| KeysError::Refused)?;
    let private = pair.to_pkcs8().map_err(|_| KeysError::Refused)?;
    let public: [u8; 32] = pair.public_key().as_ref().try_into().map_err(|_| KeysError::Refused)?;
    let id = thumbprint(&public);
    let sealed = vault.seal(&id, private.as_ref());
    Ok(SigningKeyRecord { state: KeyState::Active, public, sealed: SealedKey { id, sealed, created_at: now } })
}

fn new_refresh_key(vault: &Vault, now: Timestamp) -> SealedKey {
    let id = kit::id::random();
    let key = Zeroizing::new(secret_bytes::<32>());
    SealedKey { sealed: vault.seal(&id, key.as_slice()), id, created_at: now }
}

fn jwk(key: &SigningKeyRecord) -> Jwk {
    Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        purpose: "sig".to_owned(),
        alg: "EdDSA".to_owned(),
        kid: key.sealed.id.clone(),
        x: URL_SAFE_NO_PAD.encode(key.public),
        d: None,
    }
}

/// RFC 7638: the hash of the required members in lexical order, without white space.
fn thumbprint(public: &[u8; 32]) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.3.
    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();

        assert_eq!(thumbprint(&x.try_into().unwrap()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn every_state_has_its_word() {
        for state in KeyState::ALL {
            assert_eq!(KeyState::parse(state.as_str()), Some(state));
        }
    }
}
