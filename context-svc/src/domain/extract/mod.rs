//! From the messages of a conversation to what is remembered of it: one pass of one job.
//!
//! Reads what is new since the last pass, has a model propose, believes nothing that is not grounded in what the user said,
//! and lays the rest over what was remembered before. Has no effect of its own: the queue saves the result.

pub(super) mod chunk;
pub mod echo;
mod elsewhere;
pub mod fold;
mod judge;
pub(super) mod merge;
mod pass;
mod progress;
mod reading;
pub mod when;

#[cfg(test)]
mod asking_tests;
#[cfg(test)]
mod passes_tests;
#[cfg(test)]
mod progress_tests;
#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod reason_tests;
#[cfg(test)]
mod rejected_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit::clock::SharedClock;

use crate::domain::model::{Failure, Job, Message, Processor, Role, SessionContext, Usage};
use crate::domain::verdicts::Overlay;
use crate::llm::{ModelError, Readers};
use crate::store::{Store, StoreError};

pub use chunk::Cut;
pub(super) use judge::TEXT_BYTES_MAX;
#[cfg(fuzzing)]
pub(crate) use pass::Judged;
pub(crate) use pass::Pass;

use chunk::{approximate_tokens, pieces};

/// How many messages are read from the store at once; a talk may have more than fit into memory.
const READ_AT_ONCE: i64 = 200;

/// Turns claimed jobs into session contexts.
pub struct Extractor {
    store: Arc<dyn Store>,
    readers: Readers,
    clock: SharedClock,
    cut: Cut,
    enough_after: Duration,
}

impl Extractor {
    /// An extractor that has `readers` read, cuts long talks as `cut` says, and begins no further piece once a pass has taken
    /// `enough_after`: what is left follows in another.
    pub fn new(
        store: Arc<dyn Store>,
        readers: impl Into<Readers>,
        clock: SharedClock,
        cut: Cut,
        enough_after: Duration,
    ) -> Self {
        Self { store, readers: readers.into(), clock, cut, enough_after }
    }
}

#[async_trait]
impl Processor for Extractor {
    fn is_ready(&self) -> bool {
        self.readers.are_ready()
    }

    async fn process(&self, job: &Job) -> Result<SessionContext, Failure> {
        let began = self.clock.uptime();
        // A higher generation reads everything again, as if for the first time.
        let from_scratch = job.want.generation() > job.done.generation();
        let after_seq = if from_scratch { 0 } else { job.done.seq() };
        let known = self.store.find_context(job.key()).await.map_err(unreadable)?;
        let previous = if from_scratch { None } else { known.clone().map(|known| merge::read_until(known, after_seq)) };
        let overlap = i64::try_from(self.cut.overlap).unwrap_or(0);
        let messages = self.messages(job, (after_seq - overlap).max(0)).await?;

        let overlay = Overlay::read(&*self.store, &job.key().user_id).await.map_err(unreadable)?;
        let elsewhere = self.elsewhere(job.key(), &messages, overlay.clone()).await?;
        let mut pass = Pass::over(job.key(), previous, overlay, self.clock.now()).beside(elsewhere);
        let read_before = messages.iter().take_while(|message| message.seq <= after_seq).count();
        let enough_at = began + self.enough_after;
        for piece in pieces(&messages, read_before, self.cut) {
            if pass.may_end_before(&piece) && self.clock.uptime() >= enough_at {
                break;
            }
            if let Err(failure) = self.read(&mut pass, piece, enough_at).await {
                // What has been read and paid for is saved; the next pass meets the failure with nothing to lose.
                if pass.upto_seq().is_none() {
                    return Err(failure);
                }
                tracing::warn!(reason = failure.reason, "a pass ends early");
                break;
            }
        }
        let usage = match self.store.usage_of_job(job.key(), job.first_at).await {
            Ok(usage) => usage,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "what a pass has consumed is not known");
                Usage::default()
            }
        };
        Ok(pass.finish(known.as_ref(), job.upto_seq(), usage))
    }
}

impl Extractor {
    /// The messages after `read_from` up to the job's last one, or at least as many as one pass can take.
    async fn messages(&self, job: &Job, read_from: i64) -> Result<Vec<Message>, Failure> {
        let enough = self.cut.tokens_max.saturating_mul(self.cut.pieces_max);
        let (mut messages, mut tokens, mut after_seq) = (Vec::new(), 0, read_from);
        while after_seq < job.upto_seq() && tokens <= enough {
            let upto_seq = job.upto_seq().min(after_seq + READ_AT_ONCE);
            let part = self.store.transcript(&job.lease, after_seq, upto_seq).await.map_err(unreadable)?;
            tokens += part.iter().map(|message| approximate_tokens(&message.text)).sum::<usize>();
            messages.extend(part.into_iter().map(without_our_own_words));
            after_seq = upto_seq;
        }
        Ok(messages)
    }
}

fn without_our_own_words(mut message: Message) -> Message {
    if let std::borrow::Cow::Owned(kept) = echo::without_echo(&message.text) {
        message.text = kept;
    }
    message
}

/// Whether a message is of the user and more than white space.
fn is_said_by_user(message: &Message) -> bool {
    message.role == Role::User && !fold::fold(&message.text).is_empty()
}

fn unreadable(error: StoreError) -> Failure {
    Failure::outage("STORE_UNAVAILABLE", error.to_string())
}

pub(super) fn failure_of(error: ModelError) -> Failure {
    match error {
        ModelError::Temporary { reason, message } => Failure::retry(reason, message),
        ModelError::Unusable { reason, message, raw } => Failure::retry(reason, message).with_raw(raw),
        ModelError::TooMuch { reason, message, raw } => {
            let failure = Failure::retry(reason, message);
            raw.into_iter().fold(failure, Failure::with_raw)
        }
        ModelError::Unreachable { reason, message } => Failure::outage(reason, message),
        ModelError::NotNow { until, reason, message } => Failure::snooze(until, reason, message),
        ModelError::Permanent { reason, message } => Failure::give_up(reason, message),
    }
}
