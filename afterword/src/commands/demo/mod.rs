//! `afterword demo`: the main job from end to end on the real services, in front of the user.

mod replay;
mod report;
mod transcript;

use std::path::PathBuf;
use std::sync::Arc;

use kit::clock::{SystemClock, monotonic};
use kit::config::Period;
use kit::lifecycle::Lifecycle;
use kit::process::Failure;
use serde_json::Value;

use super::{say, say_aside, up};
use crate::client::Client;
use crate::config::Config;
use crate::world::{Ports, World};
use replay::Account;
use report::{Story, Tally};
use transcript::Transcript;

/// How much context the demo asks for, in tokens.
const BUDGET_TOKENS: u32 = 1000;

/// How long the offline reader takes at least when people watch: otherwise the job is over before it can be seen moving.
const PAUSE: Period = Period::millis(300);

/// Shows the main job on a bundled conversation, or on many of your own.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Conversations to replay instead of the bundled one: JSON lines of {user, conversation_id, date?, messages[{role, text}]}.
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,

    /// Print the result as JSON.
    #[arg(long)]
    json: bool,

    /// Stay up afterwards, and say where.
    #[arg(long)]
    keep: bool,
}

impl Demo {
    /// Runs the demo on free ports and, unless a data directory was `chosen` on the command line, on data that goes away with it.
    pub async fn run(self, mut config: Config, chosen: bool) -> Result<(), Failure> {
        kit::telemetry::init(config.auth.log_format, "warn");
        let talks = match &self.transcript {
            Some(path) => transcript::read(path)?,
            None => transcript::bundled()?,
        };
        let temporary = tempfile::tempdir()?;
        if !chosen {
            config.data_dir = temporary.path().to_owned();
            // Also where the settings place a store: a demo must not touch what a service keeps.
            config.auth.store = auth_svc::Config::default().store;
            config.context.store = context_svc::Config::default().store;
        }
        for address in
            [&mut config.auth.listen, &mut config.context.listen, &mut config.gateway.listen, &mut config.admin_listen]
        {
            *address = "127.0.0.1:0".to_owned();
        }
        let drain = config.drain();
        if !self.json && self.transcript.is_none() {
            config.context.local_pause = PAUSE;
        }
        let lifecycle = Lifecycle::new();
        let ports = Ports::bind(&config).await?;
        let world = World::start(config, ports, Arc::new(SystemClock), &lifecycle).await?;
        let client = Client::new(format!("http://{}", world.addresses.gateway));

        let told = match talks.as_slice() {
            [talk] if self.transcript.is_none() => self.tell_one(&client, talk).await,
            many => self.tell_many(&client, many).await,
        };
        if let Ok(report) = &told {
            say(report);
        }
        if self.keep && told.is_ok() {
            // Standard output may be JSON for a program; where things are is for a person.
            let welcome = up::welcome(&world.addresses);
            if self.json {
                say_aside(&welcome)
            } else {
                say(&welcome)
            }
            lifecycle.signals()?.await;
        }
        world.end(drain).await;
        told.map(drop)
    }

    async fn tell_one(&self, client: &Client, talk: &Transcript) -> Result<String, Failure> {
        let account = Account::register(client, &talk.user).await?;
        // Logged in before the talk ends, so that the job is seen from its first moment.
        let login = account.log_in().await?;
        let ended = account.hold(talk).await?;
        let seen = replay::watch(&login, &talk.conversation_id).await?;
        let session_context = login.session_context(&talk.conversation_id).await?;
        let context = login.context(BUDGET_TOKENS).await?;
        let story = Story { ended, seen, session_context, context };
        Ok(if self.json { line(&story.as_json()) } else { story.as_text() })
    }

    async fn tell_many(&self, client: &Client, talks: &[Transcript]) -> Result<String, Failure> {
        let start = monotonic();
        let (accounts, ended) = replay::hold_all(client, talks).await?;
        let mut results = Vec::with_capacity(ended.len());
        for (user, account) in &accounts {
            let login = account.log_in().await?;
            for talk in ended.iter().filter(|talk| talk.user == *user && talk.said_anything()) {
                let seen = replay::watch(&login, &talk.conversation_id).await?;
                // Whoever has no result has no context either: the tally says so.
                let context = login.session_context(&talk.conversation_id).await.unwrap_or(Value::Null);
                results.push((seen, context));
            }
        }
        let mut tally = Tally::new(&ended, start.elapsed());
        for (seen, context) in &results {
            tally.count(seen, context);
        }
        Ok(if self.json { line(&serde_json::to_value(&tally)?) } else { tally.as_text() })
    }
}

fn line(value: &Value) -> String {
    format!("{value:#}\n")
}
