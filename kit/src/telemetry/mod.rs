//! What a process tells its operator: log lines here, [`metrics`] on a page, and the [`trace`] that joins several processes.
//!
//! A log line is one event, on standard error. Standard output belongs to the answer of a command. Never logged: message text, tokens, e-mail addresses, prompts.

pub mod metrics;
pub mod trace;

use std::io::IsTerminal;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Readable on a terminal, JSON lines elsewhere.
    #[default]
    Auto,
    /// One readable line an event.
    Pretty,
    /// One JSON object an event.
    Json,
}

/// Starts logging to standard error. `filter` is a `tracing` directive such as `info` or `warn,context_svc=debug`.
///
/// A second call in the same process changes nothing, so that services can share one.
pub fn init(format: LogFormat, filter: &str) {
    // The migration library tells at `info` where its own sources are on the machine that built this.
    let quiet = |filter: &str| EnvFilter::try_new(format!("rusqlite_migration=warn,{filter}"));
    let filter = quiet(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    // An error means that logging runs already.
    let _ = if json { builder.json().flatten_event(true).try_init() } else { builder.compact().try_init() };
}
