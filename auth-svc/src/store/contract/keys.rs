//! Promises of `KeyStore`.

use super::{Fresh, t};
use crate::domain::keys::{KeyState, SealedKey, SigningKeyRecord};

fn sealed(id: &str) -> SealedKey {
    SealedKey { id: id.to_owned(), sealed: vec![1, 2, 3], created_at: t(0) }
}

fn signing(id: &str) -> SigningKeyRecord {
    SigningKeyRecord { state: KeyState::Active, public: [7; 32], sealed: sealed(id) }
}

pub(crate) async fn the_first_keys_win(store: Fresh) {
    let (first, second) = (signing("first"), signing("second"));

    let before = store.signing_keys(&first).await.unwrap();
    let after = store.signing_keys(&second).await.unwrap();

    assert_eq!((before.as_slice(), &after), ([first].as_slice(), &before));

    assert_eq!(store.refresh_keys(&sealed("r1")).await.unwrap(), [sealed("r1")]);
    assert_eq!(store.refresh_keys(&sealed("r2")).await.unwrap(), [sealed("r1")]);
}
