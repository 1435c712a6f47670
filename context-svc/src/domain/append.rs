//! Storing what is said.

use std::sync::Arc;

use jiff::Timestamp;
use kit::error::{Classify, Kind};
use kit::id::SessionId;

use super::model::{
    Addition, Appended, AppendedMessage, Cause, ClientId, ConversationKey, Incarnation, NewMessage, Role, Zone,
};
use super::schedule::Schedule;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};

/// A message as its client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What its client calls it; one is made up if absent, and then a repeated append is not harmless.
    pub client_id: Option<ClientId>,
    /// Who speaks.
    pub role: Role,
    /// Name of the speaker; empty if none.
    pub name: String,
    /// What was said.
    pub text: String,
    /// When it was said; now if absent.
    pub at: Option<Timestamp>,
}

/// Adds messages to conversations. Clones share the store.
#[derive(Clone)]
pub struct Append {
    store: Arc<dyn Store>,
    schedule: Schedule,
    metrics: Metrics,
}

impl Append {
    /// `schedule` sets the terms for what another login session left behind, and is told of what has become long.
    pub fn new(store: Arc<dyn Store>, schedule: Schedule) -> Self {
        Self { store, schedule, metrics: Metrics::unread() }
    }

    /// The same, counting what is said.
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Adds all of the drafts or none, creating the conversation with the first ones. On return they are durable, and will
    /// be extracted even if nobody asks for it.
    pub async fn append(
        &self,
        key: &ConversationKey,
        session_id: SessionId,
        time_zone: Option<Zone>,
        drafts: Vec<Draft>,
    ) -> Result<Appended, AppendError> {
        // Somebody talks on elsewhere, which is how most streams end: with the same patience.
        let handover = self.schedule.trigger(Cause::Disconnect);
        let messages = drafts.into_iter().map(|draft| draft.received(handover.at)).collect();
        let addition = Addition { session_id, time_zone, messages };
        let Some(appended) = self.store.append(key, &addition, &handover).await? else {
            let closed = self.store.is_closed(&key.user_id).await?;
            return Err(if closed { AppendError::AccountDeleted } else { AppendError::ConversationDeleting });
        };
        self.metrics.appended(&appended);
        if appended.messages.iter().any(|message| !message.duplicate) {
            self.mind_the_size(key).await;
        }
        Ok(appended)
    }

    /// Adds an answer to that very life of a conversation. `None`: it is over, and nothing is stored of it any more.
    pub async fn reply(
        &self,
        key: &ConversationKey,
        incarnation: &Incarnation,
        draft: Draft,
    ) -> Result<Option<AppendedMessage>, StoreError> {
        let now = self.schedule.trigger(Cause::Disconnect).at;
        let reply = self.store.append_reply(key, incarnation, &draft.received(now), now).await?;
        if let Some(message) = &reply {
            self.metrics.appended(&Appended { last_seq: message.seq, messages: vec![message.clone()] });
            self.mind_the_size(key).await;
        }
        Ok(reply)
    }

    /// What was said is stored and its client is to know; that much of it waits can be left to the sweep.
    async fn mind_the_size(&self, key: &ConversationKey) {
        if let Err(error) = self.schedule.by_size(key).await {
            let reason = error.reason();
            tracing::warn!(error = &error as &dyn std::error::Error, reason, "a long talk waits for the sweep");
        }
    }
}

impl Draft {
    fn received(self, now: Timestamp) -> NewMessage {
        NewMessage {
            client_id: self.client_id.unwrap_or_else(ClientId::random),
            role: self.role,
            name: self.name,
            text: self.text,
            at: self.at.unwrap_or(now),
        }
    }
}

/// Why messages could not be added.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The id is not free yet.
    #[error("an earlier conversation of this id is still being deleted; try again")]
    ConversationDeleting,
    /// Nothing is accepted for this user any more.
    #[error("the account of this user is deleted")]
    AccountDeleted,
    /// The messages could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for AppendError {
    fn kind(&self) -> Kind {
        match self {
            Self::ConversationDeleting => Kind::Unavailable,
            Self::AccountDeleted => Kind::Precondition,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::ConversationDeleting => "CONVERSATION_DELETING",
            Self::AccountDeleted => "ACCOUNT_DELETED",
            Self::Store(error) => error.reason(),
        }
    }
}
