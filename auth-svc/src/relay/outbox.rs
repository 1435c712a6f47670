//! What waits to be delivered.

use jiff::Timestamp;
use kit::id::{SessionId, UserId};
use kit::telemetry::trace::TraceContext;

/// The conversations of a login session that has ended are to be extracted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The session; at most one entry each.
    pub session: SessionId,
    /// Whose it was.
    pub user: UserId,
    /// How often it has been claimed, this time included.
    pub attempts: u32,
    /// The trace of the request that ended it.
    pub trace: Option<TraceContext>,
}

/// How much waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// How many entries.
    pub entries: u64,
    /// When the session of the oldest one ended; `None` if there is none.
    pub oldest: Option<Timestamp>,
}
