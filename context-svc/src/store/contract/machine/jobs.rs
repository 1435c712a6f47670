//! The rules of jobs: how one is asked for, claimed, ended and moved.

use super::answer::{Answer, Asked, Seen};
use super::model::{Claim, DELIVERIES_MAX, DEPTH_LIMIT, LEASE, Model, Talk, less, owner, read_after, seq};
use super::step::{Back, Place, Verdict};
use crate::domain::model::{Cause, Committed, JobState, Outcome};

/// How long a job waits after a disconnect, and after its first trigger at most.
const DEBOUNCE: i64 = 20;
const DEBOUNCE_MAX: i64 = 30;

impl Model {
    pub(super) fn enqueue(&mut self, of: Place, cause: Cause) -> Asked {
        let (now, full) = (self.now, self.depth() >= DEPTH_LIMIT);
        let Some(talk) = self.talks.get_mut(&of) else { return Asked::Accepted(Outcome::Unknown, 0) };
        let last = talk.mark();
        let outcome = talk.outcome();
        match outcome {
            Outcome::Queued if full => return Asked::Full,
            Outcome::Queued => talk.queue(last, cause, now),
            Outcome::Merged | Outcome::Rearmed | Outcome::AlreadyRunning => talk.merge(last, cause, now),
            Outcome::AlreadyExtracted | Outcome::Empty => talk.dirty = false,
            Outcome::DeadLettered | Outcome::Cancelled | Outcome::Unknown => {}
        }
        if !talk.job.causes.contains(&cause) {
            talk.job.causes.push(cause);
        }
        if cause == Cause::Size {
            talk.sized_at = Some(now);
        }
        Asked::Accepted(outcome, last)
    }

    /// The longest read ago come first, until one does not fit.
    pub(super) fn reread(&mut self, of_user: Option<u8>, at_most: usize) -> Answer {
        let is_meant = |place: &Place, talk: &Talk| of_user.is_none_or(|user| user == place.user) && talk.is_outdated();
        let meant = self.talks.iter().filter(|(place, talk)| is_meant(place, talk));
        let mut meant: Vec<_> = meant.map(|(place, talk)| (talk.extracted_at, *place)).collect();
        meant.sort();
        let (now, mut accepted) = (self.now, vec![]);
        for (_, place) in meant.into_iter().take(at_most) {
            let full = self.depth() >= DEPTH_LIMIT;
            let Some(talk) = self.talks.get_mut(&place) else { continue };
            let outcome = match talk.job.state {
                JobState::Pending => Outcome::Merged,
                JobState::Running => Outcome::Rearmed,
                _ if full => return Answer::Reread { accepted, full },
                _ => Outcome::Queued,
            };
            let mark = talk.next_mark();
            match outcome {
                Outcome::Queued => talk.queue(mark, Cause::Manual, now),
                _ => talk.merge(mark, Cause::Manual, now),
            }
            if !talk.job.causes.contains(&Cause::Manual) {
                talk.job.causes.push(Cause::Manual);
            }
            accepted.push((place, Asked::Accepted(outcome, mark)));
        }
        Answer::Reread { accepted, full: false }
    }

    pub(super) fn enqueue_session(&mut self, user: u8, session: u8, cause: Cause) -> Answer {
        let left = |(place, talk): (&Place, &Talk)| {
            (place.user == user && talk.session == session && talk.dirty).then_some(*place)
        };
        let left: Vec<_> = self.talks.iter().filter_map(left).collect();
        let asked: Vec<_> = left.into_iter().map(|place| (place, self.enqueue(place, cause))).collect();
        let refused = asked.iter().filter(|(_, asked)| *asked == Asked::Full).count();
        Answer::Session { accepted: asked.into_iter().filter(|(_, asked)| *asked != Asked::Full).collect(), refused }
    }

