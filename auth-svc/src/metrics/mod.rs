//! What auth-svc counts: one handle, cheap to clone, for whoever decides something worth counting.
//!
//! No label names a user or a session, and each has few values.

mod names;

use std::time::Duration;

use kit::telemetry::metrics::{Counter, Gauge, Registry};

use crate::domain::hashing::Hasher;
use crate::domain::logout::LoggedOut;

pub use names::ALL;

/// What a relay was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It will be done.
    Accepted,
    /// Not now.
    Refused,
    /// Not before somebody has mended something: the gRPC status.
    Alarming(&'static str),
    /// Nothing.
    Unreachable,
}

impl Delivery {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Refused => "REFUSED",
            Self::Alarming(_) => "ALARMING",
            Self::Unreachable => "UNREACHABLE",
        }
    }
}

/// Everything that auth-svc counts. Clones count into the same place.
#[derive(Clone)]
pub struct Metrics {
    logins: Counter,
    logouts: Counter,
    pending: Gauge,
    oldest_age: Gauge,
    deliveries: Counter,
    alarms: Counter,
    alarm: Gauge,
    breaker_open: Gauge,
    store_errors: Counter,
}

impl Metrics {
    /// Counts on the page of `registry`.
    pub fn new(registry: &Registry) -> Self {
        let metrics = Self {
            logins: registry.counter(&names::LOGINS),
            logouts: registry.counter(&names::LOGOUTS),
            pending: registry.gauge(&names::PENDING),
            oldest_age: registry.gauge(&names::OLDEST_AGE),
            deliveries: registry.counter(&names::DELIVERIES),
            alarms: registry.counter(&names::ALARMS),
            alarm: registry.gauge(&names::ALARM),
            breaker_open: registry.gauge(&names::BREAKER_OPEN),
            store_errors: registry.counter(&names::STORE_ERRORS),
        };
        metrics.begin();
        metrics
    }

    /// Puts on the page what has not happened yet, so that its first time is seen as a rise.
    fn begin(&self) {
        for result in ["OK", "BAD_CREDENTIALS", "LOGIN_BUSY"] {
            self.logins.add(0, [result.into()]);
        }
        for result in ["ENDED", "NOTHING_TO_DO", "FAILED"] {
            self.logouts.add(0, [result.into()]);
        }
        for delivery in [Delivery::Accepted, Delivery::Refused, Delivery::Alarming(""), Delivery::Unreachable] {
            self.deliveries.add(0, [delivery.name().into()]);
        }
        for code in ["INVALID_ARGUMENT", "UNIMPLEMENTED", "UNAUTHENTICATED", "INTERNAL"] {
            self.alarms.add(0, [code.into()]);
        }
        self.alarm.set(0.0);
        self.breaker_is(false);
    }

    /// Shows how busy `hasher` is whenever the page is read.
    pub(crate) fn show_hashing(registry: &Registry, hasher: &Hasher) {
        let (running, waiting) = (hasher.clone(), hasher.clone());
        registry.observe(&names::HASHING_RUNNING, move || running.running() as f64);
        registry.observe(&names::HASHING_WAITING, move || waiting.waiting() as f64);
    }

    /// Somebody was let in, or was not for that stable reason.
    pub(crate) fn logged_in(&self, refusal: Option<&'static str>) {
        self.logins.count_as([refusal.unwrap_or("OK").into()]);
    }

    /// Somebody logged out. `None`: the store failed.
    pub(crate) fn logged_out(&self, outcome: Option<LoggedOut>) {
        let result = match outcome {
            Some(LoggedOut::Now) => "ENDED",
            Some(LoggedOut::Before) => "NOTHING_TO_DO",
            None => "FAILED",
        };
        self.logouts.count_as([result.into()]);
    }

    /// The outbox as a whole, as it was just read.
    pub(crate) fn outbox_is(&self, pending: u64, oldest_age: Duration) {
        self.pending.set(pending as f64);
        self.oldest_age.set(oldest_age.as_secs_f64());
    }

    /// An entry was handed over, or was not.
    pub(crate) fn delivered(&self, delivery: Delivery) {
        self.deliveries.count_as([delivery.name().into()]);
        match delivery {
            Delivery::Alarming(code) => {
                self.alarms.count_as([code.into()]);
                self.alarm.set(1.0);
            }
            Delivery::Accepted | Delivery::Refused => self.alarm.set(0.0),
            Delivery::Unreachable => {}
        }
    }

    /// Whether only probes go out.
    pub(crate) fn breaker_is(&self, is_open: bool) {
        self.breaker_open.set(f64::from(u8::from(is_open)));
    }

    /// The store failed at `operation`.
    pub(crate) fn store_failed(&self, operation: &'static str) {
        self.store_errors.count_as([operation.into()]);
    }
}

#[cfg(test)]
mod tests;
