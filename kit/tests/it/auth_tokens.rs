//! Every kind of token somebody may try, and what becomes of it.

use kit::authn::AuthnError::{self, TokenExpired, TokenInvalid};
use kit::authn::{Entry, KeySet, Verifier, signature_only};
use kit::error::Classify;
use serde_json::{Value, json};

use crate::forge::{
    AUDIENCE, FORGOTTEN, Forge, GENERATION, ISSUER, Key, NOW, SESSION, USER, all_are, at, fresh_verifier, published,
    session, session_ended, snapshot, user, verifier,
};

#[test]
fn a_good_token_names_its_caller() {
    let caller = verifier(published(), Vec::new()).verify(&Forge::new().token()).unwrap();

    assert_eq!((caller.user_id, caller.session_id), (user(USER), session(SESSION)));
    assert_eq!((caller.generation, caller.expires_at), (GENERATION, at(NOW + 300)));
}

#[test]
fn a_token_may_name_a_time_zone_but_is_never_refused_for_it() {
    let verifier = verifier(published(), Vec::new());
    let zone_of = |token: Forge| verifier.verify(&token.token()).expect("the token is good").time_zone;

    assert_eq!(zone_of(Forge::new().claim("zoneinfo", "Asia/Tokyo")).as_deref(), Some("Asia/Tokyo"));
    assert_eq!(zone_of(Forge::new()), None);
    for broken in
        [json!("Mars/Olympus"), json!(""), json!("../etc/passwd"), json!("x".repeat(500)), json!(9), json!(null)]
    {
        assert_eq!(zone_of(Forge::new().claim("zoneinfo", broken.clone())), None, "{broken}");
    }
}

