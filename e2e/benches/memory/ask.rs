//! What the one who has said most waits for: the first answer after a restart, and answers from then on.

use e2e::latency::Latencies;
use kit::clock::monotonic;
use kit::process::Failure;
use serde_json::{Map, Value, json};

use crate::round;
use crate::service::{ContextSvc, timed};
use crate::words::Words;

const BUDGETS: [i32; 3] = [200, 1000, 4000];

/// The first search and the first context of a new process, each of `restarts` processes killed before.
pub(super) async fn first(service: &mut ContextSvc, restarts: usize) -> Result<Value, Failure> {
    let mut words = Words::of(21);
    let (mut searches, mut contexts) = (Vec::new(), Vec::new());
    for _ in 0..restarts {
        service.restart().await;
        let mut asker = service.asker(service.talker())?;
        let start = monotonic();
        asker.search(&words.query()).await?;
        searches.push(start.elapsed().as_secs_f64() * 1000.0);
        service.restart().await;
        let mut asker = service.asker(service.talker())?;
        let start = monotonic();
        asker.context(1000, &words.query()).await?;
        contexts.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(json!({"SearchMemory": spread(searches), "GetContext": spread(contexts)}))
}

/// One client that waits for each answer; the kinds of call take turns.
pub(super) async fn calls(service: &ContextSvc, each: usize) -> Result<Value, Failure> {
    let mut asker = service.asker(service.talker())?;
    let mut words = Words::of(22);
    let mut searches = Latencies::default();
    let mut contexts: Vec<(String, &str, i32, Latencies, i32)> = Vec::new();
    for budget in BUDGETS {
        contexts.push((format!("GetContext, {budget} tokens"), "", budget, Latencies::default(), 0));
        contexts.push((format!("GetContext, {budget} tokens, with a query"), "q", budget, Latencies::default(), 0));
    }
    for _ in 0..each {
        let query = words.query();
        timed(&mut searches, asker.search(&query)).await;
        for (_, with, budget, latencies, most) in &mut contexts {
            let query = if with.is_empty() { "" } else { &query };
            if let Some(answer) = timed(latencies, asker.context(*budget, query)).await {
                *most = answer.tokens.max(*most);
            }
        }
    }
    let mut report = Map::new();
    report.insert("SearchMemory".to_owned(), without_rate(searches.report()));
    for (name, _, _, latencies, most) in contexts {
        let mut figures = without_rate(latencies.report());
        figures["tokens_at_most"] = most.into();
        report.insert(name, figures);
    }
    Ok(Value::Object(report))
}

/// They took turns, so that a rate would say nothing.
fn without_rate(mut report: Value) -> Value {
    report.as_object_mut().map(|report| report.remove("per_second"));
    report
}

fn spread(mut times: Vec<f64>) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |place: usize| times.get(place).copied().map(round);
    json!({"processes": times.len(), "median_ms": at(times.len() / 2), "longest_ms": at(times.len().saturating_sub(1))})
}
