//! What the outside is shown of the queue: readiness, liveness and the page.

use kit::authn::{Keys, Policy, TrustSet, Verifier};
use kit::lifecycle::Lifecycle;
use kit::serve::Part;

use super::hanging::Hanging;
use super::*;
use crate::domain::operate::{Limits, Operate};
use crate::llm::measured::{Measured, Streak};
use crate::llm::{Answer, Asker, Model, ModelError, RollUp, RolledUp, Transcript};
use crate::lookout::{HealthSettings, Lookout};

const MINUTE: Duration = Duration::from_secs(60);

/// A model that answers or fails when told to, or cannot be asked at all.
#[derive(Clone, Copy)]
enum Told {
    Answers,
    Fails,
    IsMissing,
}

#[async_trait::async_trait]
impl Model for Told {
    fn is_ready(&self) -> bool {
        !matches!(self, Self::IsMissing)
    }

    async fn extract(&self, _: &Transcript) -> Result<Answer, ModelError> {
        self.answer().map(|()| Answer::default())
    }

    async fn summarise(&self, _: &RollUp) -> Result<RolledUp, ModelError> {
        self.answer().map(|()| RolledUp::default())
    }
}

impl Told {
    fn answer(self) -> Result<(), ModelError> {
        match self {
            Self::Answers => Ok(()),
            Self::Fails | Self::IsMissing => {
                Err(ModelError::Unreachable { reason: "PROVIDER_UNREACHABLE", message: "connection refused".into() })
            }
        }
    }
}

/// `model`, with its calls counted in `world` and in `streak`.
fn measured(world: &World, model: Told, streak: &Streak) -> Arc<Measured> {
    let (metrics, clock) = (world.metrics.clone(), Arc::new(world.clock.clone()));
    Arc::new(Measured { model: Arc::new(model), provider: "told", metrics, clock, streak: streak.clone() })
}

/// Whoever looks at the queue of `world`, with a model that answers.
pub(super) fn lookout(world: &World) -> Lookout {
    lookout_at(world, measured(world, Told::Answers, &Streak::default()))
}

fn lookout_at(world: &World, model: Arc<Measured>) -> Lookout {
    lookout_into(world, Arc::new(world.store.clone()), model)
}

fn lookout_into(world: &World, store: Arc<impl JobStore + OperatorStore + 'static>, model: Arc<Measured>) -> Lookout {
    let clock = Arc::new(world.clock.clone());
    let HealthSettings { ready_age_max, model_failures_max } = HealthSettings::default();
    let limits = Limits {
        ready_age_max: *ready_age_max,
        model_failures_max,
        streak: model.streak.clone(),
        readers: (model as Arc<dyn Model>).into(),
    };
    let policy = Policy { issuer: String::new(), audience: String::new(), max_ttl: MINUTE };
    Lookout {
        operate: Operate::new(store.clone(), clock.clone(), world.bell.clone(), limits),
        jobs: store,
        verifier: Verifier::new(policy, Keys::new(), TrustSet::new(), clock.clone()),
        metrics: world.metrics.clone(),
        health: world.health.clone(),
        clock,
    }
}

async fn look(world: &World) {
    lookout(world).look().await;
}

fn part(world: &World, name: &str) -> Part {
    world.health.parts().into_iter().find(|(part, _)| *part == name).expect("it was looked at").1
}

#[tokio::test]
async fn ready_but_nobody_works() {
    let world = World::start().await;
    let key = key("u1", "c1");
    world.lifecycle.stop();
    world.logs_out(&key).await;

    world.clock.advance(MINUTE);
    look(&world).await;
    let (young, alive) = (part(&world, "queue"), world.health.silent());
    world.clock.advance(MINUTE * 10);
    look(&world).await;

    assert_eq!((young, alive), (Part::Ready, vec![]));
    let reason = "OLD_JOBS: the oldest due extraction has been waiting for 660 s";
    assert_eq!(part(&world, "queue"), Part::Degraded(reason.to_owned()));
    assert_eq!(world.health.silent(), ["claims: no sign of life for 660 s"]);
    assert!(world.shows("afterword_queue_oldest_ready_age_seconds", "", "660"));
}

fn unusable() -> Failure {
    Failure::retry("UNUSABLE", "the answer makes no sense")
}

#[tokio::test]
async fn one_bad_job_among_good_ones() {
    let mut world = World::start().await;
    let bad = key("u0", "bad");
    world.logs_out(&bad).await;
    for n in 1..=10 {
        world.logs_out(&key(&format!("u{n}"), "good")).await;
    }

    for _ in 0..11 {
        let call = world.call().await;
        let reply = if call.job.key() == &bad { Reply::Fails(unusable()) } else { Reply::Extracted };
        call.reply(reply);
    }
    for n in 1..=10 {
        world.job_once(&key(&format!("u{n}"), "good"), is_in(JobState::Done)).await;
    }
    for attempt in 2..=8 {
        world.job_once(&bad, is_in(JobState::Pending)).await;
        world.advance(Duration::from_secs(900));
        let call = world.call().await;
        assert_eq!(call.job.attempt, attempt);
        call.reply(Reply::Fails(unusable()));
    }
    world.job_once(&bad, is_in(JobState::Dead)).await;
    look(&world).await;

    let job = world.job(&bad).await;
    assert_eq!((job.state, job.attempts, job.last_error.unwrap().reason.as_str()), (JobState::Dead, 8, "UNUSABLE"));
    let Part::Degraded(reason) = part(&world, "queue") else { panic!("nobody is told") };
    assert!(reason.starts_with("DEAD_LETTERS: 1 extractions have given up"), "{reason}");
    assert_eq!(world.health.silent(), Vec::<String>::new(), "a restart would not mend it");
    assert!(world.shows("afterword_queue_jobs", "state=\"DEAD\",", "1"));
    assert!(world.shows("afterword_queue_jobs", "state=\"DONE\",", "10"));
    world.comes_to_show("afterword_queue_dead_total", "reason=\"UNUSABLE\",", "1").await;
    world.comes_to_show("afterword_queue_failures_total", "fate=\"RETRY\",reason=\"UNUSABLE\",", "7").await;
    world.comes_to_show("afterword_queue_completes_total", "outcome=\"DONE\",", "10").await;
    assert!(world.shows("afterword_queue_claims_total", "", "18"));
    world.comes_to_show("afterword_queue_trigger_to_done_duration_seconds_count", "", "10").await;
    assert!(world.shows("afterword_queue_triggers_total", "cause=\"LOGOUT\",outcome=\"QUEUED\",", "11"));
}

