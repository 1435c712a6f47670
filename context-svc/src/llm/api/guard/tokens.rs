//! So many tokens a minute: a bucket that fills steadily and out of which every call takes what it will need.
//!
//! Reckons with the time it is given and so knows no clock.

use std::time::Duration;

const MINUTE: f64 = 60.0;

/// The bucket. It begins full, and holds what a minute brings.
#[derive(Debug)]
pub(super) struct TokenBudget {
    per_minute: f64,
    /// Less than none after calls that took more than was thought.
    left: f64,
    filled_at: Duration,
}

impl TokenBudget {
    pub(super) fn new(per_minute: u64) -> Self {
        Self { per_minute: per_minute as f64, left: per_minute as f64, filled_at: Duration::ZERO }
    }

    /// Takes `wanted` tokens, or says how long to wait for them. More than a minute brings is taken for a minute's worth, so that
    /// the largest call passes when nothing else does. Returns what was taken.
    pub(super) fn take(&mut self, wanted: u64, now: Duration) -> Result<u64, Duration> {
        self.fill(now);
        let taken = (wanted as f64).min(self.per_minute);
        let missing = taken - self.left;
        if missing > 0.0 {
            return Err(Duration::from_secs_f64(missing / self.per_minute * MINUTE));
        }
        self.left -= taken;
        Ok(taken as u64)
    }

    /// Corrects what was `taken` by what it came to.
    pub(super) fn settle(&mut self, taken: u64, consumed: u64, now: Duration) {
        self.fill(now);
        self.left = (self.left + taken as f64 - consumed as f64).min(self.per_minute);
    }

    fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.left = (self.left + passed / MINUTE * self.per_minute).min(self.per_minute);
        self.filled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn what_a_minute_brings_may_be_taken_at_once_and_then_comes_back_steadily() {
        let mut budget = TokenBudget::new(6000);

        assert_eq!(budget.take(6000, secs(0)), Ok(6000));
        assert_eq!(budget.take(1000, secs(4)), Err(secs(6)));
        assert_eq!(budget.take(1000, secs(10)), Ok(1000));
    }

    #[test]
    fn what_was_not_needed_is_given_back() {
        let mut budget = TokenBudget::new(6000);
        let taken = budget.take(6000, secs(0)).unwrap();

        budget.settle(taken, 500, secs(0));

        assert_eq!(budget.take(5500, secs(0)), Ok(5500));
    }

    #[test]
    fn what_was_needed_beyond_is_owed() {
        let mut budget = TokenBudget::new(6000);
        let taken = budget.take(6000, secs(0)).unwrap();

        budget.settle(taken, 7000, secs(0));

        assert_eq!(budget.take(500, secs(0)), Err(secs(15)));
    }

    #[test]
    fn a_call_larger_than_a_minute_passes_when_the_bucket_is_full() {
        let mut budget = TokenBudget::new(6000);

        assert_eq!(budget.take(20_000, secs(0)), Ok(6000));
        assert_eq!(budget.take(20_000, secs(30)), Err(secs(30)));
        assert_eq!(budget.take(20_000, secs(600)), Ok(6000), "it never holds more than a minute's worth");
    }
}
