//! Which request of the outside world something happens for: W3C Trace Context, level 1.
//!
//! Read strictly and written anew, so that nothing a client made up goes further than here. Nobody records spans yet; the
//! trace id ties the log lines of all processes together.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::secret_bytes;

/// The header, and gRPC metadata, that names the trace and the step in it.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header of what the vendors on the way have to say about it.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Length of version 00: `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const LENGTH: usize = 55;
/// The only flag that level 1 defines. Others must not be passed on.
const SAMPLED: u8 = 0x01;
const STATE_BYTES_MAX: usize = 512;
const STATE_MEMBERS_MAX: usize = 32;

/// One step of one trace: whose child what happens here is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: u128,
    parent: u64,
    is_sampled: bool,
}

/// Names a trace in logs: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

impl TraceContext {
    /// The step that the value of a `traceparent` names, if it is a valid one.
    ///
    /// Of a version after 00 what version 00 knows is read, as the specification asks; its further fields are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let mut fields = known.split('-');
        let version = hex(fields.next()?, 2)?;
        let is_read = match version {
            0x00 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        let (trace, parent) = (hex(fields.next()?, 32)?, hex(fields.next()?, 16)?);
        let flags = u8::try_from(hex(fields.next()?, 2)?).ok()?;
        let is_whole = is_read && fields.next().is_none() && trace != 0 && parent != 0;
        let parent = u64::try_from(parent).ok()?;
        is_whole.then_some(Self { trace, parent, is_sampled: flags & SAMPLED != 0 })
    }

    /// The first step of a new trace. Not sampled: nobody has recorded it.
    pub fn random() -> Self {
        // Zero is the one value that means none.
        let trace = u128::from_be_bytes(secret_bytes()).max(1);
        let parent = u64::from_be_bytes(secret_bytes()).max(1);
        Self { trace, parent, is_sampled: false }
    }

    /// The step that a request is made for. `None` if it names none, two, or one that is not valid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let only = values.next().filter(|_| values.next().is_none())?;
        Self::parse(only.to_str().ok()?)
    }

    /// The same, or the first step of a new trace.
    pub fn of_or_random(headers: &HeaderMap) -> Self {
        Self::of(headers).unwrap_or_else(Self::random)
    }

    /// The name of the trace.
    pub fn trace_id(&self) -> TraceId {
        TraceId(self.trace)
    }

    /// As the value of a header.
    pub fn to_header(&self) -> HeaderValue {
        // Digits and dashes, so the fallback is never taken.
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Leaves in `headers` one valid `traceparent`, with the `tracestate` that belongs to it if that is valid, too. Answers the step.
pub fn settle(headers: &mut HeaderMap) -> TraceContext {
    let given = TraceContext::of(headers);
    let state = given.and_then(|_| state_of(headers));
    let context = given.unwrap_or_else(TraceContext::random);
    headers.insert(TRACEPARENT, context.to_header());
    match state {
        Some(state) => _ = headers.insert(TRACESTATE, state),
        None => _ = headers.remove(TRACESTATE),
    }
    context
}

/// The `tracestate` of a request, its headers joined. All of it or none: half of it would mislead whoever wrote it.
fn state_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let values = headers.get_all(TRACESTATE).iter().map(|value| value.to_str().ok());
    let text = values.collect::<Option<Vec<_>>>()?.join(",");
    let members: Vec<_> = text.split(',').map(|member| member.trim_matches([' ', '\t'])).collect();
    let is_valid = text.len() <= STATE_BYTES_MAX
        && members.len() <= STATE_MEMBERS_MAX
        && members.iter().all(|member| member.is_empty() || is_member(member))
        && members.iter().any(|member| !member.is_empty());
    HeaderValue::try_from(text).ok().filter(|_| is_valid)
}

/// `key=value` of one vendor. Empty members are allowed, and are not asked about here.
fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let is_key_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let is_value_byte = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
    let starts_well = key.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    starts_well
        && key.len() <= 256
        && key.bytes().all(is_key_byte)
        && (1..=256).contains(&value.len())
        && value.bytes().all(is_value_byte)
}

/// The number in `length` lower-case hexadecimal digits, and nothing else.
fn hex(text: &str, length: usize) -> Option<u128> {
    let is_hex = text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex { u128::from_str_radix(text, 16).ok() } else { None }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.parent, u8::from(self.is_sampled))
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TraceContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a traceparent"))
    }
}

#[cfg(test)]
mod tests;