#[test]
fn tokens_that_are_good_in_unusual_ways_are_accepted() {
    all_are(
        Ok(()),
        &[
            ("signed by the retired key", |t| t.signed_by(Key::Retired)),
            ("not before a minute ago", |t| t.claim("nbf", NOW - 60)),
            ("not before in 5 s", |t| t.claim("nbf", NOW + 5)),
            ("issued 3 s ahead", |t| t.claim("iat", NOW + 3)),
            ("issued 5 s ahead", |t| t.claim("iat", NOW + 5)),
            ("expired 3 s ago", |t| t.claim("iat", NOW - 303).claim("exp", NOW - 3)),
            ("expired 4 s ago", |t| t.claim("iat", NOW - 304).claim("exp", NOW - 4)),
            ("type in capitals", |t| t.header("typ", "AT+JWT")),
            ("type in its long form", |t| t.header("typ", "application/at+jwt")),
            ("type in its long form, capitals", |t| t.header("typ", "Application/AT+JWT")),
            ("white space after the header", |t| t.header_text(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID"}  "#)),
            ("white space in the header", |t| {
                t.header_text("{ \"alg\" : \"EdDSA\",\n  \"typ\" : \"at+jwt\", \"kid\" : \"KID\" }")
            }),
            ("a claim we do not know", |t| t.claim("scope", json!({"read": [1, 2]}))),
            ("a session of 64 characters", |t| t.claim("sid", "s".repeat(64))),
            ("a user of another provider", |t| t.claim("sub", "auth0|507f1f77")),
        ],
    );
}

#[test]
fn the_algorithm_is_eddsa_to_the_letter() {
    all_are(
        Err(TokenInvalid),
        &[
            ("none, no signature", |t| t.header("alg", "none").signature(|_| Vec::new())),
            ("None, no signature", |t| t.header("alg", "None").signature(|_| Vec::new())),
            ("NONE, good signature", |t| t.header("alg", "NONE")),
            ("none, noise", |t| t.header("alg", "none").signature(|_| vec![0; 64])),
            ("MAC by the public key", |t| t.header("alg", "HS256").mac(Key::Active.public_bytes())),
            ("MAC by the public key's PEM", |t| t.header("alg", "HS256").mac(Key::Active.public_pem())),
            ("MAC by the public key's JSON", |t| {
                t.header("alg", "HS256").mac(Key::Active.public_json().to_string().into_bytes())
            }),
            ("MAC called EdDSA", |t| t.mac(Key::Active.public_bytes())),
            ("another family, good signature", |t| t.header("alg", "RS256")),
            ("missing", |t| t.without_header("alg")),
            ("a list", |t| t.header("alg", json!(["EdDSA"]))),
            ("null", |t| t.header("alg", Value::Null)),
            ("lower case", |t| t.header("alg", "eddsa")),
            ("its other name", |t| t.header("alg", "Ed25519")),
            ("with a space", |t| t.header("alg", "EdDSA ")),
        ],
    );
}

#[test]
fn a_header_says_three_things_once() {
    all_are(
        Err(TokenInvalid),
        &[
            ("alg twice", |t| t.header_text(r#"{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"KID"}"#)),
            ("alg none, then ours", |t| t.header_text(r#"{"alg":"none","typ":"at+jwt","kid":"KID","alg":"EdDSA"}"#)),
            ("alg twice, once escaped", |t| {
                t.header_text(r#"{"\u0061lg":"none","typ":"at+jwt","kid":"KID","alg":"EdDSA"}"#)
            }),
            ("kid twice", |t| t.header_text(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID","kid":"KID"}"#)),
            ("typ twice", |t| t.header_text(r#"{"alg":"EdDSA","typ":"JWT","kid":"KID","typ":"at+jwt"}"#)),
            ("unknown twice", |t| t.header_text(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID","note":1,"note":2}"#)),
            ("unknown", |t| t.header("note", "hello")),
            ("thumbprint", |t| t.header("x5t", "AAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("critical extension", |t| t.header("crit", json!(["urn:x"])).header("urn:x", true)),
            ("critical, none", |t| t.header("crit", json!([]))),
            ("critical claim", |t| t.header("crit", json!(["exp"])).header("exp", NOW + 300)),
            ("payload as it stands", |t| t.header("b64", false).header("crit", json!(["b64"]))),
            ("own key, used", |t| t.header("jwk", Key::Stranger.public_json()).signed_by(Key::Stranger)),
            ("our key, embedded", |t| t.header("jwk", Key::Active.public_json())),
            ("where to find keys", |t| t.header("jku", "https://keys.example.test/jwks.json")),
            ("where to find certificates", |t| t.header("x5u", "https://keys.example.test/chain.pem")),
            ("certificates", |t| t.header("x5c", json!(["MIIB"]))),
            ("compressed", |t| t.header("zip", "DEF")),
            ("encrypted", |t| t.header("enc", "A256GCM")),
            ("nested", |t| t.header("cty", "JWT")),
            ("no type", |t| t.without_header("typ")),
            ("generic type", |t| t.header("typ", "JWT")),
            ("refresh type", |t| t.header("typ", "rt+jwt")),
            ("numeric type", |t| t.header("typ", 1)),
            ("other main type", |t| t.header("typ", "text/at+jwt")),
            ("a list of the three", |t| t.header_text(r#"["EdDSA","at+jwt","KID"]"#)),
            ("byte order mark", |t| t.header_text("\u{feff}{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}")),
            ("text after it", |t| t.header_text(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID"} x"#)),
            ("an object after it", |t| t.header_text(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"KID"}{}"#)),
        ],
    );
}

#[test]
fn a_token_names_a_key_that_we_have() {
    all_are(
        Err(TokenInvalid),
        &[
            ("missing", |t| t.without_header("kid")),
            ("empty", |t| t.header("kid", "")),
            ("a path", |t| t.header("kid", "../../dev/null")),
            ("a query", |t| t.header("kid", "x' UNION SELECT 'k")),
            ("ours and a NUL", |t| t.header("kid", format!("{}\0", Key::Active.kid()))),
            ("not ASCII", |t| t.header("kid", "kключ")),
            ("65 characters", |t| t.header("kid", "A".repeat(65))),
            ("10,000 characters", |t| t.header("kid", "A".repeat(10_000))),
            ("a number", |t| t.header("kid", 7)),
            ("unknown", |t| t.signed_by(Key::Stranger).header("kid", Key::Stranger.kid())),
            ("another of ours", |t| t.header("kid", Key::Retired.kid())),
            ("a stranger under our name", |t| t.signed_by(Key::Stranger)),
            ("withdrawn", |t| t.signed_by(Key::Withdrawn)),
        ],
    );
}

#[test]
fn claims_are_all_there_once_and_of_their_type() {
    all_are(
        Err(TokenInvalid),
        &[
            ("no issuer", |t| t.without_claim("iss")),
            ("numeric issuer", |t| t.claim("iss", 5)),
            ("issuer among others", |t| t.claim("iss", json!(["https://evil.example.test", ISSUER]))),
            ("issuer with a slash", |t| t.claim("iss", format!("{ISSUER}/"))),
            ("other issuer", |t| t.claim("iss", "https://evil.example.test")),
            ("no audience", |t| t.without_claim("aud")),
            ("numeric audience", |t| t.claim("aud", 7)),
            ("audience among others", |t| t.claim("aud", json!([AUDIENCE, "other"]))),
            ("audience in a list", |t| t.claim("aud", json!([AUDIENCE]))),
            ("an app's identity token", |t| t.header("typ", "JWT").claim("aud", "mobile-app")),
            ("other audience", |t| t.claim("aud", "mobile-app")),
            ("no user", |t| t.without_claim("sub")),
            ("empty user", |t| t.claim("sub", "")),
            ("user and a NUL", |t| t.claim("sub", format!("{USER}\0"))),
            ("user of 256 characters", |t| t.claim("sub", "u".repeat(256))),
            ("user of 10,000 characters", |t| t.claim("sub", "u".repeat(10_000))),
            ("no session", |t| t.without_claim("sid")),
            ("session that is a path", |t| t.claim("sid", "../1")),
            ("no token id", |t| t.without_claim("jti")),
            ("empty token id", |t| t.claim("jti", "")),
            ("no generation", |t| t.without_claim("gen")),
            ("generation in a string", |t| t.claim("gen", GENERATION.to_string())),
            ("generation below zero", |t| t.claim("gen", -1)),
            ("expiry twice", |t| t.claims_with("\"exp\":", &format!("\"exp\":{},\"exp\":", NOW - 60))),
            ("user twice", |t| t.claims_with("\"sub\":", "\"sub\":\"user-2\",\"sub\":")),
            ("session twice", |t| t.claims_with("\"sid\":", "\"sid\":\"session-2\",\"sid\":")),
            ("generation twice", |t| t.claims_with("\"gen\":", "\"gen\":0,\"gen\":")),
            ("generation twice, once escaped", |t| t.claims_with("\"gen\":", "\"\\u0067en\":0,\"gen\":")),
            ("unknown twice", |t| t.claims_with("\"gen\":", "\"note\":0,\"note\":0,\"gen\":")),
            ("claims in a list", |t| t.claims_text(|text| format!("[{text}]").into_bytes())),
            ("claims without names", |t| {
                t.claims_text(|text| {
                    let named: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
                    Value::from_iter(named.into_iter().map(|(_, value)| value)).to_string().into_bytes()
                })
            }),
            ("text after the claims", |t| t.claims_text(|text| format!("{text} x").into_bytes())),
            ("broken text", |t| {
                t.claim("note", "?").claims_text(|text| {
                    text.into_bytes().into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect()
                })
            }),
            ("no claims", |t| t.claims_text(|_| b"null".to_vec())),
            ("deeply nested", |t| {
                t.claims_with("\"gen\":", &format!("\"note\":{}{},\"gen\":", "[".repeat(500), "]".repeat(500)))
            }),
        ],
    );
}

#[test]
fn times_are_whole_seconds_within_bounds() {
    all_are(
        Err(TokenInvalid),
        &[
            ("no expiry", |t| t.without_claim("exp")),
            ("expiry in a string", |t| t.claim("exp", (NOW + 300).to_string())),
            ("expiry null", |t| t.claim("exp", Value::Null)),
            ("expiry before the epoch", |t| t.claim("exp", -1)),
            ("expiry far out", |t| t.claims_with(&format!("\"exp\":{}", NOW + 300), "\"exp\":1e300")),
            ("expiry is no number", |t| t.claims_with(&format!("\"exp\":{}", NOW + 300), "\"exp\":NaN")),
            ("expiry that overflows", |t| t.claim("exp", u64::MAX)),
            ("expiry that nearly overflows", |t| t.claim("exp", i64::MAX).claim("iat", i64::MAX - 300)),
            ("lifetime that overflows", |t| t.claim("exp", i64::MAX).claim("iat", i64::MIN)),
            ("expiry with a fraction", |t| {
                t.claims_with(&format!("\"exp\":{}", NOW + 300), &format!("\"exp\":{}.5", NOW + 300))
            }),
            ("lives an hour", |t| t.claim("exp", NOW + 3600)),
            ("lives a second too long", |t| t.claim("exp", NOW + 301)),
            ("not before in an hour", |t| t.claim("nbf", NOW + 3600)),
            ("not before in 6 s", |t| t.claim("nbf", NOW + 6)),
            ("not before in a string", |t| t.claim("nbf", (NOW - 60).to_string())),
            ("not before null", |t| t.claim("nbf", Value::Null)),
            ("issued next year", |t| t.claim("iat", NOW + 31_536_000).claim("exp", NOW + 31_536_300)),
            ("issued 30 s ahead", |t| t.claim("iat", NOW + 30)),
            ("issued 6 s ahead", |t| t.claim("iat", NOW + 6)),
            ("issued never", |t| t.without_claim("iat")),
            ("issued in a string", |t| t.claim("iat", NOW.to_string())),
        ],
    );
    all_are(
        Err(TokenExpired),
        &[
            ("expired 30 s ago", |t| t.claim("iat", NOW - 330).claim("exp", NOW - 30)),
            ("expired 6 s ago", |t| t.claim("iat", NOW - 306).claim("exp", NOW - 6)),
            ("expired 5 s ago", |t| t.claim("iat", NOW - 305).claim("exp", NOW - 5)),
        ],
    );
}

#[test]
fn every_refusal_of_a_token_reads_the_same() {
    let refusals = [AuthnError::TokenMissing, TokenInvalid, TokenExpired, AuthnError::TokenRevoked];

    let words: std::collections::HashSet<_> = refusals.iter().map(ToString::to_string).collect();
    let reasons: std::collections::HashSet<_> = refusals.iter().map(Classify::reason).collect();

    assert_eq!((words.len(), reasons.len()), (1, 4));
}

#[test]
fn nothing_is_accepted_before_keys_and_revocations_have_arrived() {
    let token = Forge::new().token();
    let keys_arrive: fn(&Verifier) = |verifier| verifier.keys().replace(KeySet::of(published()));
    let revocations_arrive: fn(&Verifier) = |verifier| verifier.trust().apply(snapshot(Vec::new()));

    for [first, second] in [[keys_arrive, revocations_arrive], [revocations_arrive, keys_arrive]] {
        let verifier = fresh_verifier();
        assert_eq!(verifier.verify(&token), Err(AuthnError::VerifierNotReady));
        first(&verifier);
        assert_eq!(verifier.verify(&token), Err(AuthnError::VerifierNotReady));
        second(&verifier);
        assert!(verifier.verify(&token).is_ok());
    }
}

#[test]
fn logout_takes_an_expired_token_and_no_forged_one() {
    let keys = KeySet::of(published());
    let who = |token: String| signature_only(&token, &keys, ISSUER, AUDIENCE);
    let expired = Forge::new().claim("iat", NOW - 9000).claim("exp", NOW - 8700).token();

    assert_eq!(who(expired), Some((user(USER), session(SESSION))));
    assert_eq!(who(Forge::new().signed_by(Key::Stranger).token()), None);
    assert_eq!(who(Forge::new().claim("aud", "other").token()), None);
    assert_eq!(who(Forge::new().claim("iss", "other").token()), None);
    assert_eq!(who(Forge::new().header("typ", "JWT").token()), None);
    assert_eq!(who("not a token".into()), None);
}

#[test]
fn a_token_of_an_ended_session_is_revoked_whatever_its_bytes() {
    let verifier = verifier(published(), vec![session_ended(SESSION)]);
    let reencoded = r#"{"typ":"at+jwt", "kid":"KID", "alg":"EdDSA"}"#;

    for token in [Forge::new(), Forge::new().claim("jti", "token-2"), Forge::new().header_text(reencoded)] {
        assert_eq!(verifier.verify(&token.token()), Err(AuthnError::TokenRevoked));
    }
    assert!(verifier.verify(&Forge::new().claim("sid", "session-2").token()).is_ok());
}

#[test]
fn a_forger_learns_nothing_about_revocation() {
    let verifier = verifier(published(), vec![session_ended(SESSION)]);
    let expired = Forge::new().claim("iat", NOW - 400).claim("exp", NOW - 100);

    assert_eq!(verifier.verify(&Forge::new().signed_by(Key::Stranger).token()), Err(TokenInvalid));
    assert_eq!(verifier.verify(&expired.token()), Err(TokenExpired));
}

#[test]
fn a_token_from_before_everything_was_ended_is_revoked() {
    let ended = |min_generation| Entry::User {
        user_id: user(USER),
        min_generation,
        kept_session: None,
        expires_at: at(FORGOTTEN),
    };
    let token = Forge::new().token();

    // An account that is disabled or deleted has its generation raised as well.
    assert_eq!(verifier(published(), vec![ended(GENERATION + 1)]).verify(&token), Err(AuthnError::TokenRevoked));
    assert!(verifier(published(), vec![ended(GENERATION)]).verify(&token).is_ok());
}