#[tokio::test]
async fn a_store_that_is_down_is_not_ready_and_no_reason_to_restart() {
    let world = World::start().await;
    world.store.close().await;

    for _ in 0..5 {
        world.clock.until_sleeping(Duration::from_secs(1)).await;
        world.clock.advance(MINUTE);
    }
    world.clock.until_sleeping(Duration::from_secs(1)).await;
    look(&world).await;

    assert_eq!(part(&world, "store"), Part::NotReady("cannot be read".to_owned()));
    assert_eq!(world.health.silent(), Vec::<String>::new(), "it still asks for work");
}

#[tokio::test]
async fn workers_that_are_all_busy_still_look_for_work() {
    let mut world = World::start().await;
    let keys: Vec<_> = (0..4).map(|n| key(&format!("u{n}"), "c1")).collect();
    for key in &keys {
        world.logs_out(key).await;
    }
    let mut calls = vec![];
    for _ in 0..4 {
        calls.push(world.call().await);
    }

    for _ in 0..90 {
        world.clock.until_sleeping(Duration::from_secs(1)).await;
        world.clock.advance(Duration::from_secs(1));
        // Reading waits its turn behind the heartbeats, so that time cannot outrun them.
        world.job(&keys[0]).await;
    }

    assert_eq!(world.health.silent(), Vec::<String>::new());
    assert!(world.shows("afterword_queue_running", "", "4"));
}

#[tokio::test]
async fn a_drain_ends_the_claims_and_not_the_life() {
    let world = World::start().await;

    assert!(world.lifecycle.shutdown(PATIENCE).await);
    world.clock.advance(MINUTE * 5);

    assert_eq!(world.health.silent(), Vec::<String>::new());
}

#[tokio::test]
async fn a_model_that_is_down_degrades_and_pulls_nobody_out() {
    let world = World::start().await;
    let (talk, streak) = (Transcript::of(Asker::somebody(), vec![]), Streak::default());
    let (failing, answering) = (measured(&world, Told::Fails, &streak), measured(&world, Told::Answers, &streak));

    for _ in 0..4 {
        failing.extract(&talk).await.unwrap_err();
    }
    lookout_at(&world, failing.clone()).look().await;
    let after_four = part(&world, "model");
    failing.extract(&talk).await.unwrap_err();
    lookout_at(&world, failing).look().await;
    let after_five = part(&world, "model");
    answering.extract(&talk).await.unwrap();
    lookout_at(&world, answering).look().await;

    assert_eq!(after_four, Part::Ready);
    assert_eq!(after_five, Part::Degraded("MODEL_DOWN: the last 5 calls of the model failed".to_owned()));
    assert_eq!(part(&world, "model"), Part::Ready);
}

#[tokio::test]
async fn without_a_model_work_is_taken_and_somebody_is_told() {
    let world = World::start().await;

    lookout_at(&world, measured(&world, Told::IsMissing, &Streak::default())).look().await;

    let reason = "NO_MODEL: no model is configured; extractions wait for it";
    assert_eq!(part(&world, "model"), Part::Degraded(reason.to_owned()));
}

#[tokio::test]
async fn a_worker_whose_store_hangs_is_alive() {
    let world = World::start().await;
    world.lifecycle.stop();
    let (health, lifecycle, clock) = (kit::serve::Health::new(), Lifecycle::new(), Arc::new(world.clock.clone()));
    let queue = Queue {
        clock: clock.clone(),
        jobs: Arc::new(Hanging),
        processor: world.processor.clone(),
        bell: world.bell.clone(),
        changes: world.changes.clone(),
        extracted: None,
        settings: QueueSettings::default(),
        metrics: world.metrics.clone(),
        beat: health.listens_for("claims", MINUTE, clock),
    };
    queue.start(&lifecycle);

    for _ in 0..4 {
        let waiting = tokio::time::timeout(PATIENCE, world.clock.until_sleeping(MINUTE / 2)).await;
        waiting.expect("it is heard of every half minute");
        world.clock.advance(MINUTE / 2);
    }

    assert_eq!(health.silent(), Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_hangs_is_not_ready_after_ten_seconds() {
    let world = World::start().await;
    look(&world).await;
    let before = part(&world, "store");
    let looking = lookout_into(&world, Arc::new(Hanging), measured(&world, Told::Answers, &Streak::default()));
    let looking = tokio::spawn(async move { looking.look().await });

    let asleep = tokio::time::timeout(PATIENCE, world.clock.until_sleeping(Duration::from_secs(10))).await;
    asleep.expect("it waits no longer");
    world.clock.advance(Duration::from_secs(10));
    tokio::time::timeout(PATIENCE, looking).await.expect("the look ends").unwrap();

    assert_eq!(before, Part::Ready);
    assert_eq!(part(&world, "store"), Part::NotReady("does not answer".to_owned()));
    assert!(world.shows("afterword_store_errors_total", "operation=\"look\",", "1"));
}
