//! Two context-svc processes on one store: what one leaves the other finishes, and no work is done twice.

use std::time::Duration;

use e2e::{Chaos, Mode, Processes, Service, User, eventually};
use jiff::Timestamp;
use kit::clock::{Clock, SystemClock};
use serde_json::Value;

/// Claims that last for seconds only.
const SHORT_LEASES: [(Service, &str); 4] = [
    (Service::Context, "store_shared=true"),
    (Service::Context, "queue.lease=3s"),
    (Service::Context, "queue.heartbeat=500ms"),
    (Service::Context, "queue.poll=100ms"),
];

/// The three services and a second context-svc that is not started yet, behind one address.
struct Pair {
    chaos: Chaos,
    first: Processes,
    second: Processes,
}

impl Pair {
    async fn start(settings: &[(Service, &str)]) -> Self {
        let chaos = Chaos::start().await;
        let address = format!("context_svc={}", chaos.url());
        let mut all = vec![(Service::Auth, address.as_str()), (Service::Gateway, address.as_str())];
        all.extend(settings);
        let first = Processes::start(&all).await;
        let second = first.beside();
        chaos.leads_to(&[first.socket(Service::Context), second.socket(Service::Context)]);
        Self { chaos, first, second }
    }

    /// Alice has said something and logged out, and a worker of the first process is busy with it for `local_pause`.
    async fn alice_whose_job_runs(&mut self) -> User {
        let mut alice = User::of(&self.first.client(), "alice").await.logged_in().await;
        alice.says("c1", "My goal is to run a marathon in May.").await;
        alice.logout().await.unwrap();
        alice.log_in().await;
        alice.until_extraction("c1", "RUNNING").await;
        alice
    }

    async fn second_starts(&mut self) {
        self.second.set(Service::Context, "local_pause=0s");
        self.second.launch(Service::Context).await;
    }
}

#[tokio::test]
async fn a_worker_that_slept_through_its_lease_commits_nothing() {
    let mut pair = Pair::start(&[&SHORT_LEASES[..], &[(Service::Context, "local_pause=2500ms")]].concat()).await;
    let alice = pair.alice_whose_job_runs().await;

    // Frozen first, or it might be done before the other is there.
    pair.first.freeze(Service::Context);
    pair.second_starts().await;
    pair.chaos.set(Mode::Refuse).await;
    pair.chaos.leads_to(&[pair.second.socket(Service::Context)]);
    pair.chaos.set(Mode::Pass).await;
    let taken_over = alice.until_extraction("c1", "DONE").await;
    pair.first.thaw(Service::Context);

    eventually("the late verdict", async || pair.first.log(Service::Context), |log| log.contains("LEASE_LOST")).await;
    assert_eq!(taken_over["fence"], "2", "the second claim finished it");
    assert_eq!(alice.until_extraction("c1", "DONE").await, taken_over);
    alice.until_goals("c1", &["My goal is to run a marathon in May."]).await;
}

#[tokio::test]
async fn a_process_that_drains_keeps_its_jobs_until_they_end() {
    let mut pair = Pair::start(&[&SHORT_LEASES[..], &[(Service::Context, "local_pause=8s")]].concat()).await;
    let alice = pair.alice_whose_job_runs().await;
    pair.second_starts().await;

    let code = pair.first.terminate(Service::Context).await;

    assert_eq!(code, Some(0));
    let extraction = alice.until_extraction("c1", "DONE").await;
    assert_eq!(extraction["fence"], "1", "the other never took it, though it lasted longer than its lease");
    alice.until_goals("c1", &["My goal is to run a marathon in May."]).await;
}

#[tokio::test]
async fn a_process_started_anew_takes_no_claim_for_its_own_and_is_back_at_work_when_it_ends() {
    let settings = [
        (Service::Context, "local_pause=1h"),
        (Service::Context, "queue.lease=8s"),
        (Service::Context, "queue.heartbeat=500ms"),
        (Service::Context, "queue.poll=100ms"),
    ];
    let mut world = Processes::start(&settings).await;
    let mut alice = User::of(&world.client(), "alice").await.logged_in().await;
    alice.says("c1", "My goal is to run a marathon in May.").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_extraction("c1", "RUNNING").await;

    world.freeze(Service::Context);
    world.kill(Service::Context).await;
    world.launch(Service::Context).await;
    let ready_at = SystemClock.now();
    let old = alice.until_extraction("c1", "RUNNING").await;
    let is_claimed_again = |extraction: &Value| extraction["fence"] == "2";
    let ask = async || alice.login().extraction("c1").await.unwrap_or_default();
    let new = eventually("the second claim", ask, is_claimed_again).await;

    assert_eq!(old["fence"], "1", "nobody had claimed it again yet");
    assert_ne!(old["owner"], new["owner"]);
    let (lease_ended, claimed) = (time(&old, "leaseUntil"), time(&new, "updatedAt"));
    assert!(claimed >= lease_ended, "{claimed} {lease_ended}");
    assert!(claimed <= lease_ended.max(ready_at) + Duration::from_secs(2), "{claimed} {lease_ended} {ready_at}");
}

fn time(extraction: &Value, field: &str) -> Timestamp {
    extraction[field].as_str().and_then(|text| text.parse().ok()).expect(field)
}
