//! What a claim and a trigger cost, and how much memory the service takes, when very many jobs wait and when few do.

use std::path::Path;
use std::sync::Arc;

use context_svc::domain::model::{ConversationKey, WorkerId};
use context_svc::store::Store;
use e2e::Service;
use e2e::latency::Latencies;
use kit::clock::monotonic;
use kit::process::Failure;
use proto::context::v1::ticket::Outcome;
use serde_json::{Value, json};

use crate::service::ContextSvc;
use crate::work::{claim, complete};
use crate::{round, seed};

/// Triggers for the memory: from this many clients, while the workers work.
const CLIENTS: usize = 4;

/// How much to measure.
pub(super) struct Amount {
    /// Jobs that wait in the short queue and in the long one.
    pub(super) pending: [usize; 2],
    /// Claims of each.
    pub(super) claims: usize,
    /// Triggers that each service takes before its memory is read.
    pub(super) triggers: usize,
}

/// A queue of some depth, and conversations that nobody has asked for yet.
struct Queue {
    service: ContextSvc,
    pending: usize,
    asked_later: Vec<ConversationKey>,
    seeded_in_s: f64,
    claims: Latencies,
    completes: Latencies,
    enqueues: Latencies,
}

/// Both queues in turns: first their stores in this process, then services with them.
pub(super) async fn measure(programs: &Path, amount: &Amount) -> Result<Value, Failure> {
    let [short, long] = amount.pending;
    let mut queues = [Queue::new(programs, short, amount).await?, Queue::new(programs, long, amount).await?];
    let stores = [queues[0].service.store().await?, queues[1].service.store().await?];
    let worker = WorkerId::random();
    for turn in 0..amount.claims {
        for which in [turn % 2, 1 - turn % 2] {
            queues[which].turn_over(&stores[which], &worker, turn).await?;
        }
    }
    for store in stores {
        store.close().await;
    }
    let memory = [queues[0].memory(amount).await?, queues[1].memory(amount).await?];
    let ratio = |of: fn(&Queue) -> &Latencies| round(of(&queues[1]).p99_ms() / of(&queues[0]).p99_ms());
    Ok(json!({
        "short": queues[0].report(&memory[0]), "long": queues[1].report(&memory[1]),
        "long_against_short": {
            "claim_p99": ratio(|queue| &queue.claims), "enqueue_p99": ratio(|queue| &queue.enqueues),
            "resident": round(memory[1].0 / memory[0].0),
        },
    }))
}

impl Queue {
    async fn new(programs: &Path, pending: usize, amount: &Amount) -> Result<Self, Failure> {
        let service = ContextSvc::new(programs, &[]).await?;
        let (waiting, asked_later) =
            (seed::keys("waiting", pending)?, seed::keys("later", amount.claims + amount.triggers)?);
        let store = service.store().await?;
        let start = monotonic();
        seed::talk(&store, &waiting).await?;
        seed::talk(&store, &asked_later).await?;
        seed::enqueue(&store, &waiting).await?;
        let seeded_in_s = round(start.elapsed().as_secs_f64());
        store.close().await;
        let (claims, completes, enqueues) = (Latencies::default(), Latencies::default(), Latencies::default());
        Ok(Self { service, pending, asked_later, seeded_in_s, claims, completes, enqueues })
    }

    /// One job comes out and another goes in: as many wait as before.
    async fn turn_over(&mut self, store: &Arc<dyn Store>, worker: &WorkerId, turn: usize) -> Result<(), Failure> {
        let job = claim(store, worker, &mut self.claims).await?.ok_or("the queue is empty")?;
        complete(store, &job, &mut self.completes).await?;
        let start = monotonic();
        store.enqueue(&self.asked_later[turn], &seed::trigger()).await?;
        self.enqueues.record(start.elapsed());
        Ok(())
    }

    /// Megabytes resident, now and at most, of a service that has just taken triggers and worked at the same time.
    async fn memory(&mut self, amount: &Amount) -> Result<(f64, f64), Failure> {
        self.service.launch().await;
        self.service.schedule(&self.asked_later[amount.claims..], CLIENTS, Outcome::Queued).await?;
        let resident = self.service.world.resident_memory(Service::Context)?;
        self.service.kill().await;
        let megabytes = |bytes: u64| round(bytes as f64 / 1e6);
        Ok((megabytes(resident.now), megabytes(resident.peak)))
    }

    fn report(&self, (resident, peak): &(f64, f64)) -> Value {
        let of = |latencies: &Latencies| {
            let mut report = latencies.report();
            // They took turns with other writes, so that a rate would say nothing.
            report.as_object_mut().map(|report| report.remove("per_second"));
            report
        };
        json!({
            "pending": self.pending, "seeded_in_s": self.seeded_in_s,
            "claim": of(&self.claims), "complete": of(&self.completes), "enqueue": of(&self.enqueues),
            "resident_mb": resident, "peak_mb": peak,
        })
    }
}
