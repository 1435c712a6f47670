//! `afterword backup` and `afterword restore`: the stores of both services, copied while they work.
//!
//! auth-svc is copied first. What it has handed over to context-svc by then is in the copy of context-svc, or the copy of auth-svc
//! still has it to hand over, which twice is harmless. The other way round a logout could be handed over in between, and be in
//! neither.

mod manifest;
mod restore;

#[cfg(test)]
mod tests;

use std::fs::DirBuilder;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use context_svc::store::open::Health;
use kit::clock::{Clock, SystemClock};
use kit::process::Failure;

use super::say;
use crate::config::Config;
use manifest::{BackupError, Entry, Manifest, Part};

pub use restore::Restore;

/// What the master key is called, beside the store of auth-svc and in a backup.
const MASTER_KEY: &str = "auth.master.key";

/// Copies the stores of both services into a new directory, also while they work. `afterword restore` brings them back.
///
/// Each copy is as of one moment, whole and read from end to end; the directory is readable by its owner alone. The master key is copied
/// too if it lies beside the store: whoever has the backup can then sign tokens. Stores in MongoDB are backed up by its own tools.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// The directory to make; it must not be there, or be empty.
    directory: PathBuf,

    /// Print JSON: what the manifest says.
    #[arg(long)]
    json: bool,
}

/// A store cannot be copied.
#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error("{service} keeps its data in MongoDB: use mongodump for it, and mongorestore to bring it back")]
    Mongo { service: &'static str },
    #[error("{service} has no store at {}; is this the data directory?", path.display())]
    Missing { service: &'static str, path: PathBuf },
    #[error("the copy of {service} is damaged, so its store is: {problem}")]
    Damaged { service: &'static str, problem: String },
}

impl Backup {
    /// Copies and tells what it copied.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let manifest = self.copy(config).await?;
        say(&if self.json {
            format!("{:#}\n", serde_json::to_value(&manifest)?)
        } else {
            let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
            format!("{} files, {bytes} bytes, in {}\n", manifest.files.len(), self.directory.display())
        });
        Ok(())
    }

    async fn copy(&self, config: &Config) -> Result<Manifest, Failure> {
        let shared = config.clone().shared();
        let (auth, context) = (auth_file(&shared)?, context_file(&shared)?);
        is_there("auth-svc", &auth)?;
        is_there("context-svc", &context)?;
        make_empty(&self.directory)?;
        let began_at = SystemClock.now();
        let mut files = Vec::new();
        let key = auth.with_file_name(MASTER_KEY);
        if shared.auth.master_key.is_none() && key.exists() {
            copy_file(&key, &self.directory.join(MASTER_KEY))?;
            files.push(Entry::of(&self.directory, MASTER_KEY, Part::MasterKey, SystemClock.now())?);
        }
        let copied_at = SystemClock.now();
        let health = auth_svc::store::open::copy(&shared.auth.store, &self.directory.join("auth.db")).await?;
        is_whole("auth-svc", health)?;
        files.push(Entry::of(&self.directory, "auth.db", Part::Auth, copied_at)?);
        let copied_at = SystemClock.now();
        let health = context_svc::store::open::copy(&shared.context.store, &self.directory.join("context.db")).await?;
        is_whole("context-svc", health)?;
        files.push(Entry::of(&self.directory, "context.db", Part::Context, copied_at)?);
        for file in &mut files {
            file.schema = schema(&self.directory, file).await?.map(|(found, _)| found);
        }
        let manifest = Manifest::new(began_at, SystemClock.now(), files);
        manifest.write(&self.directory)?;
        Ok(manifest)
    }
}

/// The version of the schema in a file of a backup, and the one that this program knows; `None` if it is no database.
async fn schema(directory: &Path, file: &Entry) -> Result<Option<(usize, usize)>, Failure> {
    let path = directory.join(&file.name);
    Ok(match file.part {
        Part::MasterKey => None,
        Part::Auth => Some(auth_svc::store::open::schema(&path).await?),
        Part::Context => Some(context_svc::store::open::schema(&path).await?),
    })
}

/// Where the store of auth-svc lies.
fn auth_file(shared: &Config) -> Result<PathBuf, Failure> {
    refuse_mongo("auth-svc", &shared.auth.store)?;
    Ok(auth_svc::store::open::file_of(&shared.auth.store)?)
}

/// Where the store of context-svc lies.
fn context_file(shared: &Config) -> Result<PathBuf, Failure> {
    refuse_mongo("context-svc", &shared.context.store)?;
    Ok(context_svc::store::open::file_of(&shared.context.store)?)
}

fn refuse_mongo(service: &'static str, url: &str) -> Result<(), StoreError> {
    if url.starts_with("mongodb") { Err(StoreError::Mongo { service }) } else { Ok(()) }
}

fn is_there(service: &'static str, path: &Path) -> Result<(), StoreError> {
    if path.is_file() { Ok(()) } else { Err(StoreError::Missing { service, path: path.to_owned() }) }
}

fn is_whole(service: &'static str, health: Health) -> Result<(), StoreError> {
    match health {
        Health::Whole | Health::WholeSoFar => Ok(()),
        Health::Damaged(problem) => Err(StoreError::Damaged { service, problem }),
    }
}

/// Makes a directory for its owner alone, or takes one that is empty.
fn make_empty(directory: &Path) -> Result<(), BackupError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(directory).map_err(BackupError::at(directory))?;
    let mut entries = std::fs::read_dir(directory).map_err(BackupError::at(directory))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::at(directory)(ErrorKind::DirectoryNotEmpty.into())),
    }
}

/// Copies a file into one that only its owner can read, and waits until it is on disk.
fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = std::fs::File::open(from).map_err(BackupError::at(from))?;
    let mut write = || {
        let mut file = manifest::private(to)?;
        std::io::copy(&mut source, &mut file)?;
        file.flush()?;
        file.sync_all()
    };
    write().map_err(BackupError::at(to))
}
