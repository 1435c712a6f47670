//! What is done to whom, and when: drawn from the seed before anything starts.

use std::time::Duration;

use serde::Serialize;

use crate::Service;
use crate::dice::Dice;

/// The faults of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// What everything is drawn from.
    pub seed: u64,
    /// How long the faults go on.
    pub seconds: u64,
    /// In the order of their times.
    pub faults: Vec<Fault>,
}

/// One thing done to one process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// When, counted from the start of the load.
    pub at_ms: u64,
    /// The program.
    pub victim: &'static str,
    #[serde(skip)]
    pub(super) service: Service,
    /// What.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What is done to a process.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum FaultKind {
    /// SIGKILL, and a start after a while.
    Kill {
        /// How long it stays away.
        down_ms: u64,
    },
    /// SIGKILL and a start, after which it dies of itself at a failpoint.
    DieAt {
        /// The failpoint.
        place: &'static str,
        /// At which passing.
        count: u64,
    },
    /// SIGSTOP, and SIGCONT after a while.
    Freeze {
        /// How long it stands still.
        for_ms: u64,
    },
    /// SIGTERM, and a start after it has ended.
    Terminate {
        /// How long it stays away.
        down_ms: u64,
    },
}

/// Every failpoint there is, and how much it is worth dying there. Some lie on ways that not every load takes.
pub(super) const PLACES: [(&str, Service, u64); 12] = [
    ("job-claimed", Service::Context, 3),
    ("model-asked", Service::Context, 4),
    ("job-committing", Service::Context, 4),
    ("job-committed", Service::Context, 4),
    ("message-inserted", Service::Context, 4),
    ("outbox-written", Service::Auth, 6),
    ("entry-accepted", Service::Auth, 6),
    ("summary-written", Service::Context, 1),
    ("summary-half-marked", Service::Context, 1),
    ("summary-marked", Service::Context, 1),
    ("erasure-begun", Service::Context, 1),
    ("erasure-half-removed", Service::Context, 1),
];

impl Plan {
    /// The faults that `seed` stands for, over `lasting`.
    pub fn of(seed: u64, lasting: Duration) -> Self {
        let mut dice = Dice::of(seed, 0);
        let end_ms = lasting.as_millis() as u64;
        let (mut at_ms, mut faults) = (0, Vec::new());
        loop {
            at_ms += dice.between(400, 2_500);
            if at_ms >= end_ms {
                return Self { seed, seconds: lasting.as_secs(), faults };
            }
            let (service, kind) = draw(&mut dice);
            at_ms += kind.takes_ms();
            faults.push(Fault { at_ms: at_ms - kind.takes_ms(), victim: service.program(), service, kind });
        }
    }
}

fn draw(dice: &mut Dice) -> (Service, FaultKind) {
    let lot = dice.between(0, 99);
    if lot < 45 {
        let (place, service, weight) = weighted(dice);
        // What seldom happens is not waited for five times.
        let count = if weight == 1 { 1 } else { dice.between(1, 5) };
        return (service, FaultKind::DieAt { place, count });
    }
    let service = match dice.between(0, 9) {
        0..5 => Service::Context,
        5..8 => Service::Auth,
        _ => Service::Gateway,
    };
    let kind = match lot {
        45..68 => FaultKind::Kill { down_ms: dice.between(0, 1_500) },
        // The lease is two seconds.
        68..86 if service == Service::Context => FaultKind::Freeze { for_ms: dice.between(2_100, 3_500) },
        68..86 => FaultKind::Freeze { for_ms: dice.between(300, 2_000) },
        _ => FaultKind::Terminate { down_ms: dice.between(0, 800) },
    };
    (service, kind)
}

fn weighted(dice: &mut Dice) -> (&'static str, Service, u64) {
    let all = PLACES.iter().map(|(_, _, weight)| weight).sum();
    let mut lot = dice.between(1, all);
    for place in PLACES {
        match lot.checked_sub(place.2) {
            None | Some(0) => return place,
            Some(left) => lot = left,
        }
    }
    PLACES[0]
}

impl FaultKind {
    /// How long the next fault waits for this one.
    fn takes_ms(&self) -> u64 {
        match self {
            Self::Kill { down_ms } => *down_ms,
            Self::DieAt { .. } => 0,
            Self::Freeze { for_ms } => *for_ms,
            Self::Terminate { down_ms } => down_ms + 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_seed_repeats_its_plan_and_another_has_another() {
        let plan = Plan::of(7, MINUTE);

        assert_eq!(plan, Plan::of(7, MINUTE));
        assert_ne!(plan.faults, Plan::of(8, MINUTE).faults);
    }

    #[test]
    fn a_longer_run_begins_like_a_shorter_one() {
        let (short, long) = (Plan::of(7, MINUTE), Plan::of(7, 2 * MINUTE));

        assert_eq!(short.faults, long.faults[..short.faults.len()]);
    }

    #[test]
    fn every_fault_and_every_place_is_drawn() {
        let faults = Plan::of(1, 60 * MINUTE).faults;

        for (place, _, _) in PLACES {
            let is_drawn =
                |fault: &Fault| matches!(fault.kind, FaultKind::DieAt { place: drawn, .. } if drawn == place);
            assert!(faults.iter().any(is_drawn), "{place}");
        }
        for service in Service::ALL {
            let kinds = faults.iter().filter(|fault| fault.service == service).map(|fault| &fault.kind);
            let kinds: Vec<_> = kinds.collect();
            assert!(kinds.iter().any(|kind| matches!(kind, FaultKind::Kill { .. })), "{service:?} is killed");
            assert!(kinds.iter().any(|kind| matches!(kind, FaultKind::Freeze { .. })), "{service:?} is frozen");
            assert!(
                kinds.iter().any(|kind| matches!(kind, FaultKind::Terminate { .. })),
                "{service:?} is asked to end"
            );
        }
    }
}
