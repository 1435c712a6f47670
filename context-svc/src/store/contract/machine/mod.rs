//! A store against a model of it: random stories, each answer compared, the promises checked after every step.
//!
//! A story is made of steps ([`step`]). The model says what each is to be answered ([`model`], [`jobs`]), the store does it
//! ([`subject`]), and the promises Q1 to Q6 and Q9 of docs/adr/0006-queue-mistakes.md are checked by themselves as
//! well ([`checks`]). A story that breaks one is cut down to the steps that matter.
//!
//! `AFTERWORD_TEST_STEPS` takes more steps than CI does, `PROPTEST_RNG_SEED` repeats a run.

mod answer;
mod checks;
mod jobs;
mod model;
mod step;
mod subject;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use checks::{Checked, Ledger, same};
use model::Model;
use step::Step;
use subject::Subject;

use crate::store::Store;

/// How many steps CI takes.
const STEPS: usize = 10_000;

/// How many of them make a story.
const STEPS_IN_A_STORY: usize = 100;

/// What the stories of one run must have been about, or the steps are badly chosen.
const MUST_HAPPEN: &str = "ALREADY_EXTRACTED ALREADY_RUNNING CANCELLED DEAD_LETTERED EMPTY FULL MERGED QUEUED REARMED UNKNOWN \
    claimed reclaimed done re-armed lease-lost duplicate moved-to-CANCELLED moved-to-PENDING session-refused zombie-refused \
    POISON reread-QUEUED reread-MERGED reread-REARMED";

/// Makes one test of it, on stores from `$open(folder).await`: the same store again when the folder is the same.
macro_rules! store_machine_contract {
    ($open:path) => {
        #[test]
        fn whatever_happens_the_store_answers_as_its_model() {
            $crate::store::contract::machine::whatever_happens_the_store_answers_as_its_model($open);
        }
    };
}
pub(crate) use store_machine_contract;

/// Where stories are made up, and cut down when they end badly.
struct Stories;

impl ReferenceStateMachine for Stories {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        step::next(model).boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.apply(step, None);
        model
    }
}

/// How often what was answered, and how many steps that were.
#[derive(Debug, Default)]
struct Tally {
    steps: usize,
    answers: BTreeMap<String, usize>,
}

/// Takes at least [`STEPS`] steps in stories that each begin with a new store.
pub(crate) fn whatever_happens_the_store_answers_as_its_model<S: Store, O: AsyncFn(PathBuf) -> S>(open: O) {
    let steps = std::env::var("AFTERWORD_TEST_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(STEPS);
    let config =
        Config { cases: (steps / STEPS_IN_A_STORY).max(1) as u32, failure_persistence: None, ..Config::default() };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => u64::from_le_bytes(kit::id::secret_bytes()),
    };
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..config });
    let tally = Mutex::new(Tally::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let told = runner.run(&Stories::sequential_strategy(STEPS_IN_A_STORY), |(_, steps, taken)| {
        let folder = tempfile::tempdir().unwrap();
        let told = runtime.block_on(tell(&open, folder.path(), &steps, taken.as_deref(), &tally));
        told.map_err(TestCaseError::fail)
    });

    let Tally { steps, answers } = tally.into_inner();
    match told {
        Err(TestError::Fail(reason, (_, story, _))) => panic!("seed {seed}: {reason}\n{}", written(&story)),
        Err(TestError::Abort(reason)) => panic!("seed {seed}: {reason}"),
        Ok(()) => {}
    }
    // Not through `println!`, which would keep it to itself.
    let _ = writeln!(std::io::stderr(), "store against model: {steps} steps, seed {seed}: {answers:?}");
    let missed: Vec<_> = MUST_HAPPEN.split_whitespace().filter(|answer| !answers.contains_key(*answer)).collect();
    assert!(steps < STEPS || missed.is_empty(), "no story was about {missed:?}");
}

/// Tells one story and then lets it come to its end: time passes, and whatever is due is extracted.
async fn tell<S: Store, O: AsyncFn(PathBuf) -> S>(
    open: &O,
    folder: &Path,
    steps: &[Step],
    taken: Option<&AtomicUsize>,
    tally: &Mutex<Tally>,
) -> Checked {
    let subject = Subject::opened(open, folder.to_owned()).await;
    let mut told = Story { subject, model: Model::default(), ledger: Ledger::default() };
    for step in steps {
        taken.map(|taken| taken.fetch_add(1, Ordering::SeqCst));
        told.take(step, tally).await?;
    }
    loop {
        told.take(&Step::SecondsPass(model::LEASE), tally).await?;
        let claims = told.model.claims.len();
        while told.model.depth() > 0 && told.claims_and_completes(tally).await? {}
        if told.model.claims.len() == claims {
            break;
        }
    }
    told.take(&Step::Crash, tally).await?;
    told.ledger.settled(&told.model)
}

/// One story under way.
struct Story<S, O> {
    subject: Subject<S, O>,
    model: Model,
    ledger: Ledger,
}

impl<S: Store, O: AsyncFn(PathBuf) -> S> Story<S, O> {
    async fn take(&mut self, step: &Step, tally: &Mutex<Tally>) -> Checked {
        let claim = if let Step::Complete { claim, .. } = step { self.model.remembered(*claim) } else { None };
        let answer = self.subject.take(step, &self.model).await;
        let expected = self.model.apply(step, answer.chosen());
        tally.lock().count(&answer, &self.model);
        same("answer", &answer, &expected)?;
        self.ledger.enter(step, &answer, claim, &self.model)?;
        self.ledger.check(&self.subject, &self.model, step, &answer).await
    }

    async fn claims_and_completes(&mut self, tally: &Mutex<Tally>) -> Result<bool, String> {
        let claims = self.model.claims.len();
        self.take(&Step::Claim { worker: 1, capped: None }, tally).await?;
        let claimed = self.model.claims.len() > claims;
        if claimed {
            self.take(&Step::Complete { claim: 0, left_out: 0 }, tally).await?;
        }
        Ok(claimed)
    }
}

impl Tally {
    fn count(&mut self, answer: &answer::Answer, model: &Model) {
        self.steps += 1;
        let poison = model.talks.values().any(|talk| talk.job.reason.as_deref() == Some("POISON"));
        for kind in answer.kinds().into_iter().chain(poison.then(|| "POISON".to_owned())) {
            *self.answers.entry(kind).or_default() += 1;
        }
    }
}

/// A story as a list, one step a line.
fn written(story: &[Step]) -> String {
    let mut list = String::from("after these steps, and then only time passing and workers at work:");
    for (n, step) in story.iter().enumerate() {
        let _ = write!(list, "\n{:>4}  {step:?}", n + 1);
    }
    list
}
