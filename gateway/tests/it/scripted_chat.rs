//! A `ChatService` that acknowledges what it hears and ends when it is told to.

use std::pin::Pin;

use futures::Stream;
use kit::authn::AuthnError;
use kit::status::to_status;
use proto::context::v1::chat_service_server::ChatService;
use proto::context::v1::converse_request::Frame;
use proto::context::v1::converse_response::{self, Ack, Event, Opened, ReplyDelta, ReplyDone};
use proto::context::v1::{ConverseRequest, ConverseResponse};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

/// What the service noticed.
#[derive(Debug, PartialEq)]
pub(crate) enum Noticed {
    /// The stream began, with this `authorization`.
    Began(String),
    /// The first frame named this conversation.
    Opened(String),
    /// A message.
    Said(String),
    /// The client's side of the stream ended.
    Ended,
}

/// Answers by script: a text "revoke", "expire" or "bye" ends the stream, any other is acknowledged, and "coach me" is replied to.
pub(crate) struct Scripted(pub(crate) mpsc::UnboundedSender<Noticed>);

#[tonic::async_trait]
impl ChatService for Scripted {
    type ConverseStream = Pin<Box<dyn Stream<Item = Result<ConverseResponse, Status>> + Send>>;

    async fn converse(
        &self,
        request: Request<Streaming<ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        let noticed = self.0.clone();
        let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("-");
        let _ = noticed.send(Noticed::Began(token.to_owned()));
        let (replies, replying) = mpsc::channel(16);
        let mut frames = request.into_inner();
        tokio::spawn(async move {
            let mut seq = 0;
            while let Ok(Some(frame)) = frames.message().await {
                let is_to_coach = matches!(&frame.frame, Some(Frame::Append(append)) if append.text == "coach me");
                let reply = answer(frame, &mut seq, &noticed);
                let is_last = !matches!(reply, Some(Ok(_)));
                if let Some(reply) = reply {
                    let _ = replies.send(reply).await;
                }
                if is_last {
                    return;
                }
                for event in coached(seq).into_iter().filter(|_| is_to_coach) {
                    let _ = replies.send(Ok(ConverseResponse { event: Some(event) })).await;
                }
            }
            let _ = noticed.send(Noticed::Ended);
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(replying))))
    }
}

/// A reply in two pieces, and one that fails.
fn coached(seq: i64) -> [Event; 4] {
    let delta = |text: &str| Event::ReplyDelta(ReplyDelta { text: text.to_owned(), reply_to_seq: seq });
    let failure = converse_response::Error {
        code: "UNAVAILABLE".to_owned(),
        reason: "REPLY_FAILED".to_owned(),
        message: "there is no reply".to_owned(),
        client_id: "m1".to_owned(),
    };
    let done = Event::ReplyDone(ReplyDone { seq: seq + 1, reply_to_seq: seq, truncated: true });
    [delta("Kö"), delta("nnen\n\"Sie\"?"), done, Event::Error(failure)]
}

/// `None` ends the stream in peace.
fn answer(
    request: ConverseRequest,
    seq: &mut i64,
    noticed: &mpsc::UnboundedSender<Noticed>,
) -> Option<Result<ConverseResponse, Status>> {
    let event = |event| Some(Ok(ConverseResponse { event: Some(event) }));
    match request.frame? {
        Frame::Open(open) => {
            let _ = noticed.send(Noticed::Opened(open.conversation_id.clone()));
            event(Event::Opened(Opened { conversation_id: open.conversation_id, last_seq: 0 }))
        }
        Frame::Append(append) if append.text == "revoke" => Some(Err(to_status(AuthnError::TokenRevoked))),
        Frame::Append(append) if append.text == "expire" => Some(Err(to_status(AuthnError::TokenExpired))),
        Frame::Append(append) if append.text == "bye" => None,
        Frame::Append(append) => {
            *seq += 1;
            let _ = noticed.send(Noticed::Said(append.text));
            event(Event::Ack(Ack { client_id: append.client_id, seq: *seq, duplicate: false }))
        }
        Frame::Typing(_) | Frame::Reauthenticate(_) | Frame::End(_) => None,
    }
}
