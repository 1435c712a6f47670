//! Whether this process should be sent work, and why not; and whether it lives at all.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthService, HealthServer};
use tonic_health::server::HealthReporter;

use super::pulse::{Beat, Heard};
use crate::clock::SharedClock;

/// The state of one thing that the process needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Works.
    Ready,
    /// Works badly; the process still takes work, and says this.
    Degraded(String),
    /// Does not work; the process should not be sent anything.
    NotReady(String),
}

/// Readiness, made up of named parts, and liveness, made up of loops that must go round. Clones share both.
///
/// Nothing reported yet counts as not ready. A part that fails never fails liveness: starting the process again would not mend it.
#[derive(Clone)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<&'static str, Part>>>,
    loops: Arc<Mutex<Vec<Arc<Heard>>>>,
    included: Arc<Mutex<Vec<(&'static str, Health)>>>,
    whole: watch::Sender<Part>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Default for Health {
    fn default() -> Self {
        let whole = watch::Sender::new(Part::NotReady("starting".to_owned()));
        Self { parts: Arc::default(), loops: Arc::default(), included: Arc::default(), whole }
    }
}

impl Health {
    /// No part is known yet: not ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records the state of a part.
    pub fn set(&self, part: &'static str, state: Part) {
        let mut parts = self.parts.lock();
        parts.insert(part, state);
        let whole = summary(&parts);
        // Published under the lock, or an older state could overtake a newer one.
        self.whole.send_if_modified(|before| {
            let changes = *before != whole;
            *before = whole;
            changes
        });
        drop(parts);
    }

    /// Every part as it stands.
    pub fn parts(&self) -> Vec<(&'static str, Part)> {
        self.parts.lock().iter().map(|(name, part)| (*name, part.clone())).collect()
    }

    /// Whether every part works, if badly.
    pub fn is_ready(&self) -> bool {
        !matches!(*self.whole.borrow(), Part::NotReady(_))
    }

    /// Completes once the process is ready.
    pub async fn until_ready(&self) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.whole.subscribe().wait_for(|whole| !matches!(whole, Part::NotReady(_))).await;
    }

    /// From now on the loop `name` must be heard of at least every `silence_max` of the clock's time, or liveness fails.
    pub fn listens_for(&self, name: &'static str, silence_max: Duration, clock: SharedClock) -> Beat {
        let (beat, heard) = Beat::of(name, silence_max, clock);
        self.loops.lock().push(heard);
        beat
    }

    /// Which loops have fallen silent: reasons to start the process again. None if it lives.
    pub fn silent(&self) -> Vec<String> {
        let mut silent: Vec<_> = self.loops.lock().iter().filter_map(|heard| heard.is_silent()).collect();
        for (part, other) in self.included.lock().iter() {
            silent.extend(other.silent().into_iter().map(|reason| format!("{part}: {reason}")));
        }
        silent
    }

    /// Makes another service of this process a part of this one: not ready or degraded while it is, for its reasons, and dead
    /// when it is.
    pub fn include(&self, part: &'static str, other: &Self) {
        self.included.lock().push((part, other.clone()));
        let whole = self.clone();
        let mut theirs = other.whole.subscribe();
        whole.set(part, theirs.borrow_and_update().clone());
        tokio::spawn(async move {
            while theirs.changed().await.is_ok() {
                let state = theirs.borrow_and_update().clone();
                whole.set(part, state);
            }
        });
    }

    /// The body of `/readyz`.
    pub fn report(&self) -> Value {
        let parts: serde_json::Map<String, Value> = self
            .parts
            .lock()
            .iter()
            .map(|(name, part)| {
                let (state, reason) = match part {
                    Part::Ready => ("ready", None),
                    Part::Degraded(reason) => ("degraded", Some(reason)),
                    Part::NotReady(reason) => ("not ready", Some(reason)),
                };
                ((*name).to_owned(), json!({"state": state, "reason": reason}))
            })
            .collect();
        json!({"ready": self.is_ready(), "parts": parts})
    }

    /// `grpc.health.v1.Health` whose overall status follows this readiness.
    pub(crate) async fn grpc_service(&self) -> HealthServer<impl HealthService + use<>> {
        let (reporter, service) = tonic_health::server::health_reporter();
        let mut whole = self.whole.subscribe();
        let mut ready = !matches!(*whole.borrow_and_update(), Part::NotReady(_));
        publish(&reporter, ready).await;
        tokio::spawn(async move {
            // Only when it changes: whoever watches is not told again for every new reason.
            while whole.wait_for(|whole| ready == matches!(whole, Part::NotReady(_))).await.is_ok() {
                ready = !ready;
                publish(&reporter, ready).await;
            }
        });
        service
    }
}

fn summary(parts: &BTreeMap<&'static str, Part>) -> Part {
    let (mut missing, mut degraded) = (Vec::new(), Vec::new());
    for (name, part) in parts {
        match part {
            Part::NotReady(reason) => missing.push(format!("{name}: {reason}")),
            Part::Degraded(reason) => degraded.push(format!("{name}: {reason}")),
            Part::Ready => {}
        }
    }
    match (missing.is_empty(), degraded.is_empty()) {
        (false, _) => Part::NotReady(missing.join("; ")),
        (true, false) => Part::Degraded(degraded.join("; ")),
        (true, true) => Part::Ready,
    }
}

async fn publish(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    reporter.set_service_status("", status).await;
}