    pub(super) fn claim(&mut self, worker: u8, capped: Option<u8>, chosen: Option<Place>) -> Answer {
        while let Some((of, _)) =
            self.next(capped, chosen, |job| job.lease_until.filter(|_| job.state == JobState::Running))
        {
            if self.talks[&of].job.deliveries < DELIVERIES_MAX {
                return self.lease(of, worker);
            }
            let now = self.now;
            if let Some(talk) = self.talks.get_mut(&of) {
                leave(&mut talk.job, JobState::Dead, now);
                talk.job.fence += 1;
                talk.job.reason = Some("POISON".into());
            }
        }
        let due = |job: &Seen| job.run_at.max(job.not_before).filter(|_| job.state == JobState::Pending);
        match self.next(capped, chosen, due) {
            Some((of, _)) => self.lease(of, worker),
            None => Answer::Claimed(None),
        }
    }

    /// The job that has been waiting for longest since the moment that `since` tells; of equals the chosen one.
    fn next(
        &self,
        capped: Option<u8>,
        chosen: Option<Place>,
        since: impl Fn(&Seen) -> Option<i64>,
    ) -> Option<(Place, i64)> {
        let waiting = self.talks.iter().filter(|(place, _)| Some(place.user) != capped);
        let waiting = waiting.filter_map(|(place, talk)| Some((*place, since(&talk.job)?)));
        waiting.filter(|(_, at)| *at <= self.now).min_by_key(|(place, at)| (*at, Some(*place) != chosen, *place))
    }

    fn lease(&mut self, of: Place, worker: u8) -> Answer {
        let (now, owner) = (self.now, owner(worker, self.boots));
        let Some(talk) = self.talks.get_mut(&of) else { return Answer::Nothing };
        let job = &mut talk.job;
        job.state = JobState::Running;
        (job.owner, job.lease_until, job.updated_at) = (Some(owner), Some(now + LEASE), Some(now));
        job.fence += 1;
        job.deliveries += 1;
        job.attempts += 1;
        talk.bound = job.want;
        let (life, fence, want, done) = (talk.life, job.fence, job.want, job.done);
        self.claims.push(Claim { of, life, fence, want, done, remembered: true });
        Answer::Claimed(Some((of, Box::new(talk.job.clone()))))
    }

    fn mine(&mut self, back: Back) -> Option<&mut Talk> {
        let claim = self.claims[self.remembered(back)?].clone();
        if self.is_in_force(&claim) { self.talks.get_mut(&claim.of) } else { None }
    }

    /// A write of a running job: it happens if the claim is in force.
    pub(super) fn settle(&mut self, back: Back, write: impl FnOnce(i64, &mut Talk)) -> Answer {
        let now = self.now;
        if self.remembered(back).is_none() {
            return Answer::Nothing;
        }
        let mine = self.mine(back);
        Answer::Was(mine.map(|talk| write(now, talk)).is_some())
    }

    pub(super) fn complete(&mut self, back: Back, left_out: i64) -> Answer {
        let now = self.now;
        let Some(claim) = self.remembered(back) else { return Answer::Nothing };
        let upto = less(self.claims[claim].want, left_out);
        let Some(talk) = self.mine(back).filter(|talk| talk.job.done < upto) else {
            return Answer::Committed(Committed::LeaseLost);
        };
        let covers_what_was_asked = talk.job.want <= upto;
        let covers_everything = talk.last() <= seq(upto);
        if covers_what_was_asked && covers_everything {
            talk.dirty = false;
        }
        if !covers_what_was_asked && !covers_everything {
            talk.dirty = true;
        }
        talk.extracted_at = Some(now);
        let state = if covers_what_was_asked { JobState::Done } else { JobState::Pending };
        leave(&mut talk.job, state, now);
        (talk.job.done, talk.job.attempts, talk.job.snoozes) = (upto, 0, 0);
        (talk.job.not_before, talk.job.reason) = (None, None);
        Answer::Committed(if covers_what_was_asked { Committed::Done } else { Committed::Rearmed })
    }

    pub(super) fn cancel(&mut self, of: Place) -> Answer {
        let now = self.now;
        let Some(talk) = self.talks.get_mut(&of) else { return Answer::Moved(None) };
        if talk.job.state.is_live() {
            let deliveries = talk.job.deliveries;
            leave(&mut talk.job, JobState::Cancelled, now);
            (talk.job.not_before, talk.job.deliveries) = (None, deliveries);
            talk.job.fence += 1;
        }
        Answer::moved(&talk.job, talk.job.state == JobState::Cancelled)
    }

