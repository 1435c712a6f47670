//! `ChatService`: a conversation held over one stream.

mod frame;
mod replies;
mod talk;

use kit::authn::{Caller, Verifier};
use kit::clock::SharedClock;
use kit::lifecycle::Lifecycle;
use kit::telemetry::trace::TraceContext;
use proto::context::v1 as pb;
use proto::context::v1::chat_service_server::ChatService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use self::talk::Talk;
use crate::domain::append::Append;
use crate::domain::conversations::Conversations;
use crate::domain::converse::Replies;
use crate::domain::schedule::Schedule;

/// How many answers may wait for a client that does not read them; then its own messages wait too.
const ANSWERS_WAITING_MAX: usize = 64;

/// Holds talks. Clones share everything.
#[derive(Clone)]
pub(crate) struct ChatApi {
    pub(crate) append: Append,
    pub(crate) conversations: Conversations,
    /// `None`: messages are recorded, and the application answers by itself.
    pub(crate) replies: Option<Replies>,
    pub(crate) schedule: Schedule,
    pub(crate) verifier: Verifier,
    pub(crate) clock: SharedClock,
    pub(crate) lifecycle: Lifecycle,
}

#[tonic::async_trait]
impl ChatService for ChatApi {
    type ConverseStream = ReceiverStream<Result<pb::ConverseResponse, Status>>;

    async fn converse(
        &self,
        request: Request<Streaming<pb::ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        let caller = Caller::of(&request)?;
        let (answers, stream) = mpsc::channel(ANSWERS_WAITING_MAX);
        let trace = TraceContext::of(request.metadata().as_ref());
        let talk = Talk::new(self.clone(), caller, trace, answers);
        // A task of its own: however the stream ends, somebody is left to see it and to ask for the extraction.
        self.lifecycle.spawn("talk", talk.hold(request.into_inner()));
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}
