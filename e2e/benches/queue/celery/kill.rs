//! Killing worker and broker in the middle of acknowledged tasks, and counting what came of each.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kit::clock::monotonic;
use kit::process::Failure;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

use super::{Broker, Celery, Durability};
use crate::PATIENCE;
use crate::killed::{GIVEN_TO_ANOTHER, JOB, Toll};

/// Processes of the worker: as many as context-svc has slots.
const CONCURRENCY: &str = "4";

/// When nothing has happened for this long, nothing will. Celery gives back ten tasks each ten seconds.
const SETTLED: Duration = Duration::from_secs(45);

const LOOK: Duration = Duration::from_millis(50);

/// How an application uses Celery.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Care {
    /// As it comes: a task is acknowledged when it starts.
    Default,
    /// `task_acks_late` and `task_reject_on_worker_lost`: a task is acknowledged when it has ended.
    Careful,
}

impl Care {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default acknowledgement",
            Self::Careful => "acks_late and reject_on_worker_lost",
        }
    }
}

/// A Celery worker, whose pool must not outlive it.
struct Worker(Child);

/// How often each task began and was done, by its number.
#[derive(Default)]
struct Ledger {
    began: BTreeMap<i64, usize>,
    done: BTreeMap<i64, usize>,
}

impl Celery {
    /// Has `tasks` acknowledged, kills both when half are done, starts both again, and waits until nothing more happens.
    pub(crate) async fn kill_in_the_middle(
        &self,
        durability: Durability,
        care: Care,
        tasks: usize,
    ) -> Result<Toll, Failure> {
        let mut broker = self.broker(durability).await?;
        let ledger = broker.directory().join("ledger");
        let delayed = self.delay(&broker, 1, tasks).await?;
        let worker = self.worker(&broker, care, &ledger)?;
        let start = monotonic();
        while Ledger::read(&ledger).done.len() < tasks / 2 {
            if start.elapsed() > PATIENCE {
                return Err("the Celery worker does not work".into());
            }
            tokio::time::sleep(LOOK).await;
        }

        worker.kill().await?;
        broker.kill().await;
        let killed_at = monotonic();
        broker.launch().await?;
        let worker = self.worker(&broker, care, &ledger)?;
        let (mut last_change, mut seen) = (killed_at, Ledger::read(&ledger));
        while seen.done.len() < tasks && last_change.elapsed() < SETTLED {
            tokio::time::sleep(LOOK).await;
            let now = Ledger::read(&ledger);
            if now.began != seen.began || now.done != seen.done {
                (last_change, seen) = (monotonic(), now);
            }
        }
        worker.kill().await?;
        broker.kill().await;

        let twice = |times: &BTreeMap<i64, usize>| times.values().filter(|times| **times > 1).count();
        Ok(Toll {
            acknowledged: tasks - usize::try_from(delayed.failed())?,
            never_done: tasks - seen.done.len(),
            begun_twice: twice(&seen.began),
            done_twice: Some(twice(&seen.done)),
            last_done_after: last_change - killed_at,
        })
    }

    /// A worker in a process group of its own.
    fn worker(&self, broker: &Broker, care: Care, ledger: &Path) -> Result<Worker, Failure> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(ledger.with_extension("log"))?;
        let mut command = self.python(broker);
        command.args(["-m", "celery", "-A", "tasks", "worker", "--concurrency", CONCURRENCY, "--loglevel", "WARNING"]);
        command.env("CAREFUL", if matches!(care, Care::Careful) { "1" } else { "0" });
        command.env("VISIBILITY_TIMEOUT", GIVEN_TO_ANOTHER.as_secs().to_string());
        command.env("JOB_SECONDS", JOB.as_secs_f64().to_string()).env("LEDGER", ledger);
        command.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log)).process_group(0);
        Ok(Worker(command.spawn()?))
    }
}

impl Ledger {
    /// What the tasks wrote; nothing while none has begun. Task -1 only warmed up whoever called.
    fn read(path: &Path) -> Self {
        let mut ledger = Self::default();
        for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
            let Some((what, number)) = line.split_once(' ') else { continue };
            let Some(number) = number.parse().ok().filter(|number: &i64| *number >= 0) else { continue };
            let times = if what == "done" { &mut ledger.done } else { &mut ledger.began };
            *times.entry(number).or_default() += 1;
        }
        ledger
    }
}

impl Worker {
    /// SIGKILL, to its pool as well.
    async fn kill(mut self) -> Result<(), Failure> {
        self.signal();
        self.0.wait().await?;
        Ok(())
    }

    fn signal(&self) {
        if let Some(group) = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // One that has ended by itself is as dead.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.signal();
    }
}
