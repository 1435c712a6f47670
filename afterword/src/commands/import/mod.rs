//! `afterword import`: conversations held elsewhere, or exported, become part of what is remembered.

mod batch;
mod entry;
mod ids;
mod lines;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use kit::clock::{SharedClock, SystemClock};
use kit::id::UserId;
use kit::process::Failure;
use proto::context::v1 as pb;
use serde_json::json;

use super::admin::{Access, Office};
use super::jobs::desk::DeskError;
use super::{say, say_aside};
use crate::config::Config;
use batch::Batch;
use entry::Entry;
use ids::Ids;
use lines::{Line, Lines};

/// The longest line that is looked at: a conversation of a thousand long messages.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// How many broken lines are told one by one.
const TOLD_MAX: usize = 100;

/// Imports conversations from a file of JSON lines and has them extracted, with the times at which things were said.
///
/// A line is one of an export (`afterword export`, or GET /api/v1/memory:export), or a conversation held elsewhere:
/// `{"conversation_id", "user_id"?, "time_zone"?, "messages": [{"role", "text", "name"?, "at", "client_id"?}]}`. docs/export.md says more.
///
/// What is there already stays as it is: an import that was interrupted is simply repeated. While the extraction queue is half full,
/// the command waits.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file, which is read twice: no pipe.
    file: PathBuf,

    /// The user; without it, each line must name one in `user_id`.
    #[arg(long, value_name = "USER_ID")]
    user: Option<String>,

    /// What to do about lines that cannot be imported: `stop` imports nothing at all, `skip` imports the others and ends with exit
    /// code 1.
    #[arg(long, value_enum, default_value_t = OnError::Stop)]
    on_error: OnError,

    /// Print JSON: `{"lines", "conversations", "messages", "verdicts", "added", "duplicates", "verdicts_taken", "broken": [{"line",
    /// "problem"}]}`.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnError {
    Stop,
    Skip,
}

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
struct Unreadable {
    path: PathBuf,
    source: std::io::Error,
}

/// There would be nothing left to read the second time.
#[derive(Debug, thiserror::Error)]
#[error("{} is not a regular file; an import reads it twice, so write what comes from there into a file first", .0.display())]
struct NoFile(PathBuf);

/// Not everything that was found can have arrived.
#[derive(Debug, thiserror::Error)]
#[error(
    "context-svc accounts for {taken} of {found} messages; if the file has changed meanwhile, repeat the import: what is there already is \
     not imported twice"
)]
struct Miscounted {
    taken: usize,
    found: usize,
}

/// context-svc took no more.
#[derive(Debug, thiserror::Error)]
#[error("the import stopped before its end; repeat it, what is there already is not imported twice")]
struct Interrupted(#[source] DeskError);

/// Some lines cannot be imported.
#[derive(Debug, thiserror::Error)]
#[error("{broken} of {lines} lines cannot be imported; {rest}")]
pub(super) struct Incomplete {
    broken: usize,
    lines: usize,
    rest: &'static str,
}

/// What is in the file.
#[derive(Debug, Default)]
struct Found {
    lines: usize,
    conversations: HashSet<(String, String)>,
    messages: usize,
    verdicts: usize,
    /// In the order of the lines.
    broken: Vec<(u64, String)>,
}

/// What context-svc says of what it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Taken {
    /// Messages that were not there before.
    added: usize,
    /// Messages that were; also those of a call that had to be repeated.
    duplicates: usize,
    /// Verdicts that hold now and did not before.
    verdicts: usize,
}

