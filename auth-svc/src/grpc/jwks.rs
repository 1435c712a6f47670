//! The key set on the wire.

use kit::authn::Jwk;
use proto::auth::v1 as pb;

/// The published keys.
pub(super) fn key_set(published: &[Jwk]) -> pb::GetJwksResponse {
    let key = |jwk: &Jwk| pb::Jwk {
        kty: jwk.kty.clone(),
        crv: jwk.crv.clone(),
        r#use: jwk.purpose.clone(),
        alg: jwk.alg.clone(),
        kid: jwk.kid.clone(),
        x: jwk.x.clone(),
    };
    pb::GetJwksResponse { keys: published.iter().map(key).collect() }
}
