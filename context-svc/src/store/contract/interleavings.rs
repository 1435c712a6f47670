//! Whatever happens in whatever order, the promises hold.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::domain::model::{Cause, Committed, ConversationKey, Extraction, Fate, Job, JobState};
use crate::store::Store;

use super::language::*;

/// One thing that happens to a conversation. A number picks one of the claims made so far, lost ones too.
#[derive(Debug, Clone)]
enum Step {
    UserSpeaks,
    AssistantSpeaks,
    Triggered(usize),
    Claimed,
    LeaseRunsOut,
    Beat(usize),
    Completed { claim: usize, left_out: i64 },
    Failed { claim: usize, for_good: bool },
    Snoozed(usize),
    Released(usize),
    Cancelled,
    Redriven,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::UserSpeaks),
        1 => Just(Step::AssistantSpeaks),
        4 => (0..Cause::ALL.len()).prop_map(Step::Triggered),
        5 => Just(Step::Claimed),
        1 => Just(Step::LeaseRunsOut),
        1 => any::<usize>().prop_map(Step::Beat),
        4 => (any::<usize>(), 0..2i64).prop_map(|(claim, left_out)| Step::Completed { claim, left_out }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(claim, for_good)| Step::Failed { claim, for_good }),
        1 => any::<usize>().prop_map(Step::Snoozed),
        1 => any::<usize>().prop_map(Step::Released),
        1 => Just(Step::Cancelled),
        1 => Just(Step::Redriven),
    ]
}

/// One conversation, what was acknowledged about it, and what was seen last.
struct Ledger<'a, S> {
    store: &'a S,
    key: ConversationKey,
    now: i64,
    claims: Vec<Job>,
    said_by_user: Vec<i64>,
    asked: i64,
    seen: Option<Extraction>,
}

pub(crate) async fn random_interleavings_keep_every_promise(store: impl Store) {
    let mut runner = TestRunner::deterministic();
    for run in 0..40 {
        let steps = prop::collection::vec(step(), 1..60).new_tree(&mut runner).unwrap().current();
        let key = key("u1", &format!("c{run}"));
        let mut ledger =
            Ledger { store: &store, key, now: 0, claims: vec![], said_by_user: vec![], asked: 0, seen: None };

        says(&store, &ledger.key, "hello").await;
        ledger.said_by_user.push(1);
        for (n, step) in steps.iter().enumerate() {
            ledger.happens(step).await;
            ledger.check(&format!("run {run} after step {n} of {steps:?}")).await;
        }
        ledger.settle(&format!("run {run} after {steps:?}")).await;
    }
}

impl<S: Store> Ledger<'_, S> {
    async fn happens(&mut self, step: &Step) {
        let later = t(self.now) + Duration::from_secs(1);
        match *step {
            Step::UserSpeaks => self.said_by_user.push(says(self.store, &self.key, "and another thing").await),
            Step::AssistantSpeaks => drop(answers(self.store, &self.key, "I see.").await),
            Step::Triggered(cause) => {
                ask_at(self.store, &self.key, Cause::ALL[cause], t(self.now)).await;
                self.asked = self.store.find_conversation(&self.key).await.unwrap().unwrap().last_seq;
            }
            Step::Claimed => self.claims.extend(claim_at(self.store, t(self.now)).await),
            Step::LeaseRunsOut => self.now += 60,
            Step::Beat(claim) => {
                let Some(job) = self.claim(claim) else { return };
                self.store.heartbeat(&job.lease, t(self.now + 60)).await.unwrap();
            }
            Step::Completed { claim, left_out } => {
                let Some(job) = self.claim(claim) else { return };
                let upto = (job.upto_seq() - left_out).max(job.done.seq() + 1).min(job.upto_seq());
                self.complete(&job, upto).await;
            }
            Step::Failed { claim, for_good } => {
                let Some(job) = self.claim(claim) else { return };
                let fate = if for_good { Fate::Dead } else { Fate::Retry { not_before: later } };
                self.store.fail(&job.lease, fate, &error("UNREADABLE", t(self.now)), None).await.unwrap();
            }
            Step::Snoozed(claim) => {
                let Some(job) = self.claim(claim) else { return };
                let fate = Fate::Snooze { until: later };
                self.store.fail(&job.lease, fate, &error("RATE_LIMITED", t(self.now)), None).await.unwrap();
            }
            Step::Released(claim) => {
                let Some(job) = self.claim(claim) else { return };
                self.store.release(&job.lease, t(self.now)).await.unwrap();
            }
            Step::Cancelled => drop(self.store.cancel(&self.key, t(self.now)).await.unwrap()),
            Step::Redriven => drop(self.store.redrive(&self.key, t(self.now)).await.unwrap()),
        }
        self.now += 1;
    }

    fn claim(&self, pick: usize) -> Option<Job> {
        let claims = self.claims.len();
        (claims > 0).then(|| self.claims[pick % claims].clone())
    }

    /// Only the newest claim may commit, and each commit gets further than the one before.
    async fn complete(&self, job: &Job, upto: i64) -> Committed {
        let before = extraction(self.store, &self.key).await;
        let committed = complete(self.store, job, upto).await;
        if committed != Committed::LeaseLost {
            assert_eq!((before.state, before.fence), (JobState::Running, job.lease.fence), "a stale commit");
            assert!(job.want.at(upto) > before.done, "a commit that does not get further");
        }
        committed
    }

    async fn check(&mut self, moment: &str) {
        let job = extraction(self.store, &self.key).await;
        if let Some(before) = &self.seen {
            assert!(job.want >= before.want && job.done >= before.done && job.fence >= before.fence, "{moment}");
        }
        assert_eq!(job.state == JobState::Running, job.owner.is_some(), "{moment}");
        assert_eq!(self.store.depth().await.unwrap(), u64::from(job.state.is_live()), "{moment}");
        assert_eq!(
            self.store.count_jobs(t(self.now)).await.unwrap().depth(),
            u64::from(job.state.is_live()),
            "{moment}"
        );
        let context = self.store.find_context(&self.key).await.unwrap();
        assert_eq!(context.map_or(0, |context| context.extracted_seq), job.done.seq(), "{moment}");
        let tail = self.store.raw_tail(&self.key.user_id, 999).await.unwrap();
        for seq in &self.said_by_user {
            let is_dirty = tail.iter().any(|m| m.conversation_id == self.key.conversation_id && m.message.seq == *seq);
            assert!(*seq <= job.done.seq() || is_dirty, "message {seq} is forgotten: {moment}");
        }
        self.seen = Some(job);
    }

    /// Nobody disturbs any more: what was asked for ends done, dead with a reason, or stays cancelled.
    async fn settle(&mut self, moment: &str) {
        self.now += 120;
        while let Some(job) = claim_at(self.store, t(self.now)).await {
            assert_eq!(job.lease.key, self.key, "{moment}");
            self.complete(&job, job.upto_seq()).await;
        }
        self.check(moment).await;
        let job = extraction(self.store, &self.key).await;
        let covered = job.done.seq().max(self.asked.min(self.said_by_user.iter().copied().max().unwrap_or(0)));
        match job.state {
            JobState::Done => assert_eq!(job.done.seq(), covered, "{moment}"),
            JobState::Dead => assert!(job.last_error.is_some() && job.want.seq() >= job.done.seq(), "{moment}"),
            JobState::Idle => assert_eq!((self.asked, job.fence), (0, 0), "{moment}"),
            JobState::Cancelled => assert!(job.want.seq() >= covered, "{moment}"),
            JobState::Pending | JobState::Running => panic!("{:?}: {moment}", job.state),
        }
    }
}
