//! Reads request bodies, up to a limit.

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::refusal::Refusal;

/// The whole body. A longer one is refused as soon as it is known to be longer, by its announced length if it has one.
pub async fn read(body: Body, limit_bytes: usize) -> Result<Bytes, Refusal> {
    let announced = http_body::Body::size_hint(&body).lower();
    if usize::try_from(announced).is_ok_and(|length| length > limit_bytes) {
        return Err(Refusal::BodyTooLarge { limit_bytes });
    }
    match Limited::new(body, limit_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge { limit_bytes }),
        Err(_) => Err(Refusal::BodyIncomplete),
    }
}
