//! `afterword jobs watch`: a line for every change, until there is nothing more to see.

use kit::clock::SharedClock;
use kit::config::Period;
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;

use super::desk::{Desk, DeskError};
use super::{json, period, table};
use crate::commands::say_aside;

/// What to watch.
#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    /// The user of the one job to watch.
    #[arg(requires = "conversation_id")]
    user_id: Option<String>,

    /// That user's conversation.
    conversation_id: Option<String>,

    /// How often to look, at least 100ms.
    #[arg(long, value_parser = often, value_name = "PERIOD", default_value = "1s")]
    every: Period,
}

/// Somebody who may stop listening.
pub(super) type Listener<'a> = &'a mut (dyn FnMut(&str) -> bool + Send);

/// A job has ended, and not well.
#[derive(Debug, thiserror::Error)]
#[error("the extraction is {0}")]
struct EndedBadly(&'static str);

impl Watch {
    /// Tells of the job, or of the queue if none was named. Returns when a job has ended, or nobody listens.
    pub(super) async fn follow(
        &self,
        desk: &Desk,
        clock: &SharedClock,
        is_json: bool,
        tell: Listener<'_>,
    ) -> Result<(), Failure> {
        let mut patience = Patience { clock: clock.clone(), every: self.every, has_answered: false, is_away: false };
        match (&self.user_id, &self.conversation_id) {
            (Some(user), Some(conversation)) => {
                let job = Job { user, conversation, is_json };
                job.follow(desk, &mut patience, tell).await
            }
            _ => queue(desk, &mut patience, is_json, tell).await,
        }
    }
}

/// One job that is being watched.
struct Job<'a> {
    user: &'a str,
    conversation: &'a str,
    is_json: bool,
}

impl Job<'_> {
    async fn follow(&self, desk: &Desk, patience: &mut Patience, tell: Listener<'_>) -> Result<(), Failure> {
        let mut known = None;
        loop {
            if let Some(job) = patience.heed(desk.find(self.user, self.conversation, false).await)? {
                // A renewed lease only says that the worker is still at it.
                let told = pb::Extraction { lease_until: None, ..job.clone() };
                if known.as_ref() != Some(&told) {
                    let line = if self.is_json { json::extraction_line(&job)? } else { table::extraction_line(&job) };
                    if !tell(&line) {
                        return Ok(());
                    }
                    known = Some(told);
                }
                match job.state() {
                    State::Done => return Ok(()),
                    ended @ (State::Dead | State::Cancelled) => return Err(EndedBadly(ended.as_str_name()).into()),
                    State::Idle | State::Pending | State::Running | State::Unspecified => {}
                }
            }
            patience.wait().await;
        }
    }
}

async fn queue(desk: &Desk, patience: &mut Patience, is_json: bool, tell: Listener<'_>) -> Result<(), Failure> {
    let mut known = None;
    loop {
        if let Some(status) = patience.heed(desk.status().await)? {
            // An age grows by itself: that is no change.
            let told = pb::GetQueueStatusResponse { oldest_ready_age: None, ..status.clone() };
            if known.as_ref() != Some(&told) {
                let now = patience.clock.now();
                let line = if is_json { json::status_line(&status)? } else { table::status_line(&status, now) };
                if !tell(&line) {
                    return Ok(());
                }
                known = Some(told);
            }
        }
        patience.wait().await;
    }
}

/// Between two looks, and when there is no answer.
struct Patience {
    clock: SharedClock,
    every: Period,
    has_answered: bool,
    is_away: bool,
}

impl Patience {
    /// The answer. A service that was there once and cannot be reached now may be restarting: `None`, ask again.
    fn heed<T>(&mut self, answer: Result<T, DeskError>) -> Result<Option<T>, Failure> {
        match answer {
            // A call that was cut off in the middle has many codes; it was context-svc once.
            Err(error @ (DeskError::Unreachable(_) | DeskError::Strange(_))) if self.has_answered => {
                if !self.is_away {
                    say_aside(&format!("{error} Still trying.\n"));
                }
                self.is_away = true;
                Ok(None)
            }
            Err(error) => Err(error.into()),
            Ok(answer) => {
                (self.has_answered, self.is_away) = (true, false);
                Ok(Some(answer))
            }
        }
    }

    async fn wait(&self) {
        self.clock.sleep(self.every.0).await;
    }
}

fn often(text: &str) -> Result<Period, String> {
    let every = period(text)?;
    if every >= Period::millis(100) { Ok(every) } else { Err("must be at least 100ms".to_owned()) }
}

#[cfg(test)]
mod tests;
