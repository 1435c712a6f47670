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
