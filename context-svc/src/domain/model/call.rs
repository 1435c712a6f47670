//! One call of a model, for the record.

use std::time::Duration;

use jiff::Timestamp;
use kit::id::UserId;

use super::{ConversationId, Usage, spelled};

/// What one call of a model took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// On whose behalf it was made.
    pub user_id: UserId,
    /// The conversation that was read; `None` for a summary over several.
    pub conversation_id: Option<ConversationId>,
    /// What it was made for.
    pub operation: CallOperation,
    /// The provider that was asked.
    pub provider: String,
    /// The model that was asked, as the provider calls it.
    pub model: String,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What it consumed, as far as the provider said; `calls` is 1.
    pub usage: Usage,
    /// Stable reason in upper snake case why it brought no answer; `None` if it did, usable or not.
    pub error: Option<&'static str>,
}

/// What a model was called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallOperation {
    /// To read a transcript.
    Extract,
    /// To roll session contexts up.
    Summarise,
    /// To answer in a talk.
    Reply,
}

spelled!(CallOperation { Extract => "EXTRACT", Summarise => "SUMMARISE", Reply => "REPLY" });
