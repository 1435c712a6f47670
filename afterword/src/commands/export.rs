//! `afterword export`: everything that is held of one user, as lines of JSON.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use kit::process::Failure;

use super::admin::{Access, Office};
use super::jobs::desk::DeskError;
use super::say_aside;
use crate::config::Config;

/// Writes everything that is held of a user as JSON lines, each `{"kind": …, "record": {…}}`; docs/export.md lists the fields.
///
/// Each conversation with its messages and what was extracted from it; then what the user said about items, the summary, and what
/// was consumed by day. A file appears under its name only when it is complete. `afterword import` reads it.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The user.
    #[arg(long, value_name = "USER_ID")]
    user: String,

    /// The file to write, readable by its owner alone; `-` for standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,

    #[command(flatten)]
    access: Access,
}

/// The export could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
struct Unwritable {
    path: PathBuf,
    source: std::io::Error,
}

impl Export {
    /// Reads from context-svc and writes.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        self.answer(&self.access.office(config)?).await
    }

    pub(super) async fn answer(&self, office: &Office) -> Result<(), Failure> {
        let written = if self.out == Path::new("-") {
            copy(office, &self.user, &mut std::io::stdout()).await?
        } else {
            self.write_file(office).await?
        };
        match written {
            Ok(records) => say_aside(&format!("{records} records of {}\n", self.user)),
            // A reader that has gone away wants no more.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(source) => return Err(Unwritable { path: self.out.clone(), source }.into()),
        }
        Ok(())
    }

    async fn write_file(&self, office: &Office) -> Result<std::io::Result<u64>, DeskError> {
        let directory = self.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let unfinished = match tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))) {
            Ok(file) => file,
            Err(error) => return Ok(Err(error)),
        };
        let mut buffered = BufWriter::new(unfinished);
        let copied = copy(office, &self.user, &mut buffered).await?;
        Ok(copied.and_then(|records| {
            let file = buffered.into_inner()?;
            file.as_file().sync_all()?;
            file.persist(&self.out)?;
            Ok(records)
        }))
    }
}

/// Writes record after record and says how many they were. What context-svc refuses is the outer error.
async fn copy(office: &Office, user: &str, out: &mut (impl Write + Send)) -> Result<std::io::Result<u64>, DeskError> {
    let mut records = office.export(user).await?;
    let mut number = 0;
    while let Some(record) = records.message().await? {
        number += 1;
        if let Err(error) = writeln!(out, "{{\"kind\":\"{}\",\"record\":{}}}", record.kind, record.json) {
            return Ok(Err(error));
        }
    }
    Ok(out.flush().map(|()| number))
}
