//! From the outbox to context-svc: at least once, for ever, and never in the way of a logout.

pub mod breaker;
pub mod outbox;
pub mod scheduler;
pub mod sight;

use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;
use kit::retry::backoff;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::metrics::Delivery;
use crate::store::{OutboxStore, StoreError};
use breaker::Breaker;
use outbox::OutboxEntry;
use scheduler::{Answer, Scheduler};
use sight::Sight;

/// The outbox is looked into this often even if nobody rings: entries put off come due, and a ring may be lost in a crash.
const TICK: Duration = Duration::from_secs(1);
const PURGE_EVERY: Duration = Duration::from_secs(3600);
/// Few, because a logout may have to wait for them.
const PURGED_AT_ONCE: usize = 100;
const BACKOFF_BASE: Duration = Duration::from_secs(1);

/// How the relay goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How many calls may be under way.
    pub in_flight_max: usize,
    /// How long a call may take.
    pub deadline: Duration,
    /// How long a claimed entry is hidden from other replicas; longer than `deadline`.
    pub claim: Duration,
    /// The longest wait between two tries of one entry.
    pub backoff_max: Duration,
    /// How long sent entries are kept.
    pub keep_sent: Duration,
}

/// Delivers the outbox.
#[derive(Clone)]
pub struct Relay {
    /// What is to be delivered.
    pub outbox: Arc<dyn OutboxStore>,
    /// To whom.
    pub scheduler: Arc<dyn Scheduler>,
    /// Rung when there is something new.
    pub bell: Arc<Notify>,
    /// The time.
    pub clock: SharedClock,
    /// How.
    pub terms: Terms,
    /// Who is shown what becomes of it.
    pub sight: Sight,
}

impl Relay {
    /// Delivers until `draining`, then waits for the calls under way.
    pub async fn run(self, draining: CancellationToken) {
        let mut calls = JoinSet::new();
        let mut breaker = Breaker::new(self.terms.in_flight_max);
        // A claim is a write: it is made when there may be something, not after every answer.
        let mut may_have_more = true;
        while !draining.is_cancelled() {
            self.sight.goes_round();
            let room = breaker.room(calls.len(), self.clock.now());
            if may_have_more && room > 0 {
                let claimed = self.sight.through(self.claim(room)).await;
                may_have_more = claimed.len() == room;
                for entry in claimed {
                    calls.spawn(self.clone().call(entry));
                }
            }
            let pause = self.pause(&breaker);
            tokio::select! {
                () = draining.cancelled() => {}
                () = self.bell.notified() => may_have_more = true,
                () = self.clock.sleep(pause) => may_have_more = true,
                Some(Ok(first)) = calls.join_next(), if !calls.is_empty() => {
                    let was_open = breaker.is_open();
                    self.sight.through(self.settle(first, &mut calls, &mut breaker)).await;
                    may_have_more |= was_open && !breaker.is_open();
                }
            }
        }
        self.sight.rests();
        while let Some(Ok(first)) = calls.join_next().await {
            self.settle(first, &mut calls, &mut breaker).await;
        }
    }

    /// Forgets what was sent long ago, until the task is dropped.
    pub async fn keep_purging(self) {
        loop {
            let before = self.clock.now() - self.terms.keep_sent;
            match self.outbox.purge_sent(before, PURGED_AT_ONCE).await {
                Ok(purged) if purged == PURGED_AT_ONCE => continue,
                Ok(_) => {}
                Err(error) => {
                    self.sight.store_failed();
                    tracing::warn!(error = &error as &dyn std::error::Error, "could not purge the outbox");
                }
            }
            self.clock.sleep(PURGE_EVERY).await;
        }
    }

    async fn claim(&self, room: usize) -> Vec<OutboxEntry> {
        let now = self.clock.now();
        self.outbox.claim_due(now, now + self.terms.claim, room).await.unwrap_or_else(|error| {
            self.sight.store_failed();
            tracing::warn!(error = &error as &dyn std::error::Error, "could not read the outbox");
            Vec::new()
        })
    }

