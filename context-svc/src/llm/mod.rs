//! The seam between what the service is about and whoever reads transcripts for it.
//!
//! A [`Model`] proposes; nothing it says is believed until the domain has judged it.

pub mod api;
mod coach;
mod ledger;
pub mod local;
pub mod measured;
pub mod paced;
mod readers;
pub mod reason;
pub mod remote;
mod rollup;
mod settings;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::model::{Basis, Horizon, Item, ItemKind, ItemStatus, Message, SessionContext};

pub use coach::{Coach, Piece, Question, Speaker, Turn};
pub use ledger::{Asker, Ledger};
pub use readers::{Failures, Readers};
pub use rollup::{Phrase, RollUp, RolledUp, Statement, Told};
pub use settings::{ModelSettings, Provider};

/// Reads transcripts.
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// Whether it is configured, so that work may be given to it.
    fn is_ready(&self) -> bool {
        true
    }

    /// Whether it may answer otherwise when it is asked again and told what was wrong.
    fn reconsiders(&self) -> bool {
        true
    }

    /// Version of the prompt, or of the rules, that it reads with now: what was read with another may be read again.
    fn prompt_version(&self) -> String {
        String::new()
    }

    /// Proposes what to remember of `transcript`.
    ///
    /// May be asked the same twice, and the future may be dropped at any time.
    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError>;

    /// Proposes how session contexts are to be rolled up: which statements are the same, which replaces which, and how to put
    /// the talks more briefly. What it leaves unsaid stays as it is.
    ///
    /// On the same terms as [`Model::extract`].
    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError>;
}

/// What a model is given to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// On whose behalf: whose conversation it is, and who pays.
    pub asker: Asker,
    /// What is remembered of the same conversation already, from earlier messages.
    pub previous: Option<SessionContext>,
    /// Goals and decisions of the same user that hold and were said in other conversations, the likeliest to be spoken of first.
    pub elsewhere: Vec<Item>,
    /// Statements that the user has rejected as wrong, the latest first.
    pub rejected: Vec<String>,
    /// The messages to read, by ascending `seq`. The first few may have been read before: they are there for the sense. A
    /// very long message comes in parts, one part a transcript.
    pub messages: Vec<Message>,
    /// What was wrong with the answer to the same transcript before; `None` the first time.
    pub complaint: Option<String>,
}

impl Transcript {
    /// The items that are remembered already.
    pub fn remembered(&self) -> &[Item] {
        self.previous.as_ref().map(|context| context.items.as_slice()).unwrap_or_default()
    }

    /// `messages` to be read for the first time.
    pub fn of(asker: Asker, messages: Vec<Message>) -> Self {
        Self { asker, previous: None, elsewhere: Vec::new(), rejected: Vec::new(), messages, complaint: None }
    }
}

/// What a model made of a transcript.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// A title of a few words.
    pub title: String,
    /// What it was about, in at most three sentences.
    pub summary: String,
    /// Language of the conversation, as BCP 47 tag; empty if not known.
    pub language: String,
    /// Why there is nothing to remember, if the model says so.
    pub nothing_said: Option<String>,
    /// What might be remembered.
    pub items: Vec<Proposal>,
    /// Items that could not even be read, each with what is wrong with it.
    pub flaws: Vec<Flaw>,
    /// The provider that read it.
    pub provider: String,
    /// The model that read it, as the provider calls it.
    pub model: String,
    /// Version of the prompt, or of the rules, it was read with.
    pub prompt_version: String,
    /// The answer as it came, to be shown to operators should nothing of it hold.
    pub raw: Option<String>,
}

/// An item as a model proposes it: not judged yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What sort of thing it is.
    pub kind: ItemKind,
    /// One self-contained sentence.
    pub text: String,
    /// How it stands; `None` means as such items usually begin.
    pub status: Option<ItemStatus>,
    /// How long an insight matters.
    pub horizon: Option<Horizon>,
    /// How directly the user said it.
    pub basis: Basis,
    /// The words it rests on.
    pub evidence: Vec<Quote>,
    /// When it is to happen, in the words said.
    pub due: Option<When>,
    /// What the user reports of how a goal is going.
    pub progress: Vec<Report>,
    /// Id of the remembered item that it repeats, perhaps with another status; of one from elsewhere if that is over now.
    pub same_as: Option<String>,
    /// Id of the item, remembered or from elsewhere, that it replaces.
    pub supersedes: Option<String>,
}

