//! What an operator types: a table of contents.

mod admin;
pub mod backup;
pub mod demo;
pub mod doctor;
pub mod erase;
pub mod export;
pub mod import;
pub mod jobs;
pub mod up;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use kit::process::{Failure, SettingsArgs};

use crate::config::{Config, ENV_PREFIX};

/// The memory of a chat or coaching application: conversations in, prompt-ready context out.
#[derive(Debug, Parser)]
#[command(name = "afterword", version)]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingsArgs,

    /// Directory of all data, created if need be. Wins over the setting `data_dir`; `demo` heeds only this.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the three services in this process until SIGTERM or Ctrl-C. What `afterword` alone does.
    Up,
    /// Start the services on free ports, hold a conversation, log out, and show what was remembered.
    Demo(demo::Demo),
    /// List, show, watch, cancel and redrive extractions, and see how the queue is.
    Jobs(jobs::Jobs),
    Doctor(doctor::Doctor),
    Export(export::Export),
    Import(import::Import),
    Erase(erase::Erase),
    Backup(backup::Backup),
    Restore(backup::Restore),
}

impl Arguments {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failure> {
        let file = self.settings.config.clone();
        let mut config: Config = self.settings.load(ENV_PREFIX)?;
        let chosen = self.data_dir.is_some();
        if let Some(directory) = self.data_dir {
            config.data_dir = directory;
        }
        match self.command.unwrap_or(Command::Up) {
            Command::Up => up::run(config).await,
            Command::Demo(demo) => demo.run(config, chosen).await,
            Command::Jobs(jobs) => jobs.run(&config).await,
            Command::Doctor(doctor) => doctor.run(&config, file.as_deref()).await,
            Command::Export(export) => export.run(&config).await,
            Command::Import(import) => import.run(&config).await,
            Command::Erase(erase) => erase.run(&config).await,
            Command::Backup(backup) => backup.run(&config).await,
            Command::Restore(restore) => restore.run(&config).await,
        }
    }
}

/// Answers on standard output. A reader that has gone away (`| head`) is not an error.
fn say(text: &str) {
    tell(text);
}

/// The same, for who has more to say: whether there still is a reader.
fn tell(text: &str) -> bool {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Says something on standard error, beside an answer that a program reads.
fn say_aside(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
