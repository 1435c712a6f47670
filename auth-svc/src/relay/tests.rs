use std::collections::VecDeque;

use async_trait::async_trait;
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};
use kit::serve::Health;
use kit::telemetry::metrics::Registry;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::*;
use crate::domain::refresh_token::RefreshToken;
use crate::domain::session::{LoginSession, Revocation, RevokeReason};
use crate::metrics::Metrics;
use crate::store::{SessionStore, SqliteStore};

/// A context-svc that answers by script, and yes when the script is over.
struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    in_flight: Mutex<usize>,
    /// For each call, how many were under way.
    seen: mpsc::UnboundedSender<usize>,
    hangs: bool,
}

#[async_trait]
impl Scheduler for Scripted {
    async fn schedule(&self, _: &OutboxEntry) -> Answer {
        let under_way = {
            let mut in_flight = self.in_flight.lock();
            *in_flight += 1;
            *in_flight
        };
        self.seen.send(under_way).unwrap();
        if self.hangs {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        *self.in_flight.lock() -= 1;
        self.answers.lock().pop_front().unwrap_or(Answer::Accepted)
    }
}

struct World {
    store: Arc<SqliteStore>,
    clock: SharedClock,
    calls: mpsc::UnboundedReceiver<usize>,
    relay: Relay,
    draining: CancellationToken,
}

impl World {
    async fn new(answers: impl IntoIterator<Item = Answer>, hangs: bool) -> Self {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let clock: SharedClock = Arc::new(TestClock::ticking());
        let (seen, calls) = mpsc::unbounded_channel();
        let answers = Mutex::new(answers.into_iter().collect());
        let scheduler = Scripted { answers, in_flight: Mutex::new(0), seen, hangs };
        let terms = Terms {
            in_flight_max: 64,
            deadline: Duration::from_millis(50),
            claim: Duration::from_secs(10),
            backoff_max: Duration::from_secs(60),
            keep_sent: Duration::from_secs(3600),
        };
        let relay = Relay {
            outbox: store.clone(),
            scheduler: Arc::new(scheduler),
            bell: Arc::new(Notify::new()),
            clock: clock.clone(),
            terms,
            sight: sight(&Registry::new("test"), &Health::new(), clock.clone()),
        };
        Self { store, clock, calls, relay, draining: CancellationToken::new() }
    }

    async fn sessions_end(&self, count: usize) {
        end_sessions(&self.store, self.clock.as_ref(), count).await;
    }

    /// Runs the relay until `calls` calls were made and settled.
    async fn runs_for(&mut self, calls: usize) -> Vec<usize> {
        let running = tokio::spawn(self.relay.clone().run(self.draining.clone()));
        let mut seen = Vec::new();
        while seen.len() < calls {
            seen.push(self.calls.recv().await.unwrap());
        }
        self.draining.cancel();
        running.await.unwrap();
        seen
    }

    async fn due_in(&self, wait: Duration) -> usize {
        let at = self.clock.now() + wait;
        self.store.claim_due(at, at, 1000).await.unwrap().len()
    }
}

pub(super) fn sight(registry: &Registry, health: &Health, clock: SharedClock) -> Sight {
    Sight::new(Metrics::new(registry), health.clone(), health.listens_for("relay", LONG, clock))
}

pub(super) async fn end_sessions(store: &SqliteStore, clock: &dyn kit::clock::Clock, count: usize) {
    for _ in 0..count {
        let (user, token) = (UserId::random(), RefreshToken::first_of(SessionId::random()));
        let now = clock.now();
        let session = LoginSession {
            id: token.session.clone(),
            user: user.clone(),
            born: 0,
            device: String::new(),
            created_at: now,
            expires_at: now + Duration::from_secs(3600),
            refresh_key: String::new(),
            current: token.hash(),
            previous: None,
            rotations: 0,
            rotated_at: now,
            revoked_at: None,
        };
        store.create_session(&session).await.unwrap();
        let revocation = Revocation { session: session.id, user, reason: RevokeReason::Logout, at: now, trace: None };
        store.revoke(&revocation).await.unwrap();
    }
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn entries_are_delivered_together_and_settled() {
    let mut world = World::new([], false).await;
    world.sessions_end(100).await;

    world.runs_for(100).await;

    assert_eq!(world.due_in(LONG).await, 0);
}

#[tokio::test]
async fn a_ring_wakes_the_relay() {
    let mut world = World::new([], false).await;
    let running = tokio::spawn(world.relay.clone().run(world.draining.clone()));

    world.sessions_end(1).await;
    world.relay.bell.notify_one();
    world.calls.recv().await.unwrap();

    world.draining.cancel();
    running.await.unwrap();
    assert_eq!(world.due_in(LONG).await, 0);
}

#[tokio::test]
async fn while_context_svc_is_away_one_probe_goes_out_and_then_all() {
    let away = || Answer::Unreachable("refused".to_owned());
    let mut world = World::new((0..12).map(|_| away()), false).await;
    world.sessions_end(10).await;

    let seen = world.runs_for(10 + 2 + 10).await;

    assert_eq!(seen[10..13], [1, 1, 1], "two probes that fail and one that does not");
    assert_eq!(world.due_in(LONG).await, 0);
}

#[tokio::test]
async fn a_refusal_keeps_the_entry_for_as_long_as_was_asked() {
    let retry_after = Some(Duration::from_secs(30));
    let full = Answer::Refused { retry_after, alarm: None, why: "QUEUE_FULL".to_owned() };
    let mut world = World::new([full], false).await;
    world.sessions_end(1).await;

    world.runs_for(1).await;

    assert_eq!(world.due_in(Duration::from_secs(20)).await, 0);
    assert_eq!(world.due_in(Duration::from_secs(30)).await, 1);
}

#[tokio::test]
async fn an_answer_that_says_we_are_wrong_keeps_the_entry_all_the_same() {
    let wrong =
        Answer::Refused { retry_after: None, alarm: Some("INVALID_ARGUMENT"), why: "INVALID_ARGUMENT".to_owned() };
    let mut world = World::new([wrong], false).await;
    world.sessions_end(1).await;

    world.runs_for(1).await;

    assert_eq!(world.due_in(Duration::from_secs(60)).await, 1);
}

#[tokio::test]
async fn a_call_that_hangs_ends_at_its_deadline_and_is_tried_again() {
    let mut world = World::new([], true).await;
    world.sessions_end(1).await;

    world.runs_for(2).await;

    assert_eq!(world.due_in(LONG).await, 1);
}
