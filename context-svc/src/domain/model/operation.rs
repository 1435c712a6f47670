//! What an operator looks for in the queue, sees of it, and moves in it.

use std::fmt;

use jiff::Timestamp;
use kit::id::UserId;

use super::{ConversationId, ConversationKey, Extraction, JobState};

/// Which extractions to list. What is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtractionFilter {
    /// Only those in this state; `None` for any but [`JobState::Idle`].
    pub state: Option<JobState>,
    /// Only this user's.
    pub user_id: Option<UserId>,
    /// Only those that last changed then or before. One that was never asked for has never changed.
    pub unchanged_since: Option<Timestamp>,
    /// Whether their [`Extraction::raw_answer`] is wanted.
    pub raw_answers: bool,
}

/// A place in the list of extractions: the last one on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractionCursor {
    /// When it last changed; the beginning of time if it was never asked for.
    pub changed_at: Timestamp,
    /// Which it is.
    pub key: ConversationKey,
}

impl ExtractionCursor {
    /// The place of `extraction`.
    pub fn of(extraction: &Extraction) -> Self {
        let changed_at = extraction.updated_at.unwrap_or(Timestamp::UNIX_EPOCH);
        Self { changed_at, key: extraction.key.clone() }
    }

    /// The place in `token`, as [`fmt::Display`] wrote it.
    pub fn parse(token: &str) -> Option<Self> {
        // The user comes last: only its id may hold a colon.
        let mut parts = token.splitn(3, ':');
        let changed_at = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok()?;
        let conversation_id = ConversationId::parse(parts.next()?)?;
        Some(Self { changed_at, key: ConversationKey::new(UserId::parse(parts.next()?)?, conversation_id) })
    }
}

impl fmt::Display for ExtractionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConversationKey { user_id, conversation_id } = &self.key;
        write!(f, "{}:{conversation_id}:{user_id}", self.changed_at.as_microsecond())
    }
}

/// The jobs of all users, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// How many are in each state, in the order of their names; without [`JobState::Idle`] and states that no job is in.
    pub by_state: Vec<(JobState, u64)>,
    /// Since when the job that is due for longest has been due; `None` if none is. A lease that expired makes a job due.
    pub due_since: Option<Timestamp>,
}

impl QueueCounts {
    /// How many jobs are in `state`.
    pub fn of(&self, state: JobState) -> u64 {
        self.by_state.iter().find(|(each, _)| *each == state).map_or(0, |(_, jobs)| *jobs)
    }

    /// How many jobs are live.
    pub fn depth(&self) -> u64 {
        self.of(JobState::Pending) + self.of(JobState::Running)
    }
}

/// What became of an operator's wish to move a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It is where it was wished to be.
    To(Box<Extraction>),
    /// It stays in the state it is in, which does not allow the move.
    Stays(JobState),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_being_a_token_whatever_the_ids_hold() {
        let key =
            ConversationKey::new(UserId::parse("auth0|a:b.c").unwrap(), ConversationId::parse("c-1.2_x").unwrap());
        let place = ExtractionCursor { changed_at: Timestamp::from_microsecond(1_750_000_000_000_001).unwrap(), key };

        assert_eq!(ExtractionCursor::parse(&place.to_string()), Some(place));
        for broken in ["", "1", "1:c1", "x:c1:u1", "1:c 1:u1", "1:c1:"] {
            assert_eq!(ExtractionCursor::parse(broken), None, "{broken}");
        }
    }
}
