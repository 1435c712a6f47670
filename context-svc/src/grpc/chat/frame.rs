//! The frames of a talk: what the client's mean, and how ours are made.

use jiff::Timestamp;
use kit::error::{Classify, InvalidField, Kind};
use kit::status::{reason_of, to_status};
use proto::context::v1 as pb;
use proto::context::v1::converse_request::{Append, Open};
use proto::context::v1::converse_response::{self as answer, Event};

use crate::domain::append::Draft;
use crate::domain::model::{AppendedMessage, ConversationId};
use crate::grpc::{answer as answers, field};

/// A frame in the wrong place, or none that we know.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidFrame(pub(super) &'static str);

impl Classify for InvalidFrame {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn reason(&self) -> &'static str {
        "INVALID_FRAME"
    }
}

/// We failed while listening.
#[derive(Debug, thiserror::Error)]
#[error("the talk panicked")]
pub(super) struct Panicked;

impl Classify for Panicked {
    fn kind(&self) -> Kind {
        Kind::Internal
    }

    fn reason(&self) -> &'static str {
        "INTERNAL"
    }
}

/// Which conversation is talked in, and the time zone if one was named.
pub(super) fn opening(open: Open) -> Result<(ConversationId, Option<String>), InvalidField> {
    let conversation_id = field::conversation_id("open.conversation_id", open.conversation_id)?;
    Ok((conversation_id, field::time_zone("open.time_zone", open.time_zone)?))
}

/// A message to store.
pub(super) fn draft(append: Append) -> Result<Draft, InvalidField> {
    Ok(Draft {
        client_id: field::client_id("append.client_id", append.client_id)?,
        role: field::role("append.role", append.role)?,
        name: field::name("append.name", append.name)?,
        text: field::text("append.text", append.text)?,
        at: None,
    })
}

pub(super) fn opened(conversation_id: &ConversationId, last_seq: i64) -> Event {
    Event::Opened(answer::Opened { conversation_id: conversation_id.to_string(), last_seq })
}

pub(super) fn ack(message: AppendedMessage) -> Event {
    Event::Ack(answer::Ack { client_id: message.client_id.into(), seq: message.seq, duplicate: message.duplicate })
}

pub(super) fn reply_delta(text: String, reply_to_seq: i64) -> Event {
    Event::ReplyDelta(answer::ReplyDelta { text, reply_to_seq })
}

pub(super) fn reply_done(seq: i64, reply_to_seq: i64, truncated: bool) -> Event {
    Event::ReplyDone(answer::ReplyDone { seq, reply_to_seq, truncated })
}

pub(super) fn reauthenticate_required(expires_at: Timestamp) -> Event {
    Event::ReauthenticateRequired(answer::ReauthenticateRequired { expires_at: Some(answers::time(expires_at)) })
}

pub(super) fn draining() -> Event {
    Event::Draining(answer::Draining {})
}

/// A refusal that does not end the stream.
pub(super) fn refused(error: impl Classify, client_id: String) -> Event {
    let status = to_status(error);
    Event::Error(answer::Error {
        code: kit::status::code_name(status.code()).to_owned(),
        reason: reason_of(&status).unwrap_or_default(),
        message: status.message().to_owned(),
        client_id,
    })
}

pub(super) fn response(event: Event) -> pb::ConverseResponse {
    pb::ConverseResponse { event: Some(event) }
}
