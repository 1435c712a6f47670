//! The master key that lies beside an embedded database, for whoever has configured none.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::id::{Secret, secret_bytes};

/// Name of the key file, in the directory of the database.
pub const FILE_NAME: &str = "auth.master.key";

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
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let key = STANDARD.encode(secret_bytes::<32>());
            file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
            Ok(Secret::new(key))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(&path).map_err(fail)?;
            Ok(Secret::new(text.trim()))
        }
        Err(error) => Err(fail(error)),
    }
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
}
