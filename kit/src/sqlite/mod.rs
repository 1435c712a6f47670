//! How a service keeps its data in one SQLite file: one writer, a few readers, every commit on disk.
//!
//! Knows nothing of tables. Only a `store/sqlite` module may use this.
//!
//! - One thread owns the writing connection. Writes that queue up meanwhile share one transaction, each in a savepoint of
//!   its own, so that one `fsync` acknowledges many.
//! - WAL with `synchronous = FULL`: what was acknowledged survives a power cut, not only a crash of the process.
//! - A lock file beside the database makes a second process fail loudly instead of sharing the file by accident. Processes
//!   that were all told to share it do: the file then orders their commits.

mod copy;
mod inspect;
mod open;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode};
use rusqlite_migration::Migrations;
use tokio::sync::Semaphore;

use crate::error::{Classify, Kind};
use writer::Writer;

pub use copy::copy;
pub use inspect::{Content, Health, Inspection, Newest, inspect, schema};

const READERS: usize = 4;

/// Why the database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory or the file cannot be created or written.
    #[error("cannot write to {}: {source}; choose a writable directory", path.display())]
    NotWritable {
        /// What was tried.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another process holds the file.
    #[error("{} is in use by another process; stop it or choose another data directory", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// SQLite's locks are not reliable there.
    #[error("{} is on a network file system, where SQLite can lose data; choose a local directory", path.display())]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
    },
    /// The schema could not be brought to this version, for example because a newer program wrote it.
    #[error("cannot migrate {}: {source}", path.display())]
    Migration {
        /// The database file.
        path: PathBuf,
        /// What the migration said.
        source: rusqlite_migration::Error,
    },
    /// A setting that durability rests on did not take.
    #[error("SQLite refused {pragma}: wanted {wanted}, got {got}")]
    Setting {
        /// The pragma.
        pragma: &'static str,
        /// The value asked for.
        wanted: &'static str,
        /// The value in force.
        got: String,
    },
    /// The disk, or the limit set for the file, is full. Nothing was written.
    #[error("the store is full")]
    Full,
    /// The file is locked or cannot be reached, or another write broke the transaction that it shared with this one. Nothing
    /// was written.
    #[error("the store cannot be reached")]
    Away(#[source] rusqlite::Error),
    /// The database refused the statement or its data. Nothing was written.
    #[error("the store failed")]
    Sqlite(#[source] rusqlite::Error),
    /// The work given panicked. Nothing was written.
    #[error("a statement of the store panicked")]
    Panicked,
    /// The database has been closed.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::OperationAborted,
            ) => Self::Away(error),
            _ => Self::Sqlite(error),
        }
    }
}

impl Classify for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Full | Self::Away(_) | Self::Closed | Self::InUse { .. } => Kind::Unavailable,
            Self::Sqlite(_)
            | Self::Panicked
            | Self::NotWritable { .. }
            | Self::NetworkFileSystem { .. }
            | Self::Migration { .. }
            | Self::Setting { .. } => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Full => "STORE_FULL",
            Self::Away(_) | Self::Closed | Self::InUse { .. } => "STORE_UNAVAILABLE",
            Self::Sqlite(_)
            | Self::Panicked
            | Self::NotWritable { .. }
            | Self::NetworkFileSystem { .. }
            | Self::Migration { .. }
            | Self::Setting { .. } => "STORE_FAILED",
        }
    }
}

/// An open database. Clones share it; the file is closed when the last is dropped.
#[derive(Clone)]
pub struct Database {
    writer: Arc<Writer>,
    readers: Option<Arc<Readers>>,
}

struct Readers {
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// Whether other processes may have the file open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// None may.
    Alone,
    /// Those may that share it as well.
    Shared,
}

/// Keeps everybody from opening a database, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

impl Claim {
    /// Claims the file at `path`, which need not be there; its directory is created. [`Error::InUse`] if anybody has it open, also
    /// if he shares it.
    pub fn lay(path: &Path) -> Result<Self, Error> {
        Ok(Self { _lock: open::claim(path, Sharing::Alone)? })
    }
}

impl Database {
    /// Opens or creates the file at `path`, with its directory, and brings its schema up to date.
    ///
    /// A file that anybody else has open is [`Error::InUse`].
    pub async fn open(path: &Path, migrations: Migrations<'static>) -> Result<Self, Error> {
        Self::open_as(path, migrations, Sharing::Alone).await
    }

    /// The same together with other processes of this machine that open it so, too, with the same migrations.
    ///
    /// A commit waits while another process commits; [`Error::InUse`] only if somebody has the file for himself.
    pub async fn open_shared(path: &Path, migrations: Migrations<'static>) -> Result<Self, Error> {
        Self::open_as(path, migrations, Sharing::Shared).await
    }

    async fn open_as(path: &Path, migrations: Migrations<'static>, sharing: Sharing) -> Result<Self, Error> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || {
            let lock = open::claim(&path, sharing)?;
            let _turn = match sharing {
                Sharing::Alone => None,
                Sharing::Shared => Some(open::one_at_a_time(&path)?),
            };
            let connection = open::writer(&path, migrations)?;
            let idle = (0..READERS).map(|_| open::reader(&path)).collect::<Result<Vec<_>, _>>()?;
            let readers = Readers { free: Arc::new(Semaphore::new(READERS)), idle: Mutex::new(idle) };
            Ok(Self { writer: Arc::new(Writer::start(connection, Some(lock))), readers: Some(Arc::new(readers)) })
        })
        .await
        .map_err(|_| Error::Closed)?
    }

    /// An empty database in memory, for tests: same schema, gone when dropped.
    pub async fn in_memory(migrations: Migrations<'static>) -> Result<Self, Error> {
        let connection = open::in_memory(migrations)?;
        Ok(Self { writer: Arc::new(Writer::start(connection, None)), readers: None })
    }

    /// Runs `work` in a transaction of its own and returns once that is on disk.
    ///
    /// An error from `work`, or a panic in it, undoes what it wrote and nothing else. The work is done even if the
    /// returned future is dropped.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.writer.run(work).await
    }

    /// Runs `work` on a connection that sees everything acknowledged so far.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(readers) = self.readers.clone() else {
            return self.writer.run(work).await;
        };
        // Waited for here and not on a blocking thread: a burst of reads must not use those up.
        let free = readers.free.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let read = move || {
            let _free = free;
            readers.with(work)
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| Error::Panicked)?
    }

    /// Moves everything committed from the write-ahead log into the file and empties the log, so that nothing deleted is left
    /// in it. `false`: not now, because somebody reads.
    pub async fn truncate_wal(&self) -> Result<bool, Error> {
        self.writer.truncate_wal().await
    }

    /// Closes the file once every write accepted so far is on disk, and gives up its lock.
    ///
    /// Later calls answer [`Error::Closed`].
    pub async fn close(&self) {
        if let Some(readers) = &self.readers {
            readers.free.close();
            readers.idle.lock().clear();
        }
        self.writer.close().await;
    }
}

impl Readers {
    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let connection = Returned { connection: self.idle.lock().pop(), home: self };
        let borrowed = connection.connection.as_ref().ok_or(Error::Closed)?;
        Ok(work(borrowed)?)
    }
}

/// Puts the connection back even when the work panics.
struct Returned<'a> {
    connection: Option<Connection>,
    home: &'a Readers,
}

impl Drop for Returned<'_> {
    fn drop(&mut self) {
        // After `close` nobody clears the list again: the file would stay open.
        if !self.home.free.is_closed() {
            self.home.idle.lock().extend(self.connection.take());
        }
    }
}

#[cfg(test)]
mod tests;
