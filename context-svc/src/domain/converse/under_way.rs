//! One reply, from its question to its place in the conversation.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use kit::error::Classify;
use tokio::sync::{SemaphorePermit, watch};

use super::following::{Answered, End, Progress};
use super::{Converse, ReplyError, Shared, prompt};
use crate::domain::append::Draft;
use crate::domain::model::{ConversationKey, Message, Role, TalkSoFar, reply_id};
use crate::domain::recall::Ask;
use crate::llm::{Asker, ModelError, Piece, Question, reason};
use crate::metrics::ModelCall;
use crate::store::StoreError;

/// No message is longer.
const REPLY_BYTES_MAX: usize = 32_768;

/// So many more messages are read than may stand in the prompt: replies and the application's own words may follow what is answered.
const BEYOND_HISTORY: usize = 50;

/// So many messages are read to learn what is answered while there is no turn.
const GLANCE: usize = 8;

/// So much of what the user says decides what is remembered of it.
const QUERY_BYTES_MAX: usize = 1024;

/// When somebody who found no turn may try again.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What the call is named among the metrics.
const OPERATION: &str = "chat";

/// A reply that is being made. Dropped, it is no longer under way.
pub(super) struct UnderWay {
    shared: Arc<Shared>,
    key: ConversationKey,
    progress: watch::Sender<Progress>,
    began: Duration,
}

/// What the model said.
struct Said {
    text: String,
    is_cut: bool,
}

impl UnderWay {
    pub(super) fn new(shared: Arc<Shared>, key: ConversationKey, progress: watch::Sender<Progress>) -> Self {
        let began = shared.converse.clock.uptime();
        Self { shared, key, progress, began }
    }

    /// Makes it, and tells everybody who follows. Given up once `unless` completes, or a while after the drain has begun.
    pub(super) async fn make(self, unless: BoxFuture<'static, ()>) {
        let end = tokio::select! {
            biased;
            () = unless => Err(Trouble::GivenUp),
            () = self.time_to_stop() => Err(Trouble::GivenUp),
            end = self.compose() => end,
        };
        let end = end.unwrap_or_else(|trouble| self.failed(&trouble));
        self.converse().metrics.replied(&end);
        // In this order: whoever is told may ask for the next at once.
        self.leave();
        self.progress.send_modify(|progress| progress.end = Some(end));
    }

    async fn compose(&self) -> Result<End, Trouble> {
        let turn = match self.shared.turns.try_acquire() {
            Ok(turn) => turn,
            Err(_) => {
                // Many may wait: none of them holds the talk meanwhile.
                if let ControlFlow::Break(end @ End::Stored { .. }) = self.look(GLANCE).await? {
                    return Ok(end);
                }
                self.turn().await?
            }
        };
        let limit = self.converse().terms.history_messages + BEYOND_HISTORY;
        let (talk, newest) = match self.look(limit).await? {
            ControlFlow::Continue(asked) => asked,
            ControlFlow::Break(end) => return Ok(end),
        };
        let said = self.ask(&talk, &newest).await;
        drop(turn);
        self.store(&talk, &newest, said?).await
    }

