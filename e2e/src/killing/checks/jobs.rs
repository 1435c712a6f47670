//! Q1 to Q7: what became of jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::{DEPTH, Evidence, Findings, name, standing};
use crate::store::Life;

impl Evidence {
    /// Q1: an acknowledged trigger for messages up to N ends in a context that covers N, or in a job that says why not.
    pub(super) fn q1_triggers(&self, findings: &mut Findings) {
        let kept = self.kept();
        let counts = |outcome: &str| !matches!(outcome, "EMPTY" | "UNKNOWN");
        let triggers = self.ledger.triggers.iter().filter(|asked| counts(&asked.outcome));
        for asked in triggers.filter(|asked| !self.is_deleted(&asked.talk)) {
            let (talk, watermark) = (&asked.talk, asked.watermark);
            let what = match kept.get(&(talk.user.as_str(), talk.conversation.as_str())) {
                None => "is gone".to_owned(),
                Some(kept) if kept.done >= watermark || (kept.is_given_up() && kept.want >= watermark) => continue,
                Some(kept) => standing(kept),
            };
            let (conversation, outcome) = (&talk.conversation, &asked.outcome);
            findings.lost("Q1", format!("{conversation} was asked for up to {watermark} ({outcome}): {what}"));
        }
    }

    /// Q2: each commit of a life of a conversation covers more than the one before.
    pub(super) fn q2_commits_ascend(&self, findings: &mut Findings) {
        let mut reached: BTreeMap<&Life, i64> = BTreeMap::new();
        for commit in &self.witnessed.commits {
            let before = reached.insert(&commit.life, commit.upto).unwrap_or(0);
            if commit.upto <= before {
                let what = format!("{} went from {before} to {}", commit.life.conversation, commit.upto);
                findings.doubled("Q2", what);
            }
        }
    }

    /// Q3: one claim commits what was asked up to U, and only the claim that holds the job. A worker that was told that its
    /// result is saved must be the one under whose fence it is.
    pub(super) fn q3_one_fence_commits(&self, findings: &mut Findings) {
        let mut fences: BTreeMap<(&Life, i64), BTreeSet<i64>> = BTreeMap::new();
        let mut saved = BTreeSet::new();
        for commit in &self.witnessed.commits {
            let conversation = commit.life.conversation.as_str();
            fences.entry((&commit.life, commit.upto)).or_default().insert(commit.fence);
            saved.insert((conversation, commit.fence, commit.seq()));
            if commit.state_before != "RUNNING" || commit.fence != commit.fence_before {
                let (state, before) = (&commit.state_before, commit.fence_before);
                let what = format!("{conversation} was {state} under fence {before}, saved under {}", commit.fence);
                findings.breach("Q3", what);
            }
        }
        for ((life, upto), fences) in fences.iter().filter(|(_, fences)| fences.len() > 1) {
            findings.doubled("Q3", format!("{} up to {upto} was saved under the fences {fences:?}", life.conversation));
        }
        for believed in &self.diary.believed {
            let (conversation, fence, seq) = (believed.conversation.as_str(), believed.fence, believed.seq);
            if !saved.contains(&(conversation, fence, seq)) {
                let what = format!("a worker that had claimed {conversation} under fence {fence} saved it up to {seq}");
                findings.breach("Q3", format!("{what}, but its claim was no longer the one in force"));
            }
        }
    }

    /// Q4: what the job counts as done is what the saved context covers.
    pub(super) fn q4_context_is_done(&self, findings: &mut Findings) {
        for kept in &self.witnessed.conversations {
            let is_saved = kept.done == 0 || kept.context_seq == Some(kept.done_seq());
            if kept.extracted_to != kept.done || !is_saved {
                let reaches = kept.context_seq;
                findings.breach("Q4", format!("{}: {}, its context reaches {reaches:?}", name(kept), standing(kept)));
            }
        }
    }

    /// Q5: a job is taken over when the lease of its worker has ended: not earlier, and soon after. Each claim has a higher
    /// fence than the one before.
    pub(super) fn q5_leases(&self, findings: &mut Findings) {
        let mut fences: BTreeMap<&Life, i64> = BTreeMap::new();
        for claim in &self.witnessed.claims {
            let conversation = &claim.life.conversation;
            if let Some(left) = claim.lease_left_ms.filter(|left| *left > 0) {
                findings
                    .breach("Q5", format!("{conversation} was taken from its worker {left} ms before its lease ended"));
            }
            let before = fences.insert(&claim.life, claim.fence).unwrap_or(0);
            if claim.fence <= before {
                findings.breach("Q5", format!("{conversation} was claimed under fence {} after {before}", claim.fence));
            }
        }
        let overdue: BTreeSet<_> = self.settled.overdue.iter().map(name).collect();
        for name in overdue {
            findings.breach("Q5", format!("{name} had lost its worker, and nobody took it over"));
        }
    }

    /// Q6: never more live jobs than there may be, and the count is right.
    pub(super) fn q6_depth(&self, findings: &mut Findings) {
        let witnessed = &self.witnessed;
        if witnessed.depth_most > DEPTH {
            findings.breach("Q6", format!("{} jobs were live, of {DEPTH}", witnessed.depth_most));
        }
        let is_live = |state: &str| matches!(state, "PENDING" | "RUNNING");
        let live = witnessed.conversations.iter().filter(|kept| is_live(&kept.state)).count() as i64;
        if witnessed.depth_counted != live {
            findings.breach("Q6", format!("{live} jobs are live, {} are counted", witnessed.depth_counted));
        }
    }

    /// Q7: what one claim extracted from a conversation goes into one summary, which tells of a conversation once, and only of
    /// those that are there.
    pub(super) fn q7_summarised_once(&self, findings: &mut Findings) {
        let mut seen = BTreeSet::new();
        for summarised in &self.witnessed.summarised {
            if !seen.insert(summarised) {
                let (conversation, fence) = (&summarised.life.conversation, summarised.fence);
                findings.doubled("Q7", format!("{conversation}, saved under fence {fence}, was summarised twice"));
            }
        }
        if self.witnessed.summaries_of_nothing > 0 {
            let some = self.witnessed.summaries_of_nothing;
            findings.breach("Q7", format!("{some} summaries were saved that do not say what they cover"));
        }
        let (kept, mut told) = (self.kept(), BTreeSet::new());
        for (user, conversation) in &self.witnessed.told {
            if !told.insert((user, conversation)) {
                findings.doubled("Q7", format!("the summary of {user} tells of {conversation} twice"));
            }
            if !kept.contains_key(&(user.as_str(), conversation.as_str())) {
                findings.breach("deletion", format!("the summary of {user} tells of {conversation}, which is deleted"));
            }
        }
    }
}
