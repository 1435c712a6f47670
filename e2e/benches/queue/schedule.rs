//! How fast a trigger is acknowledged, and beside it Celery's `.delay()`: in turns, so that a machine that drifts drifts for all.

use std::path::Path;

use e2e::latency::Latencies;
use kit::process::Failure;
use proto::context::v1::ticket::Outcome;
use serde_json::{Value, json};

use crate::celery::{Broker, Celery, Durability};
use crate::seed;
use crate::service::ContextSvc;

/// How many clients ask at once, and how many calls they make together in a round.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// Jobs that occupy the worker slots, so that nobody works on what is measured.
const OCCUPYING: usize = 20;

/// How much to measure.
pub(super) struct Amount {
    pub(super) rounds: usize,
    /// Of one client. Sixteen and more make four times as many together.
    pub(super) calls: usize,
}

impl Amount {
    fn calls_of(&self, clients: usize) -> usize {
        if clients == 1 { self.calls } else { 4 * self.calls }
    }
}

/// One kind of call, with each number of clients.
struct Kind {
    name: &'static str,
    by_clients: [Latencies; 3],
}

impl Kind {
    fn new(name: &'static str) -> Self {
        Self { name, by_clients: [Latencies::default(), Latencies::default(), Latencies::default()] }
    }
}

/// A trigger that queues a job, one that is merged into it, and `.delay()` on each kind of broker.
pub(super) async fn measure(programs: &Path, amount: &Amount, celery: Option<&Celery>) -> Result<Value, Failure> {
    let mut service = ContextSvc::new(programs, &["local_pause=1h", "queue.pass=2h"]).await?;
    let a_round: usize = CLIENTS.iter().map(|clients| amount.calls_of(*clients)).sum();
    let occupying = seed::keys("occupying", OCCUPYING)?;
    let keys = seed::keys("asked", amount.rounds * a_round)?;
    let store = service.store().await?;
    seed::talk(&store, &occupying).await?;
    seed::talk(&store, &keys).await?;
    seed::enqueue(&store, &occupying).await?;
    store.close().await;
    service.launch().await;

    let mut brokers = Vec::new();
    for durability in Durability::ALL {
        if let Some(celery) = celery {
            brokers.push((celery, celery.broker(durability).await?, Kind::new(durability.name())));
        }
    }
    let (mut queued, mut merged) = (Kind::new("queued"), Kind::new("merged"));
    let mut keys = keys.as_slice();
    for _ in 0..amount.rounds {
        for (number, clients) in CLIENTS.into_iter().enumerate() {
            let (asked, rest) = keys.split_at(amount.calls_of(clients));
            keys = rest;
            queued.by_clients[number].add(&service.schedule(asked, clients, Outcome::Queued).await?)?;
            merged.by_clients[number].add(&service.schedule(asked, clients, Outcome::Merged).await?)?;
            for (celery, broker, kind) in &mut brokers {
                kind.by_clients[number].add(&celery.delay(broker, clients, asked.len()).await?)?;
            }
        }
    }
    for (_, broker, _) in &mut brokers {
        Broker::kill(broker).await;
    }
    let celery: serde_json::Map<_, _> = brokers.iter().map(|(_, _, kind)| report(kind)).collect();
    let failed = [&queued, &merged].into_iter().flat_map(|kind| &kind.by_clients).map(Latencies::failed).sum::<u64>();
    if failed > 0 {
        return Err(format!("{failed} triggers were not answered as they should").into());
    }
    Ok(json!({"queued": report(&queued).1, "merged": report(&merged).1, "celery_delay": celery}))
}

fn report(kind: &Kind) -> (String, Value) {
    let by_clients = CLIENTS.iter().zip(&kind.by_clients);
    let by_clients = by_clients.map(|(clients, latencies)| (clients.to_string(), latencies.report()));
    (kind.name.to_owned(), Value::Object(by_clients.collect()))
}
