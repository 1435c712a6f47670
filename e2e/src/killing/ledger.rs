//! What the services have acknowledged, written down by those who heard it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;

/// One conversation as its user knows it. A new life begins with each acknowledged deletion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Talk {
    pub(super) user: String,
    pub(super) conversation: String,
    pub(super) life: u32,
}

/// A message that was acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) talk: Talk,
    pub(super) client_id: String,
    pub(super) seq: i64,
    pub(super) text: String,
    pub(super) is_users: bool,
}

/// A trigger by hand that was acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) talk: Talk,
    pub(super) watermark: i64,
    pub(super) outcome: String,
}

/// Everything that was acknowledged. Shared by all users of the load.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Entries>);

/// The entries of a ledger that is closed.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    pub(super) messages: Vec<Said>,
    pub(super) triggers: Vec<Asked>,
    pub(super) logouts: BTreeSet<String>,
    pub(super) deletions: BTreeSet<Talk>,
    /// How often a conversation was deleted, and everything erased; what was taken by either is among the deletions.
    pub(super) deleted: usize,
    pub(super) erasures: usize,
    /// Client ids of which some try was never answered: it may take effect at any later time.
    pub(super) unknown: BTreeSet<String>,
    /// Tries without an answer, of whatever.
    pub(super) unanswered: u64,
    pub(super) refusals: BTreeMap<String, u64>,
    /// How long logouts took while context-svc was away, and while it was not.
    pub(super) logouts_away: Vec<Duration>,
    pub(super) logouts_there: Vec<Duration>,
}

impl Ledger {
    pub(super) fn write(&self, entry: impl FnOnce(&mut Entries)) {
        entry(&mut self.0.lock());
    }

    /// The ledger as it stands.
    pub(super) fn entries(&self) -> Entries {
        self.0.lock().clone()
    }
}
