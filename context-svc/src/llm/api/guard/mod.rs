//! Spares a provider: so many calls at once, so many tokens a minute, and none while it is down.
//!
//! Ours rather than a crate's: `governor` takes back nothing once a call has turned out smaller than thought, and `failsafe` reads a
//! clock of its own, where both parts here are some fifty lines of arithmetic over [`kit::clock`].

mod breaker;
mod settings;
mod tokens;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kit::clock::SharedClock;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::breaker::{Breaker, Passage};
use self::tokens::TokenBudget;
use super::reason;
use crate::llm::ModelError;

pub use settings::GuardSettings;

/// Stands before one provider. All clients of a provider share it, whatever their model.
pub struct Guard {
    turns: Arc<Semaphore>,
    provider: Arc<Provider>,
    clock: SharedClock,
}

/// What is known of a provider, and what may still be asked of it.
struct Provider {
    tokens: Option<Mutex<TokenBudget>>,
    breaker: Mutex<Breaker>,
    put_off: Mutex<Option<PutOff>>,
}

/// What the provider has asked for: no more calls until then.
struct PutOff {
    until: Timestamp,
    reason: &'static str,
    message: String,
}

impl Guard {
    /// A guard for one provider.
    pub fn new(settings: &GuardSettings, clock: SharedClock) -> Arc<Self> {
        let limit = settings.tokens_per_minute;
        let provider = Provider {
            tokens: (limit > 0).then(|| Mutex::new(TokenBudget::new(limit))),
            breaker: Mutex::new(Breaker::new(settings.breaker_failures, *settings.breaker_pause)),
            put_off: Mutex::default(),
        };
        Arc::new(Self { turns: turns(settings.concurrency), provider: Arc::new(provider), clock })
    }

    /// Another guard of the same provider, for calls of another sort: neither sort waits for the turns of the other. Both leave the
    /// provider alone together, and take of the same tokens.
    pub fn beside(&self, concurrency: usize) -> Arc<Self> {
        Arc::new(Self { turns: turns(concurrency), provider: self.provider.clone(), clock: self.clock.clone() })
    }

    /// Waits for a turn and lets a call through that may consume `tokens`, unless the provider is left alone, has asked to be, or the
    /// budget is spent.
    pub(super) async fn admit(self: &Arc<Self>, tokens: u64) -> Result<Pass, ModelError> {
        self.is_wanted()?;
        let wait = self.provider.breaker.lock().wait(self.clock.uptime());
        if !wait.is_zero() {
            return Err(self.is_down(wait));
        }
        // Nobody closes the semaphore; one that is closed anyway limits nothing.
        let turn = self.turns.clone().acquire_owned().await.ok();
        // Whoever had the turn before may have been sent away.
        self.is_wanted()?;
        let now = self.clock.uptime();
        let taken = self.take(tokens, now)?;
        match self.provider.breaker.lock().admit(now) {
            Ok(passage) => Ok(Pass { guard: self.clone(), _turn: turn, taken, passage, is_over: false }),
            Err(wait) => {
                self.settle(taken, 0, now);
                Err(self.is_down(wait))
            }
        }
    }

    /// Whether the provider has not asked to be left alone until later.
    fn is_wanted(&self) -> Result<(), ModelError> {
        match &*self.provider.put_off.lock() {
            Some(PutOff { until, reason, message }) if self.clock.now() < *until => {
                Err(ModelError::NotNow { until: *until, reason, message: message.clone() })
            }
            _ => Ok(()),
        }
    }

    fn take(&self, wanted: u64, now: Duration) -> Result<u64, ModelError> {
        let Some(tokens) = &self.provider.tokens else { return Ok(0) };
        tokens.lock().take(wanted, now).map_err(|wait| {
            let message = "the tokens of this minute are spent".to_owned();
            self.not_now(wait, reason::TOKENS_PER_MINUTE, message)
        })
    }

    fn settle(&self, taken: u64, consumed: u64, now: Duration) {
        if let Some(tokens) = &self.provider.tokens {
            tokens.lock().settle(taken, consumed, now);
        }
    }

    fn is_down(&self, wait: Duration) -> ModelError {
        let message = "the provider failed every call of late and is left alone for a while".to_owned();
        self.not_now(wait, reason::CIRCUIT_OPEN, message)
    }

    fn not_now(&self, wait: Duration, reason: &'static str, message: String) -> ModelError {
        ModelError::NotNow { until: self.clock.now() + wait, reason, message }
    }
}

fn turns(concurrency: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)))
}

/// That one call may be made. Dropped before its end, the call was given up: then what it took of the budget stays taken.
pub(super) struct Pass {
    guard: Arc<Guard>,
    _turn: Option<OwnedSemaphorePermit>,
    taken: u64,
    passage: Passage,
    is_over: bool,
}

impl Pass {
    /// The provider wants no call, of whomever, before `until`.
    pub(super) fn is_put_off(&self, until: Timestamp, reason: &'static str, message: &str) {
        let mut put_off = self.guard.provider.put_off.lock();
        if put_off.as_ref().is_none_or(|before| before.until < until) {
            *put_off = Some(PutOff { until, reason, message: message.to_owned() });
        }
    }

    /// The call is over. `is_down` says that the provider could not be reached or is broken; `consumed` how many tokens it took, if
    /// that is known.
    pub(super) fn end(mut self, is_down: bool, consumed: Option<u64>) {
        self.is_over = true;
        let now = self.guard.clock.uptime();
        if let Some(consumed) = consumed {
            self.guard.settle(self.taken, consumed, now);
        }
        let mut breaker = self.guard.provider.breaker.lock();
        if is_down { breaker.failed(now) } else { breaker.answered() }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_over && self.passage == Passage::Trial {
            self.guard.provider.breaker.lock().gives_up(self.guard.clock.uptime());
        }
    }
}
