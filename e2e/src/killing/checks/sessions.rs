//! Q1 and Q8: what became of logouts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Evidence, Findings};

/// So few measurements say nothing.
const ENOUGH: usize = 8;

/// How much slower the middle logout may be while context-svc is away: far more than noise, far less than a deadline.
const TIMES: u32 = 5;
const BESIDES: Duration = Duration::from_millis(250);

impl Evidence {
    /// Q1: a logout that was acknowledged has ended the session, and whatever ended a session has told context-svc.
    pub(super) fn q1_logouts(&self, findings: &mut Findings) {
        let endings: BTreeMap<_, _> = self.witnessed.endings.iter().map(|end| (end.session.as_str(), end)).collect();
        for session in self.ledger.logouts.iter().filter(|session| !endings.contains_key(session.as_str())) {
            findings.lost("Q1", format!("the logout of session {session} was acknowledged and is forgotten"));
        }
        for ending in endings.values().filter(|ending| ending.asks_for_extraction) {
            match ending.outbox.as_deref() {
                Some("sent") => {}
                // Counted where it is seen that the outbox does not come to rest.
                Some(_) => {}
                None => findings.lost("Q1", format!("session {} ended without an outbox entry", ending.session)),
            }
        }
    }

    /// Q8: the middle logout is as fast without context-svc as with it.
    pub(super) fn q8_logout_does_not_wait(&self, findings: &mut Findings) {
        let (away, there) = (&self.ledger.logouts_away, &self.ledger.logouts_there);
        if away.len() < ENOUGH || there.len() < ENOUGH {
            return;
        }
        let (away, there) = (middle(away), middle(there));
        if away > there * TIMES + BESIDES {
            findings.breach("Q8", format!("a logout took {away:?} without context-svc and {there:?} with it"));
        }
    }
}

fn middle(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}
