//! What is seen of the relay from outside: its metrics, its part of the readiness, its signs of life.

use kit::serve::{Beat, Health, Part};

use crate::metrics::{Delivery, Metrics};

/// The part of the readiness that says whether context-svc takes what it is given.
const PART: &str = "relay";

/// Shows what the relay goes through. Clones show the same.
#[derive(Clone)]
pub struct Sight {
    metrics: Metrics,
    health: Health,
    beat: Beat,
}

impl Sight {
    /// Nothing has gone wrong yet.
    pub fn new(metrics: Metrics, health: Health, beat: Beat) -> Self {
        health.set(PART, Part::Ready);
        Self { metrics, health, beat }
    }

    /// The relay waits for its store, for however long: that is no reason to start the process again.
    pub(super) async fn through<T>(&self, wait: impl Future<Output = T>) -> T {
        self.beat.through(wait).await
    }

    /// The relay looked for work.
    pub(super) fn goes_round(&self) {
        self.beat.here();
    }

    /// The relay ends because it is meant to.
    pub(super) fn rests(&self) {
        self.beat.rest();
    }

    /// What came of a delivery. An alarm lasts until context-svc takes an entry, or says that it only cannot do so now.
    pub(super) fn delivered(&self, delivery: Delivery) {
        self.metrics.delivered(delivery);
        match delivery {
            Delivery::Accepted | Delivery::Refused => self.health.set(PART, Part::Ready),
            Delivery::Alarming(code) => self.health.set(PART, refused(code)),
            Delivery::Unreachable => {}
        }
    }

    /// Whether context-svc is believed to be away.
    pub(super) fn breaker_is(&self, is_open: bool) {
        self.metrics.breaker_is(is_open);
    }

    /// The store failed.
    pub(super) fn store_failed(&self) {
        self.metrics.store_failed("relay");
    }
}

fn refused(code: &str) -> Part {
    Part::Degraded(format!(
        "EXTRACTIONS_REFUSED: context-svc answers {code}; check that versions and internal tokens agree, nothing is lost"
    ))
}
