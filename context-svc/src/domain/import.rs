//! Taking over conversations that were held elsewhere, and what users said there about items.
//!
//! Whatever is there already stays as it is, so that an import that was interrupted is simply repeated.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kit::error::{Classify, Kind};
use kit::id::{SessionId, UserId};

use super::append::{Append, AppendError, Draft};
use super::export::record::{ForgottenVerdict, GivenVerdict, VerdictRecord};
use super::model::{Cause, ConversationId, ConversationKey, ForgottenRejection, Verdict, Zone};
use super::schedule::{Schedule, ScheduleError};
use super::verdicts::marks;
use crate::store::{Store, StoreError};

/// The login session of conversations that were held under none of ours. No real one has an id of so few letters.
const ELSEWHERE: &str = "imported";

/// How many messages one write adds: others wait behind it.
const PIECE: usize = 100;

/// Takes over what was said elsewhere. Clones share the store.
#[derive(Clone)]
pub struct Import {
    store: Arc<dyn Store>,
    append: Append,
    schedule: Schedule,
}

/// What is to be taken over for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Conversations, or parts of them.
    pub talks: Vec<ImportedTalk>,
    /// What the user said about items of these conversations, or of others that are there.
    pub verdicts: Vec<VerdictRecord>,
}

/// A conversation held elsewhere, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedTalk {
    /// Its id.
    pub conversation_id: ConversationId,
    /// The time zone it was held in, if one is named.
    pub time_zone: Option<String>,
    /// Its messages in the order they were said, each with its id and its time.
    pub messages: Vec<Draft>,
}

/// What was taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Conversations that were created or added to.
    pub conversations: usize,
    /// Messages that were added.
    pub messages: usize,
    /// Messages that had been there before.
    pub duplicates: usize,
    /// Verdicts that hold now and did not before.
    pub verdicts: usize,
}

impl Import {
    /// Adds by `append`, and asks for extractions on the terms of `schedule`.
    pub fn new(store: Arc<dyn Store>, append: Append, schedule: Schedule) -> Self {
        Self { store, append, schedule }
    }

    /// Takes over all of it, or stops at the first thing that cannot be: what was taken over by then stays, and a repetition goes
    /// on from there. Extractions are asked for last, so that whoever reads knows what the user has said about items.
    pub async fn take_over(&self, user: &UserId, imported: Imported) -> Result<Taken, ImportError> {
        if self.store.is_closed(user).await? {
            return Err(AppendError::AccountDeleted.into());
        }
        let (mut taken, mut added_to, mut asked_for) = (Taken::default(), HashSet::new(), Vec::new());
        for talk in imported.talks {
            let key = ConversationKey::new(user.clone(), talk.conversation_id.clone());
            if self.add(&key, talk, &mut taken).await? {
                added_to.insert(key.clone());
            }
            if asked_for.last() != Some(&key) {
                asked_for.push(key);
            }
        }
        taken.conversations = added_to.len();
        for verdict in imported.verdicts {
            taken.verdicts += usize::from(self.keep(user, verdict).await?);
        }
        for key in asked_for {
            // Also what a repetition finds there: it may have been interrupted before it was asked for.
            self.schedule.patiently(&key, Cause::Manual).await?;
        }
        Ok(taken)
    }

    /// Adds what is not there yet. Whether that was anything.
    async fn add(&self, key: &ConversationKey, talk: ImportedTalk, taken: &mut Taken) -> Result<bool, ImportError> {
        let session_id = match self.store.find_conversation(key).await? {
            // A conversation that goes on stays with the login session that will ask for it.
            Some(conversation) => conversation.session_id,
            None => elsewhere(),
        };
        let before = taken.messages;
        let mut left = talk.messages.into_iter().peekable();
        while left.peek().is_some() {
            let piece = left.by_ref().take(PIECE).collect();
            let zone = Zone::of(talk.time_zone.clone(), None);
            let appended = self.append.append(key, session_id.clone(), zone, piece).await?;
            let duplicates = appended.messages.iter().filter(|message| message.duplicate).count();
            taken.duplicates += duplicates;
            taken.messages += appended.messages.len() - duplicates;
        }
        Ok(taken.messages > before)
    }

    async fn keep(&self, user: &UserId, verdict: VerdictRecord) -> Result<bool, StoreError> {
        match verdict {
            VerdictRecord::Given(given) => self.store.take_over_verdict(user, &of_user(user, given)).await,
            VerdictRecord::Forgotten(ForgottenVerdict { mark, at, .. }) => {
                self.store.take_over_rejection(user, &ForgottenRejection { mark, at }).await
            }
        }
    }
}

/// The verdict as if `user` had given it here.
fn of_user(user: &UserId, given: GivenVerdict) -> Verdict {
    let marks = marks(user, given.opinion, &given.edit, &given.statement);
    let GivenVerdict { item_id, conversation_id, opinion, statement, edit, revisions, at } = given;
    Verdict { item_id, conversation_id, opinion, statement, edit, revisions, marks, at, revision: 1 }
}

fn elsewhere() -> SessionId {
    SessionId::parse(ELSEWHERE).unwrap_or_else(SessionId::random)
}

/// Why something was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Its messages could not be added.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// Its extraction could not be asked for.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for ImportError {
    fn kind(&self) -> Kind {
        match self {
            Self::Append(error) => error.kind(),
            Self::Schedule(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Append(error) => error.reason(),
            Self::Schedule(error) => error.reason(),
            Self::Store(error) => error.reason(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Schedule(error) => error.retry_after(),
            Self::Append(_) | Self::Store(_) => None,
        }
    }
}
