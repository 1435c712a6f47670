//! `ExtractionService`: asking for extractions and seeing how they go.

use kit::authn::Caller;
use kit::error::InvalidField;
use kit::id::{SessionId, UserId};
use kit::status::{to_status, unbuilt};
use proto::context::v1 as pb;
use proto::context::v1::extraction_service_server::ExtractionService;
use tonic::{Request, Response, Status};

use super::{answer, field};
use crate::domain::conversations::Conversations;
use crate::domain::model::{Cause, ConversationKey};
use crate::domain::schedule::Schedule;

/// For services that trigger, and users who look.
pub(crate) struct ExtractionApi {
    pub(crate) schedule: Schedule,
    pub(crate) conversations: Conversations,
}

/// A valid request for extractions.
struct Wanted {
    what: What,
    cause: Cause,
}

enum What {
    Conversation(ConversationKey),
    Session(UserId, SessionId),
}

impl TryFrom<pb::ScheduleExtractionRequest> for Wanted {
    type Error = InvalidField;

    fn try_from(request: pb::ScheduleExtractionRequest) -> Result<Self, InvalidField> {
        let user = field::user_id("user_id", request.user_id)?;
        let cause = field::cause("cause", request.cause)?;
        let what = if request.conversation_id.is_empty() {
            What::Session(user, field::session_id("session_id", request.session_id)?)
        } else {
            let conversation_id = field::conversation_id("conversation_id", request.conversation_id)?;
            What::Conversation(ConversationKey::new(user, conversation_id))
        };
        Ok(Self { what, cause })
    }
}

#[tonic::async_trait]
impl ExtractionService for ExtractionApi {
    type WatchExtractionStream = tokio_stream::Empty<Result<pb::WatchExtractionResponse, Status>>;

    async fn schedule_extraction(
        &self,
        request: Request<pb::ScheduleExtractionRequest>,
    ) -> Result<Response<pb::ScheduleExtractionResponse>, Status> {
        let wanted = Wanted::try_from(request.into_inner()).map_err(to_status)?;
        let tickets = match wanted.what {
            What::Conversation(key) => self.schedule.conversation(&key, wanted.cause).await.map(|ticket| vec![ticket]),
            What::Session(user, session) => self.schedule.session(&user, &session, wanted.cause).await,
        };
        let outcomes = tickets.map_err(to_status)?.into_iter().map(answer::ticket).collect();
        Ok(Response::new(pb::ScheduleExtractionResponse { outcomes }))
    }

    async fn get_extraction(
        &self,
        request: Request<pb::GetExtractionRequest>,
    ) -> Result<Response<pb::GetExtractionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let conversation_id = field::conversation_id("conversation_id", request.into_inner().conversation_id);
        let key = ConversationKey::new(caller.user_id, conversation_id.map_err(to_status)?);
        let extraction = self.conversations.extraction(&key).await.map_err(to_status)?;
        Ok(Response::new(pb::GetExtractionResponse { extraction: Some(answer::extraction(extraction)) }))
    }

    async fn watch_extraction(
        &self,
        _: Request<pb::WatchExtractionRequest>,
    ) -> Result<Response<Self::WatchExtractionStream>, Status> {
        Err(unbuilt("ExtractionService.WatchExtraction"))
    }

    async fn list_extractions(
        &self,
        _: Request<pb::ListExtractionsRequest>,
    ) -> Result<Response<pb::ListExtractionsResponse>, Status> {
        Err(unbuilt("ExtractionService.ListExtractions"))
    }

    async fn redrive_extraction(
        &self,
        _: Request<pb::RedriveExtractionRequest>,
    ) -> Result<Response<pb::RedriveExtractionResponse>, Status> {
        Err(unbuilt("ExtractionService.RedriveExtraction"))
    }

    async fn cancel_extraction(
        &self,
        _: Request<pb::CancelExtractionRequest>,
    ) -> Result<Response<pb::CancelExtractionResponse>, Status> {
        Err(unbuilt("ExtractionService.CancelExtraction"))
    }

    async fn reextract_conversations(
        &self,
        _: Request<pb::ReextractConversationsRequest>,
    ) -> Result<Response<pb::ReextractConversationsResponse>, Status> {
        Err(unbuilt("ExtractionService.ReextractConversations"))
    }

    async fn get_queue_status(
        &self,
        _: Request<pb::GetQueueStatusRequest>,
    ) -> Result<Response<pb::GetQueueStatusResponse>, Status> {
        Err(unbuilt("ExtractionService.GetQueueStatus"))
    }
}
