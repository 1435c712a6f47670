//! The result of an extraction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ConversationId, Item, spelled};

/// What is remembered of one conversation. Replaced as a whole by the next extraction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionContext {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// A title of a few words, in the language of the conversation.
    pub title: String,
    /// What it was about, in at most three sentences.
    pub summary: String,
    /// Language of the conversation, as BCP 47 tag; empty if not known.
    pub language: String,
    /// Goals, decisions and insights, in the order they were said.
    pub items: Vec<Item>,
    /// The provider that read it, such as `local/extractive`.
    pub provider: String,
    /// The model that read it, as the provider calls it.
    pub model: String,
    /// Version of the prompt it was read with.
    pub prompt_version: String,
    /// What this result consumed.
    pub usage: Usage,
    /// The `seq` up to which messages are covered.
    pub extracted_seq: i64,
    /// How the extraction came out.
    pub outcome: ContextOutcome,
    /// Proposed items that were dropped, by stable reason.
    pub items_dropped: BTreeMap<String, i64>,
    /// When it was made.
    pub extracted_at: Timestamp,
    /// How it differs from the one that it replaced.
    #[serde(default, skip_serializing_if = "ItemChanges::is_empty")]
    pub changes: ItemChanges,
}

impl SessionContext {
    /// Nothing is remembered of the conversation yet.
    pub fn blank(conversation_id: &ConversationId) -> Self {
        Self {
            conversation_id: conversation_id.clone(),
            title: String::new(),
            summary: String::new(),
            language: String::new(),
            items: Vec::new(),
            provider: String::new(),
            model: String::new(),
            prompt_version: String::new(),
            usage: Usage::default(),
            extracted_seq: 0,
            outcome: ContextOutcome::Empty,
            items_dropped: BTreeMap::new(),
            extracted_at: Timestamp::UNIX_EPOCH,
            changes: ItemChanges::default(),
        }
    }
}

/// How a session context differs from the one that it replaced: ids of items. Of a first one everything is added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemChanges {
    /// Those that were not there before.
    pub added: Vec<String>,
    /// Those that read, stand or are due differently, or of which new progress was reported.
    pub updated: Vec<String>,
    /// Those that a later item has replaced since.
    pub superseded: Vec<String>,
    /// Those that are not there any more.
    pub dropped: Vec<String>,
}

impl ItemChanges {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        [&self.added, &self.updated, &self.superseded, &self.dropped].iter().all(|ids| ids.is_empty())
    }
}

/// How a finished extraction came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContextOutcome {
    /// At least one item, or a summary of what the user said.
    Extracted,
    /// Everything was read, and there is nothing to remember.
    NothingSaid,
    /// The user said nothing; no model was called.
    Empty,
}

spelled!(ContextOutcome { Extracted => "EXTRACTED", NothingSaid => "NOTHING_SAID", Empty => "EMPTY" });

/// What model calls consumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Number of calls, also failed ones.
    pub calls: i64,
    /// Tokens sent, including the cached ones.
    pub input_tokens: i64,
    /// Tokens sent that the provider had cached.
    pub cached_input_tokens: i64,
    /// Tokens received, including reasoning.
    pub output_tokens: i64,
    /// Cost in millionths of a US dollar; 0 for a model without a price.
    pub cost_micro_usd: i64,
}

impl Usage {
    /// Tokens sent and received.
    pub fn tokens(&self) -> i64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl std::ops::Add for Usage {
    type Output = Self;

    /// Two consumptions together.
    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            input_tokens: self.input_tokens + other.input_tokens,
            cached_input_tokens: self.cached_input_tokens + other.cached_input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
            // A price may be anything.
            cost_micro_usd: self.cost_micro_usd.saturating_add(other.cost_micro_usd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_changes_and_revisions_were_recorded_can_still_be_read() {
        let stored = r#"{
            "conversation_id": "c1", "title": "", "summary": "", "language": "en", "provider": "p", "model": "m",
            "prompt_version": "1", "extracted_seq": 1, "outcome": "EXTRACTED", "items_dropped": {},
            "extracted_at": "2025-06-15T15:06:40Z",
            "usage": {"calls": 1, "input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "cost_micro_usd": 0},
            "items": [{
                "id": "c1.x", "conversation_id": "c1", "kind": "INSIGHT", "text": "I like tea.", "status": null,
                "due": null, "speaker": "USER", "evidence": [], "basis": "STATED", "said_at": "2025-06-15T15:06:40Z",
                "supersedes": null, "superseded_by": null, "progress": [], "last_mentioned_at": null,
                "horizon": "STANDING"
            }]
        }"#;

        let read: SessionContext = serde_json::from_str(stored).unwrap();

        assert!(read.changes.is_empty() && read.items[0].revisions.is_empty());
    }
}
