//! Whom the relay delivers to.

use std::time::Duration;

use async_trait::async_trait;
use kit::authn::InternalToken;
use kit::status::{code_name, reason_of, retry_after_of};
use kit::telemetry::trace::TRACEPARENT;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use proto::context::v1::{ScheduleExtractionRequest, trigger::Cause};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::outbox::OutboxEntry;

/// Takes requests for extraction. Being asked twice must be harmless.
#[async_trait]
pub trait Scheduler: Send + Sync {
    /// Asks for the conversations of an ended session to be extracted. On [`Answer::Accepted`] that is durable.
    async fn schedule(&self, entry: &OutboxEntry) -> Answer;
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It will be done.
    Accepted,
    /// Nobody answered.
    Unreachable(String),
    /// Somebody answered, with no.
    Refused {
        /// When to ask again, if that was said.
        retry_after: Option<Duration>,
        /// The gRPC status, if asking again cannot help before somebody has mended a version or a setting.
        alarm: Option<&'static str>,
        /// For the log.
        why: String,
    },
}

/// context-svc.
pub struct ContextService {
    client: ExtractionServiceClient<InterceptedService<Channel, InternalToken>>,
}

impl ContextService {
    /// The context-svc behind `channel`, which need not be up.
    pub fn new(channel: Channel, token: InternalToken) -> Self {
        Self { client: ExtractionServiceClient::with_interceptor(channel, token) }
    }
}

#[async_trait]
impl Scheduler for ContextService {
    async fn schedule(&self, entry: &OutboxEntry) -> Answer {
        let mut request = Request::new(ScheduleExtractionRequest {
            user_id: entry.user.to_string(),
            session_id: entry.session.to_string(),
            conversation_id: String::new(),
            cause: Cause::Logout.into(),
        });
        if let Some(trace) = &entry.trace {
            request.metadata_mut().as_mut().insert(TRACEPARENT, trace.to_header());
        }
        match self.client.clone().schedule_extraction(request).await {
            Ok(_) => Answer::Accepted,
            Err(status) => answer(&status),
        }
    }
}

fn answer(status: &Status) -> Answer {
    let why = format!("{:?}: {}", status.code(), status.message());
    // A reason of ours means that it was context-svc itself which answered.
    let nobody_answered = match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => reason_of(status).is_none(),
        _ => false,
    };
    if nobody_answered {
        return Answer::Unreachable(why);
    }
    let is_alarming =
        matches!(status.code(), Code::InvalidArgument | Code::Unimplemented | Code::Unauthenticated | Code::Internal);
    let alarm = is_alarming.then(|| code_name(status.code()));
    Answer::Refused { retry_after: retry_after_of(status), alarm, why }
}
