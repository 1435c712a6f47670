//! How a process ends: softly first, hard if it must be, and never with a task forgotten.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of one process, or of one service inside a process. Clones share it.
///
/// Two steps: *draining* (accept and claim nothing new, finish what runs) and *stopped* (abandon what still runs; nothing
/// acknowledged may depend on it).
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    draining: CancellationToken,
    stopped: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// A life that has just begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the drain begins.
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Cancelled when whatever still runs is to be abandoned.
    pub(crate) fn stopped(&self) -> CancellationToken {
        self.stopped.clone()
    }

    /// Runs `future` as a task that [`Lifecycle::shutdown`] waits for. `None` if a hard stop came first: then the future was
    /// dropped where it stood.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let stopped = self.stopped.clone();
        self.tasks.spawn(async move {
            let output = stopped.run_until_cancelled(future).await;
            if output.is_none() {
                tracing::debug!(task = name, "task abandoned at the hard stop");
            }
            output
        })
    }

    /// Drains: tells everybody, waits for the tracked tasks for at most `drain`, then stops hard.
    ///
    /// Returns early when somebody else stops hard. `true` if every task ended by itself.
    pub async fn shutdown(&self, drain: Duration) -> bool {
        self.draining.cancel();
        self.tasks.close();
        let finished = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(drain) => false,
            () = self.stopped.cancelled() => false,
        };
        self.stopped.cancel();
        self.tasks.wait().await;
        finished
    }

    /// For tests. Stops hard, now: what runs is dropped where it stands, as a crash would.
    pub fn stop(&self) {
        self.draining.cancel();
        self.stopped.cancel();
    }

    /// Listens for SIGTERM and SIGINT from now on. What is returned completes at the first of them, whenever that came; a
    /// second one stops hard.
    ///
    /// Called before any work begins: until then a signal ends the process where it stands.
    pub fn signals(&self) -> std::io::Result<impl Future<Output = ()> + use<>> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stopped = self.stopped.clone();
        Ok(async move {
            either(&mut terminate, &mut interrupt).await;
            tokio::spawn(async move {
                either(&mut terminate, &mut interrupt).await;
                stopped.cancel();
            });
        })
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn the_drain_lets_a_running_task_finish() {
        let life = Lifecycle::new();
        let draining = life.draining();
        let task = life.spawn("polite", async move { draining.cancelled().await });

        let finished = life.shutdown(LONG).await;

        assert!(finished && task.await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_never_ends_is_abandoned_after_the_drain() {
        let life = Lifecycle::new();
        let task = life.spawn("stubborn", std::future::pending::<()>());

        let finished = life.shutdown(LONG).await;

        assert!(!finished && task.await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_hard_stop_abandons_what_runs_at_once() {
        let life = Lifecycle::new();
        let task = life.spawn("stubborn", std::future::pending::<()>());

        life.stop();

        assert!(task.await.unwrap().is_none() && life.draining().is_cancelled());
    }
}
