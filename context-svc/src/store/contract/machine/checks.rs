//! What must hold after every step: the store shows what the model holds, and the promises hold by themselves.

use std::collections::BTreeMap;

use super::answer::{Answer, Asked, Seen};
use super::model::{DEPTH_LIMIT, Message, Model, Talk, less, read_after, seq};
use super::step::{Place, Step, user_name};
use super::subject::Subject;
use crate::domain::model::{Committed, Extraction, ExtractionFilter, JobState, Outcome, Role};
use crate::store::Store;
use crate::store::contract::language::{t, user};

/// `Err` says in words what differs.
pub(super) type Checked = Result<(), String>;

/// What was acknowledged and what was committed, written down as it was answered and never from the model's jobs.
#[derive(Default)]
pub(super) struct Ledger {
    /// Of each life of a conversation.
    lives: BTreeMap<u32, Acknowledged>,
    depth: usize,
}

/// What one life of a conversation was told.
#[derive(Default)]
struct Acknowledged {
    /// Up to which `seq` an extraction was asked for, and that was accepted.
    asked: i64,
    /// Fence and `seq` of each commit.
    commits: Vec<(i64, i64)>,
    /// Want, done and fence, as seen last.
    seen: (i64, i64, i64),
}

/// Says that `what` differs, unless it does not.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, store: T, model: T) -> Checked {
    if store == model { Ok(()) } else { Err(format!("{what}:\n  store {store:?}\n  model {model:?}")) }
}

fn holds(promise: &str, held: bool) -> Checked {
    if held { Ok(()) } else { Err(format!("{promise} does not hold")) }
}

impl Ledger {
    /// Enters what `step` was answered with. `model` is as it is after it.
    pub(super) fn enter(&mut self, step: &Step, answer: &Answer, claim: Option<usize>, model: &Model) -> Checked {
        match (step, answer) {
            (Step::Enqueue { of, .. }, Answer::Enqueued(asked)) => self.accepted(*of, *asked, model),
            (_, Answer::Session { accepted, .. } | Answer::Swept(accepted) | Answer::Reread { accepted, .. }) => {
                accepted.iter().for_each(|(of, asked)| self.accepted(*of, *asked, model));
            }
            (Step::Complete { left_out, .. }, Answer::Committed(Committed::Done | Committed::Rearmed)) => {
                let Some(claim) = claim.map(|claim| &model.claims[claim]) else { return Ok(()) };
                self.lives.entry(claim.life).or_default().commits.push((claim.fence, less(claim.want, *left_out)));
            }
            _ => {}
        }
        for Acknowledged { commits, .. } in self.lives.values() {
            let grows = commits.windows(2).all(|pair| pair[0].1 < pair[1].1);
            holds(&format!("Q2: commits (fence, seq) grow: {commits:?}"), grows)?;
            let fences_differ = commits.windows(2).all(|pair| pair[0].0 < pair[1].0);
            holds(&format!("Q3: each commit (fence, seq) by a claim of its own: {commits:?}"), fences_differ)?;
        }
        Ok(())
    }

    fn accepted(&mut self, of: Place, asked: Asked, model: &Model) {
        if let (Asked::Accepted(outcome, upto), Some(talk)) = (asked, model.talks.get(&of))
            && outcome != Outcome::Empty
        {
            let told = self.lives.entry(talk.life).or_default();
            told.asked = told.asked.max(upto);
        }
    }

    /// Compares all that `subject` shows with `model`, and what the promises say of it.
    pub(super) async fn check<S: Store, O: AsyncFn(std::path::PathBuf) -> S>(
        &mut self,
        subject: &Subject<S, O>,
        model: &Model,
        step: &Step,
        answer: &Answer,
    ) -> Checked {
        let store = &subject.store;
        let mut jobs = store.list_extractions(&ExtractionFilter::default(), None, 99).await.unwrap();
        for (place, talk) in &model.talks {
            if talk.job.state == JobState::Idle {
                jobs.extend(store.find_extraction(&place.key()).await.unwrap());
            }
        }
        same("conversations", jobs.len(), model.talks.len())?;
        for job in &jobs {
            let place = Place::found(&job.key).ok_or("a job of no conversation")?;
            let talk = model.talks.get(&place).ok_or(format!("{place:?} is deleted and has a job"))?;
            same(&format!("job of {place:?}"), Seen::of(job), talk.job.clone())?;
            self.grows(talk, job)?;
        }
        self.queue(store, model, &jobs, (step, answer)).await?;
        for user in step.may_change_memory_of() {
            memory(store, model, user).await?;
        }
        let idle = store.list_idle(t(model.now), 99).await.unwrap();
        same("idle", idle.iter().filter_map(Place::found).collect(), model.idle(model.now))?;
        transcript(subject, model).await
    }

    fn grows(&mut self, talk: &Talk, job: &Extraction) -> Checked {
        let told = self.lives.entry(talk.life).or_default();
        let now = (job.want.as_i64(), job.done.as_i64(), job.fence);
        let before = std::mem::replace(&mut told.seen, now);
        let only_grow = before.0 <= now.0 && before.1 <= now.1 && before.2 <= now.2;
        holds(&format!("want, done and fence only grow: {before:?}, then {now:?}"), only_grow)?;
        let covered = told.asked <= now.0.max(now.1);
        holds(&format!("Q1: what was acknowledged, {}, is wanted or done: {now:?}", told.asked), covered)?;
        holds("Q1: a dead job says why", job.state != JobState::Dead || job.last_error.is_some())
    }