/// A report on a goal as a model proposes it: not judged yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The report in one sentence.
    pub note: String,
    /// The number reported.
    pub value: Option<f64>,
    /// Its unit; empty if none.
    pub unit: String,
    /// The number aimed at.
    pub target: Option<f64>,
    /// The words it rests on.
    pub quote: Quote,
}

/// When something is to happen, as a model found it. Code reckons the date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// The words said, such as "tomorrow at 10".
    pub phrase: String,
    /// What the model takes them for, as local ISO 8601 date or date and time without offset; only used where the words are not
    /// understood.
    pub value: Option<String>,
}

/// Why one proposed item cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Stable reason in upper snake case.
    pub reason: &'static str,
    /// The same for the model, by the path of the member.
    pub problem: String,
}

impl Proposal {
    /// A statement of the user in the message `seq`, in just these words.
    pub fn stated(kind: ItemKind, seq: i64, words: impl Into<String>) -> Self {
        let words = words.into();
        Self::stated_as(kind, words.clone(), seq, words)
    }

    /// `text`, which the user stated in the message `seq` with the words `quote`.
    pub fn stated_as(kind: ItemKind, text: impl Into<String>, seq: i64, quote: impl Into<String>) -> Self {
        let evidence = vec![Quote { seq, text: quote.into() }];
        Self {
            kind,
            text: text.into(),
            status: None,
            horizon: None,
            basis: Basis::Stated,
            evidence,
            due: None,
            progress: Vec::new(),
            same_as: None,
            supersedes: None,
        }
    }
}

/// Words that a model says it found in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quote {
    /// The message.
    pub seq: i64,
    /// The words.
    pub text: String,
}

/// Why a model did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It may answer later.
    #[error("{message}")]
    Temporary {
        /// Stable reason in upper snake case.
        reason: &'static str,
        /// The same for people, without any text of the conversation.
        message: String,
    },
    /// It answered something that cannot be used.
    #[error("{message}")]
    Unusable {
        /// Stable reason in upper snake case.
        reason: &'static str,
        /// What is wrong with the answer, for people and for the model, without any text of the conversation.
        message: String,
        /// The answer as it came.
        raw: String,
    },
    /// The question or its answer is too long: it has to be asked about less at a time.
    #[error("{message}")]
    TooMuch {
        /// Stable reason in upper snake case.
        reason: &'static str,
        /// The same for people, without any text of the conversation.
        message: String,
        /// The answer as far as it came.
        raw: Option<String>,
    },
    /// It cannot be reached, is too slow, or refuses everybody: not the fault of what it is asked.
    #[error("{message}")]
    Unreachable {
        /// Stable reason in upper snake case.
        reason: &'static str,
        /// The same for people, without any text of the conversation.
        message: String,
    },
    /// It is not the request's turn: a rate limit, an open circuit breaker, a budget.
    #[error("{message}")]
    NotNow {
        /// When to ask again.
        until: Timestamp,
        /// Stable reason in upper snake case.
        reason: &'static str,
        /// The same for people, without any text of the conversation.
        message: String,
    },
    /// It will never answer this.
    #[error("{message}")]
    Permanent {
        /// Stable reason in upper snake case.
        reason: &'static str,
        /// The same for people, without any text of the conversation.
        message: String,
    },
}

impl ModelError {
    /// No model is ready.
    fn nobody() -> Self {
        Self::Unreachable { reason: reason::NO_MODEL, message: "no model is ready".to_owned() }
    }

    /// The stable reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Temporary { reason, .. }
            | Self::Unusable { reason, .. }
            | Self::TooMuch { reason, .. }
            | Self::Unreachable { reason, .. }
            | Self::NotNow { reason, .. }
            | Self::Permanent { reason, .. } => reason,
        }
    }
}
