//! One request and its answer, with patience and size bounded. It knows no JSON but that of errors.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use kit::clock::SharedClock;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, Url, redirect};

use super::endpoint::{Api, Endpoint};
use super::failure::Failure;
use super::{anthropic, reason};

/// No answer is longer.
pub(super) const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Why an endpoint cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// No HTTP header can carry the key.
    #[error("the key holds characters that no key has, such as a line break")]
    Key,
    /// Certificates cannot be verified.
    #[error("TLS cannot be set up: the system has no store of CA certificates")]
    Tls(#[source] reqwest::Error),
}

/// Posts to one endpoint.
pub(super) struct Http {
    client: reqwest::Client,
    url: Url,
    read_timeout: Duration,
    clock: SharedClock,
}

impl Http {
    pub(super) fn new(endpoint: &Endpoint, clock: SharedClock) -> Result<Self, EndpointError> {
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("afterword/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(endpoint)?)
            .connect_timeout(endpoint.connect_timeout)
            // The key is for this address and no other.
            .redirect(redirect::Policy::none());
        if endpoint.base_url.scheme() == "http" {
            // Nothing to verify: so a machine without certificates can ask a server of its own.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(EndpointError::Tls)?;
        Ok(Self { client, url: endpoint.url(), read_timeout: endpoint.read_timeout, clock })
    }

    /// Posts `body`, which is JSON, and returns the answer up to its headers, whatever its status.
    pub(super) async fn post(&self, body: String, patience: &Patience) -> Result<Response, Failure> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        patience.wait(request.send()).await?.map_err(|error| Failure::of_transport(&error))
    }

    /// Patience for a call that may take `call_timeout` from now on.
    pub(super) fn patience(&self, call_timeout: Duration) -> Patience {
        let ends_at = self.clock.uptime() + call_timeout;
        Patience { clock: self.clock.clone(), read_timeout: self.read_timeout, ends_at }
    }
}

fn headers(endpoint: &Endpoint) -> Result<HeaderMap, EndpointError> {
    let mut headers = HeaderMap::new();
    let secret = |text: &str| {
        let mut value = HeaderValue::from_str(text).map_err(|_| EndpointError::Key)?;
        value.set_sensitive(true);
        Ok(value)
    };
    if endpoint.api == Api::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(anthropic::VERSION));
    }
    if let Some(key) = &endpoint.key {
        match endpoint.api {
            Api::OpenAi => headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", key.expose()))?),
            Api::Anthropic => headers.insert("x-api-key", secret(key.expose())?),
        };
    }
    Ok(headers)
}

/// How long a call is waited for.
pub(super) struct Patience {
    clock: SharedClock,
    read_timeout: Duration,
    ends_at: Duration,
}

impl Patience {
    /// The present time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits for the next sign of life.
    pub(super) async fn wait<T>(&self, sign: impl Future<Output = T>) -> Result<T, Failure> {
        let left = self.ends_at.saturating_sub(self.clock.uptime());
        let limit = left.min(self.read_timeout);
        tokio::select! {
            biased;
            came = sign => Ok(came),
            () = self.clock.sleep(limit) => Err(if left <= self.read_timeout {
                Failure::passing(reason::TIMEOUT, "the answer took too long")
            } else {
                Failure::passing(reason::TIMEOUT, "the server was silent for too long")
            }),
        }
    }
}

/// Whether the answer comes as a stream of events. Not every server does what it is asked in this.
pub(super) fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

/// Reads the whole of a body.
pub(super) async fn read_body(response: Response, patience: &Patience) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let mut pieces = Box::pin(pieces(response));
    while let Some(piece) = patience.wait(pieces.next()).await? {
        body.extend_from_slice(&piece.map_err(PieceError::into_failure)?);
    }
    Ok(body)
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum PieceError {
    /// The connection broke.
    #[error("the connection broke")]
    Cut,
    /// There is more than any answer has.
    #[error("the answer is longer than 8 MiB")]
    TooLarge,
}

impl PieceError {
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Cut => Failure::cut(),
            Self::TooLarge => Failure::unreadable(self.to_string()),
        }
    }
}

/// The pieces of a body, up to what is too much.
pub(super) fn pieces(response: Response) -> impl Stream<Item = Result<Bytes, PieceError>> + Send {
    let mut left = ANSWER_BYTES_MAX;
    response.bytes_stream().map(move |piece| {
        let piece = piece.map_err(|_| PieceError::Cut)?;
        left = left.checked_sub(piece.len()).ok_or(PieceError::TooLarge)?;
        Ok(piece)
    })
}
