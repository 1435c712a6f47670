//! How fast jobs are claimed and completed when the model costs nothing: by the service, and by the store alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use context_svc::domain::model::{Committed, ContextOutcome, ItemChanges, Job, SessionContext, Usage, WorkerId};
use context_svc::store::{ClaimTerms, Store};
use e2e::Service;
use e2e::latency::Latencies;
use kit::clock::{Clock, SystemClock, monotonic};
use kit::process::Failure;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::seed;
use crate::service::{ContextSvc, done};

/// Worker slots of the service; the first is its default.
const SLOTS: [usize; 3] = [4, 16, 64];

/// Workers on the store alone.
const WORKERS: [usize; 3] = [1, 4, 16];

/// How often to look how far the service is.
const LOOK: Duration = Duration::from_millis(10);

/// The service with the offline reader and no load from outside, with different numbers of slots.
pub(super) async fn by_the_service(programs: &Path, jobs: usize) -> Result<Value, Failure> {
    let mut service = ContextSvc::new(programs, &[]).await?;
    let mut report = Map::new();
    for (number, slots) in SLOTS.into_iter().enumerate() {
        let keys = seed::keys(&format!("slots{slots}-"), jobs)?;
        let store = service.store().await?;
        seed::talk(&store, &keys).await?;
        seed::enqueue(&store, &keys).await?;
        store.close().await;
        service.world.set(Service::Context, &format!("queue.slots={slots}"));
        service.launch().await;
        report.insert(slots.to_string(), drain(&service, number * jobs, jobs).await?);
        service.kill().await;
    }
    Ok(Value::Object(report))
}

/// From the first look to the last job: it has begun by then, so the beginning counts by what was left.
async fn drain(service: &ContextSvc, before: usize, jobs: usize) -> Result<Value, Failure> {
    let mut client = service.client()?;
    let at_first = done(&mut client).await?;
    let processor_at_first = service.world.processor_time(Service::Context)?;
    let start = monotonic();
    let mut at_last = at_first;
    while at_last < before + jobs {
        if start.elapsed() > crate::PATIENCE {
            return Err("the jobs are not done".into());
        }
        tokio::time::sleep(LOOK).await;
        at_last = done(&mut client).await?;
    }
    let took = start.elapsed();
    let processor = service.world.processor_time(Service::Context)? - processor_at_first;
    let worked = (at_last - at_first) as f64;
    Ok(json!({
        "jobs": at_last - at_first,
        "per_second": (worked / took.as_secs_f64()).round(),
        "processor_ms_a_job": crate::round(processor.as_secs_f64() * 1000.0 / worked),
    }))
}

/// The store in this process, without transcript, reader or runtime of the service: what its claims and completes cost.
pub(super) async fn by_the_store(programs: &Path, jobs: usize) -> Result<Value, Failure> {
    let service = ContextSvc::new(programs, &[]).await?;
    let store = service.store().await?;
    let mut report = Map::new();
    for workers in WORKERS {
        let keys = seed::keys(&format!("workers{workers}-"), jobs)?;
        seed::talk(&store, &keys).await?;
        seed::enqueue(&store, &keys).await?;
        let mut running = JoinSet::new();
        let start = monotonic();
        for _ in 0..workers {
            running.spawn(empty(store.clone()));
        }
        let (mut claims, mut completes) = (Latencies::default(), Latencies::default());
        while let Some(worker) = running.join_next().await {
            let (claimed, completed) = worker??;
            claims.join(&claimed)?;
            completes.join(&completed)?;
        }
        let took = start.elapsed();
        let (claims, completes) = (claims.in_time(took).report(), completes.in_time(took).report());
        report.insert(workers.to_string(), json!({"claims": claims, "completes": completes}));
    }
    store.close().await;
    Ok(Value::Object(report))
}

async fn empty(store: Arc<dyn Store>) -> Result<(Latencies, Latencies), Failure> {
    let worker = WorkerId::random();
    let (mut claims, mut completes) = (Latencies::default(), Latencies::default());
    while let Some(job) = claim(&store, &worker, &mut claims).await? {
        complete(&store, &job, &mut completes).await?;
    }
    Ok((claims, completes))
}

/// Claims the next job; only a claim that finds one is measured.
pub(super) async fn claim(
    store: &Arc<dyn Store>,
    worker: &WorkerId,
    claims: &mut Latencies,
) -> Result<Option<Job>, Failure> {
    let terms = ClaimTerms { now: SystemClock.now(), lease: Duration::from_secs(60), deliveries_max: 5 };
    let start = monotonic();
    let job = store.claim(worker, &[], &terms).await?;
    if job.is_some() {
        claims.record(start.elapsed());
    }
    Ok(job)
}

/// Completes a job with a result that says little.
pub(super) async fn complete(store: &Arc<dyn Store>, job: &Job, completes: &mut Latencies) -> Result<(), Failure> {
    let context = SessionContext {
        conversation_id: job.key().conversation_id.clone(),
        title: "Half marathon".to_owned(),
        summary: "My goal is to run the half marathon in Lyon at the end of May.".to_owned(),
        language: "en".to_owned(),
        items: Vec::new(),
        provider: String::new(),
        model: String::new(),
        prompt_version: String::new(),
        usage: Usage::default(),
        extracted_seq: job.upto_seq(),
        outcome: ContextOutcome::Extracted,
        items_dropped: std::collections::BTreeMap::new(),
        extracted_at: SystemClock.now(),
        changes: ItemChanges::default(),
    };
    let start = monotonic();
    let committed = store.complete(&job.lease, job.want, &context, SystemClock.now()).await?;
    completes.record(start.elapsed());
    if committed == Committed::Done { Ok(()) } else { Err(format!("a complete ended as {committed:?}").into()) }
}
