//! One socket, from its first frame to its last: frames up, frames down, and why it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use http::header::AUTHORIZATION;
use kit::id::Secret;
use prost_reflect::DynamicMessage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use super::ending::Ending;
use super::{Chat, FRAME_BYTES_MAX, frame};
use crate::failure::Failure;
use crate::upstream::{self, explain, unavailable};

/// What may wait on its way to the service; beyond that the socket is not read.
const QUEUE_FRAMES: usize = 64;
const QUEUE_BYTES: usize = 1024 * 1024;
/// How long a client may take to present its token.
const TOKEN_WAIT: Duration = Duration::from_secs(10);
/// How long the service may take to accept the stream.
const OPEN_WAIT: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(25);
const PONG_WAIT: Duration = Duration::from_secs(20);
/// How long one frame may take to leave before its reader counts as too slow.
const SEND_WAIT: Duration = Duration::from_secs(10);
/// How long the service may take to finish what it was sent, once the client has left.
const FINISH_WAIT: Duration = Duration::from_secs(5);
/// How long to wait for the other half of the closing handshake.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// A socket that has been opened.
pub(super) struct Session {
    pub(super) chat: Arc<Chat>,
    /// What the service hears first: `open`.
    pub(super) first: DynamicMessage,
    /// The token of the handshake, already verified.
    pub(super) token: Option<Secret>,
    pub(super) metadata: MetadataMap,
}

/// A frame on its way to the service, with its share of the bytes that may be.
struct Queued {
    message: DynamicMessage,
    _share: Option<OwnedSemaphorePermit>,
}

impl Session {
    /// Carries frames until either side ends it.
    pub(super) async fn run(mut self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let (queue, queued) = mpsc::channel(QUEUE_FRAMES);
        let draining = self.chat.lifecycle.draining();
        let ending = match draining.run_until_cancelled(self.begin(&mut stream, queued)).await {
            Some(Ok(replies)) => self.converse(&mut sink, &mut stream, queue, replies).await,
            Some(Err(ending)) => ending,
            None => Ending::Draining,
        };
        self.close(ending, &mut sink, &mut stream).await;
    }

    async fn begin(
        &mut self,
        stream: &mut SplitStream<WebSocket>,
        queued: mpsc::Receiver<Queued>,
    ) -> Result<Streaming<DynamicMessage>, Ending> {
        let token = self.authenticate(stream).await?;
        let opening = self.open(&token, queued);
        tokio::select! {
            answer = opening => answer.map_err(Ending::Failed),
            () = self.chat.clock.sleep(OPEN_WAIT) => Err(Ending::Failed(unavailable(&self.chat.converse).into())),
        }
    }

    /// The token of the handshake, else of the first frame.
    async fn authenticate(&mut self, stream: &mut SplitStream<WebSocket>) -> Result<Secret, Ending> {
        if let Some(token) = self.token.take() {
            return Ok(token);
        }
        let token = tokio::select! {
            token = first_frame(stream) => token?,
            () = self.chat.clock.sleep(TOKEN_WAIT) => return Err(Ending::TokenOverdue),
        };
        self.chat.guard.verify(token.expose()).map_err(|error| Ending::Failed(Failure::of(error)))?;
        Ok(token)
    }

    /// Starts the stream to the service.
    async fn open(&self, token: &Secret, queued: mpsc::Receiver<Queued>) -> Result<Streaming<DynamicMessage>, Failure> {
        let first = tokio_stream::once(self.first.clone());
        let mut request = tonic::Request::new(first.chain(ReceiverStream::new(queued).map(|queued| queued.message)));
        *request.metadata_mut() = self.metadata.clone();
        request.metadata_mut().insert(AUTHORIZATION.as_str(), authorization(token)?);
        upstream::open(&self.chat.channel, &self.chat.converse, request).await
    }

    async fn converse(
        &self,
        sink: &mut SplitSink<WebSocket, Message>,
        stream: &mut SplitStream<WebSocket>,
        queue: mpsc::Sender<Queued>,
        mut replies: Streaming<DynamicMessage>,
    ) -> Ending {
        let (notices, mut noticed) = mpsc::channel(QUEUE_FRAMES);
        let heard = AtomicU64::new(0);
        let draining = self.chat.lifecycle.draining();
        let ending = tokio::select! {
            // The service may be drained with us; the client should hear of our drain, not that all is said.
            biased;
            () = draining.cancelled() => Ending::Draining,
            ending = self.speak(sink, &mut replies, &mut noticed) => ending,
            ending = self.listen(stream, queue, notices.clone(), &heard) => ending,
            ending = self.keep_alive(notices, &heard) => ending,
        };
        // `listen` is gone, and the queue with it: the service sees the end of the stream and finishes what it has.
        if !matches!(ending, Ending::Finished | Ending::Failed(_)) {
            tokio::select! {
                () = self.finish(sink, &mut replies, &mut noticed) => {}
                () = self.chat.clock.sleep(FINISH_WAIT) => {}
            }
        }
        ending
    }

