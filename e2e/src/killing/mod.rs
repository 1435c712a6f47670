//! The kill loop: the real programs under load, killed at random and at failpoints, frozen, asked to end, started again.
//! What their clients were told is then held against what the stores hold, promise by promise.
//!
//! The faults come from a seed. What the load does comes from it too, but not when: that depends on the answers.

mod browser;
mod checks;
mod diary;
mod faults;
mod ledger;
mod plan;
mod report;
mod talker;
mod weather;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kit::clock::monotonic;
use tokio_util::sync::CancellationToken;

use crate::store::{Kept, Unsettled, sqlite};
use crate::{Processes, Service};
use browser::Stage;
use checks::Evidence;
use diary::Diary;
use faults::Storm;
use ledger::Ledger;
use talker::Talker;
use weather::Weather;

pub use plan::{Fault, FaultKind, Plan};
pub use report::{Acknowledged, Milliseconds, Report, Violation};

/// How many users talk at the same time: few, because the machine has other things to do.
const USERS: u64 = 6;

/// The most jobs that may be live: low, so that the queue is full now and then.
const DEPTH: i64 = 8;

/// How long nothing of what was accepted may come to rest, once nobody is killed any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a lease may have ended without anybody taking the job over, in calm weather.
const OVERDUE_MS: i64 = 5_000;

/// How many session contexts make a summary.
const SUMMARY_OF: i64 = 3;

/// Everything that production does in a minute happens in two seconds.
const SETTINGS: [(Service, &str); 31] = [
    (Service::Context, "store_shared=true"),
    (Service::Context, "queue.lease=2s"),
    (Service::Context, "queue.heartbeat=400ms"),
    (Service::Context, "queue.poll=100ms"),
    (Service::Context, "queue.sweep=1s"),
    (Service::Context, "queue.backoff=200ms"),
    (Service::Context, "queue.backoff_max=2s"),
    (Service::Context, "queue.drain=300ms"),
    (Service::Context, "drain=3s"),
    (Service::Context, "schedule.idle_after=2s"),
    (Service::Context, "schedule.debounce=300ms"),
    (Service::Context, "schedule.debounce_max=2s"),
    (Service::Context, "schedule.size_messages=5"),
    (Service::Context, "schedule.size_pause=2s"),
    (Service::Context, "schedule.depth=8"),
    (Service::Context, "schedule.retry_after=1s"),
    // A pass asks more than once: who is frozen in the middle of it is still at work when another has taken over.
    (Service::Context, "local_pause=200ms"),
    (Service::Context, "queue.slots=6"),
    (Service::Context, "extraction.piece_tokens=100"),
    (Service::Context, "extraction.piece_overlap=0"),
    (Service::Context, "summary.threshold=3"),
    (Service::Context, "summary.sweep=1s"),
    // What a deletion that was cut off leaves behind.
    (Service::Context, "upkeep.every=1s"),
    (Service::Context, "log_filter=info,context_svc=debug"),
    (Service::Auth, "password.memory_kib=7168"),
    (Service::Auth, "password.iterations=1"),
    (Service::Auth, "relay.deadline=1s"),
    (Service::Auth, "relay.claim=2s"),
    (Service::Auth, "relay.backoff_max=2s"),
    (Service::Auth, "drain=3s"),
    (Service::Gateway, "drain=3s"),
];

/// Runs a plan with the programs in `programs`.
pub async fn run(plan: &Plan, programs: &Path) -> Report {
    let mut world = Processes::new(programs, &SETTINGS);
    let (context, auth) = (world.store(Service::Context), world.store(Service::Auth));
    world.launch_all().await;
    world.terminate(Service::Context).await;
    sqlite::admit_witness(&context).expect("a witness can be let into the store");
    world.launch(Service::Context).await;

    let weather = Arc::new(Weather::fair());
    let ledger = Arc::new(Ledger::default());
    let curtain = CancellationToken::new();
    let stage = Stage { client: world.client(), ledger: ledger.clone(), weather: weather.clone(), curtain };
    let mut users = Vec::new();
    for number in 0..USERS {
        users.push(Talker::new(stage.clone(), plan.seed, number).await);
    }

    let mut storm = Storm::over(world, weather);
    let calm = CancellationToken::new();
    let raging = async {
        storm.rage(plan).await;
        stage.curtain.cancel();
        storm.calm().await;
        calm.cancel();
    };
    let patience = async {
        calm.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    let performing = async {
        tokio::select! {
            _ = join_all(users.into_iter().map(Talker::perform)) => true,
            () = patience => false,
        }
    };
    let ((), left_alone) = tokio::join!(raging, performing);

    let settled = Settled::of(&context, &auth).await;
    let diary = Diary::read(&storm.world.log(Service::Context));
    let (world, done) = storm.end().await;
    let witnessed = sqlite::witnessed(&context, &auth).expect("the stores can be read");
    drop(world);
    Evidence { ledger: ledger.entries(), witnessed, diary, settled, done, left_alone }.report(plan)
}

/// How the services came to rest.
#[derive(Debug, Clone, Default)]
struct Settled {
    after: Duration,
    /// What had not come to rest when there was no more patience.
    unsettled: Vec<Kept>,
    /// Summaries, deletions and erasures that have not ended.
    in_memories: i64,
    unsent: i64,
    /// Running jobs whose worker was gone for too long.
    overdue: Vec<Kept>,
}

impl Settled {
    async fn of(context: &Path, auth: &Path) -> Self {
        let start = monotonic();
        let (mut overdue, mut fewest, mut fewest_after) = (Vec::new(), usize::MAX, Duration::ZERO);
        loop {
            let Unsettled { conversations: unsettled, in_memories, unsent } =
                sqlite::unsettled(context, auth, SUMMARY_OF).expect("the stores can be read");
            let after = start.elapsed();
            // Before that, the leases of those who were killed last may still have to end.
            if after > Duration::from_secs(8) {
                overdue.extend(unsettled.iter().filter(|kept| kept.overdue_ms > Some(OVERDUE_MS)).cloned());
            }
            let left = unsettled.len() + (in_memories + unsent) as usize;
            if left < fewest {
                (fewest, fewest_after) = (left, after);
            }
            if left == 0 || after > fewest_after + PATIENCE {
                return Self { after, unsettled, in_memories, unsent, overdue };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
