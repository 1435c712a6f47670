//! Whatever happens to summaries in whatever order: nothing is summarised twice, nothing is marked that no summary covers, and no
//! summary speaks of what was deleted.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::domain::model::{Committed, Covered, Fate, Pick, Summarised, SummaryJob, Written};
use crate::store::Store;

use super::language::*;
use super::summaries::{claim_summary_at, rolled_up};

const ENOUGH: usize = 2;
const CONVERSATIONS: usize = 3;

/// One thing that happens. A number picks a conversation, or one of the workers so far, dead ones too.
#[derive(Debug, Clone)]
enum Step {
    Extracted(usize),
    Deleted(usize),
    Asked,
    Claimed,
    LeaseRunsOut,
    WorkerGoesOn(usize),
    WorkerFails(usize),
    WorkerStopsForGood(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..CONVERSATIONS).prop_map(Step::Extracted),
        1 => (0..CONVERSATIONS).prop_map(Step::Deleted),
        3 => Just(Step::Asked),
        3 => Just(Step::Claimed),
        1 => Just(Step::LeaseRunsOut),
        12 => any::<usize>().prop_map(Step::WorkerGoesOn),
        1 => any::<usize>().prop_map(Step::WorkerFails),
        1 => any::<usize>().prop_map(Step::WorkerStopsForGood),
    ]
}

/// Where a worker is between two writes.
enum Place {
    Picks,
    Writes(Box<Pick>),
    Marks(i64, Vec<Covered>),
    Ends,
    Gone,
}

struct Worker {
    job: SummaryJob,
    place: Place,
}

/// One user, and what was seen of the summaries.
struct Ledger<'a, S> {
    store: &'a S,
    name: String,
    now: i64,
    extracted: i64,
    workers: Vec<Worker>,
    covered: HashSet<Covered>,
    deleted: HashSet<String>,
}

pub(crate) async fn random_interleavings_summarise_each_context_once(store: impl Store) {
    let mut runner = TestRunner::deterministic();
    for run in 0..60 {
        let steps = prop::collection::vec(step(), 1..80).new_tree(&mut runner).unwrap().current();
        let mut ledger = Ledger {
            store: &store,
            name: format!("u{run}"),
            now: 1,
            extracted: 0,
            workers: vec![],
            covered: HashSet::new(),
            deleted: HashSet::new(),
        };

        for conversation in 0..CONVERSATIONS {
            ledger.happens(&Step::Extracted(conversation)).await;
        }
        for (n, step) in steps.iter().enumerate() {
            ledger.happens(step).await;
            ledger.check(&format!("run {run} after step {n} of {steps:?}")).await;
        }
        ledger.settle(&format!("run {run} after {steps:?}")).await;
    }
}

