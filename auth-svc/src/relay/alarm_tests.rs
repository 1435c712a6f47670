//! A context-svc that answers, and that repeating cannot help: nothing is lost, and somebody is told.

use async_trait::async_trait;
use jiff::Timestamp;
use kit::clock::{Clock, TestClock};
use kit::id::SessionId;
use kit::serve::{Health, Part};
use kit::telemetry::metrics::{Registry, page};
use parking_lot::Mutex;

use super::outbox::Pending;
use super::tests::{end_sessions, sight};
use super::*;
use crate::lookout::{HealthSettings, Lookout};
use crate::metrics::Metrics;
use crate::store::SqliteStore;

const ENTRIES: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// Refuses everything with one status, or takes everything.
#[derive(Clone, Default)]
struct Moody(Arc<Mutex<Option<&'static str>>>);

#[async_trait]
impl Scheduler for Moody {
    async fn schedule(&self, _: &OutboxEntry) -> Answer {
        match *self.0.lock() {
            Some(code) => Answer::Refused { retry_after: None, alarm: Some(code), why: code.to_owned() },
            None => Answer::Accepted,
        }
    }
}

impl Moody {
    fn refuses(&self, code: &'static str) {
        *self.0.lock() = Some(code);
    }

    fn accepts(&self) {
        *self.0.lock() = None;
    }
}

/// An outbox that can be read, and whose disk does not come back from a write.
struct Stuck(Arc<SqliteStore>);

#[async_trait]
impl OutboxStore for Stuck {
    async fn claim_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.0.claim_due(now, hidden_until, limit).await
    }

    async fn mark_sent(&self, _: &[SessionId], _: Timestamp) -> Result<(), StoreError> {
        std::future::pending().await
    }

    async fn put_off(&self, _: &SessionId, _: Timestamp) -> Result<(), StoreError> {
        std::future::pending().await
    }

    async fn pending(&self, counted_max: usize) -> Result<Pending, StoreError> {
        self.0.pending(counted_max).await
    }

    async fn purge_sent(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.0.purge_sent(before, limit).await
    }
}

/// A relay whose time moves when told to, and ten entries for it that are due in a minute.
struct World {
    clock: TestClock,
    store: Arc<SqliteStore>,
    mood: Moody,
    registry: Registry,
    health: Health,
    relay: Relay,
}

impl World {
    async fn new() -> Self {
        let clock = TestClock::frozen_at(jiff::Timestamp::from_second(1_750_000_000).unwrap());
        let (store, mood) = (Arc::new(SqliteStore::in_memory().await.unwrap()), Moody::default());
        let (registry, health) = (Registry::new("auth-svc"), Health::new());
        let shared: SharedClock = Arc::new(clock.clone());
        end_sessions(&store, &clock, ENTRIES).await;
        store.claim_due(clock.now(), clock.now() + MINUTE, ENTRIES).await.unwrap();
        let relay = Relay {
            outbox: store.clone(),
            scheduler: Arc::new(mood.clone()),
            bell: Arc::default(),
            clock: shared.clone(),
            terms: Terms {
                in_flight_max: 64,
                deadline: Duration::from_secs(2),
                claim: Duration::from_secs(10),
                backoff_max: MINUTE,
                keep_sent: MINUTE * 600,
            },
            sight: sight(&registry, &health, shared),
        };
        Self { clock, store, mood, registry, health, relay }
    }

    fn counts(&self, line: &str, value: usize) -> bool {
        let (line, value) = (format!("{line},service_name=\"auth-svc\"}}"), format!(" {value}"));
        page(std::slice::from_ref(&self.registry)).lines().any(|each| each.strip_prefix(&line) == Some(&value))
    }

    async fn a_minute_passes(&self) {
        self.clock.until_sleeping(TICK).await;
        self.clock.advance(MINUTE);
    }

    /// Until the relay has settled every answer counted there, and sleeps.
    async fn settles(&self, line: &str, value: usize) {
        let settled = async {
            while !self.counts(line, value) {
                tokio::task::yield_now().await;
            }
            self.clock.until_sleeping(TICK).await;
        };
        tokio::time::timeout(Duration::from_secs(60), settled)
            .await
            .unwrap_or_else(|_| panic!("{line} is not {value}"));
    }

