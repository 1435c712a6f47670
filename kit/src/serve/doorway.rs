//! A way into a service of the same process.

use std::io;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

const BUFFER_BYTES: usize = 256 * 1024;
const WAITING_CONNECTIONS: usize = 16;

/// A way into a service in this process, made before the service and outliving it. Clones lead to the same place.
///
/// Two services that call each other each get the other's doorway first. While nobody serves behind it, calls fail with
/// UNAVAILABLE as they would on a port that nobody listens on; whoever serves there next is found without a new channel.
#[derive(Debug, Clone, Default)]
pub struct Doorway {
    service: Arc<Mutex<Option<mpsc::Sender<DuplexStream>>>>,
}

impl Doorway {
    /// A channel to whatever serves behind this doorway at the time of a call.
    pub fn channel(&self) -> Channel {
        let doorway = self.clone();
        Endpoint::from_static("http://in-process")
            .connect_with_connector_lazy(tower::service_fn(move |_| doorway.clone().connect()))
    }

    pub(super) fn open(&self) -> ReceiverStream<DuplexStream> {
        let (connections, incoming) = mpsc::channel(WAITING_CONNECTIONS);
        *self.service.lock() = Some(connections);
        ReceiverStream::new(incoming)
    }

    async fn connect(self) -> io::Result<TokioIo<DuplexStream>> {
        let nobody = || io::Error::new(io::ErrorKind::ConnectionRefused, "nobody serves behind this doorway");
        let service = self.service.lock().clone().ok_or_else(nobody)?;
        let (ours, theirs) = tokio::io::duplex(BUFFER_BYTES);
        service.send(theirs).await.map_err(|_| nobody())?;
        Ok(TokioIo::new(ours))
    }
}
