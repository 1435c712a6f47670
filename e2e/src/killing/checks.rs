//! Q1 to Q9: the ledger of what was acknowledged against what stands in the stores.

mod jobs;
mod messages;
mod sessions;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::diary::Diary;
use super::faults::Done;
use super::ledger::{Entries, Talk};
use super::plan::Plan;
use super::report::{Acknowledged, Milliseconds, Report, Violation};
use super::{DEPTH, Settled};
use crate::store::{Kept, Life, Witnessed};

/// Everything that is known of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    pub(super) ledger: Entries,
    pub(super) witnessed: Witnessed,
    pub(super) diary: Diary,
    pub(super) settled: Settled,
    pub(super) done: Done,
    /// Whether every user of the load came to an end.
    pub(super) left_alone: bool,
}

/// What the checks found.
#[derive(Debug, Default)]
struct Findings {
    violations: Vec<Violation>,
    lost: usize,
    doubled: usize,
}

impl Findings {
    fn breach(&mut self, check: &'static str, what: String) {
        self.violations.push(Violation { check, what });
    }

    fn lost(&mut self, check: &'static str, what: String) {
        self.lost += 1;
        self.breach(check, what);
    }

    fn doubled(&mut self, check: &'static str, what: String) {
        self.doubled += 1;
        self.breach(check, what);
    }
}

impl Evidence {
    /// Makes every check.
    pub(super) fn report(&self, plan: &Plan) -> Report {
        let mut findings = Findings::default();
        self.came_to_rest(&mut findings);
        self.q1_triggers(&mut findings);
        self.q1_logouts(&mut findings);
        self.q2_commits_ascend(&mut findings);
        self.q3_one_fence_commits(&mut findings);
        self.q4_context_is_done(&mut findings);
        self.q5_leases(&mut findings);
        self.q6_depth(&mut findings);
        self.q7_summarised_once(&mut findings);
        self.q8_logout_does_not_wait(&mut findings);
        self.q9_messages(&mut findings);
        self.q9_covered(&mut findings);
        let mut dead = BTreeMap::new();
        for kept in self.witnessed.conversations.iter().filter(|kept| kept.state == "DEAD") {
            *dead.entry(kept.reason.clone().unwrap_or_default()).or_default() += 1;
        }
        let (ledger, witnessed, done) = (&self.ledger, &self.witnessed, &self.done);
        Report {
            seed: plan.seed,
            seconds: plan.seconds,
            kills: done.kills + done.kills_at.values().sum::<u64>(),
            kills_at: done.kills_at.clone(),
            stops: done.stops,
            terms: done.terms,
            restarts: done.restarts,
            acknowledged: ledger.logouts.len() + ledger.triggers.len(),
            acknowledged_by_kind: Acknowledged {
                messages: ledger.messages.len(),
                logouts: ledger.logouts.len(),
                triggers: ledger.triggers.len(),
                deletions: ledger.deleted,
                erasures: ledger.erasures,
            },
            unanswered: ledger.unanswered,
            refusals: ledger.refusals.clone(),
            claims: witnessed.claims.len(),
            model_calls: self.diary.model_calls,
            extracted: witnessed.commits.len(),
            summaries: witnessed.summaries,
            leases_lost: self.diary.leases_lost,
            dead,
            depth_most: witnessed.depth_most,
            settled_ms: self.settled.after.as_millis() as u64,
            logout_ms: Milliseconds::of(ledger.logouts_away.clone()),
            logout_ms_healthy: Milliseconds::of(ledger.logouts_there.clone()),
            lost: findings.lost,
            doubled: findings.doubled,
            violations: findings.violations,
        }
    }

    fn came_to_rest(&self, findings: &mut Findings) {
        for surprise in &self.done.surprises {
            findings.breach("process", surprise.clone());
        }
        // Being away is answered 503; this says that a service was there and did not know what to do.
        for (refusal, times) in self.ledger.refusals.iter().filter(|(refusal, _)| refusal.starts_with("500")) {
            findings.breach("process", format!("{times} calls were answered {refusal}"));
        }
        let (witnessed, diary) = (&self.witnessed, &self.diary);
        let is_blind = witnessed.claims.is_empty() || diary.model_calls == 0 || diary.believed.is_empty();
        if !witnessed.commits.is_empty() && is_blind {
            findings.breach("process", "results were saved, and the witness or the diary saw no work".to_owned());
        }
        // Nothing in this load fails or is cancelled: only a job whose workers were killed again and again may give up.
        let gave_up = |kept: &&Kept| kept.is_given_up() && kept.reason.as_deref() != Some("POISON");
        for kept in witnessed.conversations.iter().filter(gave_up) {
            findings.breach("Q1", format!("{} gave up for {:?}: {}", name(kept), kept.reason, standing(kept)));
        }
        if !self.left_alone {
            findings.breach("Q1", "a user of the load got no answer although every service is there".to_owned());
        }
        for kept in &self.settled.unsettled {
            findings.breach("Q1", format!("{} did not come to rest: {}", name(kept), standing(kept)));
        }
        if self.settled.in_memories > 0 {
            let memories = self.settled.in_memories;
            findings.breach("Q1", format!("{memories} summaries, deletions or erasures did not come to an end"));
        }
        if self.settled.unsent > 0 {
            findings.breach("Q1", format!("{} outbox entries were not delivered", self.settled.unsent));
        }
    }

    /// The conversations as they stand, by user and id.
    fn kept(&self) -> BTreeMap<(&str, &str), &Kept> {
        self.witnessed.conversations.iter().map(|kept| (of(&kept.life), kept)).collect()
    }

    /// Whether the user has deleted the conversation in that life of it.
    fn is_deleted(&self, talk: &Talk) -> bool {
        self.ledger.deletions.contains(talk)
    }
}

/// The user and the conversation, whichever life of it.
fn of(life: &Life) -> (&str, &str) {
    (&life.user, &life.conversation)
}

fn name(kept: &Kept) -> String {
    format!("{} of {}", kept.life.conversation, kept.life.user)
}

fn standing(kept: &Kept) -> String {
    format!("{}, want {}, done {}, last {}, dirty {}", kept.state, kept.want, kept.done, kept.last_seq, kept.is_dirty)
}
