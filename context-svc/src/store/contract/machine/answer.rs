//! What a step is answered with, in the same shape whether the model says it or a store.

use jiff::Timestamp;

use super::step::Place;
use crate::domain::model::{Backlog, Cause, Committed, Enqueued, Extraction, JobState, Moved, Outcome};
use crate::store::contract::language::t;

/// The answer to one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is nothing to be said, or there was nothing to be done.
    Nothing,
    /// Whether it was there, or in force.
    Was(bool),
    /// The `seq` of each message, and whether it had been there before.
    Appended {
        last_seq: i64,
        places: Vec<(i64, bool)>,
    },
    Enqueued(Asked),
    Session {
        accepted: Vec<(Place, Asked)>,
        refused: usize,
    },
    /// The conversations that will be read again, and whether the next did not fit.
    Reread {
        accepted: Vec<(Place, Asked)>,
        full: bool,
    },
    /// The job that was handed out, as it stands now.
    Claimed(Option<(Place, Box<Seen>)>),
    Committed(Committed),
    /// The job where it was wished to be, or the state in which it stays.
    Moved(Option<Result<Box<Seen>, JobState>>),
    /// Messages, characters, and when the size last asked.
    Backlog(Option<(u64, u64, Option<i64>)>),
    Swept(Vec<(Place, Asked)>),
    /// All that a lost claim was tried for.
    Refused {
        renewed: bool,
        committed: Committed,
        failed: bool,
        released: bool,
    },
}

/// What became of a trigger, and up to which `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Accepted(Outcome, i64),
    Full,
}

/// A job as anybody can see it. Times are seconds from the beginning of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: JobState,
    pub(super) want: i64,
    pub(super) done: i64,
    pub(super) fence: i64,
    pub(super) owner: Option<String>,
    pub(super) lease_until: Option<i64>,
    pub(super) run_at: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) first_at: Option<i64>,
    pub(super) attempts: u32,
    pub(super) deliveries: u32,
    pub(super) snoozes: u32,
    pub(super) merges: u32,
    pub(super) causes: Vec<Cause>,
    pub(super) reason: Option<String>,
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: Option<i64>,
}

impl Answer {
    pub(super) fn moved(job: &Seen, there: bool) -> Self {
        Self::Moved(Some(if there { Ok(Box::new(job.clone())) } else { Err(job.state) }))
    }

    pub(super) fn of_moved(moved: Option<Moved>) -> Self {
        Self::Moved(moved.map(|moved| match moved {
            Moved::To(extraction) => Ok(Box::new(Seen::of(&extraction))),
            Moved::Stays(state) => Err(state),
        }))
    }

    pub(super) fn of_backlog(backlog: Option<Backlog>) -> Self {
        Self::Backlog(backlog.map(|backlog| (backlog.messages, backlog.chars, backlog.sized_at.map(seconds))))
    }

    /// The job that a claim handed out.
    pub(super) fn chosen(&self) -> Option<Place> {
        match self {
            Self::Claimed(Some((place, _))) => Some(*place),
            _ => None,
        }
    }

    /// What to count it as, to know afterwards what the stories were about.
    pub(super) fn kinds(&self) -> Vec<String> {
        match self {
            Self::Enqueued(asked) => vec![asked.kind()],
            Self::Session { accepted, refused } => {
                let refused = (*refused > 0).then(|| "session-refused".into());
                accepted.iter().map(|(_, asked)| asked.kind()).chain(refused).collect()
            }
            Self::Reread { accepted, full } => {
                let kind = |asked: &Asked| format!("reread-{}", asked.kind());
                accepted.iter().map(|(_, asked)| kind(asked)).chain(full.then(|| kind(&Asked::Full))).collect()
            }
            Self::Swept(swept) => swept.iter().map(|(_, asked)| asked.kind()).collect(),
            Self::Claimed(Some((_, job))) if job.deliveries > 1 => vec!["reclaimed".into()],
            Self::Claimed(Some(_)) => vec!["claimed".into()],
            Self::Committed(Committed::Done) => vec!["done".into()],
            Self::Committed(Committed::Rearmed) => vec!["re-armed".into()],
            Self::Committed(Committed::LeaseLost) => vec!["lease-lost".into()],
            Self::Moved(Some(Ok(job))) => vec![format!("moved-to-{}", job.state)],
            Self::Refused { .. } => vec!["zombie-refused".into()],
            Self::Appended { places, .. } => {
                let duplicate = places.iter().any(|(_, duplicate)| *duplicate);
                duplicate.then(|| "duplicate".into()).into_iter().collect()
            }
            Self::Nothing | Self::Was(_) | Self::Claimed(None) | Self::Moved(_) | Self::Backlog(_) => vec![],
        }
    }
}

impl Asked {
    pub(super) fn of(enqueued: &Enqueued) -> Self {
        match enqueued {
            Enqueued::Accepted(ticket) => Self::Accepted(ticket.outcome, ticket.watermark.as_i64()),
            Enqueued::Full => Self::Full,
        }
    }

    fn kind(&self) -> String {
        match self {
            Self::Accepted(outcome, _) => outcome.to_string(),
            Self::Full => "FULL".into(),
        }
    }
}

impl Seen {
    pub(super) fn of(extraction: &Extraction) -> Self {
        Self {
            state: extraction.state,
            want: extraction.want.as_i64(),
            done: extraction.done.as_i64(),
            fence: extraction.fence,
            owner: extraction.owner.as_ref().map(ToString::to_string),
            lease_until: extraction.lease_until.map(seconds),
            run_at: extraction.run_at.map(seconds),
            not_before: extraction.not_before.map(seconds),
            first_at: extraction.first_at.map(seconds),
            attempts: extraction.attempts,
            deliveries: extraction.deliveries,
            snoozes: extraction.snoozes,
            merges: extraction.merges,
            causes: extraction.causes.clone(),
            reason: extraction.last_error.as_ref().map(|error| error.reason.clone()),
            created_at: extraction.created_at.map(seconds),
            updated_at: extraction.updated_at.map(seconds),
        }
    }
}

impl Default for Seen {
    /// A job that was never asked for.
    fn default() -> Self {
        Self {
            state: JobState::Idle,
            want: 0,
            done: 0,
            fence: 0,
            owner: None,
            lease_until: None,
            run_at: None,
            not_before: None,
            first_at: None,
            attempts: 0,
            deliveries: 0,
            snoozes: 0,
            merges: 0,
            causes: vec![],
            reason: None,
            created_at: None,
            updated_at: None,
        }
    }
}

/// A moment in seconds from the beginning of the story.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.as_second() - t(0).as_second()
}
