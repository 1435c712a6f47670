//! Choosing a backend by its URL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{SqliteStore, Store};

pub use kit::sqlite::{Claim, Content, Health, Inspection};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no backend.
    #[error("store: {url:?} is not a store; write sqlite:PATH")]
    UnknownScheme {
        /// What was configured.
        url: String,
    },
    /// The backend is planned but not part of this version.
    #[error("store: MongoDB is not built yet; write sqlite:PATH")]
    MongoNotBuilt,
    /// SQLite could not open the file.
    #[error("store: {0}")]
    Sqlite(#[from] kit::sqlite::Error),
}

/// Opens the store at `url`, creating what is missing; for this process alone.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    Ok(Arc::new(SqliteStore::open(&sqlite_path(url)?).await?))
}

/// The same together with other processes of this machine that open it so, too.
pub async fn open_shared(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    Ok(Arc::new(SqliteStore::open_shared(&sqlite_path(url)?).await?))
}

/// Looks at the store at `url` and changes nothing: an error is why it could not be opened.
pub async fn inspect(url: &str) -> Result<Inspection, OpenError> {
    Ok(SqliteStore::inspect(&sqlite_path(url)?).await?)
}

/// Copies the store at `url` into the new file `into`, as it is at one moment; whoever works with it is not disturbed. Says whether
/// the copy can be read.
pub async fn copy(url: &str, into: &Path) -> Result<Health, OpenError> {
    Ok(SqliteStore::copy(&sqlite_path(url)?, into).await?)
}

/// The version of the schema in a copy, and the one that is known here; it is read where nothing may be written, too.
pub async fn schema(copy: &Path) -> Result<(usize, usize), OpenError> {
    Ok(SqliteStore::schema(copy).await?)
}

/// Keeps everybody from opening the store at `url` until the claim is dropped; `None` if somebody has it open, alone or shared.
pub fn claim(url: &str) -> Result<Option<Claim>, OpenError> {
    match SqliteStore::claim(&sqlite_path(url)?) {
        Ok(claim) => Ok(Some(claim)),
        Err(kit::sqlite::Error::InUse { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the store at `url` lies.
pub fn file_of(url: &str) -> Result<PathBuf, OpenError> {
    sqlite_path(url)
}

fn sqlite_path(url: &str) -> Result<PathBuf, OpenError> {
    if url.starts_with("mongodb://") || url.starts_with("mongodb+srv://") {
        return Err(OpenError::MongoNotBuilt);
    }
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(Path::new(path).to_owned()),
        _ => Err(OpenError::UnknownScheme { url: url.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_store_is_refused_by_name() {
        let refused = open("postgres://db").await.err().expect("refused");

        assert_eq!(refused.to_string(), "store: \"postgres://db\" is not a store; write sqlite:PATH");
    }

    #[tokio::test]
    async fn mongodb_is_refused_as_not_built() {
        let refused = open("mongodb://db/context").await.err().expect("refused");

        assert!(refused.to_string().contains("MongoDB is not built yet"));
    }
}
