//! A reply under way, for as many as want to hear it, each at their own pace.

use tokio::sync::watch;

use super::ReplyError;
use crate::domain::model::ClientId;

/// How far a reply has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// What is answered, once that is known.
    pub(super) answered: Option<Answered>,
    /// The words so far.
    pub(super) text: String,
    /// How it ended.
    pub(super) end: Option<End>,
}

/// The message that a reply answers: the newest of the user when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its place in the conversation.
    pub seq: i64,
    /// What its client calls it.
    pub client_id: ClientId,
}

/// How a reply ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It is stored.
    Stored {
        /// Its place in the conversation.
        seq: i64,
        /// Whether it was cut short.
        is_cut: bool,
    },
    /// There is none, and nothing of it is stored.
    Failed(ReplyError),
    /// There is nothing to be answered.
    Nothing,
}

/// What one who follows hears next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The next words, all that have come since the last.
    Words(String),
    /// It is over.
    End(End),
}

/// Follows a reply. Who falls behind hears more at once; nobody holds the reply up, and dropping this ends nothing.
#[derive(Debug)]
pub struct Following {
    progress: watch::Receiver<Progress>,
    heard: usize,
    is_joined: bool,
}

impl Following {
    pub(super) fn of(progress: watch::Receiver<Progress>, is_joined: bool) -> Self {
        Self { progress, heard: 0, is_joined }
    }

    /// The message that is answered, once that is known.
    pub fn answered(&self) -> Option<Answered> {
        self.progress.borrow().answered.clone()
    }

    /// Whether the reply began before it was asked for this time, and so may not answer what has been said since.
    pub fn is_joined(&self) -> bool {
        self.is_joined
    }

    /// What comes next; after the end, the end. May be dropped at any time without missing anything.
    pub async fn next(&mut self) -> Heard {
        let heard = self.heard;
        let is_new = |progress: &Progress| progress.text.len() > heard || progress.end.is_some();
        match self.progress.wait_for(|progress| is_new(progress)).await {
            Ok(progress) => match progress.text.get(heard..).filter(|words| !words.is_empty()) {
                Some(words) => {
                    self.heard = progress.text.len();
                    Heard::Words(words.to_owned())
                }
                None => Heard::End(progress.end.clone().unwrap_or(End::Nothing)),
            },
            // Whoever made the reply is gone without a word: it panicked, or the process ends.
            Err(_) => Heard::End(End::Failed(ReplyError::Failed)),
        }
    }

    /// Completes once the reply is over.
    pub async fn is_over(&mut self) {
        // An error says the same.
        let _ = self.progress.wait_for(|progress| progress.end.is_some()).await;
    }
}
