//! Which services can answer at present, for whoever measures meanwhile.

use std::time::{Duration, Instant};

use kit::clock::monotonic;
use parking_lot::Mutex;

use crate::Service;

/// After a change a service gets this long to be found again before it counts as there.
const LULL: Duration = Duration::from_secs(1);

/// What the faults have done to whom by now.
#[derive(Debug)]
pub(super) struct Weather(Mutex<[Sky; 3]>);

#[derive(Debug, Clone, Copy)]
struct Sky {
    is_down: bool,
    since: Instant,
}

impl Weather {
    /// Everything is there.
    pub(super) fn fair() -> Self {
        Self(Mutex::new([Sky { is_down: false, since: monotonic() }; 3]))
    }

    /// A service has gone, or is there again.
    pub(super) fn turns(&self, service: Service, is_down: bool) {
        self.0.lock()[service as usize] = Sky { is_down, since: monotonic() };
    }

    /// Whether context-svc was away at `start`, and nobody else from a while before it until now. `None`: somebody else was.
    pub(super) fn only_context_away(&self, start: Instant) -> Option<bool> {
        let sky = *self.0.lock();
        let calm = |service: Service| {
            let sky = sky[service as usize];
            !sky.is_down && start.saturating_duration_since(sky.since) > LULL
        };
        let context = sky[Service::Context as usize];
        // What changed meanwhile was the other way round at the start.
        let was_down = if context.since > start { !context.is_down } else { context.is_down };
        (calm(Service::Auth) && calm(Service::Gateway)).then_some(was_down)
    }
}
