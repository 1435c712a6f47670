//! From the messages of a conversation to what is remembered of it: one pass of one job.
//!
//! Reads what is new since the last pass, has a model propose, believes nothing that is not grounded in what the user said,
//! and lays the rest over what was remembered before. Has no effect of its own: the queue saves the result.

pub(super) mod chunk;
pub mod echo;
pub mod fold;
mod judge;
pub(super) mod merge;

#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kit::clock::SharedClock;

use crate::domain::model::{
    ContextOutcome, ConversationId, Failure, Job, Message, Processor, Role, SessionContext, Usage,
};
use crate::llm::{Answer, Asker, Model, ModelError, Transcript};
use crate::store::{Store, StoreError};

pub use chunk::Cut;

use chunk::{approximate_tokens, pieces};
use judge::{Judge, Rejection};

/// How many messages are read from the store at once; a talk may have more than fit into memory.
const READ_AT_ONCE: i64 = 200;

/// Turns claimed jobs into session contexts.
pub struct Extractor {
    store: Arc<dyn Store>,
    model: Arc<dyn Model>,
    clock: SharedClock,
    cut: Cut,
}

impl Extractor {
    /// An extractor that has `model` read and cuts long talks as `cut` says.
    pub fn new(store: Arc<dyn Store>, model: Arc<dyn Model>, clock: SharedClock, cut: Cut) -> Self {
        Self { store, model, clock, cut }
    }
}

#[async_trait]
impl Processor for Extractor {
    fn is_ready(&self) -> bool {
        self.model.is_ready()
    }

    async fn process(&self, job: &Job) -> Result<SessionContext, Failure> {
        // A higher generation reads everything again, as if for the first time.
        let from_scratch = job.want.generation() > job.done.generation();
        let after_seq = if from_scratch { 0 } else { job.done.seq() };
        let previous =
            if from_scratch { None } else { self.store.find_context(job.key()).await.map_err(unreadable)? };
        let overlap = i64::try_from(self.cut.overlap).unwrap_or(0);
        let read_from = (after_seq - overlap).max(0);
        let messages = self.messages(job, read_from).await?;

        let mut pass = Pass::over(&job.key().conversation_id, previous);
        let read_before = messages.iter().take_while(|message| message.seq <= after_seq).count();
        for piece in pieces(&messages, read_before, self.cut) {
            pass.upto_seq = Some(messages[piece.messages.end - 1].seq);
            if messages[piece.fresh..piece.messages.end].iter().any(is_said_by_user) {
                pass = self.read(job, pass, messages[piece.messages].to_vec()).await?;
            }
        }
        let mut context = pass.finish(job.upto_seq())?;
        context.extracted_at = self.clock.now();
        Ok(context)
    }
}

impl Extractor {
    /// The messages after `read_from` up to the job's last one, or at least as many as one pass can take.
    async fn messages(&self, job: &Job, read_from: i64) -> Result<Vec<Message>, Failure> {
        let enough = self.cut.tokens_max.saturating_mul(self.cut.pieces_max);
        let (mut messages, mut tokens, mut after_seq) = (Vec::new(), 0, read_from);
        while after_seq < job.upto_seq() && tokens <= enough {
            let upto_seq = job.upto_seq().min(after_seq + READ_AT_ONCE);
            let part = self.store.transcript(&job.lease, after_seq, upto_seq).await.map_err(unreadable)?;
            tokens += part.iter().map(|message| approximate_tokens(&message.text)).sum::<usize>();
            messages.extend(part.into_iter().map(without_our_own_words));
            after_seq = upto_seq;
        }
        Ok(messages)
    }

    async fn read(&self, job: &Job, mut pass: Pass, messages: Vec<Message>) -> Result<Pass, Failure> {
        let key = job.key();
        let asker = Asker { user_id: key.user_id.clone(), conversation_id: Some(key.conversation_id.clone()) };
        let transcript = Transcript { previous: pass.so_far.clone(), ..Transcript::of(asker, messages) };
        tracing::debug!(messages = transcript.messages.len(), "the model is asked");
        kit::failpoint::reached("model-asked");
        let answer = self.model.extract(&transcript).await.map_err(failure_of)?;
        // Finding every quote takes a while, and the threads of the runtime have others to serve.
        let judged = tokio::task::spawn_blocking(move || {
            pass.take(&transcript, answer);
            pass
        });
        judged.await.map_err(|_| Failure::retry("PANIC", "the extraction panicked"))
    }
}

/// One pass under way.
struct Pass {
    conversation_id: ConversationId,
    /// What is remembered by now; `None` before the first answer of a conversation.
    so_far: Option<SessionContext>,
    /// The last message of the pieces read; `None` while there were none.
    upto_seq: Option<i64>,
    answers: usize,
    accepted: usize,
    nothing_said: bool,
    dropped: BTreeMap<Rejection, i64>,
    usage: Usage,
}

