//! Looking at a database without changing it: whether it could be opened, whether it is whole, and how new what is in it is.
//!
//! Nothing that stays is made, nothing is migrated, and a service that has the file open is not disturbed.

use std::fs::OpenOptions;
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::Migrations;

use super::Error;
use super::open::{BUSY, directory_of, refuse_network_file_system};

/// How long a file is looked through. A large one on a slow disk takes longer.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// What a look at a database shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Where it is.
    pub file: PathBuf,
    /// How many bytes may still be written there.
    pub free_bytes: u64,
    /// Whether a process has it open for itself.
    pub is_in_use: bool,
    /// What is in it; `None` if it is not there yet and can be made.
    pub content: Option<Content>,
}

/// What is in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Version of the schema that was found.
    pub schema: usize,
    /// Version of the schema that this program brings it to; one that is newer it refuses.
    pub schema_known: usize,
    /// Whether it can be read.
    pub health: Health,
    /// When somebody last wrote into it, by what was written. Only of the schema that is known.
    pub newest: Option<Timestamp>,
}

/// Whether a database can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// From the first to the last page.
    Whole,
    /// As far as was looked: there was no time for all of it.
    WholeSoFar,
    /// Not everywhere. What SQLite found first.
    Damaged(String),
}

/// Reads in microseconds when somebody last wrote into a database.
pub type Newest = fn(&Connection) -> rusqlite::Result<Option<i64>>;

/// Looks at the file at `path`. An error is why it could not be opened for work.
pub async fn inspect(path: &Path, migrations: Migrations<'static>, newest: Newest) -> Result<Inspection, Error> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || look(path, &migrations, newest)).await.map_err(|_| Error::Closed)?
}

/// The version of the schema in the file at `path`, and the one that this program brings it to. Whether the file could be opened for
/// work does not matter.
pub async fn schema(path: &Path, migrations: Migrations<'static>) -> Result<(usize, usize), Error> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || versions(&as_it_is(&path)?, &migrations)).await.map_err(|_| Error::Closed)?
}

fn look(file: PathBuf, migrations: &Migrations<'_>, newest: Newest) -> Result<Inspection, Error> {
    let ground = ground_of(&file)?;
    let is_in_use = is_in_use(&file)?;
    let free_bytes = free_bytes(&ground)?;
    let content = if can_be_written(&file)? { Some(content(&file, migrations, newest)?) } else { None };
    Ok(Inspection { file, free_bytes, is_in_use, content })
}

/// The directory of the file, or the one in which it would be made, which is tried by writing there.
fn ground_of(file: &Path) -> Result<PathBuf, Error> {
    let directory = directory_of(file);
    let not_writable = |source| Error::NotWritable { path: directory.to_owned(), source };
    let ground = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let ground = if ground.as_os_str().is_empty() { Path::new(".") } else { ground };
    if !ground.is_dir() {
        return Err(not_writable(IoError::from(ErrorKind::NotADirectory)));
    }
    refuse_network_file_system(ground)?;
    let trial = ground.join(format!(".{}", crate::id::random()));
    OpenOptions::new().write(true).create_new(true).open(&trial).map_err(not_writable)?;
    std::fs::remove_file(&trial).map_err(not_writable)?;
    Ok(ground.to_owned())
}

fn free_bytes(directory: &Path) -> Result<u64, Error> {
    let space = rustix::fs::statvfs(directory)
        .map_err(|errno| Error::NotWritable { path: directory.to_owned(), source: errno.into() })?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Whether the lock is held that keeps others out. It is held along with those who share, and given up at once.
fn is_in_use(file: &Path) -> Result<bool, Error> {
    let path = file.with_extension("lock");
    match OpenOptions::new().write(true).open(&path) {
        Ok(lock) => Ok(matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::NotWritable { path, source }),
    }
}

/// `false`: it is not there.
fn can_be_written(file: &Path) -> Result<bool, Error> {
    match OpenOptions::new().write(true).open(file) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::NotWritable { path: file.to_owned(), source }),
    }
}

fn content(file: &Path, migrations: &Migrations<'_>, newest: Newest) -> Result<Content, Error> {
    let connection = as_it_is(file)?;
    let (schema, schema_known) = match versions(&connection, migrations) {
        Err(Error::Sqlite(error)) if is_damage(&error) => {
            let health = Health::Damaged(error.to_string());
            return Ok(Content { schema: 0, schema_known: 0, health, newest: None });
        }
        versions => versions?,
    };
    let health = health(&connection)?;
    let can_ask = schema == schema_known && !matches!(health, Health::Damaged(_));
    let newest = if can_ask { newest(&connection)? } else { None };
    Ok(Content { schema, schema_known, health, newest: newest.and_then(|at| Timestamp::from_microsecond(at).ok()) })
}

/// Opens a file so that reading it leaves nothing beside it.
pub(super) fn as_it_is(file: &Path) -> Result<Connection, Error> {
    let name = file.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    // Without a log nobody has the file open, and it can be read as if nobody ever would.
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let how = if Path::new(&log).exists() { "" } else { "?immutable=1" };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{name}{how}"), flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn versions(connection: &Connection, migrations: &Migrations<'_>) -> Result<(usize, usize), Error> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let unreadable = |_| Error::Sqlite(rusqlite::Error::InvalidQuery);
    let pending = migrations.pending_migrations(connection).map_err(unreadable)?;
    let known = i64::from(version) + i64::from(pending);
    Ok((version as usize, usize::try_from(known).unwrap_or_default()))
}

fn health(connection: &Connection) -> Result<Health, Error> {
    let (looked, has_looked) = channel::<()>();
    let interrupt = connection.get_interrupt_handle();
    let found = std::thread::scope(|threads| {
        threads.spawn(move || {
            if has_looked.recv_timeout(LOOK_MAX) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
            }
        });
        let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        drop(looked);
        found
    });
    match found {
        Ok(word) if word == "ok" => Ok(Health::Whole),
        Ok(problem) => Ok(Health::Damaged(problem.replace('\n', " "))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(Health::WholeSoFar),
        Err(error) if is_damage(&error) => Ok(Health::Damaged(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

#[cfg(test)]
mod tests;