    async fn call(self, entry: OutboxEntry) -> (OutboxEntry, Answer) {
        let answer = tokio::select! {
            answer = self.scheduler.schedule(&entry) => answer,
            () = self.clock.sleep(self.terms.deadline) => Answer::Unreachable("no answer in time".to_owned()),
        };
        (entry, answer)
    }

    /// Records the answers that are there already together with the first: one write for many.
    async fn settle(&self, first: Answered, calls: &mut JoinSet<Answered>, breaker: &mut Breaker) {
        let mut answered = vec![first];
        while let Some(Ok(next)) = calls.try_join_next() {
            answered.push(next);
        }
        let mut sent = Vec::new();
        for (entry, answer) in answered {
            self.sight.delivered(delivery(&answer));
            match answer {
                Answer::Accepted => {
                    kit::failpoint::reached("entry-accepted");
                    sent.push(entry.session);
                }
                Answer::Unreachable(why) => self.put_off_unreachable(entry, &why, breaker).await,
                Answer::Refused { retry_after, alarm, why } => {
                    // A no is an answer, too.
                    breaker.close();
                    let backoff_max = self.terms.backoff_max;
                    let wait = retry_after.unwrap_or_else(|| backoff(entry.attempts, BACKOFF_BASE, backoff_max));
                    let wait = wait.min(backoff_max);
                    log_refusal(&entry, alarm.is_some(), &why, wait);
                    self.report(self.outbox.put_off(&entry.session, self.clock.now() + wait).await);
                }
            }
        }
        if !sent.is_empty() {
            breaker.close();
            self.report(self.outbox.mark_sent(&sent, self.clock.now()).await);
        }
        self.sight.breaker_is(breaker.is_open());
    }

    /// The entry is not to blame: it waits for the next probe, not for a backoff of its own.
    async fn put_off_unreachable(&self, entry: OutboxEntry, why: &str, breaker: &mut Breaker) {
        let now = self.clock.now();
        if !breaker.is_open() {
            tracing::warn!(reason = why, "context-svc cannot be reached; logouts go on, their extractions wait");
        }
        breaker.open(now);
        let until = breaker.probe_at().unwrap_or(now);
        self.report(self.outbox.put_off(&entry.session, until).await);
    }

    /// An entry whose outcome could not be recorded comes due again when its claim ends.
    fn report(&self, recorded: Result<(), StoreError>) {
        if let Err(error) = recorded {
            self.sight.store_failed();
            tracing::warn!(error = &error as &dyn std::error::Error, "could not record what became of an outbox entry");
        }
    }

    /// How long to wait if nothing happens: until the next probe, if that is sooner than the next look.
    fn pause(&self, breaker: &Breaker) -> Duration {
        let left = breaker.probe_at().map(|at| at.duration_since(self.clock.now()));
        match left.map(Duration::try_from) {
            Some(Ok(left)) if !left.is_zero() => left.min(TICK),
            _ => TICK,
        }
    }
}

type Answered = (OutboxEntry, Answer);

fn log_refusal(entry: &OutboxEntry, is_alarming: bool, why: &str, wait: Duration) {
    let (session, wait_ms) = (&entry.session, wait.as_millis() as u64);
    let trace_id = entry.trace.map(|trace| tracing::field::display(trace.trace_id()));
    if is_alarming {
        // Kept all the same: the fault is in a version or a setting, and is mended without the entry being lost.
        tracing::error!(trace_id, session.id = %session, attempt = entry.attempts, reason = why, wait_ms, "context-svc refuses an extraction");
    } else {
        tracing::info!(trace_id, session.id = %session, attempt = entry.attempts, reason = why, wait_ms, "context-svc asks to wait");
    }
}

fn delivery(answer: &Answer) -> Delivery {
    match answer {
        Answer::Accepted => Delivery::Accepted,
        Answer::Unreachable(_) => Delivery::Unreachable,
        Answer::Refused { alarm: Some(code), .. } => Delivery::Alarming(code),
        Answer::Refused { alarm: None, .. } => Delivery::Refused,
    }
}

#[cfg(test)]
mod alarm_tests;
#[cfg(test)]
mod tests;
