//! Not knocking a thousand times on a door that nobody opens.

use std::time::Duration;

use jiff::Timestamp;
use kit::retry::backoff;

const PROBE_BASE: Duration = Duration::from_millis(250);
const PROBE_MAX: Duration = Duration::from_secs(2);

/// How many calls may be under way: many while the peer answers, one at a time while it does not.
#[derive(Debug)]
pub struct Breaker {
    in_flight_max: usize,
    failures: u32,
    probe_at: Option<Timestamp>,
}

impl Breaker {
    /// A breaker for a peer that is believed to answer.
    pub fn new(in_flight_max: usize) -> Self {
        Self { in_flight_max, failures: 0, probe_at: None }
    }

    /// How many calls may be added to those under way.
    pub fn room(&self, in_flight: usize, now: Timestamp) -> usize {
        match self.probe_at {
            None => self.in_flight_max.saturating_sub(in_flight),
            Some(at) => usize::from(in_flight == 0 && now >= at),
        }
    }

    /// When the next probe may go out, while there are only probes.
    pub fn probe_at(&self) -> Option<Timestamp> {
        self.probe_at
    }

    /// Whether there are only probes.
    pub fn is_open(&self) -> bool {
        self.probe_at.is_some()
    }

    /// The peer could not be reached. Of many calls that fail together only the first counts.
    pub fn open(&mut self, now: Timestamp) {
        if self.probe_at.is_some_and(|at| now < at) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        self.probe_at = Some(now + backoff(self.failures, PROBE_BASE, PROBE_MAX));
    }

    /// The peer answered.
    pub fn close(&mut self) {
        self.failures = 0;
        self.probe_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_the_peer_is_away_one_probe_goes_out_at_a_time() {
        let now = Timestamp::UNIX_EPOCH;
        let mut breaker = Breaker::new(64);
        assert_eq!(breaker.room(10, now), 54);

        (0..54).for_each(|_| breaker.open(now));

        let probe_at = breaker.probe_at().unwrap();
        assert_eq!((breaker.room(0, now), breaker.room(0, probe_at), breaker.room(1, probe_at)), (0, 1, 0));
        assert!(probe_at <= now + PROBE_BASE, "failing together counts once");
    }

    #[test]
    fn an_answer_opens_the_flood_gate_again() {
        let mut breaker = Breaker::new(64);
        breaker.open(Timestamp::UNIX_EPOCH);

        breaker.close();

        assert_eq!(breaker.room(0, Timestamp::UNIX_EPOCH), 64);
    }
}
