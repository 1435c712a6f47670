//! The reference: what a store is to answer, restated in plain values and without any of its code.

use std::collections::BTreeMap;

use super::answer::{Answer, Seen};
use super::jobs::{fail, leave};
use super::step::{Back, Place, Said, Step};
use crate::domain::model::{Cause, Committed, JobState};

/// How many jobs may be live, fewer than there are conversations, so that the queue is full at times.
pub(super) const DEPTH_LIMIT: usize = 3;

/// How many claims in a row may end without a verdict.
pub(super) const DELIVERIES_MAX: u32 = 2;

/// For how long a job is leased, in seconds.
pub(super) const LEASE: i64 = 60;

/// How far apart the generations of a watermark are; what is below it is a `seq`.
const GENERATION: i64 = 1 << 40;

/// The last message that a watermark is about.
pub(super) fn seq(mark: i64) -> i64 {
    mark % GENERATION
}

/// What a watermark becomes that leaves out the last messages: at most all of them.
pub(super) fn less(mark: i64, left_out: i64) -> i64 {
    mark - left_out.min(seq(mark))
}

/// After which message a claim reads on: a higher generation begins anew.
pub(super) fn read_after(done: i64, want: i64) -> i64 {
    if want / GENERATION > done / GENERATION { 0 } else { seq(done) }
}

/// Everything a store keeps, and what the workers outside it know. Times are seconds from the beginning of the story.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) talks: BTreeMap<Place, Talk>,
    /// Every claim there ever was, the oldest first.
    pub(super) claims: Vec<Claim>,
    /// How often the workers were started anew.
    pub(super) boots: u32,
    lives: u32,
}

/// One life of a conversation, with its job.
#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) life: u32,
    pub(super) session: u8,
    pub(super) messages: Vec<Message>,
    pub(super) appended_at: i64,
    pub(super) dirty: bool,
    pub(super) sized_at: Option<i64>,
    /// When its context was saved.
    pub(super) extracted_at: Option<i64>,
    /// What was wanted at the last claim.
    pub(super) bound: i64,
    pub(super) job: Seen,
}

/// A message; its `seq` is its place in the list, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) client: u8,
    pub(super) by_user: bool,
    /// When it was said, which is also part of its text: a repeated append says something else.
    pub(super) at: i64,
}

impl Message {
    pub(super) fn text(client: u8, at: i64) -> String {
        format!("m{client} at {at}")
    }
}

/// One claim of a job, as its worker remembers it.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) of: Place,
    pub(super) life: u32,
    pub(super) fence: i64,
    pub(super) want: i64,
    pub(super) done: i64,
    /// Whether its worker is still alive.
    pub(super) remembered: bool,
}

impl Model {
    /// What is to be answered to `step`. Of several jobs that are due at the same moment `chosen` is the one handed out.
    pub(super) fn apply(&mut self, step: &Step, chosen: Option<Place>) -> Answer {
        let answer = match *step {
            Step::Append { to, session, ref says } => self.append(to, session, says),
            Step::Enqueue { of, cause } => Answer::Enqueued(self.enqueue(of, cause)),
            Step::EnqueueSession { user, session, cause } => self.enqueue_session(user, session, cause),
            Step::Claim { worker, capped } => self.claim(worker, capped, chosen),
            Step::Heartbeat(back) => self.settle(back, |now, talk| {
                talk.job.lease_until = talk.job.lease_until.max(Some(now + LEASE));
            }),
            Step::SecondsPass(seconds) => {
                self.now += seconds;
                Answer::Nothing
            }
            Step::Complete { claim, left_out } => self.complete(claim, left_out),
            Step::Fail(back, verdict) => self.settle(back, |now, talk| fail(&mut talk.job, verdict, now)),
            Step::Release(back) => self.settle(back, |now, talk| {
                leave(&mut talk.job, JobState::Pending, now);
                talk.job.attempts -= 1;
                talk.job.not_before = None;
            }),
            Step::Reread { of_user, at_most } => self.reread(of_user, at_most),
            Step::Cancel(of) => self.cancel(of),
            Step::Redrive(of) => self.redrive(of),
            Step::Delete(of) => Answer::Was(self.talks.remove(&of).is_some()),
            Step::Backlog { of, measured } => Answer::Backlog(self.talks.get(&of).map(|talk| talk.backlog(measured))),
            Step::Sweep { silent, at_most } => self.sweep(silent, at_most),
            Step::Crash => {
                self.claims.iter_mut().for_each(|claim| claim.remembered = false);
                self.boots += 1;
                Answer::Nothing
            }
            Step::Zombie(back) if self.zombie(back).is_some() => {
                Answer::Refused { renewed: false, committed: Committed::LeaseLost, failed: false, released: false }
            }
            Step::Zombie(_) => Answer::Nothing,
        };
        self.now += 1;
        answer
    }

    /// The claim that is meant by `back`, among those whose workers are alive.
    pub(super) fn remembered(&self, back: Back) -> Option<usize> {
        pick((0..self.claims.len()).filter(|n| self.claims[*n].remembered), back)
    }

