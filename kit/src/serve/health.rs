//! Whether this process should be sent work, and why not.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthService, HealthServer};
use tonic_health::server::HealthReporter;

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

/// Readiness, made up of named parts. Clones share it. Nothing reported yet counts as not ready.
#[derive(Debug, Clone)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<&'static str, Part>>>,
    ready: watch::Sender<bool>,
}

impl Default for Health {
    fn default() -> Self {
        Self { parts: Arc::default(), ready: watch::Sender::new(false) }
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
        let ready = parts.values().all(|part| !matches!(part, Part::NotReady(_)));
        // Published under the lock, or an older state could overtake a newer one.
        self.ready.send_if_modified(|before| std::mem::replace(before, ready) != ready);
        drop(parts);
    }

    /// Whether every part works, if badly.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Completes once the process is ready.
    pub async fn until_ready(&self) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Makes another service of this process a part of this readiness: not ready while it is not, for its reasons.
    pub fn include(&self, part: &'static str, other: &Self) {
        let (whole, other) = (self.clone(), other.clone());
        let mut ready = other.ready.subscribe();
        whole.set(part, other.summary());
        tokio::spawn(async move {
            while ready.changed().await.is_ok() {
                ready.borrow_and_update();
                whole.set(part, other.summary());
            }
        });
    }

    fn summary(&self) -> Part {
        let parts = self.parts.lock();
        let (mut missing, mut degraded) = (Vec::new(), Vec::new());
        for (name, part) in parts.iter() {
            match part {
                Part::NotReady(reason) => missing.push(format!("{name}: {reason}")),
                Part::Degraded(reason) => degraded.push(format!("{name}: {reason}")),
                Part::Ready => {}
            }
        }
        match (parts.is_empty(), missing.is_empty(), degraded.is_empty()) {
            (true, ..) => Part::NotReady("starting".to_owned()),
            (_, false, _) => Part::NotReady(missing.join("; ")),
            (.., false) => Part::Degraded(degraded.join("; ")),
            _ => Part::Ready,
        }
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
    pub(super) async fn grpc_service(&self) -> HealthServer<impl HealthService + use<>> {
        let (reporter, service) = tonic_health::server::health_reporter();
        publish(&reporter, self.is_ready()).await;
        let mut ready = self.ready.subscribe();
        tokio::spawn(async move {
            while ready.changed().await.is_ok() {
                let now = *ready.borrow_and_update();
                publish(&reporter, now).await;
            }
        });
        service
    }
}

async fn publish(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    reporter.set_service_status("", status).await;
}
