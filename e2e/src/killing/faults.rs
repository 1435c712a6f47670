//! Carries a plan out on the real processes, and starts again whatever has died.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kit::clock::monotonic;

use super::plan::{Fault, FaultKind, PLACES, Plan};
use super::weather::Weather;
use crate::{Processes, Service};

/// How often to look whether somebody has died at a failpoint.
const LOOK: Duration = Duration::from_millis(20);

/// How long a second process gets until it works; it need not be ready for calls.
const STARTING_MS: u64 = 1_000;

/// How long both processes work on one store after one of them has woken up.
const TOGETHER_MS: u64 = 500;

const SIGKILL: i32 = 9;

/// What was done in the end: a process may never come to the place at which it was to die.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    pub(super) kills: u64,
    pub(super) kills_at: BTreeMap<&'static str, u64>,
    pub(super) stops: u64,
    pub(super) terms: u64,
    pub(super) restarts: u64,
    /// Processes that ended as nobody had told them to.
    pub(super) surprises: Vec<String>,
}

/// The processes, and what is done to them.
pub(super) struct Storm {
    pub(super) world: Processes,
    /// A second context-svc on the same store, which is there only while the first is frozen.
    second: Processes,
    weather: Arc<Weather>,
    armed: BTreeMap<Service, &'static str>,
    done: Done,
}

impl Storm {
    pub(super) fn over(world: Processes, weather: Arc<Weather>) -> Self {
        let kills_at = PLACES.iter().map(|(place, ..)| (*place, 0)).collect();
        let second = world.beside();
        Self { world, second, weather, armed: BTreeMap::new(), done: Done { kills_at, ..Done::default() } }
    }

    /// Carries out the plan and leaves every service running.
    pub(super) async fn rage(&mut self, plan: &Plan) {
        let start = monotonic();
        for fault in &plan.faults {
            self.pass_time_until(start + Duration::from_millis(fault.at_ms)).await;
            self.strike(fault).await;
        }
        self.pass_time_until(start + Duration::from_secs(plan.seconds)).await;
    }

    /// The end of it: nobody is to die any more, and everybody is there.
    pub(super) async fn calm(&mut self) {
        for service in std::mem::take(&mut self.armed).into_keys() {
            self.kill(service).await;
            self.start(service);
        }
        self.world.until_all_ready().await;
    }

    /// Asks all of them to end, and says what was done to them.
    pub(super) async fn end(mut self) -> (Processes, Done) {
        for service in [Service::Gateway, Service::Context, Service::Auth] {
            let code = self.world.terminate(service).await;
            if code != Some(0) {
                self.done.surprises.push(format!("{} was asked to end and did so with {code:?}", service.program()));
            }
        }
        (self.world, self.done)
    }

    async fn strike(&mut self, fault: &Fault) {
        let service = fault.service;
        match fault.kind {
            FaultKind::Kill { down_ms } => {
                self.kill(service).await;
                self.pass_time(down_ms).await;
                self.start(service);
            }
            FaultKind::DieAt { place, count } => {
                self.kill(service).await;
                self.world.die_at(service, Some(format!("{place}:{count}")));
                self.armed.insert(service, place);
                self.start(service);
            }
            FaultKind::Freeze { for_ms } => {
                self.done.stops += 1;
                // Or who wakes up would be the only one to have taken its jobs, and could not come too late.
                if service == Service::Context {
                    self.second.begin(service);
                    self.pass_time(STARTING_MS).await;
                }
                self.weather.turns(service, true);
                self.world.freeze(service);
                self.pass_time(for_ms).await;
                self.world.thaw(service);
                self.weather.turns(service, false);
                if service == Service::Context {
                    self.pass_time(TOGETHER_MS).await;
                    self.second.kill(service).await;
                }
            }
            FaultKind::Terminate { down_ms } => {
                self.done.terms += 1;
                self.weather.turns(service, true);
                let code = self.world.terminate(service).await;
                self.note_ending(service, code);
                self.disarm(service);
                self.pass_time(down_ms).await;
                self.start(service);
            }
        }
    }

    /// No exit code: it was about to die at its failpoint.
    fn note_ending(&mut self, service: Service, code: Option<i32>) {
        let died_at = self.armed.get(&service).filter(|_| code.is_none());
        match died_at {
            Some(place) => *self.done.kills_at.entry(place).or_default() += 1,
            None if code == Some(0) => {}
            None => {
                self.done.surprises.push(format!("{} was asked to end and did so with {code:?}", service.program()))
            }
        }
    }

    async fn kill(&mut self, service: Service) {
        self.done.kills += 1;
        self.weather.turns(service, true);
        self.world.kill(service).await;
        self.disarm(service);
    }

    fn disarm(&mut self, service: Service) {
        self.world.die_at(service, None);
        self.armed.remove(&service);
    }

    fn start(&mut self, service: Service) {
        self.done.restarts += 1;
        self.world.begin(service);
        self.weather.turns(service, false);
    }

    async fn pass_time(&mut self, ms: u64) {
        self.pass_time_until(monotonic() + Duration::from_millis(ms)).await;
    }

    async fn pass_time_until(&mut self, until: Instant) {
        loop {
            self.look();
            let left = until.saturating_duration_since(monotonic());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LOOK)).await;
        }
    }

    /// Starts again whoever has died.
    fn look(&mut self) {
        for service in Service::ALL {
            let Some(status) = self.world.has_ended(service) else { continue };
            self.weather.turns(service, true);
            match self.armed.get(&service) {
                Some(place) if status.signal() == Some(SIGKILL) => *self.done.kills_at.entry(place).or_default() += 1,
                _ => self.done.surprises.push(format!("{} ended by itself with {status}", service.program())),
            }
            self.disarm(service);
            self.start(service);
        }
    }
}
