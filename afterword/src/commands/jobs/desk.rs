//! Calls on the operator's RPCs of context-svc.

use std::time::Duration;

use kit::authn::InternalToken;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// The most entries that a page may have.
const PAGE_MAX: u32 = 200;

/// Why context-svc did not do it.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum DeskError {
    /// It answered with an error of its own.
    #[error("{reason}: {message}")]
    Refused {
        /// The stable reason.
        reason: String,
        /// The same for people.
        message: String,
        /// How long to wait before the next try, if that may be of use.
        retry_after: Option<Duration>,
    },
    /// It did not answer.
    #[error("context-svc cannot be reached ({0}); is this its address, and is it up?")]
    Unreachable(String),
    /// It answered, but not as ours does.
    #[error("what answers there is no context-svc: {0}")]
    Strange(String),
    /// There is no such job.
    #[error("there is no such conversation, or its extraction was never asked for")]
    NotFound,
}

impl From<Status> for DeskError {
    fn from(status: Status) -> Self {
        match kit::status::reason_of(&status) {
            Some(reason) => {
                let retry_after = kit::status::retry_after_of(&status);
                Self::Refused { reason, message: status.message().to_owned(), retry_after }
            }
            None if status.code() == Code::Unavailable => Self::Unreachable(status.message().to_owned()),
            None => Self::Strange(status.message().to_owned()),
        }
    }
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) state: State,
    pub(super) user_id: String,
    pub(super) older_than: Option<Duration>,
    pub(super) raw_answers: bool,
}

/// One context-svc, as an operator reaches it.
#[derive(Clone)]
pub(in crate::commands) struct Desk {
    service: ExtractionServiceClient<InterceptedService<Channel, InternalToken>>,
}

impl Desk {
    /// Proves itself with `token` on every call.
    pub(in crate::commands) fn new(channel: Channel, token: InternalToken) -> Self {
        Self { service: ExtractionServiceClient::with_interceptor(channel, token) }
    }

    /// The first `limit` jobs, page after page. The token of the answer leads on.
    pub(super) async fn list(&self, wanted: &Wanted, limit: u32) -> Result<pb::ListExtractionsResponse, DeskError> {
        let mut found = self.page(wanted, limit.min(PAGE_MAX), String::new()).await?;
        loop {
            let missing = limit.saturating_sub(u32::try_from(found.extractions.len()).unwrap_or(u32::MAX));
            if missing == 0 || found.next_page_token.is_empty() {
                return Ok(found);
            }
            let page = self.page(wanted, missing.min(PAGE_MAX), found.next_page_token).await?;
            found.extractions.extend(page.extractions);
            found.next_page_token = page.next_page_token;
        }
    }

    /// One job, perhaps with its raw answer. Looks through its user's, since only users may ask for one by name.
    pub(super) async fn find(
        &self,
        user_id: &str,
        conversation_id: &str,
        raw_answers: bool,
    ) -> Result<pb::Extraction, DeskError> {
        let wanted = Wanted { user_id: user_id.to_owned(), raw_answers, ..Wanted::default() };
        let mut token = String::new();
        loop {
            let page = self.page(&wanted, PAGE_MAX, token).await?;
            if let Some(found) = page.extractions.into_iter().find(|each| each.conversation_id == conversation_id) {
                return Ok(found);
            }
            token = page.next_page_token;
            if token.is_empty() {
                return Err(DeskError::NotFound);
            }
        }
    }

    pub(super) async fn redrive(&self, user_id: &str, conversation_id: &str) -> Result<pb::Extraction, DeskError> {
        let request =
            pb::RedriveExtractionRequest { user_id: user_id.to_owned(), conversation_id: conversation_id.to_owned() };
        let answer = self.service.clone().redrive_extraction(request).await?;
        answer.into_inner().extraction.ok_or(DeskError::NotFound)
    }

    pub(super) async fn cancel(&self, user_id: &str, conversation_id: &str) -> Result<pb::Extraction, DeskError> {
        let request =
            pb::CancelExtractionRequest { user_id: user_id.to_owned(), conversation_id: conversation_id.to_owned() };
        let answer = self.service.clone().cancel_extraction(request).await?;
        answer.into_inner().extraction.ok_or(DeskError::NotFound)
    }

    pub(super) async fn reextract(
        &self,
        request: pb::ReextractConversationsRequest,
    ) -> Result<pb::ReextractConversationsResponse, DeskError> {
        Ok(self.service.clone().reextract_conversations(request).await?.into_inner())
    }

    pub(in crate::commands) async fn status(&self) -> Result<pb::GetQueueStatusResponse, DeskError> {
        Ok(self.service.clone().get_queue_status(pb::GetQueueStatusRequest {}).await?.into_inner())
    }

    async fn page(
        &self,
        wanted: &Wanted,
        size: u32,
        page_token: String,
    ) -> Result<pb::ListExtractionsResponse, DeskError> {
        let request = pb::ListExtractionsRequest {
            state: wanted.state.into(),
            user_id: wanted.user_id.clone(),
            older_than: wanted.older_than.and_then(|age| prost_types::Duration::try_from(age).ok()),
            page_size: i32::try_from(size).unwrap_or(i32::MAX),
            page_token,
            include_raw_answers: wanted.raw_answers,
        };
        Ok(self.service.clone().list_extractions(request).await?.into_inner())
    }
}