impl Pass {
    fn over(conversation_id: &ConversationId, previous: Option<SessionContext>) -> Self {
        Self {
            conversation_id: conversation_id.clone(),
            upto_seq: None,
            so_far: previous,
            answers: 0,
            accepted: 0,
            nothing_said: false,
            dropped: BTreeMap::new(),
            usage: Usage::default(),
        }
    }

    fn take(&mut self, transcript: &Transcript, answer: Answer) {
        let judge = Judge::new(&self.conversation_id, &transcript.messages, transcript.previous.as_ref());
        let mut context = self.so_far.take().unwrap_or_else(|| blank(&self.conversation_id));
        for proposal in &answer.items {
            match judge.judge(proposal) {
                Ok(item) => {
                    self.accepted += 1;
                    merge::remember(&mut context.items, item);
                }
                Err(rejection) => *self.dropped.entry(rejection).or_default() += 1,
            }
        }
        merge::in_order_of_saying(&mut context.items);
        context.title = merge::title(&answer.title, &context.title);
        context.summary = merge::summary(&answer.summary, &context.summary);
        if !answer.language.is_empty() {
            context.language = answer.language;
        }
        context.provider = answer.provider;
        context.model = answer.model;
        context.prompt_version = answer.prompt_version;
        self.answers += 1;
        self.nothing_said |= answer.nothing_said.is_some();
        self.usage = sum(self.usage, answer.usage);
        self.so_far = Some(context);
    }

    /// The result, unless what the model said is no result: then the attempt has failed.
    fn finish(self, upto_seq: i64) -> Result<SessionContext, Failure> {
        let dropped: i64 = self.dropped.values().sum();
        if dropped > 0 && self.accepted == 0 {
            let reasons: Vec<String> =
                self.dropped.iter().map(|(reason, count)| format!("{count} {}", reason.as_str())).collect();
            return Err(Failure::retry("ALL_REJECTED", format!("no proposed item holds: {}", reasons.join(", "))));
        }
        let mut context = self.so_far.unwrap_or_else(|| blank(&self.conversation_id));
        let remembers = !context.items.is_empty() || !context.summary.is_empty();
        context.outcome = match (remembers, self.answers) {
            (true, _) => ContextOutcome::Extracted,
            (false, 0) => context.outcome,
            (false, _) if self.nothing_said => ContextOutcome::NothingSaid,
            (false, _) => {
                return Err(Failure::retry(
                    "NOTHING_UNEXPLAINED",
                    "the model gave neither items nor a reason for none",
                ));
            }
        };
        context.extracted_seq = self.upto_seq.unwrap_or(upto_seq);
        context.items_dropped =
            self.dropped.into_iter().map(|(reason, count)| (reason.as_str().to_owned(), count)).collect();
        context.usage = self.usage;
        Ok(context)
    }
}

fn blank(conversation_id: &ConversationId) -> SessionContext {
    SessionContext {
        conversation_id: conversation_id.clone(),
        title: String::new(),
        summary: String::new(),
        language: String::new(),
        items: Vec::new(),
        provider: String::new(),
        model: String::new(),
        prompt_version: String::new(),
        usage: Usage::default(),
        extracted_seq: 0,
        outcome: ContextOutcome::Empty,
        items_dropped: BTreeMap::new(),
        extracted_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn without_our_own_words(mut message: Message) -> Message {
    if let std::borrow::Cow::Owned(kept) = echo::without_echo(&message.text) {
        message.text = kept;
    }
    message
}

/// Whether a message is of the user and more than white space.
fn is_said_by_user(message: &Message) -> bool {
    message.role == Role::User && !fold::fold(&message.text).is_empty()
}

pub(super) fn sum(a: Usage, b: Usage) -> Usage {
    Usage {
        calls: a.calls + b.calls,
        input_tokens: a.input_tokens + b.input_tokens,
        cached_input_tokens: a.cached_input_tokens + b.cached_input_tokens,
        output_tokens: a.output_tokens + b.output_tokens,
        cost_micro_usd: a.cost_micro_usd + b.cost_micro_usd,
    }
}

fn unreadable(error: StoreError) -> Failure {
    Failure::outage("STORE_UNAVAILABLE", error.to_string())
}

pub(super) fn failure_of(error: ModelError) -> Failure {
    match error {
        ModelError::Temporary { reason, message } | ModelError::Unusable { reason, message, .. } => {
            Failure::retry(reason, message)
        }
        ModelError::Unreachable { reason, message } => Failure::outage(reason, message),
        ModelError::NotNow { until, reason, message } => Failure::snooze(until, reason, message),
        ModelError::Permanent { reason, message } => Failure::give_up(reason, message),
    }
}
