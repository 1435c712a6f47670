//! What a backup says of itself. Written last: a directory without it is no backup.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Name of the manifest in the directory of a backup.
pub(super) const FILE_NAME: &str = "manifest.json";

/// The form that this program writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// A backup: its files, in the order in which they were copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The form of the backup.
    pub(super) format: u32,
    /// The version of the program that made it.
    pub(super) version: String,
    /// When it was begun.
    pub(super) began_at: Timestamp,
    /// When all was copied.
    pub(super) ended_at: Timestamp,
    /// Its files.
    pub(super) files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// What it holds.
    pub(super) part: Part,
    /// Its name.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    /// Its digest, in hexadecimal digits.
    pub(super) sha256: String,
    /// Version of the schema, of a database.
    pub(super) schema: Option<usize>,
    /// When it was copied.
    pub(super) copied_at: Timestamp,
}

/// What a file of a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// The key that the signing keys in the store of auth-svc are sealed with.
    MasterKey,
    /// The store of auth-svc.
    Auth,
    /// The store of context-svc.
    Context,
}

/// A directory that is no backup, or not the one that was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum BackupError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no manifest, or none that can be read.
    #[error("{} is no manifest of a backup: {problem}", path.display())]
    NoManifest {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file is not the one that the manifest tells of.
    #[error("{} is not what was backed up: {problem}; nothing was restored", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// How it differs.
        problem: String,
    },
}

impl BackupError {
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

impl Manifest {
    pub(super) fn new(began_at: Timestamp, ended_at: Timestamp, files: Vec<Entry>) -> Self {
        Self { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), began_at, ended_at, files }
    }

    /// Writes it into the directory; the file is there whole or not at all.
    pub(super) fn write(&self, directory: &Path) -> Result<(), BackupError> {
        let path = directory.join(FILE_NAME);
        let unfinished = directory.join(".manifest.unfinished");
        let write = || {
            let mut file = private(&unfinished)?;
            file.write_all(format!("{:#}\n", serde_json::to_value(self)?).as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&unfinished, &path)?;
            File::open(directory)?.sync_all()
        };
        write().map_err(BackupError::at(&path))
    }

    /// Reads it and compares every file with what it says.
    pub(super) fn read(directory: &Path) -> Result<Self, BackupError> {
        let path = directory.join(FILE_NAME);
        let no_manifest = |problem: String| BackupError::NoManifest { path: path.clone(), problem };
        let text = std::fs::read(&path).map_err(|error| no_manifest(error.to_string()))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| no_manifest(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(no_manifest(format!("its format is {}, this program reads {FORMAT}", manifest.format)));
        }
        let is_plain = |name: &str| Path::new(name).file_name() == Some(name.as_ref());
        if let Some(odd) = manifest.files.iter().find(|file| !is_plain(&file.name)) {
            return Err(no_manifest(format!("{:?} is no name of a file", odd.name)));
        }
        for file in &manifest.files {
            file.compare(directory)?;
        }
        Ok(manifest)
    }

    /// The file that holds `part`.
    pub(super) fn find(&self, part: Part) -> Option<&Entry> {
        self.files.iter().find(|file| file.part == part)
    }
}

impl Entry {
    /// What the file `name` in the directory of a backup is like.
    pub(super) fn of(directory: &Path, name: &str, part: Part, copied_at: Timestamp) -> Result<Self, BackupError> {
        let path = directory.join(name);
        let (bytes, sha256) = digest(&path).map_err(BackupError::at(&path))?;
        Ok(Self { part, name: name.to_owned(), bytes, sha256, schema: None, copied_at })
    }

    fn compare(&self, directory: &Path) -> Result<(), BackupError> {
        let path = directory.join(&self.name);
        let (bytes, sha256) = digest(&path).map_err(BackupError::at(&path))?;
        let altered = |problem| BackupError::Altered { path: path.clone(), problem };
        if bytes != self.bytes {
            return Err(altered(format!("it has {bytes} bytes instead of {}", self.bytes)));
        }
        if sha256 != self.sha256 {
            return Err(altered("its digest is another".to_owned()));
        }
        Ok(())
    }
}

/// A file that only its owner can read, made anew.
pub(super) fn private(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let (mut buffer, mut bytes) = (vec![0; 64 * 1024], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
    Ok((bytes, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}
