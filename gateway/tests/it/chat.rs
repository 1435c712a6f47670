//! The socket at /api/v1/chat, from handshake to close code.

use std::sync::Arc;
use std::time::Duration;

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

struct World {
    address: String,
    token: String,
    clock: TestClock,
    lifecycle: Lifecycle,
    noticed: mpsc::UnboundedReceiver<Noticed>,
}

impl World {
    async fn start() -> Self {
        let lifecycle = Lifecycle::new();
        let (notice, noticed) = mpsc::unbounded_channel();
        let routes = Routes::new(ChatServiceServer::new(Scripted(notice)));
        let channel = GrpcServer::new(routes, &Health::new()).await.serve_in_process(&Lifecycle::new());
        let channels = Channels { auth: channel.clone(), context: channel.clone(), chat: channel };
        let clock = TestClock::ticking();
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

    async fn handshake(&self, query: &str, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
        let mut request = format!("ws://{}/api/v1/chat{query}", self.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        let stream = TcpStream::connect(&self.address).await.expect("the gateway listens");
        tokio_tungstenite::client_async(request, stream).await.map(|(socket, _)| Socket(socket))
    }

    /// A socket whose first answer, `opened`, has been read.
    async fn socket(&self) -> Socket {
        let protocols = format!("afterword.v1, bearer.{}", self.token);
        let mut socket = self.handshake("?conversationId=c1", &[("sec-websocket-protocol", &protocols)]).await.unwrap();
        assert_eq!(socket.frame().await, json!({"opened": {"conversationId": "c1", "lastSeq": "0"}}));
        socket
    }

    /// The status of a handshake that is refused.
    async fn refusal(&self, query: &str, headers: &[(&'static str, &str)]) -> u16 {
        match self.handshake(query, headers).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("no answer: {error}"),
            Ok(_) => panic!("the socket opened"),
        }
    }
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.expect("the socket is open");
    }

    async fn append(&mut self, text: &str) {
        self.say(json!({"append": {"clientId": "m1", "text": text}})).await;
    }

    async fn frame(&mut self) -> Value {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("frames are JSON"),
            other => panic!("no text frame: {other:?}"),
        }
    }

    /// The code that the server closes with, whatever it says before.
    async fn close_code(&mut self) -> u16 {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_and_the_token_goes_with_the_stream() {
    let mut world = World::start().await;
    let mut socket = world.socket().await;

    socket.append("I will run a marathon").await;

    assert_eq!(socket.frame().await, json!({"ack": {"clientId": "m1", "seq": "1", "duplicate": false}}));
    assert_eq!(world.noticed.recv().await, Some(Noticed::Began(format!("Bearer {}", world.token))));
    assert_eq!(world.noticed.recv().await, Some(Noticed::Opened("c1".to_owned())));
    assert_eq!(world.noticed.recv().await, Some(Noticed::Said("I will run a marathon".to_owned())));
}

#[tokio::test]
async fn the_token_may_come_in_the_first_frame() {
    let world = World::start().await;
    let mut socket = world.handshake("?conversationId=c1", &[]).await.unwrap();

    socket.say(json!({"authenticate": {"accessToken": world.token}})).await;

    assert_eq!(socket.frame().await["opened"]["conversationId"], "c1");
}

#[tokio::test]
async fn a_first_frame_without_a_good_token_ends_the_socket() {
    let world = World::start().await;
    let mut forged = world.handshake("?conversationId=c1", &[]).await.unwrap();
    let mut silent = world.handshake("?conversationId=c1", &[]).await.unwrap();

    forged.say(json!({"authenticate": {"accessToken": "forged"}})).await;
    silent.append("let me in").await;

    assert_eq!(forged.close_code().await, 4401);
    assert_eq!(silent.close_code().await, 4401);
}

#[tokio::test]
async fn a_handshake_is_refused_as_an_ordinary_answer() {
    let world = World::start().await;
    let in_url = format!("?conversationId=c1&accessToken={}", world.token);

    assert_eq!(world.refusal("?conversationId=c1", &[("authorization", "Bearer forged")]).await, 401);
    assert_eq!(world.refusal("?conversationId=c1", &[("origin", "https://evil.example.com")]).await, 403);
    assert_eq!(world.refusal("", &[]).await, 400);
    assert_eq!(world.refusal(&in_url, &[]).await, 400);
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_is_answered_and_the_socket_stays() {
    let world = World::start().await;
    let mut socket = world.socket().await;

    socket.0.send(Message::text("{not json")).await.unwrap();
    let not_json = socket.frame().await;
    socket.say(json!({"append": {"txt": "hi"}})).await;
    let unknown_field = socket.frame().await;
    socket.append("hi").await;

    assert_eq!(not_json["error"]["reason"], "INVALID_JSON");
    assert_eq!(unknown_field["error"]["code"], "INVALID_ARGUMENT");
    assert_eq!(socket.frame().await["ack"]["seq"], "1");
}

#[tokio::test]
async fn each_ending_has_its_code() {
    let world = World::start().await;
    for (text, code) in [("bye", 1000), ("revoke", 4001), ("expire", 4401)] {
        let mut socket = world.socket().await;

        socket.append(text).await;

        assert_eq!(socket.close_code().await, code, "after {text}");
    }
}

#[tokio::test]
async fn binary_frames_and_oversized_ones_end_the_socket() {
    let world = World::start().await;
    let mut binary = world.socket().await;
    let mut oversized = world.socket().await;

    binary.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    oversized.append(&"x".repeat(300 * 1024)).await;

    assert_eq!(binary.close_code().await, 1003);
    assert_eq!(oversized.close_code().await, 1009);
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_stream_at_the_service() {
    let mut world = World::start().await;
    let socket = world.socket().await;

    drop(socket);

    while let Some(noticed) = world.noticed.recv().await {
        if noticed == Noticed::Ended {
            return;
        }
    }
    panic!("the service is not told");
}

#[tokio::test]
async fn a_client_that_shows_no_sign_of_life_is_given_up() {
    let mut world = World::start().await;
    let _silent = world.socket().await;
    let mut ended = false;

    // The client's library answers pings only while somebody reads from it, and nobody does.
    while !ended {
        world.clock.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
        ended = matches!(world.noticed.try_recv(), Ok(Noticed::Ended));
    }

    assert!(ended);
}

#[tokio::test]
async fn the_drain_asks_sockets_to_reconnect() {
    let world = World::start().await;
    let mut socket = world.socket().await;
    let lifecycle = world.lifecycle.clone();

    let drain = tokio::spawn(async move { lifecycle.shutdown(Duration::from_secs(10)).await });

    assert_eq!(socket.close_code().await, 1012);
    drop(socket);
    assert!(drain.await.unwrap(), "the drain waits for sockets and does not have to give them up");
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let world = World::start().await;
    let get = crate::wire::request("GET", "/api/v1/chat?conversationId=c1", &[], b"");

    let reply = crate::wire::exchange(&world.address, &get, false).await;

    assert_eq!(reply.status, 426);
}

#[tokio::test]
async fn every_route_but_the_public_ones_needs_a_token() {
    let world = World::start().await;
    let ask = async |method: &str, path: &str| {
        crate::wire::exchange(&world.address, &crate::wire::request(method, path, &[], b""), false).await
    };

    let account = ask("GET", "/api/v1/account").await;
    let logout = ask("POST", "/api/v1/auth/logout").await;

    assert_eq!((account.status, account.headers["www-authenticate"].as_str()), (401, "Bearer"));
    // The scripted service behind has no AuthService: the call got through.
    assert_eq!(logout.status, 501);
}
