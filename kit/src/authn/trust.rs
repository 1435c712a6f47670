//! What has been revoked: an exact set, merged from the trust feed, that forgets an entry only when it expires.
//!
//! It must not know how the news arrive.

use std::collections::HashMap;
use std::collections::hash_map;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::RwLock;
use tokio::sync::watch;

use super::{AuthnError, Caller};
use crate::id::{SessionId, UserId};

const PURGE_EVERY: Duration = Duration::from_secs(10);

/// Something revoked. It is remembered until every token it concerns has expired, and then forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// One login session has ended.
    Session {
        /// The session.
        session_id: SessionId,
        /// From when on no token of it can be alive.
        expires_at: Timestamp,
    },
    /// Everything issued to a user before a generation has ended.
    User {
        /// The user.
        user_id: UserId,
        /// The first generation that is still good.
        min_generation: i64,
        /// A session that goes on nevertheless.
        kept_session: Option<SessionId>,
        /// From when on no token of an older generation can be alive.
        expires_at: Timestamp,
    },
}

/// One message of the trust feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When the sender last read the store: everything revoked until then has been told.
    pub as_of: Timestamp,
    /// What it says.
    pub news: News,
}

/// What a message of the trust feed says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A part of everything that is revoked, merged into what is known already.
    Snapshot {
        /// The entries of this part.
        entries: Vec<Entry>,
        /// Whether the snapshot is complete with this part.
        last: bool,
    },
    /// What has been revoked since the message before.
    Delta(Vec<Entry>),
    /// Nothing new.
    Heartbeat,
}

/// The revocations in force. Clones share it.
#[derive(Debug, Clone)]
pub struct TrustSet {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    revoked: RwLock<Revoked>,
    /// Counts the messages that brought entries; only ever sent after the entries are in.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Revoked {
    sessions: HashMap<SessionId, Timestamp>,
    users: HashMap<UserId, UserRevocation>,
    complete: bool,
    as_of: Option<Timestamp>,
    purged_at: Option<Timestamp>,
}

#[derive(Debug)]
struct UserRevocation {
    min_generation: i64,
    kept_session: Option<SessionId>,
    expires_at: Timestamp,
}

impl Default for TrustSet {
    fn default() -> Self {
        Self::new()
    }
}

impl TrustSet {
    /// A set that knows nothing yet, and therefore vouches for nobody.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { revoked: RwLock::default(), changes: watch::Sender::new(0) }) }
    }

    /// Merges one message. Whoever waits in [`Self::until_revoked`] for one of its entries is woken.
    ///
    /// Nothing known is lost by it: an entry leaves only by expiry, however short a snapshot is.
    pub fn apply(&self, change: Change) {
        let Change { as_of, news } = change;
        let ends_snapshot = matches!(news, News::Snapshot { last: true, .. });
        let amid_snapshot = matches!(news, News::Snapshot { last: false, .. });
        let entries = match news {
            News::Snapshot { entries, .. } | News::Delta(entries) => entries,
            News::Heartbeat => Vec::new(),
        };
        let has_entries = !entries.is_empty();
        {
            let mut revoked = self.shared.revoked.write();
            for entry in entries {
                revoked.merge(entry);
            }
            revoked.complete |= ends_snapshot;
            // Half a snapshot proves nothing about what its other half will say.
            if revoked.complete && !amid_snapshot {
                revoked.is_current_as_of(as_of);
            }
        }
        if has_entries {
            self.shared.changes.send_modify(|count| *count += 1);
        }
    }

    /// Refuses a caller that is revoked, and everybody before the first complete snapshot.
    pub fn check(&self, caller: &Caller) -> Result<(), AuthnError> {
        let revoked = self.shared.revoked.read();
        if !revoked.complete {
            Err(AuthnError::VerifierNotReady)
        } else if revoked.concerns(caller) {
            Err(AuthnError::TokenRevoked)
        } else {
            Ok(())
        }
    }

    /// Completes once `caller` is revoked, at once if it is already. For ending a stream with its session.
    ///
    /// Not by expiry: a revocation that arrives after the token's own end may never be told.
    pub async fn until_revoked(&self, caller: &Caller) {
        let mut changes = self.shared.changes.subscribe();
        // Looks after subscribing, so that what arrives in between is seen here or wakes the wait.
        while !self.shared.revoked.read().concerns(caller) {
            // The set itself holds the sender, so this fails never.
            let _ = changes.changed().await;
        }
    }

    /// Whether a complete snapshot has arrived.
    pub fn is_ready(&self) -> bool {
        self.shared.revoked.read().complete
    }

    /// Until when every revocation is known; `None` before the first complete snapshot.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.shared.revoked.read().as_of
    }

    /// How many revocations are held.
    pub fn len(&self) -> usize {
        let revoked = self.shared.revoked.read();
        revoked.sessions.len() + revoked.users.len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Revoked {
    fn merge(&mut self, entry: Entry) {
        match entry {
            Entry::Session { session_id, expires_at } => {
                let held = self.sessions.entry(session_id).or_insert(expires_at);
                *held = expires_at.max(*held);
            }
            Entry::User { user_id, min_generation, kept_session, expires_at } => {
                let told = UserRevocation { min_generation, kept_session, expires_at };
                match self.users.entry(user_id) {
                    hash_map::Entry::Vacant(free) => _ = free.insert(told),
                    hash_map::Entry::Occupied(mut held) => held.get_mut().merge(told),
                }
            }
        }
    }

    /// Notes how current we are, and forgets what has expired by then: the sender's time, so never too early.
    fn is_current_as_of(&mut self, as_of: Timestamp) {
        self.as_of = self.as_of.max(Some(as_of));
        let purge_due = self.purged_at.is_none_or(|at| as_of >= at + PURGE_EVERY);
        if purge_due {
            self.sessions.retain(|_, expires_at| *expires_at > as_of);
            self.users.retain(|_, revocation| revocation.expires_at > as_of);
            self.purged_at = Some(as_of);
        }
    }

    fn concerns(&self, caller: &Caller) -> bool {
        let by_session = self.sessions.contains_key(&caller.session_id);
        by_session || self.users.get(&caller.user_id).is_some_and(|revocation| revocation.concerns(caller))
    }
}

impl UserRevocation {
    /// The higher generation decides, with the session that it kept: what an older one kept may have ended since.
    fn merge(&mut self, told: Self) {
        let expires_at = self.expires_at.max(told.expires_at);
        if told.min_generation > self.min_generation {
            *self = told;
        }
        self.expires_at = expires_at;
    }

    fn concerns(&self, caller: &Caller) -> bool {
        caller.generation < self.min_generation && self.kept_session.as_ref() != Some(&caller.session_id)
    }
}