impl Import {
    /// Reads the file twice: it is checked as a whole before anything is imported.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let office = self.access.office(config)?;
        let clock: SharedClock = Arc::new(SystemClock);
        let (answer, outcome) = self.answer(&office, &clock).await?;
        say(&answer);
        Ok(outcome?)
    }

    /// What to say, and whether all of it was imported.
    pub(super) async fn answer(
        &self,
        office: &Office,
        clock: &SharedClock,
    ) -> Result<(String, Result<(), Incomplete>), Failure> {
        let file = self.open()?;
        let found = self.look_through(&file)?;
        let is_whole = found.broken.is_empty();
        let taken = if is_whole || self.on_error == OnError::Skip {
            Some(self.send(&file, &found, office, clock).await?)
        } else {
            None
        };
        let rest = match self.on_error {
            OnError::Stop => "nothing was imported",
            OnError::Skip => "the others are imported",
        };
        let incomplete = Incomplete { broken: found.broken.len(), lines: found.lines, rest };
        let answer = if self.json { found.in_json(taken.unwrap_or_default()) } else { found.in_words(taken) };
        Ok((answer, if is_whole { Ok(()) } else { Err(incomplete) }))
    }

    fn look_through(&self, file: &File) -> Result<Found, Failure> {
        let (mut found, mut ids) = (Found::default(), Ids::default());
        let mut lines = self.lines(file)?;
        while let Some(line) = lines.next().map_err(|source| self.unreadable(source))? {
            found.lines += 1;
            let number = line.number;
            let meaning = self.meaning(line).and_then(|(user, entry)| {
                if let Entry::Talk(talk) = &entry {
                    ids.take(&user, talk)?;
                }
                Ok((user, entry))
            });
            match meaning {
                Ok((user, Entry::Talk(talk))) => {
                    found.messages += talk.messages.len();
                    found.conversations.insert((user, talk.conversation_id));
                }
                Ok((_, Entry::Verdict(_))) => found.verdicts += 1,
                Ok((_, Entry::MadeAnew)) => {}
                Err(problem) => found.broken.push((number, problem)),
            }
        }
        Ok(found)
    }

    /// Sends what was found, without the broken lines.
    async fn send(&self, file: &File, found: &Found, office: &Office, clock: &SharedClock) -> Result<Taken, Failure> {
        let bar = progress(file.metadata().map_or(0, |file| file.len()));
        let (mut batch, mut calls) = (Batch::default(), Vec::new());
        let mut caller = Patient { office, clock, has_waited: false, taken: Taken::default() };
        let mut lines = self.lines(file)?;
        while let Some(line) = lines.next().map_err(|source| self.unreadable(source))? {
            bar.inc(line.bytes);
            if found.broken.binary_search_by_key(&line.number, |(number, _)| *number).is_ok() {
                continue;
            }
            match self.meaning(line) {
                Ok((user, Entry::Talk(talk))) => batch.talk(&user, talk, &mut calls),
                Ok((user, Entry::Verdict(json))) => batch.verdict(&user, json, &mut calls),
                Ok((_, Entry::MadeAnew)) | Err(_) => {}
            }
            for call in calls.drain(..) {
                caller.calls(call).await?;
            }
        }
        batch.end(&mut calls);
        for call in calls {
            caller.calls(call).await?;
        }
        bar.finish_and_clear();
        match caller.taken.added + caller.taken.duplicates {
            taken if taken == found.messages => Ok(caller.taken),
            taken => Err(Miscounted { taken, found: found.messages }.into()),
        }
    }

    /// Whose a line is and what it says, as context-svc would take it; else what is wrong with it.
    fn meaning(&self, line: Line) -> Result<(String, Entry), String> {
        let text = line.text.ok_or_else(|| format!("longer than {LINE_BYTES_MAX} bytes"))?;
        let (user, entry) = entry::read(&text)?;
        let user = self.user.clone().or(user).ok_or("user_id: is missing, and no --user was given")?;
        match UserId::parse(user) {
            Some(user) => Ok((user.into(), entry)),
            None => Err("user_id: must be 1 to 255 visible ASCII characters".to_owned()),
        }
    }

    fn open(&self) -> Result<File, Failure> {
        // Asked before it is opened: that would wait for whoever writes into a pipe.
        if !std::fs::metadata(&self.file).map_err(|source| self.unreadable(source))?.is_file() {
            return Err(NoFile(self.file.clone()).into());
        }
        Ok(File::open(&self.file).map_err(|source| self.unreadable(source))?)
    }

    /// The lines of `file` from its beginning.
    fn lines<'a>(&self, mut file: &'a File) -> Result<Lines<BufReader<&'a File>>, Failure> {
        file.rewind().map_err(|source| self.unreadable(source))?;
        Ok(Lines::of(BufReader::new(file), LINE_BYTES_MAX))
    }

    fn unreadable(&self, source: std::io::Error) -> Unreadable {
        Unreadable { path: self.file.clone(), source }
    }
}

/// Makes calls, and waits while the extraction queue has no room.
struct Patient<'a> {
    office: &'a Office,
    clock: &'a SharedClock,
    has_waited: bool,
    taken: Taken,
}

impl Patient<'_> {
    async fn calls(&mut self, call: pb::ImportConversationsRequest) -> Result<(), Interrupted> {
        loop {
            match self.office.import(call.clone()).await {
                Ok(answer) => {
                    let count = |number: i32| usize::try_from(number).unwrap_or_default();
                    self.taken.added += count(answer.messages);
                    self.taken.duplicates += count(answer.duplicates);
                    self.taken.verdicts += count(answer.verdicts);
                    return Ok(());
                }
                Err(DeskError::Refused { reason, retry_after: Some(delay), .. }) if reason == "QUEUE_FULL" => {
                    if !self.has_waited {
                        say_aside("waiting now and then until the extraction queue has room for more\n");
                    }
                    self.has_waited = true;
                    self.clock.sleep(delay).await;
                }
                Err(error) => return Err(Interrupted(error)),
            }
        }
    }
}

/// A bar on a terminal, nothing anywhere else.
fn progress(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Found {
    fn in_words(&self, taken: Option<Taken>) -> String {
        let mut words = String::new();
        for (line, problem) in self.broken.iter().take(TOLD_MAX) {
            words += &format!("line {line}: {problem}\n");
        }
        if let more @ 1.. = self.broken.len().saturating_sub(TOLD_MAX) {
            words += &format!("and {more} more\n");
        }
        if let Some(Taken { added, duplicates, verdicts }) = taken {
            words += &format!(
                "{} conversations: {added} messages added, {duplicates} there already; {verdicts} of {} verdicts taken over\n",
                self.conversations.len(),
                self.verdicts
            );
        }
        words
    }

    fn in_json(&self, taken: Taken) -> String {
        let broken = self.broken.iter().map(|(line, problem)| json!({"line": line, "problem": problem}));
        let told = json!({
            "lines": self.lines,
            "conversations": self.conversations.len(),
            "messages": self.messages,
            "verdicts": self.verdicts,
            "added": taken.added,
            "duplicates": taken.duplicates,
            "verdicts_taken": taken.verdicts,
            "broken": broken.collect::<Vec<_>>(),
        });
        format!("{told:#}\n")
    }
}
