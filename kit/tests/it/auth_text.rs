//! Tokens as text: one spelling, one signature, one greatest size.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::authn::AuthnError::TokenInvalid;
use serde_json::json;

use crate::forge::{Forge, Key, SESSION, all_are, published, verifier};

const TOKEN_BYTES_MAX: usize = 4096;

#[test]
fn a_token_has_one_spelling() {
    all_are(
        Err(TokenInvalid),
        &[
            ("nothing", |t| t.finish(|_| String::new())),
            ("dots alone", |t| t.finish(|_| "..".into())),
            ("a refresh token", |t| t.finish(|_| format!("{SESSION}.{}", "R".repeat(43)))),
            ("an internal token", |t| t.finish(|_| "I".repeat(43))),
            ("padded signature", |t| t.finish(|token| token + "==")),
            ("the other alphabet", |t| t.finish(in_the_other_alphabet)),
            ("unused bits of the signature", |t| t.finish(with_unused_bits)),
            ("unused bits of the payload", |t| t.claim("jti", "token-10").before_signing(with_unused_bits)),
            ("a line break", |t| t.finish(|token| token[..40].to_owned() + "\n" + &token[40..])),
            ("a space in front", |t| t.finish(|token| format!(" {token}"))),
            ("a space behind", |t| t.finish(|token| token + " ")),
            ("two parts", |t| t.finish(|token| token.rsplit_once('.').unwrap().0.into())),
            ("four parts", |t| t.finish(|token| token + ".AAAA")),
            ("four parts, the last empty", |t| t.finish(|token| token + ".")),
            ("five parts", |t| t.header("alg", "dir").header("enc", "A256GCM").finish(|token| token + ".AAAA.AAAA")),
            ("no header", |t| t.finish(|token| token[token.find('.').unwrap()..].into())),
            ("no signature", |t| t.signature(|_| Vec::new())),
            ("its scheme inside", |t| t.finish(|token| format!("Bearer {token}"))),
            ("as JSON", |t| t.finish(as_json)),
        ],
    );
}

#[test]
fn a_signature_is_good_for_one_text_in_one_form() {
    all_are(
        Err(TokenInvalid),
        &[
            ("second form of the same", |t| t.signature(plus_the_group_order)),
            ("zeros", |t| t.signature(|_| vec![0; 64])),
            ("a byte short", |t| t.signature(|bytes| bytes[..63].to_vec())),
            ("a byte long", |t| t.signature(|bytes| [bytes, vec![0]].concat())),
            ("a bit off", |t| t.signature(|bytes| [&[bytes[0] ^ 1], &bytes[1..]].concat())),
            ("under another payload", |t| {
                t.finish(|token| with_part(&token, 1, &Forge::new().claim("sub", "user-2").token()))
            }),
            ("under another header", |t| {
                t.finish(|token| with_part(&token, 0, &Forge::new().header("kid", Key::Retired.kid()).token()))
            }),
        ],
    );
}

#[test]
fn a_token_is_read_up_to_its_greatest_size_and_not_a_byte_beyond() {
    let verifier = verifier(published(), Vec::new());
    let padded = |bytes: usize| Forge::new().claim("pad", "p".repeat(bytes)).token();
    let (fits, beyond) = (2000..)
        .map(|bytes| (padded(bytes), padded(bytes + 1)))
        .find(|(_, beyond)| beyond.len() > TOKEN_BYTES_MAX)
        .unwrap();

    assert!(verifier.verify(&fits).is_ok());
    assert_eq!(verifier.verify(&beyond), Err(TokenInvalid));
    assert_eq!(verifier.verify(&padded(50_000)), Err(TokenInvalid));
    assert_eq!(verifier.verify(&padded(6_000_000)), Err(TokenInvalid));
}

fn in_the_other_alphabet(token: String) -> String {
    let other = token.replace('-', "+").replace('_', "/");
    assert_ne!(token, other, "the token has a character that differs between the alphabets");
    other
}

/// Changes the last character in the bits that decode to nothing.
fn with_unused_bits(mut text: String) -> String {
    let part = text.rsplit('.').next().unwrap();
    assert_ne!(part.len() % 4, 0, "the last part has unused bits");
    let last = text.pop().unwrap();
    assert!(matches!(
        last,
        'A' | 'E' | 'I' | 'M' | 'Q' | 'U' | 'Y' | 'c' | 'g' | 'k' | 'o' | 's' | 'w' | '0' | '4' | '8'
    ));
    text.push(char::from(last as u8 + 1));
    text
}

fn as_json(token: String) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string()
}

fn with_part(token: &str, index: usize, donor: &str) -> String {
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[index] = donor.split('.').nth(index).unwrap();
    parts.join(".")
}

/// Adds the order of the group to S (RFC 8032, 5.1.7 forbids it).
fn plus_the_group_order(mut signature: Vec<u8>) -> Vec<u8> {
    let order = 27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes();
    let order = order.into_iter().chain([0; 15]).chain([0x10]);
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
    signature
}

#[test]
fn the_second_form_differs_from_the_first_in_s_alone() {
    let decode = |token: String| URL_SAFE_NO_PAD.decode(token.rsplit('.').next().unwrap()).unwrap();
    let (first, second) = (decode(Forge::new().token()), decode(Forge::new().signature(plus_the_group_order).token()));

    assert_eq!(first[..32], second[..32]);
    assert_ne!(first[32..], second[32..]);
}
