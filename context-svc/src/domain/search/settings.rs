//! The numbers of the search.

use kit::config::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept between searches. It holds no word of what was said, and is made again from the store when it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// How many MiB the indexes of all users together may take, at most 65536; the one not searched for longest goes first. With 0
    /// each search makes its own.
    pub cache_mib: u32,
    /// How long an index is kept after the last search of its user, 1s to 7d.
    pub cache_idle: Period,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self { cache_mib: 256, cache_idle: Period::mins(15) }
    }
}

impl SearchSettings {
    /// The same in bytes.
    pub(super) fn cache_bytes(&self) -> usize {
        usize::try_from(self.cache_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20)
    }
}
