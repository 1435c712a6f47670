//! HTTP/1.1 by hand: nothing between a test and the bytes on the wire.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kit::clock::monotonic;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// 0 if the connection closed without an answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// Without chunk framing.
    pub body: Vec<u8>,
    /// From sending to the first byte of the body.
    pub first_byte: Option<Duration>,
    /// From sending to the end.
    pub total: Duration,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Writes a request that asks for the connection to be closed after the answer.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let has = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    if !has("connection") {
        text += "Connection: close\r\n";
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

/// Sends bytes and reads until the server closes.
pub(crate) async fn exchange(address: &str, bytes: &[u8], is_head: bool) -> Reply {
    let stream = TcpStream::connect(address).await.expect("the gateway listens");
    let started = monotonic();
    let (mut reading, mut writing) = stream.into_split();
    let bytes = bytes.to_vec();
    // A server that refuses a long body stops reading it; what it answers is read all the same.
    let sending = tokio::spawn(async move {
        let _ = writing.write_all(&bytes).await;
        writing
    });
    let mut received = Vec::new();
    let mut first_byte = None;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reading.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => received.extend_from_slice(&buffer[..length]),
        }
        note_first_byte(&received, started, &mut first_byte);
        if is_head && find(&received, b"\r\n\r\n").is_some_and(|_| !received.starts_with(b"HTTP/1.1 1")) {
            break;
        }
    }
    drop(sending.await);
    Reply { first_byte, total: started.elapsed(), ..parse(&received) }
}

fn note_first_byte(received: &[u8], started: Instant, first_byte: &mut Option<Duration>) {
    let has_body = final_answer(received).and_then(|answer| find(answer, b"\r\n\r\n").map(|at| answer.len() > at + 4));
    if first_byte.is_none() && has_body == Some(true) {
        *first_byte = Some(started.elapsed());
    }
}

/// What follows interim answers such as 100 Continue.
fn final_answer(mut bytes: &[u8]) -> Option<&[u8]> {
    while bytes.starts_with(b"HTTP/1.1 1") && !bytes.starts_with(b"HTTP/1.1 101") {
        bytes = &bytes[find(bytes, b"\r\n\r\n")? + 4..];
    }
    Some(bytes)
}

fn parse(received: &[u8]) -> Reply {
    let Some(answer) = final_answer(received) else { return Reply::default() };
    let Some(end) = find(answer, b"\r\n\r\n") else { return Reply::default() };
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let raw = &answer[end + 4..];
    let is_chunked = headers.get("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    let body = if is_chunked { unchunk(raw) } else { raw.to_vec() };
    Reply { status, headers, body, ..Reply::default() }
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = find(raw, b"\r\n") {
        let size = std::str::from_utf8(&raw[..end]).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && raw.len() >= end + 2 + size) else { break };
        body.extend_from_slice(&raw[end + 2..end + 2 + size]);
        raw = raw.get(end + 4 + size..).unwrap_or_default();
    }
    body
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
