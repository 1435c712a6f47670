//! The replies that one talk hears.

use kit::authn::{Caller, TrustSet};
use proto::context::v1::converse_response::Event;

use super::frame;
use crate::domain::converse::{End, Following, Heard, Replies};
use crate::domain::model::ConversationKey;

/// What is answered in the conversation of one talk, one reply after the other.
pub(super) struct Hearing {
    replies: Replies,
    key: ConversationKey,
    trust: TrustSet,
    caller: Caller,
    following: Option<Following>,
    /// The newest message of this talk that waits for its answer.
    owed: Option<i64>,
}

impl Hearing {
    /// Begins with the reply that is under way, if there is one: its user has connected again.
    pub(super) fn of(replies: Replies, key: ConversationKey, trust: TrustSet, caller: Caller) -> Self {
        let following = replies.under_way(&key);
        Self { replies, key, trust, caller, following, owed: None }
    }

    /// The message `seq` waits for an answer. While another reply is under way it waits, and then only the newest is answered.
    pub(super) fn owe(&mut self, seq: i64) {
        self.owed = self.owed.max(Some(seq));
        if self.following.is_none() {
            self.ask();
        }
    }

    /// Owes no answer any more beyond the one under way.
    pub(super) fn owe_no_more(&mut self) {
        self.owed = None;
    }

    /// Whether there is still something to be heard.
    pub(super) fn goes_on(&self) -> bool {
        self.following.is_some()
    }

    /// What to say next; never, while nothing is under way. May be dropped at any time without missing anything.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let Some(following) = &mut self.following else { return std::future::pending().await };
            let heard = following.next().await;
            if let Some(event) = self.event(heard) {
                return event;
            }
        }
    }

    /// Completes once everything owed is answered, or will not be. Nobody listens any more.
    pub(super) async fn settle(&mut self) {
        while let Some(following) = &mut self.following {
            following.is_over().await;
            let heard = following.next().await;
            self.event(heard);
        }
    }

    fn event(&mut self, heard: Heard) -> Option<Event> {
        let answered = self.following.as_ref().and_then(Following::answered);
        let (seq, client_id) =
            answered.map_or((0, String::new()), |answered| (answered.seq, answered.client_id.into()));
        let end = match heard {
            Heard::Words(words) => return Some(frame::reply_delta(words, seq)),
            Heard::End(end) => end,
        };
        let is_joined = self.following.take().is_some_and(|following| following.is_joined());
        // What was said since the reply began is not answered by it. One of which nobody knows what it answers is ours to answer
        // for, unless somebody else began it.
        let is_owed = self.owed.is_some_and(|owed| owed > seq) && (is_joined || seq > 0);
        if is_owed && self.replies.go_on() {
            self.ask();
        } else {
            self.owed = None;
        }
        match end {
            End::Stored { seq: stored, is_cut } => Some(frame::reply_done(stored, seq, is_cut)),
            End::Failed(error) => Some(frame::refused(error, client_id)),
            End::Nothing => None,
        }
    }

    fn ask(&mut self) {
        let (trust, caller) = (self.trust.clone(), self.caller.clone());
        let revoked = async move { trust.until_revoked(&caller).await };
        self.following = Some(self.replies.reply(&self.key, Box::pin(revoked)));
    }
}
