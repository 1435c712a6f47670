//! `afterword restore`: a backup becomes the data that the services start with.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{DirBuilder, File, hard_link, remove_dir_all, remove_file, rename};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kit::clock::{Clock, SystemClock};
use kit::process::Failure;

use super::manifest::{BackupError, Entry, Manifest, Part};
use super::{MASTER_KEY, auth_file, context_file, copy_file, schema};
use crate::commands::say;
use crate::config::Config;

/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Puts a backup where the settings say that the stores are. The services must be stopped.
///
/// Everything is looked at before anything is written: the digests of all files, and whether this version knows their schemas. Data that
/// is there already is not touched; with `--replace` it is moved aside, whole before the first file is put, and never deleted. What ended after the backup was made lives
/// again: docs/operations.md says what to do about that.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The directory of a backup.
    pub(super) directory: PathBuf,

    /// Move data that is there already into `replaced-TIME` beside it.
    #[arg(long)]
    pub(super) replace: bool,
}

/// A backup that cannot be brought back here.
#[derive(Debug, thiserror::Error)]
enum RestoreError {
    #[error("{} is there already; choose another --data-dir, or move it aside with --replace", .0.display())]
    Occupied(PathBuf),
    #[error("{} is in use; stop the service first", .0.display())]
    InUse(PathBuf),
    #[error("{name} was written by a newer version (schema {found}, known {known}); restore it with that one")]
    Newer { name: String, found: usize, known: usize },
    #[error("the backup has no {0}")]
    Incomplete(&'static str),
    #[error("the restore stopped half-way; what was there is whole in {}; repeat the restore", listed(aside))]
    HalfWay { aside: Vec<PathBuf>, source: BackupError },
}

/// A file and where it belongs.
struct Move<'a> {
    file: &'a Entry,
    to: PathBuf,
}

