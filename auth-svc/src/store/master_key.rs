//! The master key that lies beside an embedded database, for whoever has configured none.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::id::{Secret, secret_bytes};

/// Name of the key file, in the directory of the database.
const FILE_NAME: &str = "auth.master.key";

/// The key file could not be read or made.
#[derive(Debug, thiserror::Error)]
#[error("cannot read or create the master key {}: {source}", path.display())]
pub struct MasterKeyFileError {
    path: PathBuf,
    source: std::io::Error,
}

/// The key in the file beside `database`, made on first use and readable by its owner only.
///
/// It protects a copy of the database that was taken without the file, not one of the whole directory: where that matters, set
/// `master_key` from a secret store instead.
pub fn beside(database: &Path) -> Result<Secret, MasterKeyFileError> {
    let path = database.with_file_name(FILE_NAME);
    let fail = |source| MasterKeyFileError { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Secret::new(text.trim())),
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path).map_err(fail),
        Err(error) => Err(fail(error)),
    }
}

/// Whether there is a key in a file beside `database`.
pub(super) fn lies_beside(database: &Path) -> bool {
    database.with_file_name(FILE_NAME).exists()
}

/// The file is there whole or not at all, and before anything is sealed under its key.
fn make(path: &Path) -> io::Result<Secret> {
    let key = Secret::new(STANDARD.encode(secret_bytes::<32>()));
    let unfinished = path.with_extension("unfinished");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(key.expose().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("auth.db");

        let first = beside(&database).unwrap();
        let second = beside(&database).unwrap();

        let mode = std::fs::metadata(directory.path().join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(first, second);
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_a_crash_left_unfinished_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("auth.master.unfinished"), "half a k").unwrap();

        let key = beside(&directory.path().join("auth.db")).unwrap();

        assert_eq!(STANDARD.decode(key.expose()).unwrap().len(), 32);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
