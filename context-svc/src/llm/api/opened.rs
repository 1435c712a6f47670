//! An answer that has begun to come.

use std::sync::Arc;

use super::call::Call;
use super::draft::Draft;
use super::endpoint::{Api, Endpoint};
use super::events::Events;
use super::manner::Manner;
use super::reply::Reply;
use crate::domain::model::Usage;
use crate::llm::ModelError;

/// An answer that has begun to come. Dropped before its end, it was given up.
pub(super) struct Opened {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) call: Call,
    pub(super) source: Source,
    /// What the calls before it consumed.
    pub(super) before: Usage,
    /// In which manner it was asked for.
    pub(super) manner: Manner,
}

/// Where the rest is.
pub(super) enum Source {
    /// Still to come.
    Events(Events),
    /// All here.
    Draft(Draft),
}

/// What comes next.
pub(super) enum Next {
    /// Some words, and then the rest.
    Text(String, Box<Opened>),
    /// The end.
    End(Reply),
}

impl Opened {
    /// What comes next.
    pub(super) async fn next(mut self) -> Result<Next, ModelError> {
        let Source::Events(events) = &mut self.source else { return self.end().await };
        match events.next().await {
            Ok(Some(words)) => Ok(Next::Text(words, Box::new(self))),
            Ok(None) => self.end().await,
            Err(failure) => {
                self.call.failed(&failure).await;
                Err(failure.error)
            }
        }
    }

    /// All of it.
    pub(super) async fn whole(self) -> Result<Reply, ModelError> {
        let mut next = self.next().await?;
        loop {
            match next {
                Next::Text(_, rest) => next = rest.next().await?,
                Next::End(reply) => return Ok(reply),
            }
        }
    }

    async fn end(self) -> Result<Next, ModelError> {
        let draft = match self.source {
            Source::Events(events) => events.draft,
            Source::Draft(draft) => draft,
        };
        self.call.answered(draft.tokens).await;
        let reply = match self.endpoint.api {
            Api::OpenAi => draft.text_first(&self.endpoint),
            Api::Anthropic => draft.tool_first(&self.endpoint),
        };
        Ok(Next::End(Reply { usage: self.before + reply.usage, ..reply }))
    }
}
