//! The store under test, doing what the steps say.

use std::path::PathBuf;

use jiff::Timestamp;
use kit::id::UserId;

use super::answer::{Answer, Asked, Seen};
use super::model::{DELIVERIES_MAX, DEPTH_LIMIT, LEASE, Message, Model, owner};
use super::step::{Back, Place, Said, Step, Verdict, user_name};
use crate::domain::model::{Cause, Fate, Job, NewMessage, Outdated, ReadWith, Role, Trigger};
use crate::store::contract::language::{
    addition, context, error, extraction, message, session, t, trigger, user, worker,
};
use crate::store::{ClaimTerms, Store};

/// A store, how it is opened again, and the claims that were made on it in the order in which the model knows them.
pub(super) struct Subject<S, O> {
    pub(super) store: S,
    open: O,
    place: PathBuf,
    pub(super) jobs: Vec<Job>,
}

impl<S: Store, O: AsyncFn(PathBuf) -> S> Subject<S, O> {
    pub(super) async fn opened(open: O, place: PathBuf) -> Self {
        Self { store: open(place.clone()).await, open, place, jobs: vec![] }
    }

    /// Takes `step` and tells what the store answered. `model` is as it was before.
    pub(super) async fn take(&mut self, step: &Step, model: &Model) -> Answer {
        let now = model.now;
        match *step {
            Step::Append { to, session, ref says } => self.append(to, session, says, now).await,
            Step::Enqueue { of, cause } => Answer::Enqueued(self.enqueue(of, cause, now).await),
            Step::EnqueueSession { user, session, cause } => self.enqueue_session(user, session, cause, now).await,
            Step::Claim { worker, capped } => self.claim(&owner(worker, model.boots), capped, now).await,
            Step::Heartbeat(back) => match self.remembered(model, back) {
                Some(job) => Answer::Was(self.store.heartbeat(&job.lease, t(now + LEASE)).await.unwrap()),
                None => Answer::Nothing,
            },
            Step::Complete { claim, left_out } => match self.remembered(model, claim) {
                Some(job) => Answer::Committed(self.complete(job, left_out, now).await),
                None => Answer::Nothing,
            },
            Step::Fail(back, verdict) => match self.remembered(model, back) {
                Some(job) => Answer::Was(self.fail(job, verdict, now).await),
                None => Answer::Nothing,
            },
            Step::Release(back) => match self.remembered(model, back) {
                Some(job) => Answer::Was(self.store.release(&job.lease, t(now)).await.unwrap()),
                None => Answer::Nothing,
            },
            Step::Reread { of_user, at_most } => self.reread(of_user, at_most, now).await,
            Step::Cancel(of) => Answer::of_moved(self.store.cancel(&of.key(), t(now)).await.unwrap()),
            Step::Redrive(of) => Answer::of_moved(self.store.redrive(&of.key(), t(now)).await.unwrap()),
            Step::Delete(of) => Answer::Was(self.store.delete_conversation(&of.key()).await.unwrap()),
            Step::Backlog { of, measured } => {
                Answer::of_backlog(self.store.backlog(&of.key(), measured).await.unwrap())
            }
            Step::Sweep { silent, at_most } => self.sweep(silent, at_most, now).await,
            Step::SecondsPass(_) => Answer::Nothing,
            Step::Crash => {
                self.store.close().await;
                self.store = (self.open)(self.place.clone()).await;
                Answer::Nothing
            }
            Step::Zombie(back) => self.zombie(back, model).await,
        }
    }

    fn remembered(&self, model: &Model, back: Back) -> Option<&Job> {
        model.remembered(back).map(|claim| &self.jobs[claim])
    }

    async fn append(&self, to: Place, under: u8, says: &[Said], now: i64) -> Answer {
        let messages = says.iter().map(|said| NewMessage { at: t(now), ..spoken(said, now) }).collect();
        let mut addition = addition(messages);
        addition.session_id = session(&session_name(under));
        let appended = self.store.append(&to.key(), &addition, &triggered(Cause::Disconnect, now)).await.unwrap();
        let appended = appended.expect("nothing is being deleted");
        let places = appended.messages.iter().map(|place| (place.seq, place.duplicate)).collect();
        Answer::Appended { last_seq: appended.last_seq, places }
    }

    async fn enqueue(&self, of: Place, cause: Cause, now: i64) -> Asked {
        Asked::of(&self.store.enqueue(&of.key(), &triggered(cause, now)).await.unwrap())
    }

