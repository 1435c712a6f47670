//! Connections: accepted until the drain, finished after it, abandoned at the hard stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use kit::lifecycle::Lifecycle;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// A client that has not sent its headers by then is a slow loris. An idle connection is closed by the same timer.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 32 * 1024;
const STREAMS_MAX: u32 = 256;
/// How long to wait when the machine has no file descriptors left: accepting again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until the drain. Every connection is a task of `lifecycle`.
pub fn serve(listener: TcpListener, router: Router, lifecycle: &Lifecycle) {
    let tasks = lifecycle.clone();
    lifecycle.spawn("http server", async move {
        let draining = tasks.draining();
        let builder = builder();
        while let Some(accepted) = draining.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(builder.clone(), stream, peer, router.clone(), tasks.clone());
                    tasks.spawn("http connection", connection);
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(kit::serve::KEEP_ALIVE)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX as u32);
    builder
}

async fn connection(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    lifecycle: Lifecycle,
) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asking = Arc::clone(&has_asked);
    // A failure leaves the connection slower, not wrong.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        asking.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut serving = std::pin::pin!(serving);
    let draining = lifecycle.draining();
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = silence(&has_asked) => return,
        () = draining.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

/// Completes if a client lets the time for its first headers pass. The library counts only once it knows the HTTP version.
async fn silence(has_asked: &AtomicBool) {
    tokio::time::sleep(HEADER_TIMEOUT).await;
    if has_asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}
