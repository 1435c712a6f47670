//! Many users at once, and what it costs to have looked for each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::latency::Latencies;
use kit::clock::monotonic;
use kit::process::Failure;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::round;
use crate::service::{Asker, ContextSvc, timed};
use crate::words::Words;

/// How many of them ask at the same time.
const CLIENTS: usize = 16;

/// Memory before and after the one who has said most has looked for something, and the others; then everybody again, in turns
/// of search and context, `rounds` times.
pub(super) async fn measure(service: &mut ContextSvc, rounds: usize) -> Result<Value, Failure> {
    service.restart().await;
    let mut talker = service.asker(service.talker())?;
    talker.context(1000, "").await?;
    let before = service.resident_mb()?;
    talker.search(&Words::of(31).query()).await?;
    let with_talker = service.resident_mb()?;
    let [first_search, first_context] = everybody(service, 1).await?;
    let with_all = service.resident_mb()?;
    let [searches, contexts] = everybody(service, rounds).await?;
    let others = service.others().len() as f64;
    Ok(json!({
        "clients": CLIENTS,
        "resident_mb": {
            "before": before, "after_the_talker": with_talker, "after_everybody": with_all,
            "kb_a_user_of_100_messages": round((with_all - with_talker) * 1000.0 / others),
        },
        "SearchMemory, the first of each": first_search.report(), "GetContext, the first of each": first_context.report(),
        "SearchMemory": searches.report(), "GetContext": contexts.report(),
    }))
}

async fn everybody(service: &ContextSvc, rounds: usize) -> Result<[Latencies; 2], Failure> {
    let mut askers = Vec::new();
    for person in service.others() {
        askers.push(tokio::sync::Mutex::new(service.asker(person)?));
    }
    let (askers, next): (Arc<[_]>, _) = (askers.into(), Arc::new(AtomicUsize::new(0)));
    let start = monotonic();
    let mut running = JoinSet::new();
    for client in 0..CLIENTS {
        running.spawn(ask(askers.clone(), next.clone(), rounds, client));
    }
    let mut all = [Latencies::default(), Latencies::default()];
    while let Some(one) = running.join_next().await {
        for (all, one) in all.iter_mut().zip(one?) {
            all.join(&one)?;
        }
    }
    let took = start.elapsed();
    Ok(all.map(|latencies| latencies.in_time(took)))
}

async fn ask(
    askers: Arc<[tokio::sync::Mutex<Asker>]>,
    next: Arc<AtomicUsize>,
    rounds: usize,
    client: usize,
) -> [Latencies; 2] {
    let mut words = Words::of(40 + client as u64);
    let [mut searches, mut contexts] = [Latencies::default(), Latencies::default()];
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= askers.len() * rounds {
            return [searches, contexts];
        }
        let mut asker = askers[turn % askers.len()].lock().await;
        timed(&mut searches, asker.search(&words.query())).await;
        timed(&mut contexts, asker.context(1000, "")).await;
    }
}
