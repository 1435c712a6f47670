//! From when on something is worth asking about.

use kit::config::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `ListFollowUps` takes for worth asking about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FollowUpSettings {
    /// How long before its due time a goal is `DUE_SOON`, 1h to 365d.
    pub due_within: Period,
    /// How long an active goal is not spoken of until it is `SILENT`, 1h to 365d.
    pub silent_after: Period,
    /// How long a decision that was taken back is listed as `REVERSED`, 1h to 365d; later it is history.
    pub reversed_within: Period,
}

impl Default for FollowUpSettings {
    fn default() -> Self {
        Self { due_within: Period::days(7), silent_after: Period::days(14), reversed_within: Period::days(30) }
    }
}
