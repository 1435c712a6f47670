//! The records of an export: one JSON object each. Their fields are part of the API, see docs/export.md.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::model::{
    Conversation, ConversationId, DayUsage, Edit, Extraction, ForgottenRejection, LastError, Message, Opinion,
    Revision, SessionContext, Summary, Usage, Verdict,
};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// One JSON object without line breaks.
    pub json: String,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A conversation. Its messages and its session context follow.
    Conversation,
    /// A message.
    Message,
    /// What was extracted from a conversation.
    SessionContext,
    /// What the user said about an item.
    Verdict,
    /// What is remembered across conversations.
    Summary,
    /// What calls of the model consumed on one day.
    Usage,
}

impl RecordKind {
    /// Every kind, in the order in which an export has them.
    pub const ALL: [Self; 6] =
        [Self::Conversation, Self::Message, Self::SessionContext, Self::Verdict, Self::Summary, Self::Usage];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Message => "message",
            Self::SessionContext => "session_context",
            Self::Verdict => "verdict",
            Self::Summary => "summary",
            Self::Usage => "usage",
        }
    }
}

/// A verdict as an export has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VerdictRecord {
    /// On an item that is there, or that may come back.
    Given(GivenVerdict),
    /// The rejection of a statement whose conversation is deleted.
    Forgotten(ForgottenVerdict),
}

/// What a user said about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenVerdict {
    /// The item.
    pub item_id: String,
    /// The conversation it was extracted from.
    pub conversation_id: ConversationId,
    /// The opinion given last.
    pub opinion: Opinion,
    /// The text as it was extracted then.
    pub statement: String,
    /// What the user has changed.
    pub edit: Edit,
    /// How the item read before each of these changes, oldest first.
    pub revisions: Vec<Revision>,
    /// When the opinion was given.
    pub at: Timestamp,
}

/// What is left of a rejection: no word of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenVerdict {
    /// Always a rejection.
    pub opinion: Opinion,
    /// A digest of user and statement: it means nothing to any other user.
    pub mark: String,
    /// When it was rejected.
    pub at: Timestamp,
}

#[derive(Serialize)]
struct ConversationRecord<'a> {
    conversation_id: &'a ConversationId,
    session_id: &'a str,
    time_zone: Option<&'a str>,
    created_at: Timestamp,
    last_at: Timestamp,
    last_seq: i64,
    extracted_seq: i64,
    title: &'a str,
    extraction: ExtractionRecord<'a>,
}

#[derive(Serialize)]
struct ExtractionRecord<'a> {
    state: &'a str,
    attempts: u32,
    last_error: Option<ErrorRecord<'a>>,
    updated_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct ErrorRecord<'a> {
    reason: &'a str,
    message: &'a str,
    at: Timestamp,
}

#[derive(Serialize)]
struct MessageRecord<'a> {
    conversation_id: &'a ConversationId,
    seq: i64,
    client_id: &'a str,
    role: &'a str,
    name: &'a str,
    text: &'a str,
    at: Timestamp,
    time_zone: Option<&'a str>,
}

#[derive(Serialize)]
struct UsageRecord {
    date: Date,
    #[serde(flatten)]
    usage: Usage,
}

type Written = Result<Record, serde_json::Error>;

pub(super) fn conversation(conversation: &Conversation, extraction: &Extraction) -> Written {
    let extraction = ExtractionRecord {
        state: extraction.state.as_str(),
        attempts: extraction.attempts,
        last_error: extraction.last_error.as_ref().map(error),
        updated_at: extraction.updated_at,
    };
    let record = ConversationRecord {
        conversation_id: &conversation.id,
        session_id: conversation.session_id.as_str(),
        time_zone: conversation.time_zone.as_deref(),
        created_at: conversation.created_at,
        last_at: conversation.last_at,
        last_seq: conversation.last_seq,
        extracted_seq: conversation.extracted_seq,
        title: &conversation.title,
        extraction,
    };
    written(RecordKind::Conversation, &record)
}

fn error(error: &LastError) -> ErrorRecord<'_> {
    ErrorRecord { reason: &error.reason, message: &error.message, at: error.at }
}

pub(super) fn message(conversation_id: &ConversationId, message: &Message) -> Written {
    let record = MessageRecord {
        conversation_id,
        seq: message.seq,
        client_id: message.client_id.as_str(),
        role: message.role.as_str(),
        name: &message.name,
        text: &message.text,
        at: message.at,
        time_zone: message.time_zone.as_deref(),
    };
    written(RecordKind::Message, &record)
}

pub(super) fn session_context(context: &SessionContext) -> Written {
    written(RecordKind::SessionContext, context)
}

pub(super) fn verdict<E: From<serde_json::Error>>(verdict: &Verdict) -> Result<Record, E> {
    let given = GivenVerdict {
        item_id: verdict.item_id.clone(),
        conversation_id: verdict.conversation_id.clone(),
        opinion: verdict.opinion,
        statement: verdict.statement.clone(),
        edit: verdict.edit.clone(),
        revisions: verdict.revisions.clone(),
        at: verdict.at,
    };
    Ok(written(RecordKind::Verdict, &given)?)
}

pub(super) fn forgotten<E: From<serde_json::Error>>(rejection: &ForgottenRejection) -> Result<Record, E> {
    let left = ForgottenVerdict { opinion: Opinion::Rejected, mark: rejection.mark.clone(), at: rejection.at };
    Ok(written(RecordKind::Verdict, &left)?)
}

pub(super) fn summary<E: From<serde_json::Error>>(summary: &Summary) -> Result<Record, E> {
    Ok(written(RecordKind::Summary, summary)?)
}

pub(super) fn usage<E: From<serde_json::Error>>(day: &DayUsage) -> Result<Record, E> {
    Ok(written(RecordKind::Usage, &UsageRecord { date: day.day, usage: day.usage })?)
}

fn written(kind: RecordKind, record: &impl Serialize) -> Written {
    Ok(Record { kind, json: serde_json::to_string(record)? })
}