impl<S: Store> Ledger<'_, S> {
    async fn happens(&mut self, step: &Step) {
        self.now += 1;
        match *step {
            Step::Extracted(conversation) => self.extract(conversation).await,
            Step::Deleted(conversation) => {
                let key = key(&self.name, &format!("c{conversation}"));
                let title = self.store.find_context(&key).await.unwrap().map(|context| context.title);
                self.store.delete_conversation(&key).await.unwrap();
                self.deleted.extend(title);
            }
            Step::Asked => drop(self.store.ask_summary(&user(&self.name), ENOUGH, t(self.now)).await.unwrap()),
            Step::Claimed => {
                let claimed = claim_summary_at(self.store, self.now).await;
                self.workers.extend(claimed.map(|job| Worker { job, place: Place::Picks }));
            }
            Step::LeaseRunsOut => self.now += 60,
            Step::WorkerGoesOn(pick) => self.goes_on(pick).await,
            Step::WorkerFails(pick) => {
                let Some(worker) = self.worker(pick) else { return };
                let Place::Writes(found) = &worker.place else { return };
                let (lease, open) = (worker.job.lease.clone(), found.open.clone());
                worker.place = Place::Gone;
                let failed = error("TIMEOUT", t(self.now));
                self.store.fail_summary(&lease, Fate::Dead, &failed, &open).await.unwrap();
            }
            Step::WorkerStopsForGood(pick) => {
                let Some(worker) = self.worker(pick) else { return };
                worker.place = Place::Gone;
            }
        }
    }

    /// Each extraction has a title that no other has.
    async fn extract(&mut self, conversation: usize) {
        self.extracted += 1;
        let key = key(&self.name, &format!("c{conversation}"));
        says(self.store, &key, "and another thing").await;
        ask(self.store, &key).await;
        let job = claim(self.store).await;
        let title = format!("extraction {} of {}", self.extracted, self.name);
        let made = crate::domain::model::SessionContext { title, ..context(&key, job.upto_seq()) };
        assert_eq!(self.store.complete(&job.lease, job.want, &made, t(1)).await.unwrap(), Committed::Done);
    }

    fn worker(&mut self, pick: usize) -> Option<&mut Worker> {
        let workers = self.workers.len();
        (workers > 0).then(|| &mut self.workers[pick % workers])
    }

    async fn goes_on(&mut self, pick: usize) {
        let (store, user, now) = (self.store, user(&self.name), t(self.now));
        let Some(worker) = self.worker(pick) else { return };
        let lease = worker.job.lease.clone();
        match std::mem::replace(&mut worker.place, Place::Gone) {
            Place::Picks => {
                let found = store.pick(&user, 2).await.unwrap();
                worker.place = match &found.marking {
                    Some(marking) => Place::Marks(marking.epoch, marking.covered.iter().cloned().collect()),
                    None if found.open.len() < ENOUGH => Place::Ends,
                    None => Place::Writes(Box::new(found)),
                };
            }
            Place::Writes(found) => {
                let made: Summarised = rolled_up(&found);
                let covered: Vec<_> = made.covered.iter().cloned().collect();
                let written = store.write_summary(&lease, &found.stand, &made).await.unwrap();
                worker.place = match written {
                    Written::Saved => Place::Marks(made.summary.epoch, covered.clone()),
                    Written::Stale => Place::Picks,
                    Written::LeaseLost => Place::Gone,
                };
                for each in covered.into_iter().filter(|_| written == Written::Saved) {
                    assert!(self.covered.insert(each.clone()), "{each:?} is in two summaries");
                }
            }
            Place::Marks(epoch, mut covered) => {
                if let Some(each) = covered.pop() {
                    store.mark_summarised(&user, &each, epoch).await.unwrap();
                }
                worker.place = if covered.is_empty() { Place::Ends } else { Place::Marks(epoch, covered) };
            }
            Place::Ends => drop(store.finish_summary(&lease, now).await.unwrap()),
            Place::Gone => {}
        }
    }

    async fn check(&self, moment: &str) {
        let user = user(&self.name);
        let summary = self.store.find_summary(&user).await.unwrap();
        let told: BTreeSet<&str> =
            summary.iter().flat_map(|summary| summary.talks()).map(|talk| &*talk.title).collect();
        let ghosts: Vec<_> = self.deleted.iter().filter(|title| told.contains(title.as_str())).collect();
        assert!(ghosts.is_empty(), "{ghosts:?} was deleted: {moment}");
        let open = self.store.list_unsummarised(&user, 99).await.unwrap();
        for context in self.store.list_contexts(&user, 99).await.unwrap() {
            let is_told = told.contains(context.title.as_str());
            assert!(
                is_told || open.iter().any(|each| each.context == context),
                "{} is marked but in no summary: {moment}",
                context.title
            );
        }
    }

    /// The workers die, and another takes over until there is no more to do.
    async fn settle(&mut self, moment: &str) {
        self.workers.clear();
        self.now += 120;
        self.extract(0).await;
        for _ in 0..99 {
            self.happens(&Step::Asked).await;
            self.happens(&Step::Claimed).await;
            while self.workers.last().is_some_and(|worker| !matches!(worker.place, Place::Gone)) {
                self.happens(&Step::WorkerGoesOn(self.workers.len() - 1)).await;
            }
        }
        self.check(moment).await;
        let job = self.store.find_summary_job(&user(&self.name)).await.unwrap().unwrap();
        assert!(!job.state.is_live() && !job.is_marking, "{job:?}: {moment}");
        assert!(self.store.list_unsummarised(&user(&self.name), 99).await.unwrap().len() < ENOUGH, "{moment}");
    }
}
