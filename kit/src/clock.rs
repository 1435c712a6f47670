//! The only place that reads the time.
//!
//! Everything else is handed a [`Timestamp`] or a [`SharedClock`], so that a test can move time instead of waiting for it.

use std::sync::Arc;
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
}

impl TestClock {
    /// A clock that stands still at `start` until it is advanced.
    pub fn frozen_at(start: Timestamp) -> Self {
        Self { start, ticking_since: None, jumped: watch::Sender::new(Duration::ZERO) }
    }

    /// A clock that starts at the machine's time and runs with it, plus every jump made.
    pub fn ticking() -> Self {
        let ticking_since = Some(monotonic_clock());
        Self { start: wall_clock(), ticking_since, jumped: watch::Sender::new(Duration::ZERO) }
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
    async fn a_jump_short_of_the_deadline_does_not() {
        let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
        let mut sleeper = std::pin::pin!(clock.sleep(Duration::from_secs(10)));

        clock.advance(Duration::from_secs(9));

        assert!(futures::poll!(&mut sleeper).is_pending());
    }
}