    /// The claim that is meant by `back`, among those that are no longer in force. The first are those that look most like one
    /// that is: the same fence on a job that runs again, as it is when a conversation was deleted and began anew.
    pub(super) fn zombie(&self, back: Back) -> Option<usize> {
        let mut lost: Vec<_> = (0..self.claims.len()).filter(|n| !self.is_in_force(&self.claims[*n])).collect();
        lost.sort_by_key(|n| self.looks_alive(&self.claims[*n]));
        pick(lost.into_iter(), back)
    }

    /// Whether it is another claim that is in force, of the same number.
    pub(super) fn looks_alive(&self, claim: &Claim) -> bool {
        let job = self.talks.get(&claim.of).map(|talk| &talk.job);
        job.is_some_and(|job| (job.fence, job.state) == (claim.fence, JobState::Running)) && !self.is_in_force(claim)
    }

    pub(super) fn is_in_force(&self, claim: &Claim) -> bool {
        self.talks.get(&claim.of).is_some_and(|talk| {
            (talk.life, talk.job.fence, talk.job.state) == (claim.life, claim.fence, JobState::Running)
        })
    }

    pub(super) fn depth(&self) -> usize {
        self.talks.values().filter(|talk| talk.job.state.is_live()).count()
    }

    fn append(&mut self, to: Place, session: u8, says: &[Said]) -> Answer {
        let now = self.now;
        if !self.talks.contains_key(&to) {
            self.lives += 1;
            self.talks.insert(to, Talk::new(self.lives, session, now));
        }
        let talk = &self.talks[&to];
        let is_new = |said: &Said| talk.messages.iter().all(|message| message.client != said.client);
        if talk.dirty && talk.session != session && says.iter().any(is_new) {
            self.enqueue(to, Cause::Disconnect);
        }
        let Some(talk) = self.talks.get_mut(&to) else { return Answer::Nothing };
        let mut places = vec![];
        for said in says {
            let found = talk.messages.iter().position(|message| message.client == said.client);
            if found.is_none() {
                talk.messages.push(Message { client: said.client, by_user: said.by_user, at: now });
                (talk.dirty, talk.session, talk.appended_at) = (true, session, now);
            }
            places.push((found.unwrap_or(talk.messages.len() - 1) as i64 + 1, found.is_some()));
        }
        Answer::Appended { last_seq: talk.last(), places }
    }

    fn sweep(&mut self, silent: i64, at_most: usize) -> Answer {
        let idle: Vec<_> = self.idle(self.now - silent).into_iter().take(at_most).collect();
        Answer::Swept(idle.into_iter().map(|place| (place, self.enqueue(place, Cause::Idle))).collect())
    }

    /// What the sweep would find, the longest silent first.
    pub(super) fn idle(&self, silent_since: i64) -> Vec<Place> {
        let is_idle = |talk: &Talk| {
            let ended_badly_on_these =
                matches!(talk.job.state, JobState::Dead | JobState::Cancelled) && talk.job.want >= talk.mark();
            talk.dirty && talk.appended_at <= silent_since && !talk.job.state.is_live() && !ended_badly_on_these
        };
        let mut idle: Vec<_> = self.talks.iter().filter(|(_, talk)| is_idle(talk)).collect();
        idle.sort_by_key(|(_, talk)| talk.appended_at);
        idle.into_iter().map(|(place, _)| *place).collect()
    }
}

impl Talk {
    fn new(life: u32, session: u8, now: i64) -> Self {
        let (messages, job) = (vec![], Seen::default());
        let (sized_at, extracted_at) = (None, None);
        Self { life, session, messages, appended_at: now, dirty: false, sized_at, extracted_at, bound: 0, job }
    }

    pub(super) fn last(&self) -> i64 {
        self.messages.len() as i64
    }

    /// The last message under the highest generation that was ever asked for.
    pub(super) fn mark(&self) -> i64 {
        self.job.want.max(self.job.done) / GENERATION * GENERATION + self.last()
    }

    /// The same under the next one.
    pub(super) fn next_mark(&self) -> i64 {
        self.mark() + GENERATION
    }

    /// Whether it has been read, and nobody waits for it to be read again.
    pub(super) fn is_outdated(&self) -> bool {
        self.extracted_at.is_some() && self.job.want / GENERATION == self.job.done / GENERATION
    }

    fn backlog(&self, measured: u64) -> (u64, u64, Option<i64>) {
        let waiting = &self.messages[seq(self.job.done) as usize..];
        let length = |message: &Message| Message::text(message.client, message.at).len() as u64;
        (waiting.len() as u64, waiting.iter().take(measured as usize).map(length).sum(), self.sized_at)
    }
}

/// A worker comes back under another name when it was started anew.
pub(super) fn owner(worker: u8, boots: u32) -> String {
    format!("w{worker}.{boots}")
}

fn pick(candidates: impl DoubleEndedIterator<Item = usize> + Clone, back: Back) -> Option<usize> {
    let count = candidates.clone().count();
    if count == 0 { None } else { candidates.rev().nth(back % count) }
}
