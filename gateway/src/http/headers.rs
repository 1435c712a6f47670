//! Which headers cross the gateway. Allow-lists both ways: what is not named here stays where it came from.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, ETAG, HeaderName, HeaderValue};
use kit::telemetry::trace::{TRACEPARENT, TRACESTATE};
use tonic::metadata::MetadataMap;

use crate::refusal::Refusal;

/// The id by which one request is found in every log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where services read the client's address; always our own finding.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-forwarded-for");

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const REQUEST_ID_BYTES_MAX: usize = 128;

/// The metadata of a call: the client's headers that are on the list, and its address.
pub fn to_metadata(headers: &HeaderMap, client: Option<IpAddr>) -> MetadataMap {
    let mut allowed = HeaderMap::with_capacity(8);
    for name in [AUTHORIZATION, ACCEPT_LANGUAGE, TRACEPARENT, TRACESTATE, REQUEST_ID, IDEMPOTENCY_KEY] {
        if let Some(value) = headers.get(&name) {
            allowed.insert(name, value.clone());
        }
    }
    if let Some(value) = client.and_then(|address| HeaderValue::try_from(address.to_string()).ok()) {
        allowed.insert(CLIENT_ADDRESS, value);
    }
    MetadataMap::from_headers(allowed)
}

/// The headers of an answer that the service may set.
pub fn from_metadata(metadata: MetadataMap, into: &mut HeaderMap) {
    let headers = metadata.into_headers();
    for name in [CACHE_CONTROL, ETAG] {
        if let Some(value) = headers.get(&name) {
            into.insert(name, value.clone());
        }
    }
}

/// The client's request id if it is well formed: 1 to 128 of `A-Z a-z 0-9 . _ -`.
pub fn request_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_well_formed = (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_allowed);
    is_well_formed.then_some(id)
}

/// Where the request came from: the peer, or what the outermost of `proxies` trusted proxies in front of us saw.
///
/// Counted from the right, because everything further left is the client's own claim.
pub fn client_address(headers: &HeaderMap, peer: IpAddr, proxies: usize) -> IpAddr {
    // A listener on both IP versions sees IPv4 clients by their mapped addresses.
    let peer = peer.to_canonical();
    if proxies == 0 {
        return peer;
    }
    let hops = headers.get_all(CLIENT_ADDRESS).iter().filter_map(|value| value.to_str().ok());
    let claimed: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
    let seen = claimed.len().checked_sub(proxies).and_then(|index| claimed.get(index));
    seen.and_then(|text| text.parse().ok()).unwrap_or(peer)
}

/// How long a request may take: the client's `grpc-timeout`, at most `limit`.
pub fn deadline(headers: &HeaderMap, limit: Duration) -> Result<Duration, Refusal> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else { return Ok(limit) };
    let asked = value.to_str().ok().and_then(parse_timeout).ok_or(Refusal::InvalidDeadline)?;
    Ok(asked.min(limit))
}

/// `TimeoutValue TimeoutUnit` of the gRPC protocol: at most eight digits, then a unit.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let amount: u64 = is_number.then(|| digits.parse().ok()).flatten()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_listed_headers_become_metadata() {
        let sent = headers(&[
            ("accept-language", "de"),
            ("grpc-metadata-x-user-id", "spoof"),
            ("afterword-internal-token", "spoof"),
            ("x-forwarded-for", "6.6.6.6"),
            ("cookie", "c=1"),
        ]);

        let metadata = to_metadata(&sent, Some(IpAddr::from([127, 0, 0, 1]))).into_headers();

        assert_eq!(metadata, headers(&[("accept-language", "de"), ("x-forwarded-for", "127.0.0.1")]));
    }

    #[test]
    fn a_malformed_request_id_is_not_kept() {
        assert!(request_id(&headers(&[("x-request-id", "a.B_9-")])).is_some());
        for bad in ["", "a b", "a/b", "\"x\""] {
            assert!(request_id(&headers(&[("x-request-id", bad)])).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn only_trusted_proxies_speak_for_the_client() {
        let peer = IpAddr::from([10, 0, 0, 1]);
        let sent = headers(&[("x-forwarded-for", "6.6.6.6, 1.2.3.4")]);

        assert_eq!(client_address(&sent, peer, 0), peer);
        assert_eq!(client_address(&sent, peer, 1), IpAddr::from([1, 2, 3, 4]));
        assert_eq!(client_address(&sent, peer, 3), peer);
        assert_eq!(client_address(&sent, "::ffff:10.0.0.1".parse().unwrap(), 0), peer);
    }

    #[test]
    fn a_deadline_is_read_strictly_and_capped() {
        let limit = Duration::from_secs(30);
        let read = |value| deadline(&headers(&[("grpc-timeout", value)]), limit);

        assert_eq!(read("500m"), Ok(Duration::from_millis(500)));
        assert_eq!(read("99999999H"), Ok(limit));
        for bad in ["banana", "100000000S", "5", "", "S", "-1S"] {
            assert_eq!(read(bad), Err(Refusal::InvalidDeadline), "{bad:?}");
        }
    }
}
