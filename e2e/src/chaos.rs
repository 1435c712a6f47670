//! A TCP proxy that treats connections as bad networks and dying peers do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::world::PATIENCE;

/// What happens to whoever connects, and to those who are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything is forwarded.
    Pass,
    /// Nobody listens, and whoever was connected is cut off.
    Refuse,
    /// Connections are accepted, and nothing is forwarded.
    Hang,
    /// Requests arrive and are carried out, but of so many of them the caller sees a reset instead of the answer. Then as `Pass`.
    ResetAfterApply {
        /// How many, counted from when the proxy was made.
        until: usize,
    },
    /// Each piece is held back for that long.
    Slow(Duration),
}

/// The proxy. In front of several servers it connects to one after the other, and passes over those that refuse.
pub struct Chaos {
    address: SocketAddr,
    shared: Arc<Shared>,
    _listening: AbortOnDropHandle<()>,
}

struct Shared {
    servers: Mutex<Vec<SocketAddr>>,
    mode: watch::Sender<Mode>,
    /// The mode that the listener has acted upon.
    in_force: watch::Sender<Mode>,
    resets: watch::Sender<usize>,
    held: watch::Sender<usize>,
}

impl Chaos {
    /// A proxy at a free port, with nobody behind it yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port can be bound");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            servers: Mutex::new(Vec::new()),
            mode: watch::Sender::new(Mode::Pass),
            in_force: watch::Sender::new(Mode::Pass),
            resets: watch::Sender::new(0),
            held: watch::Sender::new(0),
        });
        let listening = tokio::spawn(listen(listener, address, shared.clone()));
        Self { address, shared, _listening: AbortOnDropHandle::new(listening) }
    }

    /// Where callers find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on new connections go to these.
    pub fn leads_to(&self, servers: &[SocketAddr]) {
        *self.shared.servers.lock() = servers.to_vec();
    }

    /// Changes what it does. Once this returns, no connection is treated in the old way.
    pub async fn set(&self, mode: Mode) {
        self.shared.mode.send_replace(mode);
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.shared.in_force.subscribe().wait_for(|in_force| *in_force == mode).await;
    }

    /// Completes once so many answers in all were reset.
    pub async fn until_reset(&self, times: usize) {
        until("an answer to be reset", &self.shared.resets, times).await;
    }

    /// Completes once it has withheld something from anybody.
    pub async fn until_held(&self) {
        until("something to be withheld", &self.shared.held, 1).await;
    }
}

async fn until(what: &str, counted: &watch::Sender<usize>, times: usize) {
    let mut counted = counted.subscribe();
    let reached = tokio::time::timeout(PATIENCE, counted.wait_for(|count| *count >= times)).await;
    assert!(reached.is_ok(), "the proxy waited for {what}, {times} times in all");
}

async fn listen(listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    let mut mode = shared.mode.subscribe();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    let mut turn = 0;
    loop {
        let present = *mode.borrow_and_update();
        if present == Mode::Refuse {
            listener = None;
            connections.shutdown().await;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port is still ours"));
        }
        shared.in_force.send_replace(present);
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // The sender lives as long as `shared`.
            _ = mode.changed() => {}
            Some((caller, _)) = accepted => {
                turn += 1;
                connections.spawn(bridge(caller, turn, shared.clone()));
            }
        }
    }
}

async fn bridge(caller: TcpStream, turn: usize, shared: Arc<Shared>) {
    let Some(server) = connect(turn, &shared).await else {
        // Nobody is there: what a caller without a proxy would be told.
        let _ = caller.set_zero_linger();
        return;
    };
    let _ = (caller.set_nodelay(true), server.set_nodelay(true));
    let (from_caller, to_caller) = caller.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = forward(from_caller, to_server, &shared, |_| false) => {}
        () = answer(from_server, to_caller, &shared) => {}
    }
}

async fn connect(turn: usize, shared: &Shared) -> Option<TcpStream> {
    let mut servers = shared.servers.lock().clone();
    let first = turn % servers.len().max(1);
    servers.rotate_left(first);
    for server in servers {
        if let Ok(stream) = TcpStream::connect(server).await {
            return Some(stream);
        }
    }
    None
}

async fn answer(from_server: OwnedReadHalf, to_caller: OwnedWriteHalf, shared: &Shared) {
    let mut frames = Frames::default();
    forward(from_server, to_caller, shared, |piece| frames.begin_an_answer(piece) && shared.takes_a_reset()).await;
}

/// Forwards until either side ends, or until `cuts` says of a piece that the writer's peer must not get it.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    mut cuts: impl FnMut(&[u8]) -> bool,
) {
    let mut mode = shared.mode.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let piece = &buffer[..length];
        if cuts(piece) {
            // Closing with no time to linger sends RST.
            let _ = to.as_ref().set_zero_linger();
            to.forget();
            return;
        }
        if *mode.borrow() == Mode::Hang {
            shared.held.send_modify(|held| *held += 1);
        }
        let Ok(present) = mode.wait_for(|mode| *mode != Mode::Hang).await.map(|mode| *mode) else { return };
        if let Mode::Slow(pause) = present {
            tokio::time::sleep(pause).await;
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

impl Shared {
    /// Whether an answer that begins now is to be reset; counts it.
    fn takes_a_reset(&self) -> bool {
        let Mode::ResetAfterApply { until } = *self.mode.borrow() else { return false };
        self.resets.send_if_modified(|resets| {
            let is_taken = *resets < until;
            *resets += usize::from(is_taken);
            is_taken
        })
    }
}

/// Follows the frames of HTTP/2 (RFC 9113, 4.1) from a server.
#[derive(Default)]
struct Frames {
    head: Vec<u8>,
    payload_left: usize,
}

impl Frames {
    const HEAD_BYTES: usize = 9;
    const HEADERS: u8 = 1;

    /// Whether a HEADERS frame begins in this piece. A server sends one once the call has been carried out.
    fn begin_an_answer(&mut self, mut piece: &[u8]) -> bool {
        let mut begins = false;
        while !piece.is_empty() {
            let skipped = self.payload_left.min(piece.len());
            self.payload_left -= skipped;
            piece = &piece[skipped..];
            let taken = (Self::HEAD_BYTES - self.head.len()).min(piece.len());
            self.head.extend_from_slice(&piece[..taken]);
            piece = &piece[taken..];
            if let [a, b, c, kind, ..] = self.head[..]
                && self.head.len() == Self::HEAD_BYTES
            {
                begins |= kind == Self::HEADERS;
                self.payload_left = u32::from_be_bytes([0, a, b, c]) as usize;
                self.head.clear();
            }
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: usize) -> Vec<u8> {
        let length = u32::try_from(payload).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0, 0, 0, 0, 1], &vec![Frames::HEADERS; payload]].concat()
    }

    #[test]
    fn an_answer_is_seen_wherever_the_pieces_are_torn() {
        let (settings, headers) = (frame(4, 18), frame(Frames::HEADERS, 30));
        let stream = [settings.clone(), headers].concat();

        for torn in 1..stream.len() {
            let mut frames = Frames::default();
            let seen = stream.chunks(torn).filter(|piece| frames.begin_an_answer(piece)).count();
            assert_eq!(seen, 1, "in pieces of {torn}");
        }
        assert!(!Frames::default().begin_an_answer(&settings));
    }
}
