//! The thread that owns the writing connection, and how writes share a commit.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, ffi};
use tokio::sync::{mpsc, oneshot};

use super::Error;
use super::open::keep_knocking;

/// How many writes may wait; more wait in `run`, so a burst costs memory for this many only.
const QUEUED: usize = 1024;

/// How many writes may share one commit: bounds how long the first waits for the last.
const SHARED: usize = 128;

/// How long emptying the log waits for readers: every write waits with it.
const READERS_AWAITED: Duration = Duration::from_millis(100);

/// One caller's work, and how to tell that caller what became of it.
trait Write: Send {
    /// Does the work inside an open savepoint; `true` keeps it.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Answers the caller, after the commit.
    fn answer(self: Box<Self>, connection: &Connection, committed: Result<(), Error>);
}

pub(super) struct Writer {
    inbox: Mutex<Option<mpsc::Sender<Box<dyn Write>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, lock: Option<File>) -> Self {
        let (sender, inbox) = mpsc::channel(QUEUED);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                serve(connection, inbox);
                drop(lock);
            })
            .expect("the operating system gives one thread per database");
        Self { inbox: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(Job { work: Some(work), result: None, reply })).await?;
        answer.await.map_err(|_| Error::Closed)?
    }

    pub(super) async fn truncate_wal(&self) -> Result<bool, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(Truncate { reply })).await?;
        answer.await.map_err(|_| Error::Closed)?
    }

    async fn send(&self, write: Box<dyn Write>) -> Result<(), Error> {
        let sender = self.inbox.lock().clone().ok_or(Error::Closed)?;
        sender.send(write).await.map_err(|_| Error::Closed)
    }

    pub(super) async fn close(&self) {
        self.inbox.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            // A writer that panicked has nothing more to finish.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

struct Job<T, W> {
    work: Option<W>,
    result: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send, W: FnOnce(&Connection) -> rusqlite::Result<T> + Send> Write for Job<T, W> {
    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        self.result = catch_unwind(AssertUnwindSafe(|| work(connection))).ok();
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, _: &Connection, committed: Result<(), Error>) {
        let result = match self.result {
            // The work was never reached, or it panicked.
            None => Err(committed.err().unwrap_or(Error::Panicked)),
            Some(Err(error)) => Err(error.into()),
            Some(Ok(value)) => committed.map(|()| value),
        };
        // A caller that went away does not change what was written.
        let _ = self.reply.send(result);
    }
}

/// Empties the write-ahead log, which only works between transactions.
struct Truncate {
    reply: oneshot::Sender<Result<bool, Error>>,
}

impl Write for Truncate {
    fn run(&mut self, _: &Connection) -> bool {
        true
    }

    fn answer(self: Box<Self>, connection: &Connection, committed: Result<(), Error>) {
        let truncate = || {
            connection.busy_timeout(READERS_AWAITED)?;
            let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            // A connection has one handler, and the timeout took its place.
            connection.busy_handler(Some(keep_knocking))?;
            Ok(!busy?)
        };
        let _ = self.reply.send(committed.and_then(|()| truncate()));
    }
}

fn serve(connection: Connection, mut inbox: mpsc::Receiver<Box<dyn Write>>) {
    let mut batch = Vec::with_capacity(SHARED);
    while inbox.blocking_recv_many(&mut batch, SHARED) > 0 {
        let committed = commit(&connection, &mut batch);
        if committed.is_err() && !connection.is_autocommit() {
            // Whatever is left of a failed transaction must not leak into the next.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for write in batch.drain(..) {
            // `rusqlite::Error` cannot be cloned: each caller gets the failure by its code.
            let outcome = match &committed {
                Ok(()) => Ok(()),
                Err(error) => Err(copy_of(error)),
            };
            write.answer(&connection, outcome);
        }
    }
}

fn commit(connection: &Connection, batch: &mut [Box<dyn Write>]) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for write in batch.iter_mut() {
        connection.execute_batch("SAVEPOINT one")?;
        if !write.run(connection) {
            if connection.is_autocommit() {
                // A full disk or a failing one ends the whole transaction, not only the statement that met it.
                return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), None));
            }
            connection.execute_batch("ROLLBACK TO one")?;
        }
        connection.execute_batch("RELEASE one")?;
    }
    connection.execute_batch("COMMIT")
}

fn copy_of(error: &rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => rusqlite::Error::SqliteFailure(*code, message.clone()).into(),
        other => {
            Error::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(other.to_string())))
        }
    }
}
