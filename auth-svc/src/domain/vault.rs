//! Keeping private keys sealed at rest: AES-256-GCM under one master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::error::InvalidField;
use kit::id::{Secret, secret_bytes};
use zeroize::Zeroizing;

/// Something sealed could not be opened: it was sealed under another master key, or changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored keys were sealed under another master key; configure the one they were made with (`master_key`)")]
pub struct WrongMasterKey;

/// Seals and opens.
pub struct Vault {
    key: LessSafeKey,
}

impl Vault {
    /// A vault under the master key, which is 32 bytes in base64.
    pub fn new(master_key: &Secret) -> Result<Self, InvalidField> {
        let wrong = "must be 32 random bytes in base64, as `openssl rand -base64 32` prints";
        let wrong = || InvalidField::new("master_key", wrong);
        let bytes = Zeroizing::new(STANDARD.decode(master_key.expose()).map_err(|_| wrong())?);
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong())?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// Seals `plain` so that it opens under the same name only.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        // Random nonces are safe for 2^32 seals under one key; there are a few each month.
        let nonce = secret_bytes::<NONCE_LEN>();
        let mut sealed = plain.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed)
            .expect("a key of a few bytes is within what AES-GCM can seal");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed under `name`.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrongMasterKey> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(WrongMasterKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| WrongMasterKey)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(name), &mut plain).map_err(|_| WrongMasterKey)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&Secret::new(STANDARD.encode([byte; 32]))).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_under_the_same_key_and_name_only() {
        let sealed = vault(1).seal("k1", b"private");

        assert_eq!(vault(1).open("k1", &sealed).unwrap().as_slice(), b"private");
        assert_eq!(vault(2).open("k1", &sealed).unwrap_err(), WrongMasterKey);
        assert_eq!(vault(1).open("k2", &sealed).unwrap_err(), WrongMasterKey);
        assert_eq!(vault(1).open("k1", &sealed[..5]).unwrap_err(), WrongMasterKey);
    }

    #[test]
    fn a_master_key_of_another_length_is_refused_by_name() {
        let refused = Vault::new(&Secret::new("c2hvcnQ=")).err().expect("refused");

        assert_eq!(refused.field, "master_key");
    }
}
