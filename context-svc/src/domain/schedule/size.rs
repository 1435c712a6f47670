//! The trigger that nobody pulls: so much has been said that it should not wait for the end of the talk.

use super::{Schedule, ScheduleError};
use crate::domain::model::{Backlog, Cause, ConversationKey, Ticket};

impl Schedule {
    /// Asks for a conversation of which much waits to be extracted, so that a client who never logs out is remembered too.
    ///
    /// `None`: there is little, or its size has asked a moment ago.
    pub async fn by_size(&self, key: &ConversationKey) -> Result<Option<Ticket>, ScheduleError> {
        let backlog = self.jobs.backlog(key, self.settings.size_messages).await?;
        if backlog.is_some_and(|backlog| self.is_too_much(&backlog)) {
            return self.conversation(key, Cause::Size).await.map(Some);
        }
        Ok(None)
    }

    fn is_too_much(&self, backlog: &Backlog) -> bool {
        let settings = &self.settings;
        let asked_lately = backlog.sized_at.is_some_and(|at| self.clock.now() < at + settings.size_pause.0);
        let is_large = backlog.messages >= settings.size_messages || backlog.tokens() >= settings.size_tokens;
        is_large && !asked_lately
    }
}
