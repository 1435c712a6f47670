//! What is lost when worker and queue are killed in the middle of acknowledged work: ours, and Celery's with its broker.
//!
//! All are killed at the same time on the same machine, and mostly sleep; what depends on luck is tried several times.

use std::path::Path;
use std::time::Duration;

use futures::future::try_join_all;
use kit::clock::monotonic;
use kit::process::Failure;
use proto::context::v1::ticket::Outcome;
use serde_json::{Map, Value, json};

use crate::celery::{Care, Celery, Durability};
use crate::service::ContextSvc;
use crate::{round, seed};

/// How long each job takes.
pub(super) const JOB: Duration = Duration::from_millis(50);

/// After how long an unfinished job is given to another worker: our lease, Celery's visibility timeout.
pub(super) const GIVEN_TO_ANOTHER: Duration = Duration::from_secs(10);

/// How many jobs are acknowledged in one try, and how often it is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    pub(super) jobs: usize,
    pub(super) tries: usize,
}

/// What became of acknowledged jobs, of one try or all of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Toll {
    pub(super) acknowledged: usize,
    pub(super) never_done: usize,
    pub(super) begun_twice: usize,
    /// Where each job writes down that it is done. Ours are done when their result is saved, which only one claim can do.
    pub(super) done_twice: Option<usize>,
    /// From the kill until the last was done.
    pub(super) last_done_after: Duration,
}

impl Toll {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.never_done += other.never_done;
        self.begun_twice += other.begun_twice;
        self.done_twice = other.done_twice.map(|twice| twice + self.done_twice.unwrap_or(0));
        self.last_done_after = self.last_done_after.max(other.last_done_after);
    }

    fn report(&self) -> Value {
        json!({
            "acknowledged": self.acknowledged, "never_done": self.never_done, "begun_twice": self.begun_twice,
            "done_twice": self.done_twice, "last_done_after_s": round(self.last_done_after.as_secs_f64()),
        })
    }
}

/// Ours beside each kind of broker, with Celery as it comes and as its documents advise the careful.
pub(super) async fn measure(programs: &Path, amount: Amount, celery: Option<&Celery>) -> Result<Value, Failure> {
    let both = |durability: Durability| [Care::Default, Care::Careful].map(|care| (durability, care));
    let kinds: Vec<_> = Durability::ALL.into_iter().flat_map(both).collect();
    let (mut ours_in_all, mut celerys_in_all) = (Toll::default(), vec![Toll::default(); kinds.len()]);
    for _ in 0..amount.tries {
        let beside = celery.into_iter().flat_map(|celery| {
            kinds.iter().map(move |(durability, care)| celery.kill_in_the_middle(*durability, *care, amount.jobs))
        });
        let (ours, celerys) = tokio::try_join!(ours(programs, amount.jobs), try_join_all(beside))?;
        ours_in_all.add(ours);
        for (sum, toll) in celerys_in_all.iter_mut().zip(celerys) {
            sum.add(toll);
        }
    }
    let mut report = Map::new();
    report.insert("context-svc".to_owned(), ours_in_all.report());
    for ((durability, care), toll) in kinds.iter().zip(&celerys_in_all).filter(|_| celery.is_some()) {
        report.insert(format!("Celery, {}, {}", durability.name(), care.name()), toll.report());
    }
    Ok(Value::Object(report))
}

/// Acknowledged jobs of which half are done when context-svc, which is worker and queue, is killed.
async fn ours(programs: &Path, jobs: usize) -> Result<Toll, Failure> {
    let pause = format!("local_pause={}ms", JOB.as_millis());
    let lease = format!("queue.lease={}s", GIVEN_TO_ANOTHER.as_secs());
    let mut service = ContextSvc::new(programs, &[&pause, &lease, "queue.heartbeat=2s"]).await?;
    let keys = seed::keys("job", jobs)?;
    let store = service.store().await?;
    seed::talk(&store, &keys).await?;
    store.close().await;
    service.launch().await;
    let acknowledged = service.schedule(&keys, 1, Outcome::Queued).await?;
    service.until_done(jobs / 2).await?;

    service.kill().await;
    let killed_at = monotonic();
    service.launch().await;
    // A job that was lost is waited for in vain; the store tells which.
    let _ = service.until_done(jobs).await;
    let last_done_after = killed_at.elapsed();
    service.kill().await;

    let mut toll = Toll { last_done_after, ..Toll::default() };
    toll.acknowledged = jobs - usize::try_from(acknowledged.failed())?;
    let store = service.store().await?;
    for key in &keys {
        let extraction = store.find_extraction(key).await?.ok_or("a conversation is gone")?;
        toll.never_done += usize::from(extraction.done.seq() == 0);
        toll.begun_twice += usize::from(extraction.fence > 1);
    }
    store.close().await;
    Ok(toll)
}