    fn part(&self, name: &str) -> Part {
        self.health.parts().into_iter().find(|(part, _)| *part == name).expect("it is known").1
    }

    fn lookout(&self) -> Lookout {
        Lookout {
            outbox: self.store.clone(),
            metrics: Metrics::new(&self.registry),
            health: self.health.clone(),
            clock: Arc::new(self.clock.clone()),
            settings: HealthSettings::default(),
        }
    }
}

#[tokio::test]
async fn an_hour_of_refusals_loses_nothing_and_raises_an_alarm() {
    let world = World::new().await;
    let draining = CancellationToken::new();
    let running = tokio::spawn(world.relay.clone().run(draining.clone()));

    for code in ["UNIMPLEMENTED", "UNAUTHENTICATED", "INTERNAL"] {
        world.mood.refuses(code);
        for minute in 1..=20 {
            world.a_minute_passes().await;
            let line = format!("afterword_outbox_alarms_total{{rpc_response_status_code=\"{code}\"");
            world.settles(&line, minute * ENTRIES).await;
        }
        let Part::Degraded(reason) = world.part("relay") else { panic!("{code} goes unnoticed") };
        assert!(reason.starts_with("EXTRACTIONS_REFUSED") && reason.contains(code), "{reason}");
    }
    world.lookout().look().await;
    let (outbox, is_ready) = (world.part("outbox"), world.health.is_ready());
    world.mood.accepts();
    world.a_minute_passes().await;
    world.settles("afterword_outbox_deliveries_total{result=\"ACCEPTED\"", ENTRIES).await;

    draining.cancel();
    running.await.unwrap();
    world.lookout().look().await;
    assert!(is_ready, "logouts go on");
    assert!(matches!(outbox, Part::Degraded(reason) if reason.starts_with("OUTBOX_OLD: 10 ended sessions")));
    assert_eq!(world.store.pending(1000).await.unwrap().entries, 0, "every entry was delivered");
    assert_eq!((world.part("relay"), world.part("outbox")), (Part::Ready, Part::Ready));
}

#[tokio::test]
async fn a_relay_that_stops_going_round_fails_liveness_after_a_minute() {
    let mut world = World::new().await;
    let beat = world.health.listens_for("the relay", MINUTE, world.relay.clock.clone());
    world.relay.sight = Sight::new(Metrics::new(&world.registry), world.health.clone(), beat);
    let running = tokio::spawn(world.relay.clone().run(CancellationToken::new()));
    world.a_minute_passes().await;
    world.settles("afterword_outbox_deliveries_total{result=\"ACCEPTED\"", ENTRIES).await;

    running.abort();
    let _ = running.await;
    world.clock.advance(MINUTE);
    let in_time = world.health.silent();
    world.clock.advance(Duration::from_secs(1));
    let too_late = world.health.silent();

    assert_eq!(in_time, Vec::<String>::new());
    assert_eq!(too_late, ["the relay: no sign of life for 61 s"]);
}

#[tokio::test]
async fn a_relay_whose_store_hangs_is_alive() {
    let mut world = World::new().await;
    let beat = world.health.listens_for("the relay", MINUTE, world.relay.clock.clone());
    world.relay.sight = Sight::new(Metrics::new(&world.registry), world.health.clone(), beat);
    world.relay.outbox = Arc::new(Stuck(world.store.clone()));
    world.mood.refuses("INTERNAL");
    let running = tokio::spawn(world.relay.clone().run(CancellationToken::new()));
    world.a_minute_passes().await;

    for _ in 0..4 {
        let waiting = tokio::time::timeout(MINUTE / 2, world.clock.until_sleeping(MINUTE / 2)).await;
        waiting.expect("it is heard of every half minute");
        world.clock.advance(MINUTE / 2);
    }

    assert_eq!(world.health.silent(), Vec::<String>::new());
    running.abort();
}
