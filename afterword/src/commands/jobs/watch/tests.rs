//! Watching jobs of a context-svc on which nobody works, on a clock that moves when told to.

use std::sync::Arc;
use std::time::Duration;

use kit::clock::TestClock;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::tests::{World, jobs, now};
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);

/// A watch as somebody reads it.
struct Reader {
    clock: TestClock,
    lines: mpsc::UnboundedReceiver<String>,
    watch: JoinHandle<Result<(), String>>,
}

impl Reader {
    fn types(line: &str, world: &World) -> Self {
        let (jobs, desk, clock) = (jobs(line), world.desk.clone(), TestClock::frozen_at(now()));
        let shared: SharedClock = Arc::new(clock.clone());
        let (teller, lines) = mpsc::unbounded_channel();
        let watch = tokio::spawn(async move {
            let mut tell = move |text: &str| teller.send(text.to_owned()).is_ok();
            jobs.answer(&desk, &shared, &mut tell).await.map_err(|error| error.to_string())
        });
        Self { clock, lines, watch }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await.expect("a line comes");
        line.expect("the watch goes on")
    }

    /// The time between two looks passes.
    async fn looks_again(&self) {
        let asleep = tokio::time::timeout(PATIENCE, self.clock.until_sleeping(SECOND)).await;
        asleep.expect("the watch waits for its time");
        self.clock.advance(SECOND);
    }

    /// What is still told, and how the watch ends.
    async fn end(mut self) -> (Vec<String>, Result<(), String>) {
        let end = tokio::time::timeout(PATIENCE, self.watch).await.expect("the watch ends").unwrap();
        let mut rest = Vec::new();
        while let Some(line) = self.lines.recv().await {
            rest.push(line);
        }
        (rest, end)
    }
}

#[tokio::test]
async fn a_job_is_told_a_line_a_change_until_it_is_cancelled() {
    let world = World::start().await;
    world.job("alice", "c1").await;
    let mut reader = Reader::types("watch alice c1", &world);
    let first = reader.line().await;

    reader.looks_again().await;
    reader.looks_again().await;
    world.types("cancel alice c1").await.unwrap();
    reader.looks_again().await;

    let (rest, end) = reader.end().await;
    assert_eq!(first, "2025-06-15T15:06:40Z  PENDING    extracted 0/1  attempts 0  causes LOGOUT\n");
    assert_eq!(rest, ["2025-06-15T15:06:40Z  CANCELLED  extracted 0/1  attempts 0  causes LOGOUT\n"]);
    assert_eq!(end, Err("the extraction is CANCELLED".to_owned()));
}

#[tokio::test]
async fn a_job_that_has_ended_is_told_at_once() {
    let world = World::start().await;
    world.is_extracted("alice", "c1").await;

    let (lines, end) = Reader::types("--json watch alice c1", &world).end().await;

    let told: Value = serde_json::from_str(&lines[0]).expect("a line is JSON");
    assert_eq!((lines.len(), lines[0].matches('\n').count(), end), (1, 1, Ok(())));
    assert_eq!((&told["state"], &told["conversationId"]), (&Value::from("DONE"), &Value::from("c1")));
}

#[tokio::test]
async fn the_queue_is_told_a_line_a_change() {
    let world = World::start().await;
    let mut reader = Reader::types("watch", &world);
    let empty = reader.line().await;

    reader.looks_again().await;
    world.job("alice", "c1").await;
    reader.looks_again().await;

    let full = reader.line().await;
    let [before, after] = [" depth 0/10000  running 0  done 0", " depth 1/10000  running 0  done 0"];
    assert!(empty.contains(before) && full.contains(after), "{empty}{full}");
}

#[tokio::test]
async fn a_job_that_is_not_there_is_no_watch() {
    let world = World::start().await;

    let (lines, end) = Reader::types("watch alice c1", &world).end().await;

    assert!(lines.is_empty() && end.unwrap_err().starts_with("there is no such conversation"));
}

#[tokio::test]
async fn a_watch_waits_for_a_service_that_restarts_but_not_for_one_that_was_never_there() {
    let mut patience = Patience {
        clock: Arc::new(TestClock::frozen_at(now())),
        every: Period::secs(1),
        has_answered: false,
        is_away: false,
    };
    let away = || Err::<(), _>(DeskError::Unreachable("refused".to_owned()));

    let never_there = patience.heed(away());
    let there = patience.heed(Ok(()));
    let restarting = patience.heed(away());
    let cut_off = patience.heed(Err::<(), _>(DeskError::Strange("broken pipe".to_owned())));
    let refused = patience.heed(Err::<(), _>(DeskError::NotFound));

    assert!(never_there.is_err() && refused.is_err());
    assert_eq!((there.unwrap(), restarting.unwrap(), cut_off.unwrap()), (Some(()), None, None));
}

#[tokio::test]
async fn when_nobody_listens_the_watch_is_over() {
    let world = World::start().await;
    world.job("alice", "c1").await;
    let clock: SharedClock = Arc::new(TestClock::frozen_at(now()));

    let told = jobs("watch alice c1").answer(&world.desk, &clock, &mut |_| false).await;

    assert!(told.is_ok() && clock.now() == now());
}
