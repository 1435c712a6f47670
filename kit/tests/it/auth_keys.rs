//! Published keys: the good are used, the bad are skipped, and nothing panics.

use kit::authn::AuthnError::TokenInvalid;
use kit::authn::{Jwk, KeySet};

use crate::forge::{Forge, Key, published, verifier};

/// Publishes the active key in an edited form: it verifies nothing, and the retired key beside it goes on working.
fn is_skipped(edit: fn(&mut Jwk)) {
    let mut keys = published();
    edit(&mut keys[0]);

    let usable = KeySet::of(keys.clone()).len();
    let verifier = verifier(keys, Vec::new());

    assert_eq!(usable, 1);
    assert_eq!(verifier.verify(&Forge::new().token()), Err(TokenInvalid));
    assert!(verifier.verify(&Forge::new().signed_by(Key::Retired).token()).is_ok());
}

#[test]
fn a_key_with_its_private_part_is_skipped() {
    is_skipped(|jwk| jwk.d = Some(jwk.x.clone()));
}

#[test]
fn a_key_for_another_purpose_is_skipped() {
    is_skipped(|jwk| jwk.purpose = "enc".into());
    is_skipped(|jwk| jwk.purpose = String::new());
    is_skipped(|jwk| jwk.alg = "HS256".into());
    is_skipped(|jwk| jwk.alg = String::new());
}

#[test]
fn a_key_of_another_kind_is_skipped() {
    for edit in [
        (|jwk| jwk.crv = "P-256".into()) as fn(&mut Jwk),
        |jwk| jwk.crv = "X25519".into(),
        |jwk| jwk.crv = "Ed448".into(),
        |jwk| jwk.kty = "EC".into(),
        |jwk| jwk.kty = "oct".into(),
        |jwk| jwk.kid = "../key".into(),
    ] {
        is_skipped(edit);
    }
}

#[test]
fn a_key_of_another_length_is_skipped_neither_cut_nor_a_panic() {
    is_skipped(|jwk| jwk.x = "AAAA".into());
    is_skipped(|jwk| jwk.x = String::new());
    is_skipped(|jwk| jwk.x = "not base64url".into());
    is_skipped(|jwk| jwk.x = format!("{}A", jwk.x));
    is_skipped(|jwk| jwk.x = "A".repeat(44));
}

#[test]
fn a_second_key_under_a_taken_name_never_verifies() {
    let mut keys = published();
    keys.push(Jwk { kid: Key::Active.kid().into(), ..Key::Stranger.jwk() });

    let set = KeySet::of(keys.clone());
    let verifier = verifier(keys, Vec::new());

    assert_eq!(set.len(), 2);
    assert_eq!(verifier.verify(&Forge::new().signed_by(Key::Stranger).token()), Err(TokenInvalid));
    assert!(verifier.verify(&Forge::new().token()).is_ok());
}

#[test]
fn a_withdrawn_key_verifies_no_more() {
    let verifier = verifier(published(), Vec::new());
    let token = Forge::new().signed_by(Key::Retired).token();
    assert!(verifier.verify(&token).is_ok());

    verifier.keys().replace(KeySet::of([Key::Active.jwk()]));

    assert_eq!(verifier.verify(&token), Err(TokenInvalid));
}