    async fn queue(
        &mut self,
        store: &impl Store,
        model: &Model,
        jobs: &[Extraction],
        (step, answer): (&Step, &Answer),
    ) -> Checked {
        let live = jobs.iter().filter(|job| job.state.is_live()).count();
        let depth = store.depth().await.unwrap();
        let counts = store.count_jobs(t(model.now)).await.unwrap();
        same("depth, counts and list", (depth, counts.depth()), (live as u64, live as u64))?;
        let may_exceed = matches!(step, Step::Redrive(_)) || live <= self.depth;
        holds(&format!("Q6: depth {live} within its limit"), live <= DEPTH_LIMIT || may_exceed)?;
        self.depth = live;
        let overdue = jobs.iter().any(|job| job.lease_until.is_some_and(|until| until < t(model.now)));
        let found_nothing = matches!((step, answer), (Step::Claim { capped: None, .. }, Answer::Claimed(None)));
        holds("Q5: a job whose lease is over is taken up", !(overdue && found_nothing))
    }

    /// Nobody disturbs any more: everything acknowledged comes to its end.
    pub(super) fn settled(&self, model: &Model) -> Checked {
        for (place, talk) in &model.talks {
            let job = &talk.job;
            let Some(told) = self.lives.get(&talk.life) else { continue };
            let ended = match job.state {
                JobState::Idle | JobState::Done => job.done >= told.asked,
                JobState::Dead => job.reason.is_some() && job.want >= told.asked,
                JobState::Cancelled => job.want >= told.asked,
                JobState::Pending | JobState::Running => false,
            };
            holds(&format!("Q1: {place:?}, asked for up to {}, ends: {job:?}", told.asked), ended)?;
        }
        Ok(())
    }
}

/// Every message once and where it belongs, contexts that end where the job says, and a tail of what they do not cover.
async fn memory(store: &impl Store, model: &Model, of: u8) -> Checked {
    let user = user(&user_name(of));
    let mut tail = vec![];
    let mut extracted = vec![];
    for (place, talk) in model.talks.iter().filter(|(place, _)| place.user == of) {
        let messages = store.list_messages(&place.key(), 0, 999).await.unwrap();
        let stored: Vec<_> = messages.iter().map(|m| (m.seq, m.text.clone(), m.role == Role::User)).collect();
        let said: Vec<_> = talk.messages.iter().zip(1..).map(|(message, seq)| said(message, seq)).collect();
        same(&format!("Q9: messages of {place:?}"), &stored, &said)?;
        if talk.dirty {
            let above = said.iter().filter(|(at, _, _)| *at > seq(talk.job.done));
            tail.extend(above.map(|(seq, text, _)| (*place, *seq, text.clone())));
        }
        let waits = said.iter().any(|(at, _, by_user)| *by_user && *at > seq(talk.job.done));
        holds(&format!("Q9: {place:?} is dirty, or covers its user"), talk.dirty || !waits)?;
        if talk.job.done > 0 {
            extracted.push((*place, seq(talk.job.done)));
        }
    }
    let mut raw: Vec<_> = store.raw_tail(&user, 999).await.unwrap();
    raw.sort_by_key(|tail| (tail.conversation_id.to_string(), tail.message.seq));
    let raw = raw.into_iter().map(|tail| (tail.conversation_id.to_string(), tail.message.seq, tail.message.text));
    let tail = tail.into_iter().map(|(place, seq, text)| (format!("c{}", place.talk), seq, text)).collect::<Vec<_>>();
    same("Q9: what no context covers", raw.collect(), tail)?;
    let mut contexts: Vec<_> = store.list_contexts(&user, 99).await.unwrap();
    contexts.sort_by_key(|context| context.conversation_id.to_string());
    let contexts = contexts.into_iter().map(|context| (context.conversation_id.to_string(), context.extracted_seq));
    let extracted = extracted.into_iter().map(|(place, seq)| (format!("c{}", place.talk), seq)).collect::<Vec<_>>();
    same("Q4: contexts end where their jobs are done", contexts.collect(), extracted)
}

fn said(message: &Message, seq: i64) -> (i64, String, bool) {
    (seq, Message::text(message.client, message.at), message.by_user)
}

/// The newest claim reads the messages of the life it was made in, and no others.
async fn transcript<S: Store, O: AsyncFn(std::path::PathBuf) -> S>(subject: &Subject<S, O>, model: &Model) -> Checked {
    let (Some(job), Some(claim)) = (subject.jobs.last(), model.claims.last()) else { return Ok(()) };
    let (after, upto) = (read_after(claim.done, claim.want), seq(claim.want));
    let messages = subject.store.transcript(&job.lease, after, upto).await.unwrap();
    let life = model.talks.get(&claim.of).filter(|talk| talk.life == claim.life);
    let expected = life.map_or(0..0, |_| after + 1..upto + 1);
    same("transcript", messages.iter().map(|m| m.seq).collect::<Vec<_>>(), expected.collect())
}
