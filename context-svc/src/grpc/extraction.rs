//! `ExtractionService`: asking for extractions and seeing how they go.

use kit::authn::Caller;
use kit::error::InvalidField;
use kit::id::{SessionId, UserId};
use kit::status::to_status;
use kit::telemetry::trace::TraceContext;
use proto::context::v1 as pb;
use proto::context::v1::extraction_service_server::ExtractionService;
use tonic::{Request, Response, Status};

use super::listing::Listing;
use super::watch::{States, Watchers};
use super::{answer, field, reread};
use crate::domain::conversations::Conversations;
use crate::domain::model::{Cause, ConversationKey, JobState, Occasion};
use crate::domain::operate::Operate;
use crate::domain::reread::{Rereading, Wish};
use crate::domain::schedule::Schedule;

/// For services that trigger, users who look, and operators.
pub(crate) struct ExtractionApi {
    pub(crate) schedule: Schedule,
    pub(crate) conversations: Conversations,
    pub(crate) operate: Operate,
    pub(crate) rereading: Rereading,
    pub(crate) watchers: Watchers,
    pub(crate) bounds: QueueBounds,
}

/// What the settings allow the queue, for showing beside what is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueBounds {
    /// How many jobs may be live.
    pub(crate) depth: u64,
    /// How many this process works on at once.
    pub(crate) slots: usize,
}

/// Which job an operator means.
fn key(user_id: String, conversation_id: String) -> Result<ConversationKey, InvalidField> {
    let user = field::user_id("user_id", user_id)?;
    Ok(ConversationKey::new(user, field::conversation_id("conversation_id", conversation_id)?))
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
    type WatchExtractionStream = States;

    async fn schedule_extraction(
        &self,
        request: Request<pb::ScheduleExtractionRequest>,
    ) -> Result<Response<pb::ScheduleExtractionResponse>, Status> {
        let trace = TraceContext::of(request.metadata().as_ref());
        let wanted = Wanted::try_from(request.into_inner()).map_err(to_status)?;
        let occasion = Occasion { cause: wanted.cause, trace };
        let tickets = match wanted.what {
            What::Conversation(key) => self.schedule.conversation(&key, occasion).await.map(|ticket| vec![ticket]),
            What::Session(user, session) => self.schedule.session(&user, &session, occasion).await,
        };
        let tickets = tickets.map_err(to_status)?;
        let trace_id = trace.map(|trace| tracing::field::display(trace.trace_id()));
        tracing::info!(trace_id, cause = %wanted.cause, conversations = tickets.len(), "an extraction is asked for");
        let outcomes = tickets.into_iter().map(answer::ticket).collect();
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
        request: Request<pb::WatchExtractionRequest>,
    ) -> Result<Response<Self::WatchExtractionStream>, Status> {
        let caller = Caller::of(&request)?;
        let conversation_id = field::conversation_id("conversation_id", request.into_inner().conversation_id);
        let key = ConversationKey::new(caller.user_id.clone(), conversation_id.map_err(to_status)?);
        let states = self.watchers.open(caller, &key).await.map_err(to_status)?;
        Ok(Response::new(states))
    }

    async fn list_extractions(
        &self,
        request: Request<pb::ListExtractionsRequest>,
    ) -> Result<Response<pb::ListExtractionsResponse>, Status> {
        let listing = Listing::try_from(request.into_inner()).map_err(to_status)?;
        let filter = listing.filter(&self.operate);
        let page = self.operate.list(&filter, listing.after.as_ref(), listing.size).await.map_err(to_status)?;
        Ok(Response::new(pb::ListExtractionsResponse {
            next_page_token: page.next.map(|next| listing.token(&next)).unwrap_or_default(),
            extractions: page.entries.into_iter().map(answer::operated).collect(),
        }))
    }

    async fn redrive_extraction(
        &self,
        request: Request<pb::RedriveExtractionRequest>,
    ) -> Result<Response<pb::RedriveExtractionResponse>, Status> {
        let pb::RedriveExtractionRequest { user_id, conversation_id } = request.into_inner();
        let key = key(user_id, conversation_id).map_err(to_status)?;
        let extraction = self.operate.redrive(&key).await.map_err(to_status)?;
        Ok(Response::new(pb::RedriveExtractionResponse { extraction: Some(answer::extraction(extraction)) }))
    }

    async fn cancel_extraction(
        &self,
        request: Request<pb::CancelExtractionRequest>,
    ) -> Result<Response<pb::CancelExtractionResponse>, Status> {
        let pb::CancelExtractionRequest { user_id, conversation_id } = request.into_inner();
        let key = key(user_id, conversation_id).map_err(to_status)?;
        let extraction = self.operate.cancel(&key).await.map_err(to_status)?;
        Ok(Response::new(pb::CancelExtractionResponse { extraction: Some(answer::extraction(extraction)) }))
    }

    async fn reextract_conversations(
        &self,
        request: Request<pb::ReextractConversationsRequest>,
    ) -> Result<Response<pb::ReextractConversationsResponse>, Status> {
        let dry_run = request.get_ref().dry_run;
        let wish = Wish::try_from(request.into_inner()).map_err(to_status)?;
        let granted = if dry_run { self.rereading.count(&wish).await } else { self.rereading.begin(&wish).await };
        let granted = granted.map_err(to_status)?;
        if !dry_run {
            tracing::info!(conversations = granted.queued, more = granted.more, "conversations are to be read again");
        }
        Ok(Response::new(reread::granted(granted)))
    }

    async fn get_queue_status(
        &self,
        _: Request<pb::GetQueueStatusRequest>,
    ) -> Result<Response<pb::GetQueueStatusResponse>, Status> {
        let status = self.operate.status().await.map_err(to_status)?;
        let by_state = status.counts.by_state.iter().map(|(state, jobs)| (state.to_string(), number(*jobs)));
        Ok(Response::new(pb::GetQueueStatusResponse {
            depth: number(status.counts.depth()),
            limit: number(self.bounds.depth),
            running: number(status.counts.of(JobState::Running)),
            slots: i32::try_from(self.bounds.slots).unwrap_or(i32::MAX),
            oldest_ready_age: status.oldest_ready_age.and_then(answer::duration),
            by_state: by_state.collect(),
            degraded: status.degraded.iter().map(|reason| reason.as_str().to_owned()).collect(),
        }))
    }
}
