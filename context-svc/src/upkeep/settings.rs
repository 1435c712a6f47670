//! How long what is kept.

use kit::config::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is forgotten by itself and when, and how outages and erasures end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpkeepSettings {
    /// How often to look for what may be forgotten, at least 1s.
    pub every: Period,
    /// How long the details of a done job are kept: why it was asked for, its traces, what it dropped; and what each single
    /// call of a model took. At least 1h.
    pub done_details: Period,
    /// How long those of a dead or cancelled one are kept, at least 1h. The reason it died of is kept for ever.
    pub dead_details: Period,
    /// After how much silence a conversation is deleted with what was extracted from it, at least 1d; 0s keeps all. One that
    /// waits for its extraction, or whose extraction failed, is never deleted.
    pub conversations: Period,
    /// How long a finished erasure is remembered, at least 1d: until then a repetition is known as one.
    pub erasures: Period,
    /// How long after an erasure began to remove once more what a request of then may still have written; 1m to 1h.
    pub erase_again_after: Period,
    /// How often to try one of the extractions that died because the model could not be reached, at least 1s. When it
    /// succeeds, all of them are queued again.
    pub probe: Period,
}

impl Default for UpkeepSettings {
    fn default() -> Self {
        Self {
            every: Period::hours(1),
            done_details: Period::days(7),
            dead_details: Period::days(30),
            conversations: Period::secs(0),
            erasures: Period::days(30),
            erase_again_after: Period::mins(2),
            probe: Period::mins(10),
        }
    }
}
