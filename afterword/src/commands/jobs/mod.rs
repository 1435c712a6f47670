//! `afterword jobs`: what an operator sees of the extraction queue, and moves in it.

pub(super) mod desk;
mod json;
mod reextract;
mod table;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kit::authn::InternalToken;
use kit::clock::{SharedClock, SystemClock};
use kit::config::Period;
use kit::id::Secret;
use kit::lifecycle::Lifecycle;
use kit::process::Failure;
use proto::context::v1::extraction::State;
use serde::Deserialize;

use super::tell;
use crate::config::Config;
use desk::{Desk, Wanted};
use reextract::Reextract;
use watch::{Listener, Watch};

/// Looks at the extraction queue of a context-svc and moves jobs by hand.
#[derive(Debug, clap::Args)]
pub struct Jobs {
    /// Where context-svc listens, a URI.
    #[arg(long, global = true, value_name = "URI", default_value = "http://127.0.0.1:50052")]
    endpoint: String,

    /// A file that holds the internal token and nothing else; without it, the token is taken from the settings.
    ///
    /// From the settings it is the first of `auth.internal_tokens`, else of `context.internal_tokens`, as they stand in `--config` or
    /// in AFTERWORD_AUTH_INTERNAL_TOKENS and AFTERWORD_CONTEXT_INTERNAL_TOKENS: where a service runs, nothing more is needed.
    /// An `afterword up` without any of them makes up a token that nobody else knows.
    #[arg(long, global = true, value_name = "FILE")]
    internal_token_file: Option<PathBuf>,

    /// Print JSON, spelled as over REST, instead of a table; `watch` prints a JSON object a line.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List jobs of all users, the longest unchanged first.
    List(List),
    /// Show all there is to know about one job.
    Show(Show),
    /// Follow the queue, or one job until it ends: a line for every change.
    ///
    /// Without a job the figures of the queue are followed until Ctrl-C. A job is followed until it is done (exit code 0), or dead or
    /// cancelled (exit code 1); one that has ended already is told at once. Changes in quick succession may be told as the last of
    /// them. While context-svc restarts, the watch waits. Ctrl-C ends it with exit code 0.
    Watch(Watch),
    /// Queue a dead or cancelled job again, with its counters at 0.
    Redrive(Which),
    /// Cancel a pending or running job. What a running one would still deliver is dropped.
    Cancel(Which),
    /// Have conversations read again by the prompt and model of now.
    ///
    /// Without a filter that is everything that was read with another prompt version. They fill the queue to a half at most: while
    /// there is no room the command waits, and what it has asked for by then is on record, also if it is interrupted. What waits to be
    /// read again already is not asked for twice.
    Reextract(Reextract),
    /// Show how full the queue is and whether it moves.
    Status,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only jobs in this state; without it, in any but idle.
    #[arg(long, value_parser = state, value_name = "idle|pending|running|done|dead|cancelled")]
    state: Option<State>,

    /// Only jobs of this user.
    #[arg(long, value_name = "USER_ID")]
    user: Option<String>,

    /// Only jobs that have not changed for this long, such as `30m`, `24h` or `7d`.
    #[arg(long, value_parser = period, value_name = "PERIOD")]
    older_than: Option<Period>,

    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    which: Which,

    /// Also what the model last answered that could not be used. It may quote the user.
    #[arg(long)]
    raw: bool,
}

/// One job, by its conversation.
#[derive(Debug, clap::Args)]
struct Which {
    /// The user.
    user_id: String,
    /// That user's conversation.
    conversation_id: String,
}

/// Not before it is polled, and so only of a watch, are signals taken from the system.
async fn until_interrupted(life: &Lifecycle) -> Result<(), Failure> {
    life.signals()?.await;
    Ok(())
}

impl Jobs {
    /// Asks context-svc and prints the answer.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let desk = Desk::new(kit::serve::channel(&self.endpoint)?, self.token(config)?);
        let (clock, is_watch): (SharedClock, _) = (Arc::new(SystemClock), matches!(self.what, What::Watch(_)));
        let (life, mut tell) = (Lifecycle::new(), tell);
        tokio::select! {
            answered = self.answer(&desk, &clock, &mut tell) => answered,
            // Only a watch has no end of its own: for any other, to be interrupted is no success.
            ended = until_interrupted(&life), if is_watch => ended,
        }
    }

    async fn answer(&self, desk: &Desk, clock: &SharedClock, tell: Listener<'_>) -> Result<(), Failure> {
        let text = match &self.what {
            What::Watch(watch) => return watch.follow(desk, clock, self.json, tell).await,
            What::List(list) => {
                let found = desk.list(&list.wanted(), list.limit).await?;
                if self.json { json::list(&found)? } else { table::list(&found) }
            }
            What::Show(Show { which, raw }) => {
                self.show(&desk.find(&which.user_id, &which.conversation_id, *raw).await?)?
            }
            What::Redrive(which) => self.show(&desk.redrive(&which.user_id, &which.conversation_id).await?)?,
            What::Cancel(which) => self.show(&desk.cancel(&which.user_id, &which.conversation_id).await?)?,
            What::Reextract(reextract) => reextract.run(desk, clock, self.json).await?,
            What::Status => {
                let status = desk.status().await?;
                if self.json { json::status(&status)? } else { table::status(&status) }
            }
        };
        tell(&text);
        Ok(())
    }

    fn show(&self, extraction: &proto::context::v1::Extraction) -> Result<String, Failure> {
        if self.json { json::extraction(extraction) } else { Ok(table::extraction(extraction)) }
    }

    fn token(&self, config: &Config) -> Result<InternalToken, Failure> {
        let token = token(self.internal_token_file.as_deref(), config)?;
        Ok(token.ok_or("no internal token: give --internal-token-file, or the settings of the service")?)
    }
}

/// The internal token in `file`, else that of the settings; `None` if they have none.
pub(super) fn token(file: Option<&Path>, config: &Config) -> Result<Option<InternalToken>, Failure> {
    let secret = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Secret::new(text.map_err(|error| format!("{}: {error}", path.display()))?.trim())
        }
        None => match config.auth.internal_tokens.first().or(config.context.internal_tokens.first()) {
            Some(secret) => secret.clone(),
            None => return Ok(None),
        },
    };
    Ok(Some(InternalToken::parse(secret)?))
}

impl List {
    fn wanted(&self) -> Wanted {
        Wanted {
            state: self.state.unwrap_or(State::Unspecified),
            user_id: self.user.clone().unwrap_or_default(),
            older_than: self.older_than.map(|period| period.0),
            raw_answers: false,
        }
    }
}

fn state(word: &str) -> Result<State, String> {
    match State::from_str_name(&word.to_uppercase()) {
        Some(State::Unspecified) | None => Err("must be idle, pending, running, done, dead or cancelled".to_owned()),
        Some(state) => Ok(state),
    }
}

fn period(text: &str) -> Result<Period, String> {
    let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
    Period::deserialize(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
