//! What an enqueue does, decided from what it read: the same for every backend.

use crate::domain::model::{JobState, Outcome, Watermark};

/// What an enqueue reads of a conversation and its job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Where the job is.
    pub(super) state: JobState,
    /// Up to where extraction was asked for.
    pub(super) want: Watermark,
    /// Up to where it is done.
    pub(super) done: Watermark,
    /// What was wanted when the job was last claimed.
    pub(super) bound: Watermark,
    /// The last message.
    pub(super) last_seq: i64,
    /// The last message of the user.
    pub(super) last_user_seq: i64,
}

impl Standing {
    /// The watermark that a trigger asks for: the last message, under the highest generation seen so far.
    pub(super) fn last(&self) -> Watermark {
        self.want.max(self.done).at(self.last_seq)
    }

    /// The watermark that reading everything again asks for: the last message, under the next generation.
    pub(super) fn last_again(&self) -> Watermark {
        Watermark::new(self.want.max(self.done).generation() + 1, self.last_seq)
    }

    /// What becomes of the wish to read everything again: no job covers it yet, whatever it is about.
    pub(super) fn outcome_again(&self) -> Outcome {
        match self.state {
            JobState::Pending => Outcome::Merged,
            JobState::Running => Outcome::Rearmed,
            JobState::Idle | JobState::Done | JobState::Dead | JobState::Cancelled => Outcome::Queued,
        }
    }

    /// What becomes of a trigger, before anybody asks whether the queue has room.
    pub(super) fn outcome(&self) -> Outcome {
        let last = self.last();
        let user_is_covered = self.last_user_seq == 0 || last.at(self.last_user_seq) <= self.done;
        if self.done >= last {
            return Outcome::AlreadyExtracted;
        }
        if user_is_covered {
            return Outcome::Empty;
        }
        let nothing_new = self.want >= last;
        match self.state {
            JobState::Pending => Outcome::Merged,
            JobState::Running if last > self.bound => Outcome::Rearmed,
            JobState::Running => Outcome::AlreadyRunning,
            JobState::Dead if nothing_new => Outcome::DeadLettered,
            JobState::Cancelled if nothing_new => Outcome::Cancelled,
            JobState::Idle | JobState::Done | JobState::Dead | JobState::Cancelled => Outcome::Queued,
        }
    }
}
