//! How long the jobs of a process that was killed stand still, when another is started at once.

use std::path::Path;
use std::time::{Duration, Instant};

use context_svc::domain::model::ConversationKey;
use e2e::Service;
use kit::clock::monotonic;
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;
use serde_json::{Value, json};

use crate::service::ContextSvc;
use crate::{PATIENCE, round, seed};

/// Jobs that run when the process is killed: as many as there are slots.
const RUNNING: usize = 4;

/// How often to look.
const LOOK: Duration = Duration::from_millis(10);

/// The settings that bound the time.
pub(super) struct Terms {
    pub(super) lease_s: u64,
    pub(super) heartbeat_s: u64,
    /// How often due jobs and expired leases are looked for.
    pub(super) poll_s: u64,
}

impl Terms {
    fn settings(&self) -> Vec<String> {
        let Self { lease_s, heartbeat_s, poll_s } = self;
        vec![
            // No job ends while it is watched.
            "local_pause=1h".to_owned(),
            "queue.pass=2h".to_owned(),
            "queue.deliveries=1000".to_owned(),
            format!("queue.lease={lease_s}s"),
            format!("queue.heartbeat={heartbeat_s}s"),
            format!("queue.poll={poll_s}s"),
        ]
    }
}

/// Kills `times` times, at different moments between two heartbeats, and waits until all the jobs run again.
pub(super) async fn measure(programs: &Path, terms: &Terms, times: usize) -> Result<Value, Failure> {
    let settings = terms.settings();
    let mut service = ContextSvc::new(programs, &settings.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let keys = seed::keys("killed", RUNNING * 10)?;
    let keys = &keys[..RUNNING];
    let store = service.store().await?;
    seed::talk(&store, keys).await?;
    seed::enqueue(&store, keys).await?;
    store.close().await;
    service.launch().await;

    let mut took = Vec::with_capacity(times);
    let mut fences = until_running(&service, keys, &[0; RUNNING], monotonic()).await?;
    for time in 0..times {
        let between_heartbeats = Duration::from_secs(terms.heartbeat_s).mul_f64(time as f64 / times as f64);
        tokio::time::sleep(between_heartbeats).await;
        let killed_at = monotonic();
        service.kill().await;
        service.launch().await;
        fences = until_running(&service, keys, &fences, killed_at).await?;
        took.push(killed_at.elapsed());
    }
    service.world.kill(Service::Context).await;
    took.sort_unstable();
    let seconds = |index: usize| round(took[index].as_secs_f64());
    let bound_s = terms.lease_s + terms.poll_s;
    Ok(json!({
        "lease_s": terms.lease_s, "heartbeat_s": terms.heartbeat_s, "poll_s": terms.poll_s, "bound_s": bound_s,
        "times": times, "median_s": seconds(times / 2), "max_s": seconds(times - 1),
        "within_bound": took[times - 1] <= Duration::from_secs(bound_s),
    }))
}

/// Waits until each job runs under a claim that is newer than the one of `before`, and answers the new ones.
async fn until_running(
    service: &ContextSvc,
    keys: &[ConversationKey],
    before: &[i64; RUNNING],
    since: Instant,
) -> Result<[i64; RUNNING], Failure> {
    let mut client = service.client()?;
    loop {
        let request = pb::ListExtractionsRequest { state: State::Running.into(), ..Default::default() };
        let running = client.list_extractions(request).await?.into_inner().extractions;
        let mut fences = [0; RUNNING];
        for (fence, key) in fences.iter_mut().zip(keys) {
            let job = running.iter().find(|job| job.conversation_id == key.conversation_id.as_str());
            *fence = job.map_or(0, |job| job.fence);
        }
        if fences.iter().zip(before).all(|(fence, before)| fence > before) {
            return Ok(fences);
        }
        if since.elapsed() > PATIENCE {
            return Err("the jobs do not run again".into());
        }
        tokio::time::sleep(LOOK).await;
    }
}