impl Restore {
    /// Brings the backup back and tells what that was.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let (manifest, aside) = self.bring_back(config).await?;
        let aside: String = aside.iter().map(|path| format!("what was there is in {}\n", path.display())).collect();
        say(&format!("{} files as of {}\n{aside}", manifest.files.len(), manifest.ended_at));
        Ok(())
    }

    /// What was brought back, and where what was there before is now.
    pub(super) async fn bring_back(&self, config: &Config) -> Result<(Manifest, Vec<PathBuf>), Failure> {
        let shared = config.clone().shared();
        let (auth, context) = (auth_file(&shared)?, context_file(&shared)?);
        let manifest = Manifest::read(&self.directory)?;
        for file in &manifest.files {
            if let Some((found, known)) = schema(&self.directory, file).await?.filter(|(found, known)| found > known) {
                return Err(RestoreError::Newer { name: file.name.clone(), found, known }.into());
            }
        }
        let auth_db = manifest.find(Part::Auth).ok_or(RestoreError::Incomplete("store of auth-svc"))?;
        let context_db = manifest.find(Part::Context).ok_or(RestoreError::Incomplete("store of context-svc"))?;
        let key = auth.with_file_name(MASTER_KEY);
        let mut moves = vec![Move { file: auth_db, to: auth.clone() }, Move { file: context_db, to: context.clone() }];
        // First of all: without it the store of auth-svc would be given another.
        moves.splice(0..0, manifest.find(Part::MasterKey).map(|file| Move { file, to: key.clone() }));
        // Until the last file is in its place, no service may start.
        let _claims = [
            auth_svc::store::open::claim(&shared.auth.store)?.ok_or_else(|| RestoreError::InUse(auth.clone()))?,
            context_svc::store::open::claim(&shared.context.store)?
                .ok_or_else(|| RestoreError::InUse(context.clone()))?,
        ];
        let occupied = moves.iter().map(|each| each.to.clone()).chain([key]).flat_map(with_those_beside);
        let occupied: BTreeSet<PathBuf> = occupied.filter(|path| path.exists()).collect();
        if let Some(path) = occupied.first().filter(|_| !self.replace) {
            return Err(RestoreError::Occupied(path.clone()).into());
        }
        let aside = self.prepare(&moves, &occupied).inspect_err(|_| clear(&moves))?;
        let aside = finish(&moves, &occupied, aside)?;
        Ok((manifest, aside))
    }

    /// Does all that needs room, and changes nothing that is there.
    fn prepare(&self, moves: &[Move<'_>], occupied: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>, BackupError> {
        for Move { file, to } in moves {
            make(directory_of(to))?;
            copy_file(&self.directory.join(&file.name), &unfinished(to))?;
        }
        keep_aside(occupied, SystemClock.now())
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
}

fn with_those_beside(path: PathBuf) -> Vec<PathBuf> {
    let beside = BESIDE.iter().map(|suffix| {
        let mut name = OsString::from(path.as_os_str());
        name.push(suffix);
        PathBuf::from(name)
    });
    let beside = beside.collect::<Vec<_>>();
    [path].into_iter().chain(beside).collect()
}

/// Gives files a second name in a new directory beside each, and says which directories these are: what was there is whole in them
/// before the first file loses its place, so that no database is ever without its log.
fn keep_aside(paths: &BTreeSet<PathBuf>, now: Timestamp) -> Result<Vec<PathBuf>, BackupError> {
    let mut made = Vec::new();
    let kept = paths.iter().try_for_each(|path| {
        let directory = directory_of(path).join(format!("replaced-{}", now.strftime("%Y%m%dT%H%M%S%6fZ")));
        if !made.contains(&directory) {
            DirBuilder::new().mode(0o700).create(&directory).map_err(BackupError::at(&directory))?;
            made.push(directory.clone());
        }
        hard_link(path, directory.join(path.file_name().unwrap_or_default())).map_err(BackupError::at(path))
    });
    let kept = kept.and_then(|()| {
        made.iter().try_for_each(|directory| sync(directory).and_then(|()| sync(directory_of(directory))))
    });
    kept.inspect_err(|_| made.iter().for_each(|directory| _ = remove_dir_all(directory)))?;
    Ok(made)
}

/// Puts what is prepared where it belongs; an error says where what was there is.
fn finish(moves: &[Move<'_>], occupied: &BTreeSet<PathBuf>, aside: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    match take_the_place(moves, occupied).inspect_err(|_| clear(moves)) {
        Ok(()) => Ok(aside),
        Err(source) if aside.is_empty() => Err(source.into()),
        Err(source) => Err(RestoreError::HalfWay { aside, source }.into()),
    }
}

/// Each file is there whole or not at all.
fn take_the_place(moves: &[Move<'_>], occupied: &BTreeSet<PathBuf>) -> Result<(), BackupError> {
    // A log that is left would be taken for that of the new database.
    for path in occupied.iter().filter(|path| moves.iter().all(|each| each.to != **path)) {
        remove_file(path).and_then(|()| File::open(directory_of(path))?.sync_all()).map_err(BackupError::at(path))?;
    }
    for Move { to, .. } in moves {
        rename(unfinished(to), to).map_err(BackupError::at(to))?;
        sync(directory_of(to))?;
    }
    Ok(())
}

/// Gives the room back that was taken for nothing.
fn clear(moves: &[Move<'_>]) {
    for Move { to, .. } in moves {
        _ = remove_file(unfinished(to));
    }
}

fn unfinished(to: &Path) -> PathBuf {
    let mut name = OsString::from(to.as_os_str());
    name.push(".unfinished");
    PathBuf::from(name)
}

fn sync(directory: &Path) -> Result<(), BackupError> {
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(BackupError::at(directory))
}

fn make(directory: &Path) -> Result<(), BackupError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory).map_err(BackupError::at(directory))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_that_stops_half_way_says_where_the_data_is() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("auth.db");
        std::fs::write(&to, "what was there").unwrap();
        let file = Entry::of(directory.path(), "auth.db", Part::Auth, Timestamp::UNIX_EPOCH).unwrap();
        let occupied = BTreeSet::from([to.clone()]);
        let aside = keep_aside(&occupied, Timestamp::UNIX_EPOCH).unwrap();

        // What was prepared is gone.
        let told = finish(&[Move { file: &file, to }], &occupied, aside.clone()).unwrap_err().to_string();

        assert!(told.contains(&format!("is whole in {}", aside[0].display())), "{told}");
        assert_eq!(std::fs::read_to_string(aside[0].join("auth.db")).unwrap(), "what was there");
    }
}
