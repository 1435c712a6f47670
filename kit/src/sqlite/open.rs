//! Opening a connection with the settings that the promises rest on, and refusing where they would not hold.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::Migrations;

use super::{Error, Sharing};

pub(super) const BUSY: Duration = Duration::from_secs(5);

/// More than a service has; SQLite would otherwise compile some of them again and again.
const STATEMENTS_KEPT: usize = 128;

/// File systems on which SQLite's locks cannot be relied on (`statfs(2)`: NFS, SMB, CIFS, SMB2, 9p, Ceph, AFS, FUSE left out
/// because it is as often local).
const NETWORK_FILE_SYSTEMS: [u32; 7] =
    [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x00C3_6400, 0x5346_414F];

/// Takes the lock beside the database, creating its directory first: for this process alone, or with others that share it.
pub(super) fn claim(path: &Path, sharing: Sharing) -> Result<File, Error> {
    let directory = directory_of(path);
    let not_writable = |source| Error::NotWritable { path: directory.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(not_writable)?;
    refuse_network_file_system(directory)?;
    let lock_path = path.with_extension("lock");
    let lock = lock_file(&lock_path)?;
    let locked = match sharing {
        Sharing::Alone => lock.try_lock(),
        Sharing::Shared => lock.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse { path: lock_path }),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::NotWritable { path: lock_path, source }),
    }
}

/// Where the file lies.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits until no other process that shares the file is opening it: of two that migrate one schema, the second would find the
/// tables of the first in its way.
pub(super) fn one_at_a_time(path: &Path) -> Result<File, Error> {
    let path = path.with_extension("opening.lock");
    let lock = lock_file(&path)?;
    lock.lock().map_err(|source| Error::NotWritable { path, source })?;
    Ok(lock)
}

fn lock_file(path: &Path) -> Result<File, Error> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    opened.map_err(|source| Error::NotWritable { path: path.to_owned(), source })
}

pub(super) fn refuse_network_file_system(directory: &Path) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    {
        let kind = rustix::fs::statfs(directory)
            .map_err(|errno| Error::NotWritable { path: directory.to_owned(), source: errno.into() })?
            .f_type as u32;
        if NETWORK_FILE_SYSTEMS.contains(&kind) {
            return Err(Error::NetworkFileSystem { path: directory.to_owned() });
        }
    }
    Ok(())
}

/// The one connection of this process that writes.
pub(super) fn writer(path: &Path, migrations: Migrations<'static>) -> Result<Connection, Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_handler(Some(keep_knocking))?;
    keep_statements(&connection)?;
    set(&connection, "journal_mode", "wal")?;
    // NORMAL may lose acknowledged commits on a power cut (https://sqlite.org/pragma.html#pragma_synchronous).
    set(&connection, "synchronous", "2")?;
    set(&connection, "foreign_keys", "1")?;
    set(&connection, "secure_delete", "1")?;
    migrate(&mut connection, path, migrations)?;
    if let Some(pages) = crate::failpoint::store_pages() {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(connection)
}

/// Waits for another process to commit, as patiently as [`BUSY`] says, and knocks each millisecond: SQLite's own handler sleeps
/// for up to 100 ms, and a process that commits without a pause would pass the other over for seconds.
pub(super) fn keep_knocking(times: i32) -> bool {
    std::thread::sleep(Duration::from_millis(1));
    Duration::from_millis(times.unsigned_abs().into()) < BUSY
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    keep_statements(&connection)?;
    set(&connection, "foreign_keys", "1")?;
    set(&connection, "query_only", "1")?;
    Ok(connection)
}

pub(super) fn in_memory(migrations: Migrations<'static>) -> Result<Connection, Error> {
    let mut connection = Connection::open_in_memory()?;
    keep_statements(&connection)?;
    set(&connection, "foreign_keys", "1")?;
    migrate(&mut connection, Path::new(":memory:"), migrations)?;
    Ok(connection)
}

/// A statement is compiled once: without the guarantee of stable plans each new value of a `LIMIT ?` compiles it again
/// (https://sqlite.org/queryplanner-ng.html#qpstab).
fn keep_statements(connection: &Connection) -> Result<(), Error> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, migrations: Migrations<'static>) -> Result<(), Error> {
    migrations.to_latest(connection).map_err(|source| Error::Migration { path: path.to_owned(), source })
}

/// Sets a pragma and reads it back: SQLite ignores what it cannot do.
fn set(connection: &Connection, pragma: &'static str, wanted: &'static str) -> Result<(), Error> {
    connection.pragma_update(None, pragma, wanted)?;
    let got = connection.pragma_query_value(None, pragma, |row| row.get::<_, rusqlite::types::Value>(0))?;
    let got = match got {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    if got == wanted { Ok(()) } else { Err(Error::Setting { pragma, wanted, got }) }
}
