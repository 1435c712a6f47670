//! Leaves a provider alone that fails every call, until one call has shown that it is back.
//!
//! Reckons with the time it is given and so knows no clock.

use std::time::Duration;

/// The circuit breaker. Times are those since some fixed moment.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    pause: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Calls pass. So many in a row have failed.
    Closed { failures: u32 },
    /// No call passes until then.
    Open { until: Duration },
    /// One call is under way to see whether the provider is back.
    Trying,
}

/// That a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// As always.
    Free,
    /// To see whether the provider is back: whoever got this says how it went, or [`Breaker::gives_up`].
    Trial,
}

impl Breaker {
    pub(super) fn new(failures_max: u32, pause: Duration) -> Self {
        Self { failures_max: failures_max.max(1), pause, state: State::Closed { failures: 0 } }
    }

    /// Whether a call may pass now, or how long to wait before asking again.
    pub(super) fn admit(&mut self, now: Duration) -> Result<Passage, Duration> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        if let State::Open { .. } = self.state {
            self.state = State::Trying;
            return Ok(Passage::Trial);
        }
        Ok(Passage::Free)
    }

    /// How long no call will pass; zero if one might now.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        match self.state {
            State::Closed { .. } => Duration::ZERO,
            State::Open { until } => until.saturating_sub(now),
            State::Trying => self.pause,
        }
    }

    /// A call brought an answer, be it a refusal: the provider is there.
    pub(super) fn answered(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// A call brought none.
    pub(super) fn failed(&mut self, now: Duration) {
        let failures = match self.state {
            State::Closed { failures } => failures + 1,
            State::Trying => self.failures_max,
            // It began before the others failed, and says nothing new.
            State::Open { .. } => return,
        };
        let is_down = failures >= self.failures_max;
        self.state = if is_down { State::Open { until: now + self.pause } } else { State::Closed { failures } };
    }

    /// The trial was given up: the next call is one.
    pub(super) fn gives_up(&mut self, now: Duration) {
        if let State::Trying = self.state {
            self.state = State::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// A breaker that was opened at the first second.
    fn open() -> Breaker {
        let mut breaker = Breaker::new(3, PAUSE);
        for _ in 0..3 {
            assert_eq!(breaker.admit(secs(1)), Ok(Passage::Free));
            breaker.failed(secs(1));
        }
        breaker
    }

    #[test]
    fn so_many_failures_in_a_row_open_it() {
        let mut breaker = open();

        assert_eq!(breaker.admit(secs(11)), Err(secs(20)));
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew() {
        let mut breaker = Breaker::new(3, PAUSE);
        for _ in 0..5 {
            breaker.failed(secs(1));
            breaker.failed(secs(1));
            breaker.answered();
        }

        assert_eq!(breaker.admit(secs(1)), Ok(Passage::Free));
    }

    #[test]
    fn after_the_pause_one_call_tries_and_the_others_wait() {
        let mut breaker = open();

        assert_eq!(breaker.admit(secs(31)), Ok(Passage::Trial));
        assert_eq!(breaker.admit(secs(31)), Err(PAUSE));
    }

    #[test]
    fn a_trial_that_is_answered_closes_it() {
        let mut breaker = open();
        breaker.admit(secs(31)).unwrap();

        breaker.answered();

        assert_eq!(breaker.admit(secs(32)), Ok(Passage::Free));
        breaker.failed(secs(32));
        assert_eq!(breaker.admit(secs(32)), Ok(Passage::Free), "one failure does not open it");
    }

    #[test]
    fn a_trial_that_fails_opens_it_for_another_pause() {
        let mut breaker = open();
        breaker.admit(secs(31)).unwrap();

        breaker.failed(secs(40));

        assert_eq!(breaker.admit(secs(69)), Err(secs(1)));
        assert_eq!(breaker.admit(secs(70)), Ok(Passage::Trial));
    }

    #[test]
    fn a_trial_that_is_given_up_leaves_the_trial_to_the_next() {
        let mut breaker = open();
        breaker.admit(secs(31)).unwrap();

        breaker.gives_up(secs(32));

        assert_eq!(breaker.admit(secs(32)), Ok(Passage::Trial));
    }

    #[test]
    fn a_call_that_began_before_does_not_lengthen_the_pause() {
        let mut breaker = open();

        breaker.failed(secs(20));

        assert_eq!(breaker.admit(secs(31)), Ok(Passage::Trial));
    }
}