    /// Hears the service out, and passes it on as long as the client takes it.
    async fn finish(
        &self,
        sink: &mut SplitSink<WebSocket, Message>,
        replies: &mut Streaming<DynamicMessage>,
        noticed: &mut mpsc::Receiver<Message>,
    ) {
        // A client that said goodbye waits for the same word from us, which the library has ready.
        let _ = sink.flush().await;
        self.speak(sink, replies, noticed).await;
        while let Ok(Some(_)) = replies.message().await {}
    }

    /// Socket to service. What cannot be read is answered with an error frame; the stream goes on.
    async fn listen(
        &self,
        stream: &mut SplitStream<WebSocket>,
        queue: mpsc::Sender<Queued>,
        notices: mpsc::Sender<Message>,
        heard: &AtomicU64,
    ) -> Ending {
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        loop {
            let text = match stream.next().await {
                None | Some(Ok(Message::Close(_))) => return Ending::ClientLeft,
                Some(Err(error)) => return Ending::Broken(error),
                Some(Ok(Message::Binary(_))) => return Ending::Binary,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                    heard.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Some(Ok(Message::Text(text))) => text,
            };
            heard.fetch_add(1, Ordering::Relaxed);
            let message = match frame::read(&self.chat.converse, &text) {
                Ok(message) => message,
                Err(refusal) => {
                    if notices.send(frame::error(&refusal.into())).await.is_err() {
                        return Ending::ClientLeft;
                    }
                    continue;
                }
            };
            // No frame is longer than the limit, so this waits for others to leave and never for ever.
            let size = text.len().min(FRAME_BYTES_MAX) as u32;
            let share = Arc::clone(&room).acquire_many_owned(size).await.ok();
            if queue.send(Queued { message, _share: share }).await.is_err() {
                // The service has ended the stream; `speak` is about to learn why.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Service to socket, and our own notices between.
    async fn speak(
        &self,
        sink: &mut SplitSink<WebSocket, Message>,
        replies: &mut Streaming<DynamicMessage>,
        notices: &mut mpsc::Receiver<Message>,
    ) -> Ending {
        loop {
            let message = tokio::select! {
                Some(notice) = notices.recv() => notice,
                reply = replies.message() => match reply {
                    Ok(Some(reply)) => match frame::write(&reply) {
                        Ok(frame) => frame,
                        Err(unwritable) => return Ending::Failed(Failure::of(unwritable)),
                    },
                    Ok(None) => return Ending::Finished,
                    Err(status) => return Ending::Failed(explain(status, &self.chat.converse)),
                },
            };
            tokio::select! {
                sent = sink.send(message) => if sent.is_err() { return Ending::ClientLeft },
                () = self.chat.clock.sleep(SEND_WAIT) => return Ending::SlowConsumer,
            }
        }
    }

    /// Asks for a sign of life; ends when none comes.
    async fn keep_alive(&self, notices: mpsc::Sender<Message>, heard: &AtomicU64) -> Ending {
        loop {
            self.chat.clock.sleep(PING_EVERY - PONG_WAIT).await;
            let before = heard.load(Ordering::Relaxed);
            if notices.send(Message::Ping(bytes::Bytes::new())).await.is_err() {
                return Ending::ClientLeft;
            }
            self.chat.clock.sleep(PONG_WAIT).await;
            if heard.load(Ordering::Relaxed) == before {
                return Ending::ClientLeft;
            }
        }
    }

    /// Says why, and waits a moment for the client's half of the handshake.
    async fn close(
        &self,
        ending: Ending,
        sink: &mut SplitSink<WebSocket, Message>,
        stream: &mut SplitStream<WebSocket>,
    ) {
        tracing::debug!(?ending, "a socket ends");
        let Some(close) = ending.frame() else { return };
        let handshake = async {
            if let Ending::Failed(failure) = &ending {
                sink.send(frame::error(failure)).await?;
            }
            sink.send(Message::Close(Some(close))).await?;
            while let Some(Ok(_)) = stream.next().await {}
            Ok::<(), axum::Error>(())
        };
        tokio::select! {
            // Whoever is gone before he could be told has not missed anything.
            _ = handshake => {}
            () = self.chat.clock.sleep(CLOSE_WAIT) => {}
        }
    }
}

async fn first_frame(stream: &mut SplitStream<WebSocket>) -> Result<Secret, Ending> {
    loop {
        match stream.next().await {
            None | Some(Ok(Message::Close(_))) => return Err(Ending::ClientLeft),
            Some(Err(error)) => return Err(Ending::Broken(error)),
            Some(Ok(Message::Binary(_))) => return Err(Ending::Binary),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Text(text))) => {
                let missing = || Ending::Failed(Failure::of(kit::authn::AuthnError::TokenMissing));
                return frame::access_token(&text).ok_or_else(missing);
            }
        }
    }
}

fn authorization(token: &Secret) -> Result<MetadataValue<Ascii>, Failure> {
    let invalid = |_| Failure::of(kit::authn::AuthnError::TokenInvalid);
    let mut value = MetadataValue::try_from(format!("Bearer {}", token.expose())).map_err(invalid)?;
    value.set_sensitive(true);
    Ok(value)
}
