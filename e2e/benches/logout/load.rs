//! Putting load on an HTTP server and measuring each answer: at a fixed rate, or as fast as a number of clients can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use kit::clock::monotonic;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use kit::process::Failure;

/// Latencies of one run, from when a request was due (give or take [`TIMER_SLACK`]; in a closed loop: sent) until its answer had
/// been read.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl Measured {
    fn new(latencies: &Histogram<u64>, failed: u64, took: Duration) -> Self {
        let at = |quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            requests: latencies.len() + failed,
            failed,
            per_second: (latencies.len() as f64 / took.as_secs_f64()).round(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            max_ms: at(1.0),
        }
    }
}

/// One POST with an empty JSON object, as the user of an access token.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) authority: String,
    pub(super) path: &'static str,
    /// The only answer that counts as success.
    pub(super) expected: &'static str,
}

impl Post {
    /// Sends one request for each token at `rate` a second, whether or not earlier ones have been answered (an open loop).
    ///
    /// A request that could not be sent in time because too many were waiting counts from when it was due.
    pub(super) async fn open_loop(
        &self,
        tokens: &[String],
        rate: u32,
        connections: usize,
    ) -> Result<Measured, Failure> {
        self.run(tokens, connections, Some(Duration::from_secs(1) / rate)).await
    }

    /// Sends one request for each token from `clients` clients, each waiting for its answer before the next (a closed loop).
    pub(super) async fn closed_loop(&self, tokens: &[String], clients: usize) -> Result<Measured, Failure> {
        self.run(tokens, clients, None).await
    }

    async fn run(&self, tokens: &[String], workers: usize, interval: Option<Duration>) -> Result<Measured, Failure> {
        let tokens: Arc<[String]> = tokens.into();
        let next = Arc::new(AtomicUsize::new(0));
        let mut connections = Vec::with_capacity(workers);
        for _ in 0..workers {
            connections.push(self.connect().await?);
        }
        let start = monotonic();
        let mut running = JoinSet::new();
        for connection in connections {
            let worker = Worker { post: self.clone(), tokens: tokens.clone(), next: next.clone(), start, interval };
            running.spawn(worker.run(connection));
        }
        let mut all = histogram();
        let mut failed = 0;
        while let Some(outcome) = running.join_next().await {
            let (latencies, failures) = outcome??;
            all.add(latencies)?;
            failed += failures;
        }
        Ok(Measured::new(&all, failed, start.elapsed()))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn send(&self, connection: &mut SendRequest<Full<Bytes>>, token: &str) -> Result<bool, Failure> {
        let request = Request::post(self.path)
            .header("host", &self.authority)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .body(Full::from("{}"))?;
        connection.ready().await?;
        let answer = connection.send_request(request).await?;
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(body == self.expected.as_bytes())
    }
}

struct Worker {
    post: Post,
    tokens: Arc<[String]>,
    next: Arc<AtomicUsize>,
    start: Instant,
    interval: Option<Duration>,
}

impl Worker {
    async fn run(self, mut connection: SendRequest<Full<Bytes>>) -> Result<(Histogram<u64>, u64), Failure> {
        let mut latencies = histogram();
        let mut failed = 0;
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(token) = self.tokens.get(turn) else { return Ok((latencies, failed)) };
            let due = self.until_due(turn as u32).await;
            match self.post.send(&mut connection, token).await {
                Ok(true) => latencies.saturating_record(due.elapsed().as_micros() as u64),
                Ok(false) => failed += 1,
                Err(_) => {
                    failed += 1;
                    connection = self.post.connect().await?;
                }
            }
        }
    }

    /// Waits for this request's turn. One that is late counts from when it was due; only the slack of the timer is forgiven,
    /// because it is not the server's.
    async fn until_due(&self, turn: u32) -> Instant {
        let Some(interval) = self.interval else { return monotonic() };
        let due = self.start + interval * turn;
        let now = monotonic();
        if now > due {
            return due;
        }
        tokio::time::sleep(due - now).await;
        let woken = monotonic();
        if woken - due <= TIMER_SLACK { woken } else { due }
    }
}

/// The timer counts in milliseconds. Whoever wakes later than this was kept waiting by load, which counts.
const TIMER_SLACK: Duration = Duration::from_millis(2);

/// What takes longer counts as this long: a minute.
const LONGEST_MICROS: u64 = 60_000_000;

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_MICROS, 3).expect("the bounds are in order")
}
