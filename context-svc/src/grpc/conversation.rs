//! `ConversationService`: storing what is said and reading it back.

use std::collections::HashMap;

use kit::authn::Caller;
use kit::error::InvalidField;
use kit::status::to_status;
use kit::telemetry::trace::TraceContext;
use proto::context::v1 as pb;
use proto::context::v1::conversation_service_server::ConversationService;
use tonic::{Request, Response, Status};

use super::{answer, field};
use crate::domain::append::{Append, Draft};
use crate::domain::conversations::Conversations;
use crate::domain::model::{ConversationCursor, ConversationId, ConversationKey, Zone};
use crate::domain::schedule::Schedule;

const MESSAGES_MAX: usize = 100;

/// Acts on the caller's own conversations.
pub(crate) struct ConversationApi {
    pub(crate) append: Append,
    pub(crate) conversations: Conversations,
    pub(crate) schedule: Schedule,
}

/// A valid append.
struct Addition {
    conversation_id: ConversationId,
    time_zone: Option<String>,
    drafts: Vec<Draft>,
}

impl TryFrom<pb::AppendMessagesRequest> for Addition {
    type Error = InvalidField;

    fn try_from(request: pb::AppendMessagesRequest) -> Result<Self, InvalidField> {
        let conversation_id = field::conversation_id("conversation_id", request.conversation_id)?;
        let time_zone = field::time_zone("time_zone", request.time_zone)?;
        if !(1..=MESSAGES_MAX).contains(&request.messages.len()) {
            return Err(InvalidField::new("messages", "must be 1 to 100 messages"));
        }
        let mut drafts = Vec::with_capacity(request.messages.len());
        for (place, message) in request.messages.into_iter().enumerate() {
            drafts.push(draft(&format!("messages[{place}]."), message)?);
        }
        each_id_means_one_message("", &drafts)?;
        Ok(Self { conversation_id, time_zone, drafts })
    }
}

fn draft(path: &str, message: pb::append_messages_request::NewMessage) -> Result<Draft, InvalidField> {
    Ok(Draft {
        client_id: field::client_id(format!("{path}client_id"), message.client_id)?,
        role: field::role(format!("{path}role"), message.role)?,
        name: field::name(format!("{path}name"), message.name)?,
        text: field::text(format!("{path}text"), message.text)?,
        at: field::time(format!("{path}at"), message.at)?,
    })
}

/// The same message twice is harmless; two messages under one id would lose one of them. They lie in `messages` behind `path`.
pub(super) fn each_id_means_one_message(path: &str, drafts: &[Draft]) -> Result<(), InvalidField> {
    let mut first: HashMap<&str, &Draft> = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        let Some(id) = &draft.client_id else {
            continue;
        };
        if first.insert(id.as_str(), draft).is_some_and(|other| other.text != draft.text || other.role != draft.role) {
            let path = format!("{path}messages[{place}].client_id");
            return Err(InvalidField::new(path, "is used by another message of this request"));
        }
    }
    Ok(())
}

fn key(caller: Caller, conversation_id: String) -> Result<ConversationKey, InvalidField> {
    Ok(ConversationKey::new(caller.user_id, field::conversation_id("conversation_id", conversation_id)?))
}

#[tonic::async_trait]
impl ConversationService for ConversationApi {
    async fn append_messages(
        &self,
        request: Request<pb::AppendMessagesRequest>,
    ) -> Result<Response<pb::AppendMessagesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let addition = Addition::try_from(request.into_inner()).map_err(to_status)?;
        let key = ConversationKey::new(caller.user_id, addition.conversation_id);
        let appended = self
            .append
            .append(&key, caller.session_id, Zone::of(addition.time_zone, caller.time_zone), addition.drafts)
            .await
            .map_err(to_status)?;
        let messages = appended.messages.into_iter().map(|message| pb::append_messages_response::Appended {
            client_id: message.client_id.into(),
            seq: message.seq,
            duplicate: message.duplicate,
        });
        Ok(Response::new(pb::AppendMessagesResponse { last_seq: appended.last_seq, messages: messages.collect() }))
    }

    async fn list_conversations(
        &self,
        request: Request<pb::ListConversationsRequest>,
    ) -> Result<Response<pb::ListConversationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let size = field::page_size(request.page_size).map_err(to_status)?;
        let after = field::page_token(&request.page_token, ConversationCursor::parse).map_err(to_status)?;
        let page = self.conversations.list(&caller.user_id, after.as_ref(), size).await.map_err(to_status)?;
        let zone = caller.time_zone.as_deref();
        let conversations = page.entries.into_iter().map(|entry| answer::conversation(entry, zone));
        Ok(Response::new(pb::ListConversationsResponse {
            conversations: conversations.collect(),
            next_page_token: page.next.map(|next| next.to_string()).unwrap_or_default(),
        }))
    }

    async fn get_conversation(
        &self,
        request: Request<pb::GetConversationRequest>,
    ) -> Result<Response<pb::GetConversationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let zone = caller.time_zone.clone();
        let key = key(caller, request.into_inner().conversation_id).map_err(to_status)?;
        let conversation = self.conversations.get(&key).await.map_err(to_status)?;
        let conversation = answer::conversation(conversation, zone.as_deref());
        Ok(Response::new(pb::GetConversationResponse { conversation: Some(conversation) }))
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let size = field::page_size(request.page_size).map_err(to_status)?;
        let resumed = field::page_token(&request.page_token, |token| token.parse::<i64>().ok().filter(|seq| *seq > 0));
        let after_seq = resumed.map_err(to_status)?.unwrap_or(0).max(request.after_seq);
        let key = key(caller, request.conversation_id).map_err(to_status)?;
        let page = self.conversations.messages(&key, after_seq, size).await.map_err(to_status)?;
        let messages = page.entries.into_iter().map(|message| answer::message(&key.conversation_id, message));
        Ok(Response::new(pb::ListMessagesResponse {
            messages: messages.collect(),
            next_page_token: page.next.map(|seq| seq.to_string()).unwrap_or_default(),
        }))
    }

    async fn end_conversation(
        &self,
        request: Request<pb::EndConversationRequest>,
    ) -> Result<Response<pb::EndConversationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let trace = TraceContext::of(request.metadata().as_ref());
        let key = key(caller, request.into_inner().conversation_id).map_err(to_status)?;
        let ticket = self.schedule.end(&key, trace).await.map_err(to_status)?;
        Ok(Response::new(pb::EndConversationResponse {
            outcome: answer::outcome(ticket.outcome).into(),
            watermark: ticket.watermark.as_i64(),
        }))
    }

    async fn delete_conversation(
        &self,
        request: Request<pb::DeleteConversationRequest>,
    ) -> Result<Response<pb::DeleteConversationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let key = key(caller, request.into_inner().conversation_id).map_err(to_status)?;
        self.conversations.delete(&key).await.map_err(to_status)?;
        Ok(Response::new(pb::DeleteConversationResponse {}))
    }
}
