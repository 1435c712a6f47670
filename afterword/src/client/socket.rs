//! The chat socket: one WebSocket, frames of JSON that mirror `ConverseRequest` and `ConverseResponse`.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Turn;

/// Why the socket did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The connection could not be made, or broke.
    #[error("the chat socket failed: {0}")]
    Broken(#[from] tungstenite::Error),
    /// The server closed it.
    #[error("the chat socket was closed: {code} {reason}")]
    Closed {
        /// The close code (RFC 6455 section 7.4; 4000 and up are ours). 1006 when there was no close frame.
        code: u16,
        /// What the server said.
        reason: String,
    },
    /// The server refused a frame.
    #[error("{reason}: {message}")]
    Refused {
        /// The stable reason.
        reason: String,
        /// What it said.
        message: String,
    },
}

/// An open chat socket. Dropping it is what closing the browser does: no goodbye.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(super) async fn open(base: &str, access_token: &str, conversation_id: &str) -> Result<Self, SocketError> {
        let address = base.replacen("http", "ws", 1);
        let uri = format!("{address}/api/v1/chat?conversationId={conversation_id}");
        let uri = uri.parse().map_err(|error| tungstenite::Error::from(tungstenite::http::Error::from(error)))?;
        // A browser can set no header on a WebSocket but this one, and a token does not belong in a URL.
        let request = ClientRequestBuilder::new(uri)
            .with_sub_protocol("afterword.v1")
            .with_sub_protocol(format!("bearer.{access_token}"));
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        let mut socket = Self { stream };
        socket.until("opened").await?;
        Ok(socket)
    }

    /// Says something and waits until it is durable; answers its `seq`.
    pub async fn append(&mut self, client_id: &str, turn: &Turn) -> Result<i64, SocketError> {
        self.send(json!({"append": {"clientId": client_id, "text": turn.text, "role": turn.role}})).await?;
        let ack = self.until("ack").await?;
        // Protobuf JSON writes 64-bit integers as strings.
        Ok(ack["seq"].as_str().and_then(|seq| seq.parse().ok()).unwrap_or_default())
    }

    /// Sends one frame as it is.
    pub async fn send(&mut self, frame: Value) -> Result<(), SocketError> {
        Ok(self.stream.send(Message::text(frame.to_string())).await?)
    }

    /// The next frame of the server.
    pub async fn next(&mut self) -> Result<Value, SocketError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap_or(Value::Null)),
                Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(closed(None)),
            }
        }
    }

    /// Says goodbye properly.
    pub async fn close(mut self) -> Result<(), SocketError> {
        Ok(self.stream.close(None).await?)
    }

    async fn until(&mut self, event: &str) -> Result<Value, SocketError> {
        loop {
            let mut frame = self.next().await?;
            if let Some(error) = frame.get("error") {
                let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                return Err(SocketError::Refused { reason: text("reason"), message: text("message") });
            }
            if let Some(event) = frame.get_mut(event) {
                return Ok(event.take());
            }
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> SocketError {
    match frame {
        Some(frame) => SocketError::Closed { code: frame.code.into(), reason: frame.reason.to_string() },
        None => SocketError::Closed { code: 1006, reason: "no close frame".into() },
    }
}
