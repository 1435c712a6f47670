//! Whether a loop that matters still goes round.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::SharedClock;

/// How a loop says that it lives. Clones speak for the same loop.
///
/// A loop that ends without [`Beat::rest`] has died, however it ended.
#[derive(Clone)]
pub struct Beat {
    heard: Arc<Heard>,
}

/// What was heard of one loop.
pub(super) struct Heard {
    name: &'static str,
    silence_max: Duration,
    clock: SharedClock,
    /// In time of the clock; `None` once the loop has ended as it should.
    last: Mutex<Option<Duration>>,
}

impl Beat {
    pub(super) fn of(name: &'static str, silence_max: Duration, clock: SharedClock) -> (Self, Arc<Heard>) {
        let last = Mutex::new(Some(clock.uptime()));
        let heard = Arc::new(Heard { name, silence_max, clock, last });
        (Self { heard: heard.clone() }, heard)
    }

    /// The loop has come round, whatever it found.
    pub fn here(&self) {
        *self.heard.last.lock() = Some(self.heard.clock.uptime());
    }

    /// Waits for what is not the loop's to hurry, such as a store: a loop that waits is alive.
    ///
    /// One that is dropped meanwhile, or on a runtime that is stuck, falls silent all the same.
    pub async fn through<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut wait = std::pin::pin!(wait);
        loop {
            self.here();
            let again = self.heard.clock.sleep(self.heard.silence_max / 2);
            tokio::select! {
                biased;
                done = &mut wait => return done,
                () = again => {}
            }
        }
    }

    /// Runs a whole loop whose turns may take long. It is missed if it panics or is dropped; one that ends was meant to.
    pub async fn accompany<T>(self, task: impl Future<Output = T>) -> T {
        let ended = self.through(task).await;
        self.rest();
        ended
    }

    /// The loop ends because it is meant to.
    pub fn rest(&self) {
        *self.heard.last.lock() = None;
    }
}

impl Heard {
    /// Why the process had better be started again, if nothing was heard for too long.
    pub(super) fn is_silent(&self) -> Option<String> {
        let silence = self.clock.uptime().saturating_sub((*self.last.lock())?);
        (silence > self.silence_max).then(|| format!("{}: no sign of life for {} s", self.name, silence.as_secs()))
    }
}