    /// The newest messages and which of them is to be answered, or that none is. Everybody who follows learns what is answered.
    async fn look(&self, limit: usize) -> Result<ControlFlow<End, (TalkSoFar, Message)>, Trouble> {
        let talk = self.converse().store.talk_so_far(&self.key, limit).await?;
        let Some(talk) = talk else { return Ok(ControlFlow::Break(End::Nothing)) };
        let Some(newest) = prompt::newest_of_user(&talk.messages).cloned() else {
            return Ok(ControlFlow::Break(End::Nothing));
        };
        let answered = Answered { seq: newest.seq, client_id: newest.client_id.clone() };
        self.progress.send_modify(|progress| progress.answered = Some(answered));
        Ok(match prompt::reply_to(&talk.messages, newest.seq) {
            Some(seq) => ControlFlow::Break(End::Stored { seq, is_cut: false }),
            None => ControlFlow::Continue((talk, newest)),
        })
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Trouble> {
        let Converse { terms, clock, .. } = self.converse();
        tokio::select! {
            biased;
            turn = self.shared.turns.acquire() => turn.map_err(|_| Trouble::NoTurn),
            () = clock.sleep(terms.first_word) => Err(Trouble::NoTurn),
        }
    }

    async fn ask(&self, talk: &TalkSoFar, newest: &Message) -> Result<Said, Trouble> {
        let clock = &self.converse().clock;
        let question = self.question(talk, newest).await;
        let asked = clock.uptime();
        let said = self.listen(question).await;
        let error = said.as_ref().err().map(Trouble::reason);
        let (provider, took) = (self.converse().coach.provider(), clock.uptime().saturating_sub(asked));
        self.converse().metrics.model_asked(ModelCall { operation: OPERATION, provider, took, error });
        said
    }

    /// What to ask: the memory is the best for what was just said, without what stands in the talk itself.
    async fn question(&self, talk: &TalkSoFar, newest: &Message) -> Question {
        let Converse { recall, terms, clock, .. } = self.converse();
        let (messages, upto, bounds) = (talk.messages.clone(), newest.seq, terms.clone());
        // Counting takes a while, and the threads of the runtime have others to serve.
        let composing = tokio::task::spawn_blocking(move || prompt::history(messages, upto, &bounds));
        let history = composing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let query = newest.text[..newest.text.floor_char_boundary(QUERY_BYTES_MAX)].to_owned();
        let ask = Ask { budget_tokens: terms.context_tokens, query, now: clock.now() };
        let held = Some((&self.key.conversation_id, history.from_seq));
        let memory = match recall.context_beside(&self.key.user_id, &ask, held).await {
            Ok(memory) => memory.text,
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "a reply is made without what is remembered");
                String::new()
            }
        };
        let asker =
            Asker { user_id: self.key.user_id.clone(), conversation_id: Some(self.key.conversation_id.clone()) };
        let told = prompt::told(&terms.prompt, &memory, ask.now, newest.time_zone.as_deref());
        Question { asker, told, turns: history.turns }
    }

    /// Hears the model out, and passes on what it says. The first word may take so long, and the whole so long.
    async fn listen(&self, question: Question) -> Result<Said, Trouble> {
        let Converse { coach, terms, clock, metrics, .. } = self.converse();
        let mut pieces = coach.reply(question);
        let mut until = self.began + terms.first_word;
        let mut patience = clock.sleep(until.saturating_sub(clock.uptime()));
        let mut is_cut = false;
        loop {
            // Patience first, and everybody else gets a turn: a model that never pauses must not outrun the time it has.
            let piece = tokio::select! {
                biased;
                () = &mut patience => return Err(Trouble::TooSlow),
                piece = pieces.next() => piece.ok_or(Trouble::Broken)??,
            };
            if clock.uptime() > until {
                return Err(Trouble::TooSlow);
            }
            tokio::task::consume_budget().await;
            match piece {
                Piece::Words(words) => {
                    if self.progress.borrow().text.is_empty() {
                        let now = clock.uptime();
                        metrics.first_word(now.saturating_sub(self.began));
                        until = self.began + terms.whole;
                        patience = clock.sleep(until.saturating_sub(now));
                    }
                    is_cut |= self.pass_on(&words);
                }
                Piece::Whole { text, is_cut: was_cut } => {
                    let (text, too_long) = storable(&text);
                    return Ok(Said { text, is_cut: is_cut || was_cut || too_long });
                }
            }
        }
    }

    /// Adds words to what is heard, as far as a message may be long. Whether some were left out.
    fn pass_on(&self, words: &str) -> bool {
        let mut too_long = false;
        self.progress.send_modify(|progress| {
            let words = words.replace('\0', "");
            let room = REPLY_BYTES_MAX - progress.text.len();
            let taken = words.floor_char_boundary(room);
            progress.text.push_str(&words[..taken]);
            too_long = taken < words.len();
        });
        too_long
    }

    async fn store(&self, talk: &TalkSoFar, newest: &Message, said: Said) -> Result<End, Trouble> {
        let Said { text, is_cut } = said;
        if text.trim().is_empty() {
            return Err(Trouble::SaidNothing);
        }
        // What was kept back until the end, because it might have been a thought, is heard now.
        self.progress.send_if_modified(|progress| {
            let rest = text.strip_prefix(progress.text.as_str()).filter(|rest| !rest.is_empty());
            rest.inspect(|rest| progress.text.push_str(rest)).is_some()
        });
        let (client_id, name) = (reply_id(newest.seq), String::new());
        let draft = Draft { client_id, role: Role::Assistant, name, text, at: None };
        match self.converse().append.reply(&self.key, &talk.incarnation, draft).await? {
            Some(message) => Ok(End::Stored { seq: message.seq, is_cut }),
            None => Err(Trouble::ConversationGone),
        }
    }

    /// Completes once the process has been draining for as long as a reply may go on.
    async fn time_to_stop(&self) {
        let Converse { lifecycle, clock, terms, .. } = self.converse();
        lifecycle.draining().cancelled_owned().await;
        clock.sleep(terms.drain).await;
    }

    fn failed(&self, trouble: &Trouble) -> End {
        tracing::warn!(reason = trouble.reason(), "there is no reply: {trouble}");
        End::Failed(match trouble {
            Trouble::Model(error) => ReplyError::of_model(error, &self.converse().clock),
            Trouble::NoTurn => ReplyError::Busy { retry_after: BUSY_WAIT },
            _ => ReplyError::Failed,
        })
    }

    fn leave(&self) {
        let mut under_way = self.shared.under_way.lock();
        let is_this =
            under_way.get(&self.key).is_some_and(|progress| progress.same_channel(&self.progress.subscribe()));
        if is_this {
            under_way.remove(&self.key);
        }
    }

    fn converse(&self) -> &Converse {
        &self.shared.converse
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.leave();
    }
}

/// `text` as a message may be, and whether that is less of it.
fn storable(text: &str) -> (String, bool) {
    let text = text.replace('\0', "");
    let end = text.floor_char_boundary(REPLY_BYTES_MAX);
    (text[..end].to_owned(), end < text.len())
}

/// Why there is no reply, for the log and the metrics.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Model(#[from] ModelError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the model did not end its answer")]
    Broken,
    #[error("the model took too long")]
    TooSlow,
    #[error("the model said nothing")]
    SaidNothing,
    #[error("as many replies as may be are under way")]
    NoTurn,
    #[error("the conversation is gone")]
    ConversationGone,
    #[error("its login session has ended, or the process is about to")]
    GivenUp,
}

impl Trouble {
    fn reason(&self) -> &'static str {
        match self {
            Self::Model(error) => error.reason(),
            Self::Store(error) => error.reason(),
            Self::Broken => crate::llm::api::reason::UNREACHABLE,
            Self::TooSlow => crate::llm::api::reason::TIMEOUT,
            Self::SaidNothing => reason::OUTPUT_EMPTY,
            Self::NoTurn => "NO_TURN",
            Self::ConversationGone => "CONVERSATION_GONE",
            Self::GivenUp => "GIVEN_UP",
        }
    }
}