    async fn enqueue_session(&self, of: u8, session_of: u8, cause: Cause, now: i64) -> Answer {
        let (user, session) = (user(&user_name(of)), session(&session_name(session_of)));
        let enqueued = self.store.enqueue_session(&user, &session, &triggered(cause, now)).await.unwrap();
        let accepted = enqueued.tickets.into_iter().map(|ticket| {
            let key = crate::domain::model::ConversationKey::new(user.clone(), ticket.conversation_id);
            let place = Place::found(&key).expect("a conversation of the story");
            (place, Asked::Accepted(ticket.outcome, ticket.watermark.as_i64()))
        });
        Answer::Session { accepted: accepted.collect(), refused: enqueued.refused }
    }

    async fn reread(&self, of_user: Option<u8>, at_most: usize, now: i64) -> Answer {
        let which = Outdated {
            user_id: of_user.map(|of| user(&user_name(of))),
            conversation_id: None,
            read_with: ReadWith::Version("1".into()),
            extracted_before: Timestamp::MAX,
        };
        let reread = self.store.reread(&which, at_most, &triggered(Cause::Manual, now)).await.unwrap();
        let mut accepted = vec![];
        for (key, outcome) in reread.accepted {
            let upto = extraction(&self.store, &key).await.want.as_i64();
            let place = Place::found(&key).expect("a conversation of the story");
            accepted.push((place, Asked::Accepted(outcome, upto)));
        }
        Answer::Reread { accepted, full: reread.is_full }
    }

    async fn claim(&mut self, owner: &str, capped: Option<u8>, now: i64) -> Answer {
        let capped: Vec<UserId> = capped.into_iter().map(|of| user(&user_name(of))).collect();
        let lease = std::time::Duration::from_secs(LEASE.unsigned_abs());
        let terms = ClaimTerms { now: t(now), lease, deliveries_max: DELIVERIES_MAX };
        let Some(job) = self.store.claim(&worker(owner), &capped, &terms).await.unwrap() else {
            return Answer::Claimed(None);
        };
        let place = Place::found(job.key()).expect("a conversation of the story");
        let shown = Seen::of(&extraction(&self.store, job.key()).await);
        let told =
            (job.lease.fence, job.want.as_i64(), job.done.as_i64(), job.attempt, job.snoozes, job.causes.clone());
        let stands = (shown.fence, shown.want, shown.done, shown.attempts, shown.snoozes, shown.causes.clone());
        assert_eq!(told, stands, "a claim tells what stands");
        self.jobs.push(job);
        Answer::Claimed(Some((place, Box::new(shown))))
    }

    async fn complete(&self, job: &Job, left_out: i64, now: i64) -> crate::domain::model::Committed {
        let upto = (job.upto_seq() - left_out).max(0);
        self.store.complete(&job.lease, job.want.at(upto), &context(job.key(), upto), t(now)).await.unwrap()
    }

    async fn fail(&self, job: &Job, verdict: Verdict, now: i64) -> bool {
        let fate = match verdict {
            Verdict::Retry(seconds) => Fate::Retry { not_before: t(now + seconds) },
            Verdict::Snooze(seconds) => Fate::Snooze { until: t(now + seconds) },
            Verdict::GivenUp => Fate::Dead,
        };
        self.store.fail(&job.lease, fate, &error("UNREADABLE", t(now)), None).await.unwrap()
    }

    async fn sweep(&self, silent: i64, at_most: usize, now: i64) -> Answer {
        let mut swept = vec![];
        for key in self.store.list_idle(t(now - silent), at_most).await.unwrap() {
            let place = Place::found(&key).expect("a conversation of the story");
            swept.push((place, self.enqueue(place, Cause::Idle, now).await));
        }
        Answer::Swept(swept)
    }

    async fn zombie(&self, back: Back, model: &Model) -> Answer {
        let Some(claim) = model.zombie(back) else { return Answer::Nothing };
        let (job, now) = (&self.jobs[claim], model.now);
        Answer::Refused {
            renewed: self.store.heartbeat(&job.lease, t(now + LEASE)).await.unwrap(),
            committed: self.complete(job, 0, now).await,
            failed: self.fail(job, Verdict::GivenUp, now).await,
            released: self.store.release(&job.lease, t(now)).await.unwrap(),
        }
    }
}

fn session_name(session: u8) -> String {
    format!("s{session}")
}

fn spoken(said: &Said, now: i64) -> NewMessage {
    let role = if said.by_user { Role::User } else { Role::Assistant };
    message(&format!("m{}", said.client), role, &Message::text(said.client, now))
}

/// A trigger that finds the queue full at times.
fn triggered(cause: Cause, now: i64) -> Trigger {
    Trigger { depth_limit: DEPTH_LIMIT as u64, ..trigger(cause, t(now)) }
}
