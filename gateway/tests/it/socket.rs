//! A running gateway in front of a scripted `ChatService`, and sockets to it.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use gateway::app::token_policy;
use gateway::{App, Channels, Config};
use kit::clock::{Clock, SharedClock, TestClock};
use kit::lifecycle::Lifecycle;
use kit::serve::{GrpcServer, Health};
use proto::context::v1::chat_service_server::ChatServiceServer;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tonic::service::Routes;

use crate::scripted_chat::{Noticed, Scripted};
use crate::tokens::Issuer;

/// A gateway whose time stands still, and the scripted service behind it.
pub(crate) struct World {
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) clock: TestClock,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) noticed: mpsc::UnboundedReceiver<Noticed>,
}

impl World {
    /// Starts both.
    pub(crate) async fn start() -> Self {
        let lifecycle = Lifecycle::new();
        let (notice, noticed) = mpsc::unbounded_channel();
        let routes = Routes::new(ChatServiceServer::new(Scripted(notice)));
        let channel = GrpcServer::new(routes, &Health::new()).await.serve_in_process(&Lifecycle::new());
        let channels = Channels { auth: channel.clone(), context: channel.clone(), chat: channel };
        let clock = TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
        let shared: SharedClock = Arc::new(clock.clone());
        let config = Config::default();
        let issuer = Issuer::new();
        let verifier = issuer.verifier(shared.clone(), token_policy(&config));
        let app = App::new(&config, channels, verifier, shared, &lifecycle).expect("our own rules are valid");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address").to_string();
        app.serve(listener, &lifecycle);
        Self { address, token: issuer.token(clock.now()), clock, lifecycle, noticed }
    }

    /// Asks for a socket.
    pub(crate) async fn handshake(&self, query: &str, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
        let mut request = format!("ws://{}/api/v1/chat{query}", self.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        let stream = TcpStream::connect(&self.address).await.expect("the gateway listens");
        tokio_tungstenite::client_async(request, stream).await.map(|(socket, _)| Socket(socket))
    }

    /// A socket whose first answer, `opened`, has been read.
    pub(crate) async fn socket(&self) -> Socket {
        let protocols = format!("afterword.v1, bearer.{}", self.token);
        let mut socket = self.handshake("?conversationId=c1", &[("sec-websocket-protocol", &protocols)]).await.unwrap();
        assert_eq!(socket.frame().await, json!({"opened": {"conversationId": "c1", "lastSeq": "0"}}));
        socket
    }

    /// The status of a handshake that is refused.
    pub(crate) async fn refusal(&self, query: &str, headers: &[(&'static str, &str)]) -> u16 {
        match self.handshake(query, headers).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("no answer: {error}"),
            Ok(_) => panic!("the socket opened"),
        }
    }
}

/// The client's end of a socket.
pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

impl Socket {
    /// Sends one frame.
    pub(crate) async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.expect("the socket is open");
    }

    /// Sends a message of the user.
    pub(crate) async fn append(&mut self, text: &str) {
        self.say(json!({"append": {"clientId": "m1", "text": text}})).await;
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("frames are JSON"),
            other => panic!("no text frame: {other:?}"),
        }
    }

    /// The code that the server closes with, whatever it says before.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }
}
