//! A stream of answers as lines of JSON (NDJSON), as they come.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use prost_reflect::DynamicMessage;
use serde_json::json;
use tonic::Streaming;

use super::headers;
use crate::failure::Failure;
use crate::transcode::rule::Rule;
use crate::upstream::explain;

const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// A line a message, read from the service no faster than the client reads. If it breaks off, the last line is
/// `{"error": …}`, as a body of that failure would be: without it the stream was complete.
pub(super) fn response(answer: tonic::Response<Streaming<DynamicMessage>>, rule: Arc<Rule>) -> Response {
    let (metadata, messages, _) = answer.into_parts();
    let lines = stream::unfold(Some((messages, rule)), |open| async {
        let (mut messages, rule) = open?;
        let next = match messages.message().await {
            Ok(None) => return None,
            Ok(Some(message)) => rule.render(&message).map_err(Failure::of),
            Err(status) => Err(explain(status, &rule.rpc)),
        };
        match next {
            Ok(rendered) => Some((line(&rendered.body), Some((messages, rule)))),
            Err(failure) => Some((line(json!({"error": failure.json()}).to_string().as_bytes()), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(lines.map(Ok::<_, std::convert::Infallible>)));
    headers::from_metadata(metadata, response.headers_mut());
    response.headers_mut().insert(CONTENT_TYPE, LINES);
    response
}

fn line(json: &[u8]) -> Bytes {
    let mut line = BytesMut::with_capacity(json.len() + 1);
    line.put_slice(json);
    line.put_u8(b'\n');
    line.freeze()
}
