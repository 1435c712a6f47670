//! The seam to whoever answers in a talk.

use futures::stream::BoxStream;

use super::{Asker, ModelError};

/// Answers in talks.
pub trait Coach: Send + Sync + 'static {
    /// What its provider is called among the metrics.
    fn provider(&self) -> &'static str;

    /// Answers, piece by piece: words, and at last the whole. A stream that ends without it has failed.
    ///
    /// May be asked the same twice, and the stream may be dropped at any time.
    fn reply(&self, question: Question) -> BoxStream<'static, Result<Piece, ModelError>>;
}

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// On whose behalf: whose conversation it is, and who pays.
    pub asker: Asker,
    /// What the coach is told to be, and what it is to know.
    pub told: String,
    /// The talk so far. The user begins, the two take turns, and what is to be answered comes last.
    pub turns: Vec<Turn>,
}

/// What was said in one turn of a talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
}

/// Who speaks in a talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The user.
    User,
    /// Who answers.
    Coach,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The next words.
    Words(String),
    /// It is over.
    Whole {
        /// All of it. As a rule the words that came before; what counts is this.
        text: String,
        /// Whether it was cut at the most tokens it may have.
        is_cut: bool,
    },
}
