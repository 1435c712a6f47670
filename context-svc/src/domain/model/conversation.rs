//! What was said.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kit::id::SessionId;

use super::{ClientId, ConversationId, spelled};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// The person whose memory this is.
    User,
    /// The application's coach or assistant.
    Assistant,
    /// Instructions of the application.
    System,
    /// The result of a tool.
    Tool,
}

spelled!(Role { User => "USER", Assistant => "ASSISTANT", System => "SYSTEM", Tool => "TOOL" });

/// One turn of a conversation. Once acknowledged it is durable and never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place in the conversation: 1, 2, 3 …, without gaps.
    pub seq: i64,
    /// What its client calls it.
    pub client_id: ClientId,
    /// Who speaks.
    pub role: Role,
    /// Name of the speaker; empty if none.
    pub name: String,
    /// What was said.
    pub text: String,
    /// When it was said: as the client stated, else when it arrived.
    pub at: Timestamp,
    /// IANA time zone in which its "tomorrow" is meant; `None` if neither an append nor the account has ever named one.
    pub time_zone: Option<String>,
}

/// A message on its way into a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// What its client calls it.
    pub client_id: ClientId,
    /// Who speaks.
    pub role: Role,
    /// Name of the speaker; empty if none.
    pub name: String,
    /// What was said.
    pub text: String,
    /// When it was said.
    pub at: Timestamp,
}

/// Messages on their way into a conversation, and who brings them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The login session they are said under.
    pub session_id: SessionId,
    /// The time zone in which they are said; `None` leaves the one before.
    pub time_zone: Option<Zone>,
    /// In the order they were said.
    pub messages: Vec<NewMessage>,
}

/// The time zone that an IANA name stands for; UTC without one.
pub fn zone_of(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// An IANA time zone, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// The append: it holds for the conversation from now on.
    Named(String),
    /// Only the account: it holds for these messages, if no append to the conversation has ever named one.
    OfAccount(String),
}

impl Zone {
    /// The zone that an append named, else that of the account.
    pub fn of(named: Option<String>, account: Option<String>) -> Option<Self> {
        named.map(Self::Named).or(account.map(Self::OfAccount))
    }

    /// The zone, if it was named by the append.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::OfAccount(_) => None,
        }
    }

    /// The zone, whoever named it.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) | Self::OfAccount(name) => name,
        }
    }
}

/// Where appended messages are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The last message of the conversation.
    pub last_seq: i64,
    /// One for each message given, in the same order.
    pub messages: Vec<AppendedMessage>,
}

/// Where one appended message is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendedMessage {
    /// What its client calls it.
    pub client_id: ClientId,
    /// Its place in the conversation.
    pub seq: i64,
    /// Whether it had been there before; then its stored text is unchanged.
    pub duplicate: bool,
}

/// A conversation without its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// What its client calls it.
    pub id: ConversationId,
    /// The login session of the last append.
    pub session_id: SessionId,
    /// The last time zone an append named.
    pub time_zone: Option<String>,
    /// The `seq` of the last message, which is also their number.
    pub last_seq: i64,
    /// When the last message was said.
    pub last_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// The `seq` up to which its session context covers the messages.
    pub extracted_seq: i64,
    /// Title from its session context; empty before the first extraction.
    pub title: String,
}

/// A message that no session context covers yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailMessage {
    /// Where it was said.
    pub conversation_id: ConversationId,
    /// The message.
    pub message: Message,
}

/// A place in the list of a user's conversations: the last one on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationCursor {
    /// When its last message was said.
    pub last_at: Timestamp,
    /// Which it is.
    pub id: ConversationId,
}

impl ConversationCursor {
    /// The place in `token`, as [`fmt::Display`] wrote it.
    pub fn parse(token: &str) -> Option<Self> {
        let (micros, id) = token.split_once('.')?;
        Some(Self { last_at: Timestamp::from_microsecond(micros.parse().ok()?).ok()?, id: ConversationId::parse(id)? })
    }
}

impl fmt::Display for ConversationCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.last_at.as_microsecond(), self.id)
    }
}
