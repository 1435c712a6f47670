//! A server of chat models that says byte for byte what a story tells it to, over a plain socket.
//!
//! It uses nothing of its crate, so that other test programs can include it by `#[path = "…"] mod server;`.

#![allow(dead_code, reason = "each test program that includes it uses a part")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    framing: Framing,
    /// How many bytes are written at once, and the pause after each such piece.
    pieces: Option<(usize, Duration)>,
    /// What happens after so many bytes of the body.
    breach: Option<(usize, Breach)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Framing {
    Length,
    Chunked,
    UntilClose,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Breach {
    /// The connection is closed.
    Cut,
    /// Nothing more comes, and the connection stays.
    Silence,
    /// As silence, before even the status.
    SilenceAtOnce,
}

impl Scripted {
    /// An answer with that body.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), framing: Framing::Length, pieces: None, breach: None }
    }

    /// An answer in JSON.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// A stream of events, as it is sent.
    pub(crate) fn events(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream; charset=utf-8", body).chunked(64)
    }

    /// An answer as a case of a file has it: `status`, and perhaps `headers`, `body` and `cut_after_bytes`.
    pub(crate) fn of_case(answer: &Value) -> Self {
        let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        let mut scripted = Self::json(status, &answer["body"]);
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            scripted = scripted.header(name, value.as_str().expect("a header is text"));
        }
        match answer["cut_after_bytes"].as_u64() {
            Some(bytes) => scripted.cut_after(bytes as usize),
            None => scripted,
        }
    }

    /// The connection is accepted, and nothing ever comes.
    pub(crate) fn silence() -> Self {
        Self { breach: Some((0, Breach::SilenceAtOnce)), ..Self::new(200, "text/plain", "") }
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// In chunks of so many bytes.
    pub(crate) fn chunked(self, bytes: usize) -> Self {
        Self { framing: Framing::Chunked, pieces: Some((bytes.max(1), Duration::ZERO)), ..self }
    }

    /// Of a length that only the end of the connection tells.
    pub(crate) fn until_close(self) -> Self {
        Self { framing: Framing::UntilClose, ..self }
    }

    /// In pieces of so many bytes, with a pause after each.
    pub(crate) fn slow(self, bytes: usize, pause: Duration) -> Self {
        Self { pieces: Some((bytes.max(1), pause)), ..self }
    }

    /// The connection is closed after so many bytes of the body.
    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        Self { breach: Some((bytes, Breach::Cut)), ..self }
    }

    /// Nothing more comes after so many bytes of the body.
    pub(crate) fn silent_after(self, bytes: usize) -> Self {
        Self { breach: Some((bytes, Breach::Silence)), ..self }
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &match self.framing {
            Framing::Length => format!("content-length: {}\r\n\r\n", self.body.len()),
            Framing::Chunked => "transfer-encoding: chunked\r\n\r\n".to_owned(),
            Framing::UntilClose => "connection: close\r\n\r\n".to_owned(),
        };
        head
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Such as `POST`.
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// `Null` if it was not JSON.
    pub(crate) body: Value,
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// The server.
pub(crate) struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _listening: AbortOnDropHandle<()>,
}

struct Shared {
    script: Mutex<VecDeque<Scripted>>,
    otherwise: Mutex<Scripted>,
    asked: watch::Sender<Vec<Asked>>,
    left: watch::Sender<usize>,
}

impl ModelServer {
    /// A server that gives `script` in this order, and then 599.
    pub(crate) async fn start(script: impl IntoIterator<Item = Scripted>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port can be bound");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            otherwise: Mutex::new(Scripted::new(599, "text/plain", "nothing more was scripted")),
            asked: watch::Sender::default(),
            left: watch::Sender::default(),
        });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Self { address, shared, _listening: AbortOnDropHandle::new(listening) }
    }

    /// Where it listens, such as `http://127.0.0.1:1234`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is to come after what is scripted already.
    pub(crate) fn then(&self, script: impl IntoIterator<Item = Scripted>) {
        self.shared.script.lock().extend(script);
    }

    /// What is to come whenever nothing is scripted.
    pub(crate) fn otherwise(&self, scripted: Scripted) {
        *self.shared.otherwise.lock() = scripted;
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// Completes once it has been asked so many times.
    pub(crate) async fn until_asked(&self, times: usize) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.shared.asked.subscribe().wait_for(|asked| asked.len() >= times).await;
    }

    /// Completes once so many callers have left while the server was silent.
    pub(crate) async fn until_left(&self, times: usize) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.shared.left.subscribe().wait_for(|left| *left >= times).await;
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let shared = shared.clone();
        // A caller who leaves is none of the story's business.
        connections.spawn(async move { serve(socket, &shared).await.unwrap_or_default() });
    }
}

async fn serve(socket: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    while let Some(asked) = read(&mut socket).await? {
        shared.asked.send_modify(|all| all.push(asked));
        let scripted = shared.script.lock().pop_front().unwrap_or_else(|| shared.otherwise.lock().clone());
        let breach = scripted.breach.map(|(_, breach)| breach);
        if breach != Some(Breach::SilenceAtOnce) {
            write(&mut socket, &scripted).await?;
        }
        match breach {
            Some(Breach::Silence | Breach::SilenceAtOnce) => {
                // Only a caller who leaves ends the silence, or breaks it.
                let _ = socket.read_u8().await;
                shared.left.send_modify(|left| *left += 1);
                return Ok(());
            }
            Some(Breach::Cut) => return Ok(()),
            None if scripted.framing == Framing::UntilClose => return Ok(()),
            None => {}
        }
    }
    Ok(())
}

async fn read(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let request = lines.next().unwrap_or_default();
    let mut words = request.split(' ').map(str::to_owned);
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())))
        .collect();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut asked = Asked { method, path, headers, body: Value::Null };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    asked.body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(asked))
}

async fn write(socket: &mut BufReader<TcpStream>, scripted: &Scripted) -> std::io::Result<()> {
    socket.write_all(scripted.head().as_bytes()).await?;
    let end = scripted.breach.map_or(scripted.body.len(), |(bytes, _)| bytes.min(scripted.body.len()));
    let (size, pause) = scripted.pieces.unwrap_or((usize::MAX, Duration::ZERO));
    let is_chunked = scripted.framing == Framing::Chunked;
    for piece in scripted.body[..end].chunks(size) {
        if is_chunked {
            socket.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        socket.write_all(piece).await?;
        if is_chunked {
            socket.write_all(b"\r\n").await?;
        }
        socket.flush().await?;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    if is_chunked && scripted.breach.is_none() {
        socket.write_all(b"0\r\n\r\n").await?;
    }
    socket.flush().await
}
