//! `cargo xtask measure …`: what the service makes of transcripts that lie outside the repository, in numbers.
//!
//! Everything runs through the service's own code: appended, claimed, extracted, judged, committed and read back.

mod companion;
mod conversations;
mod goals;
mod retrieval;
mod service;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use clap::{Subcommand, ValueEnum};
use context_svc::domain::model::CallRecord;
use context_svc::llm::api::{Client, Guard, GuardSettings};
use context_svc::llm::local::Local;
use context_svc::llm::remote::Remote;
use context_svc::llm::{self, Ledger, Model, ModelError, ModelSettings};
use kit::clock::SystemClock;
use kit::config::Period;
use kit::id::{Secret, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::service::Service;
use crate::Failure;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Measure {
    /// How well goals are found: notes with the goals that a person marked in them, each read as one message of a user.
    Goals {
        /// A JSON array of notes, each with `note` and `goals`.
        file: PathBuf,
        /// Also print, for each note that is not read as marked, what is missing and what is too much.
        #[arg(long)]
        show: bool,
    },
    /// What becomes of whole conversations: how many items of what kind, and what was dropped.
    Companion {
        /// JSON lines, each a conversation.
        file: PathBuf,
        /// Print this many conversations, spread evenly, with their items and quotes, for a person to judge.
        #[arg(long, default_value_t = 0)]
        show: usize,
    },
    /// How well a search finds the messages that answer questions: histories of two people, each dated session a conversation.
    Retrieval {
        /// A JSON array of histories, each with `conversation` and `qa`.
        file: PathBuf,
        /// A JSON array of corrections, each with `question_id` and `correct_evidence`.
        #[arg(long)]
        corrections: Option<PathBuf>,
        /// Ask without the names of who speaks.
        #[arg(long)]
        blank_names: bool,
        /// Only these histories, counted from 0.
        #[arg(long, value_delimiter = ',')]
        only: Vec<usize>,
    },
    /// Small conversations with what must and what must not be remembered of them; fails if one does not hold.
    Conversations {
        /// A JSON array of cases.
        #[arg(default_value = "../shared/cases/conversations.json")]
        file: PathBuf,
        /// Who reads. Of the offline reader only what `local_ok` says is required.
        #[arg(long, default_value = "local")]
        provider: Provider,
        /// Where that provider's API begins, such as `http://127.0.0.1:8000/v1`; without it, its own address.
        #[arg(long, default_value = "")]
        url: String,
        /// The model, as the provider calls it. Its key is read from `AFTERWORD_CONTEXT_MODEL_KEY`.
        #[arg(long, default_value = "")]
        model: String,
        /// Only cases whose name contains this.
        #[arg(long, default_value = "")]
        only: String,
    },
}

/// Who reads the transcripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    /// The offline reader.
    Local,
    /// A server that speaks chat completions.
    Openai,
    /// A server that speaks the Messages API.
    Anthropic,
}

/// Measures, and prints the result as one JSON object.
pub(crate) fn run(measure: &Measure) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    match measure {
        Measure::Goals { file, show } => print(&runtime.block_on(goals::measure(file, *show))?),
        Measure::Companion { file, show } => print(&runtime.block_on(companion::measure(file, *show))?),
        Measure::Retrieval { file, corrections, blank_names, only } => {
            let (corrections, blank_names) = (corrections.as_deref(), *blank_names);
            let settings = retrieval::Settings { file, corrections, blank_names, only };
            print(&runtime.block_on(retrieval::measure(settings))?)
        }
        Measure::Conversations { file, provider, url, model, only } => {
            let expects_all = *provider != Provider::Local;
            let reader = reader(*provider, url, model)?;
            let report = runtime.block_on(conversations::measure(file, reader, expects_all, only))?;
            print(&report)?;
            if report.is_held() { Ok(()) } else { Err("measure: not every case holds".into()) }
        }
    }
}

/// The model that those flags name.
fn reader(provider: Provider, url: &str, model: &str) -> Result<Arc<dyn Model>, Failure> {
    let provider = match provider {
        Provider::Local => return Ok(Arc::new(Local)),
        Provider::Openai => llm::Provider::OpenAi,
        Provider::Anthropic => llm::Provider::Anthropic,
    };
    let key = Secret::new(std::env::var("AFTERWORD_CONTEXT_MODEL_KEY").unwrap_or_default());
    let patience = Period::mins(10);
    let settings = ModelSettings {
        provider,
        url: url.to_owned(),
        name: model.to_owned(),
        key,
        read_timeout: patience,
        call_timeout: patience,
        ..ModelSettings::default()
    };
    let endpoint = settings.endpoint().ok_or("--url is no http or https URL")?;
    let clock = Arc::new(SystemClock);
    let guard = Guard::new(&GuardSettings::default(), clock.clone());
    Ok(Arc::new(Remote::new(Client::new(endpoint, guard, clock, Arc::new(Unbooked))?)))
}

/// Books nothing: a measurement is paid by whoever runs it.
struct Unbooked;

#[async_trait]
impl Ledger for Unbooked {
    async fn may_call(&self, _: &UserId) -> Result<(), ModelError> {
        Ok(())
    }

    async fn record(&self, _: CallRecord) {}
}

fn print(report: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(report)?);
    Ok(())
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let text = text(file)?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// Rounded so that a person can read it.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// `part` of `whole`; 1 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
