//! The only place that reads the time.
//!
//! Everything else is handed a [`Timestamp`] or a [`SharedClock`], so that a test can move time instead of waiting for it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::watch;

/// Reads the time and waits for it.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, in whole microseconds: what is stored is what is read back.
    fn now(&self) -> Timestamp;

    /// Completes once `duration` of this clock's time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// How much time has passed since some fixed moment. Setting the machine's clock does not change it, and it never goes back.
    fn uptime(&self) -> Duration {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(monotonic_clock).elapsed()
    }
}

/// A clock that many owners share.
pub type SharedClock = Arc<dyn Clock>;

/// The time of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        wall_clock()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock for tests: it stands still, or ticks with the machine, and jumps forward when told to.
///
/// Clones share the same time. A sleeper wakes when a jump carries the clock past its deadline.
#[derive(Debug, Clone)]
pub struct TestClock {
    start: Timestamp,
    ticking_since: Option<Instant>,
    jumped: watch::Sender<Duration>,
    /// The deadlines of those who sleep, in time since the start.
    asleep: watch::Sender<Vec<Duration>>,
}

impl TestClock {
    /// A clock that stands still at `start` until it is advanced.
    pub fn frozen_at(start: Timestamp) -> Self {
        Self::new(start, None)
    }

    /// A clock that starts at the machine's time and runs with it, plus every jump made.
    pub fn ticking() -> Self {
        Self::new(wall_clock(), Some(monotonic_clock()))
    }

    fn new(start: Timestamp, ticking_since: Option<Instant>) -> Self {
        let (jumped, asleep) = (watch::Sender::new(Duration::ZERO), watch::Sender::new(Vec::new()));
        Self { start, ticking_since, jumped, asleep }
    }

    /// On a clock that stands still: completes once somebody sleeps for just `duration` from now.
    ///
    /// Jumping before the one who is to be woken has gone to sleep would wake nobody.
    pub async fn until_sleeping(&self, duration: Duration) {
        let deadline = self.elapsed() + duration;
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.asleep.subscribe().wait_for(|asleep| asleep.contains(&deadline)).await;
    }

    /// Jumps forward and wakes whoever slept until then.
    pub fn advance(&self, by: Duration) {
        self.jumped.send_modify(|jumped| *jumped += by);
    }

    fn elapsed(&self) -> Duration {
        let ticked = self.ticking_since.map_or(Duration::ZERO, |since| since.elapsed());
        ticked + *self.jumped.borrow()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        whole_microseconds(self.start + self.elapsed())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let mut jumps = self.jumped.subscribe();
        let deadline = self.elapsed() + duration;
        Box::pin(async move {
            let _asleep = Asleep::until(deadline, clock.asleep.clone());
            loop {
                let left = deadline.saturating_sub(clock.elapsed());
                if left.is_zero() {
                    return;
                }
                let tick = async {
                    match clock.ticking_since {
                        Some(_) => tokio::time::sleep(left).await,
                        None => std::future::pending().await,
                    }
                };
                // The clock holds the sender, so `changed` cannot fail while it is borrowed here.
                tokio::select! {
                    () = tick => {}
                    _ = jumps.changed() => {}
                }
            }
        })
    }

    fn uptime(&self) -> Duration {
        self.elapsed()
    }
}

/// Stands in the list of sleepers until dropped.
struct Asleep {
    deadline: Duration,
    list: watch::Sender<Vec<Duration>>,
}

impl Asleep {
    fn until(deadline: Duration, list: watch::Sender<Vec<Duration>>) -> Self {
        list.send_modify(|asleep| asleep.push(deadline));
        Self { deadline, list }
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.list.send_modify(|asleep| {
            if let Some(place) = asleep.iter().position(|deadline| *deadline == self.deadline) {
                asleep.swap_remove(place);
            }
        });
    }
}

/// A monotonic instant, for measuring how long something took.
pub fn monotonic() -> Instant {
    monotonic_clock()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn wall_clock() -> Timestamp {
    whole_microseconds(Timestamp::now())
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
fn monotonic_clock() -> Instant {
    Instant::now()
}

fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_jump_past_the_deadline_wakes_the_sleeper() {
        let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(3600)));

        clock.advance(Duration::from_secs(3600));

        sleeper.await.expect("the sleeper wakes");
        assert_eq!(clock.now().as_second(), 3600);
    }

    #[tokio::test]
    async fn a_jump_can_wait_for_the_one_it_is_to_wake() {
        let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
        let hour = Duration::from_secs(3600);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(hour).await }
        });

        clock.until_sleeping(hour).await;
        clock.advance(hour);

        sleeper.await.expect("the sleeper wakes");
        assert!(clock.asleep.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_jump_short_of_the_deadline_does_not() {
        let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
        let mut sleeper = std::pin::pin!(clock.sleep(Duration::from_secs(10)));

        clock.advance(Duration::from_secs(9));

        assert!(futures::poll!(&mut sleeper).is_pending());
    }
}
