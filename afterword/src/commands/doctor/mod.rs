//! `afterword doctor`: what is wrong with this installation and what to do about it, before a user finds out.
//!
//! A module looks at one area each, and only looks: nothing is made, migrated or repaired.

mod clock;
mod config;
mod finding;
mod model;
mod queue;
mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kit::clock::{SharedClock, SystemClock};
use kit::process::Failure;

use super::jobs;
use crate::config::Config;
use finding::Report;

/// Why something was left out that needs a model server.
const OFFLINE: &str = "OFFLINE";

/// Looks at the settings, the stores, the clock, the models and the queue, and says what is wrong and what to do about it.
///
/// A line a check: `ok`, `warn` (it works, but …), `fail`, or `skip` (not looked at); then the area, what was found, and after an
/// arrow what to do. Exit code 0 if nothing failed, 1 if something did, 64 for a command line that cannot be understood, 78 for
/// settings that cannot be used: those are told before anything is looked at.
///
/// Nothing is made, migrated or changed, and a running service is not disturbed. Each model of a provider is asked for two words,
/// which costs next to nothing.
///
/// The clock is compared with what is stored and with the model's server. The time zone of this machine or process plays no part:
/// every time is kept in UTC, and what users mean by "tomorrow" is reckoned in the zone of their account.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Ask no model server. What would need one is told as `skip`.
    #[arg(long)]
    offline: bool,

    /// Where context-svc listens, a URI; that nobody answers there is then a failure. Without it, where the settings say.
    #[arg(long, value_name = "URI")]
    endpoint: Option<String>,

    /// A file that holds the internal token and nothing else; without it, the token is taken from the settings.
    #[arg(long, value_name = "FILE")]
    internal_token_file: Option<PathBuf>,

    /// Print JSON instead of lines: `{"checks": [{"area", "status", "message", "advice", "reason"}], "ok"}`.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Looks at everything. `file` is where some of the settings came from.
    pub async fn run(self, config: &Config, file: Option<&Path>) -> Result<(), Failure> {
        let clock: SharedClock = Arc::new(SystemClock);
        let mut report = Report::new(self.json);
        report.tell(config::examine(config, file));
        let stores = store::examine(config).await;
        report.tell(stores.findings);
        report.tell(clock::examine(config, &stores.newest, &clock, self.offline).await);
        report.tell(model::examine(config, &clock, self.offline).await);
        let usual = format!("http://{}", config.context.listen);
        let asked = queue::Asked {
            endpoint: self.endpoint.as_deref().unwrap_or(&usual),
            is_named: self.endpoint.is_some(),
            token: jobs::token(self.internal_token_file.as_deref(), config).transpose(),
        };
        report.tell(queue::examine(asked, &clock).await);
        report.end()
    }
}

/// A length of time for people, in its two largest units.
fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{} ms", length.as_millis()),
        1..10 => format!("{:.1} s", length.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests;