    pub(super) fn redrive(&mut self, of: Place) -> Answer {
        let now = self.now;
        let Some(talk) = self.talks.get_mut(&of) else { return Answer::Moved(None) };
        let may = matches!(talk.job.state, JobState::Dead | JobState::Cancelled);
        if may {
            let Seen { want, done, fence, created_at, .. } = talk.job;
            let mut causes = std::mem::take(&mut talk.job.causes);
            if !causes.contains(&Cause::Manual) {
                causes.push(Cause::Manual);
            }
            let state = JobState::Pending;
            talk.job = Seen { state, want, done, fence, created_at, causes, ..Seen::default() };
            (talk.job.run_at, talk.job.first_at, talk.job.updated_at) = (Some(now), Some(now), Some(now));
        }
        Answer::moved(&talk.job, may)
    }
}

impl Talk {
    fn queue(&mut self, upto: i64, cause: Cause, now: i64) {
        let created_at = self.job.created_at.or(Some(now));
        let Seen { want, done, fence, .. } = self.job;
        let (want, state) = (want.max(upto), JobState::Pending);
        self.job = Seen { state, want, done, fence, created_at, causes: vec![cause], ..Seen::default() };
        let due = Some(due(cause, now, now));
        (self.job.first_at, self.job.run_at, self.job.updated_at) = (Some(now), due, Some(now));
    }

    fn merge(&mut self, upto: i64, cause: Cause, now: i64) {
        let next_pass = self.job.state == JobState::Running && self.job.want <= self.bound && upto > self.bound;
        let first_at = self.job.first_at.filter(|_| !next_pass).unwrap_or(now);
        let due = due(cause, now, first_at);
        self.job.run_at = self.job.run_at.map(|at| if next_pass { due } else { at.min(due) });
        (self.job.first_at, self.job.updated_at) = (Some(first_at), Some(now));
        self.job.want = self.job.want.max(upto);
        self.job.merges += 1;
    }

    fn outcome(&self) -> Outcome {
        let (job, last) = (&self.job, self.mark());
        let read = read_after(job.done, last);
        let user_waits = self.messages.iter().skip(read as usize).any(|message| message.by_user);
        match job.state {
            _ if job.done >= last => Outcome::AlreadyExtracted,
            _ if !user_waits => Outcome::Empty,
            JobState::Pending => Outcome::Merged,
            JobState::Running if last > self.bound => Outcome::Rearmed,
            JobState::Running => Outcome::AlreadyRunning,
            JobState::Dead if job.want >= last => Outcome::DeadLettered,
            JobState::Cancelled if job.want >= last => Outcome::Cancelled,
            JobState::Idle | JobState::Done | JobState::Dead | JobState::Cancelled => Outcome::Queued,
        }
    }
}

/// The claim ends with a verdict, or is taken away.
pub(super) fn leave(job: &mut Seen, state: JobState, now: i64) {
    job.state = state;
    (job.owner, job.lease_until, job.deliveries, job.updated_at) = (None, None, 0, Some(now));
}

pub(super) fn fail(job: &mut Seen, verdict: Verdict, now: i64) {
    let state = if verdict == Verdict::GivenUp { JobState::Dead } else { JobState::Pending };
    leave(job, state, now);
    job.reason = Some("UNREADABLE".into());
    job.not_before = match verdict {
        Verdict::Retry(seconds) | Verdict::Snooze(seconds) => Some(now + seconds),
        Verdict::GivenUp => None,
    };
    if matches!(verdict, Verdict::Snooze(_)) {
        job.attempts -= 1;
        job.snoozes += 1;
    }
}

fn due(cause: Cause, now: i64, first_at: i64) -> i64 {
    let wait = if cause == Cause::Disconnect { DEBOUNCE } else { 0 };
    (now + wait).min(first_at + DEBOUNCE_MAX).max(first_at)
}
