//! A model whose calls are counted, and which is known to be failing when it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kit::clock::SharedClock;

use super::{Answer, Model, ModelError, RollUp, RolledUp, Transcript};
use crate::metrics::{Metrics, ModelCall};

/// What it is called when an extraction was asked for.
const EXTRACT: &str = "extract";

/// What it is called when a summary was asked for.
const SUMMARISE: &str = "summarise";

/// What a call ends with that was given up.
const NO_ANSWER: &str = "NO_ANSWER";

/// A call given up sooner says nothing of the model: its job was cancelled, its user is erased, or the process ends.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// How many calls in a row the model has failed. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Streak {
    failures: Arc<AtomicU32>,
}

impl Streak {
    /// How many calls in a row brought nothing that can be used, or no answer in 30 s. A refusal counts neither way.
    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    fn fails(&self) {
        // Wraps after years of failing without a break.
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    fn ends(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }
}

/// Another model, with every call counted.
pub struct Measured {
    /// Who answers.
    pub model: Arc<dyn Model>,
    /// What the provider is called on the page.
    pub provider: &'static str,
    /// Where calls are counted.
    pub metrics: Metrics,
    /// Whose time it takes.
    pub clock: SharedClock,
    /// How it has been doing.
    pub streak: Streak,
}

#[async_trait]
impl Model for Measured {
    fn is_ready(&self) -> bool {
        self.model.is_ready()
    }

    fn reconsiders(&self) -> bool {
        self.model.reconsiders()
    }

    fn prompt_version(&self) -> String {
        self.model.prompt_version()
    }

    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        let call = Call::begin(self, EXTRACT);
        let answer = self.model.extract(transcript).await;
        call.end(answer.as_ref().err());
        answer
    }

    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        let call = Call::begin(self, SUMMARISE);
        let answer = self.model.summarise(roll_up).await;
        call.end(answer.as_ref().err());
        answer
    }
}

/// One call. Dropped before its end, it was given up without an answer.
struct Call<'a> {
    measured: &'a Measured,
    operation: &'static str,
    started: Duration,
    is_over: bool,
}

impl<'a> Call<'a> {
    fn begin(measured: &'a Measured, operation: &'static str) -> Self {
        Self { measured, operation, started: measured.clock.uptime(), is_over: false }
    }

    fn end(mut self, error: Option<&ModelError>) {
        self.is_over = true;
        match error {
            None => self.measured.streak.ends(),
            Some(ModelError::Temporary { .. } | ModelError::Unusable { .. } | ModelError::Unreachable { .. }) => {
                self.measured.streak.fails()
            }
            // Whether it could answer is not known: it was not to be asked now, or not this.
            Some(ModelError::NotNow { .. } | ModelError::TooMuch { .. } | ModelError::Permanent { .. }) => {}
        }
        self.record(error.map(ModelError::reason));
    }

    fn record(&self, error: Option<&'static str>) {
        let Measured { provider, metrics, .. } = self.measured;
        metrics.model_asked(ModelCall { operation: self.operation, provider, took: self.took(), error });
    }

    fn took(&self) -> Duration {
        self.measured.clock.uptime().saturating_sub(self.started)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if self.took() >= ANSWER_MAX {
            self.measured.streak.fails();
        }
        self.record(Some(NO_ANSWER));
    }
}

#[cfg(test)]
mod tests;
