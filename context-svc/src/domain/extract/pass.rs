//! What one pass has gathered so far: what is remembered, and what was not believed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::chunk::Piece;
use super::judge::{Judge, Rejection};
use super::merge;
use crate::domain::model::{ContextOutcome, ConversationId, ConversationKey, Item, Progress, SessionContext, Usage};
use crate::domain::verdicts::Overlay;
use crate::llm::{Answer, Transcript};

/// Proposed items that do not hold, counted by stable reason.
pub(super) type Dropped = BTreeMap<&'static str, i64>;

/// Counts `more` to what was dropped before.
pub(super) fn add(dropped: &mut Dropped, more: &Dropped) {
    for (reason, count) in more {
        *dropped.entry(reason).or_default() += count;
    }
}

/// What holds of one answer.
pub(crate) struct Judged {
    /// The answer, without its items.
    pub(super) answer: Answer,
    /// The items that hold.
    pub(super) items: Vec<Item>,
    /// How many do not.
    pub(super) dropped: Dropped,
    /// What is wrong with them, for the model.
    pub(super) complaints: Vec<String>,
}

impl Judged {
    /// Judges every item of `answer` by itself.
    pub(crate) fn of(
        conversation_id: &ConversationId,
        transcript: &Transcript,
        mut answer: Answer,
        overlay: &Overlay,
    ) -> Self {
        let judge = Judge::new(conversation_id, transcript, overlay);
        let (mut items, mut dropped, mut complaints) = (Vec::new(), Dropped::new(), Vec::new());
        for flaw in std::mem::take(&mut answer.flaws) {
            *dropped.entry(flaw.reason).or_default() += 1;
            complaints.push(flaw.problem);
        }
        for proposal in std::mem::take(&mut answer.items) {
            match judge.judge(&proposal) {
                Ok(mut item) => {
                    let (progress, unfounded) = judge.progress(&proposal, &item);
                    if unfounded > 0 {
                        let rejection = Rejection::ProgressUnfounded;
                        *dropped.entry(rejection.as_str()).or_default() += i64::try_from(unfounded).unwrap_or(i64::MAX);
                        complaints.push(rejection.complaint(&proposal));
                    }
                    let reported_at = progress.iter().map(|report| report.said_at).max();
                    item.last_mentioned_at = item.last_mentioned_at.max(reported_at);
                    Progress::add(&mut item.progress, progress);
                    items.push(item);
                }
                Err(rejection) => {
                    *dropped.entry(rejection.as_str()).or_default() += 1;
                    complaints.push(rejection.complaint(&proposal));
                }
            }
        }
        answer.title = judge.of_this_talk(&answer.title);
        answer.summary = judge.of_this_talk(&answer.summary);
        Self { answer, items, dropped, complaints }
    }
}

/// One pass under way.
pub(crate) struct Pass {
    key: ConversationKey,
    now: Timestamp,
    /// What the user has said about items.
    overlay: Arc<Overlay>,
    /// What is remembered by now; `None` before the first answer of a conversation.
    so_far: Option<SessionContext>,
    /// The last message read; `None` while there was none.
    upto_seq: Option<i64>,
    /// What holds of other conversations.
    elsewhere: Arc<Vec<Item>>,
    answers: usize,
    dropped: Dropped,
}

impl Pass {
    /// A pass that begins `now` with what is remembered of the conversation.
    pub(crate) fn over(
        key: &ConversationKey,
        previous: Option<SessionContext>,
        overlay: Overlay,
        now: Timestamp,
    ) -> Self {
        Self {
            key: key.clone(),
            now,
            overlay: Arc::new(overlay),
            so_far: previous,
            upto_seq: None,
            elsewhere: Arc::default(),
            answers: 0,
            dropped: Dropped::new(),
        }
    }

    /// The same, knowing what holds of other conversations.
    pub(super) fn beside(self, elsewhere: Vec<Item>) -> Self {
        Self { elsewhere: Arc::new(elsewhere), ..self }
    }

    /// What holds of other conversations.
    pub(super) fn elsewhere(&self) -> &[Item] {
        &self.elsewhere
    }

    /// Whose conversation is read.
    pub(super) fn key(&self) -> &ConversationKey {
        &self.key
    }

    /// What is remembered by now as its user wants it to read.
    pub(crate) fn remembered(&self) -> Option<SessionContext> {
        let mut remembered = self.so_far.clone()?;
        self.overlay.lay_over_context(&mut remembered);
        Some(remembered)
    }

    /// What the user has said about items.
    pub(crate) fn overlay(&self) -> &Arc<Overlay> {
        &self.overlay
    }

    /// The last message that has been read to its end.
    pub(super) fn upto_seq(&self) -> Option<i64> {
        self.upto_seq
    }

    /// Whether it has got ahead, to the border of a message at which `piece` begins.
    pub(super) fn may_end_before(&self, piece: &Piece) -> bool {
        self.upto_seq.is_some_and(|upto| piece.messages[piece.fresh].seq > upto)
    }

    /// Notes that everything up to the message `upto_seq` has been read.
    pub(super) fn has_read(&mut self, upto_seq: Option<i64>) {
        self.upto_seq = self.upto_seq.max(upto_seq);
    }

    /// Counts what was not believed, also of an answer that was not taken.
    pub(super) fn count(&mut self, dropped: &Dropped) {
        add(&mut self.dropped, dropped);
    }

    /// Lays what holds of an answer over what is remembered. What it read for the first time begins with the message `fresh_seq`.
    pub(crate) fn take(&mut self, judged: Judged, fresh_seq: i64) {
        let Judged { answer, items, .. } = judged;
        let mut context = self.so_far.take().unwrap_or_else(|| SessionContext::blank(&self.key.conversation_id));
        for item in items {
            merge::remember(&mut context.items, item, fresh_seq, self.now);
        }
        merge::in_order_of_saying(&mut context.items);
        context.title = merge::title(&answer.title, &context.title);
        context.summary = merge::summary(&answer.summary, &context.summary);
        if !answer.language.is_empty() {
            context.language = answer.language;
        }
        context.provider = answer.provider;
        context.model = answer.model;
        // What was read with an older prompt before is still to be read again.
        if context.prompt_version.is_empty() {
            context.prompt_version = answer.prompt_version;
        }
        self.answers += 1;
        self.so_far = Some(context);
    }

    /// The result, which takes the place of what was `known` and has consumed `usage`.
    pub(crate) fn finish(self, known: Option<&SessionContext>, upto_seq: i64, usage: Usage) -> SessionContext {
        let mut context = self.so_far.unwrap_or_else(|| SessionContext::blank(&self.key.conversation_id));
        let remembers = !context.items.is_empty() || !context.summary.is_empty();
        context.outcome = match (remembers, self.answers) {
            (true, _) => ContextOutcome::Extracted,
            (false, 0) => context.outcome,
            (false, _) => ContextOutcome::NothingSaid,
        };
        let before = known.map(|known| known.items.as_slice()).unwrap_or_default();
        merge::keep_ids(&mut context.items, before);
        context.extracted_seq = self.upto_seq.unwrap_or(upto_seq);
        merge::keep_unread(&mut context.items, before, context.extracted_seq);
        merge::keep_rejected(&mut context.items, before, &self.overlay);
        context.changes = merge::changes(before, &context.items);
        context.items_dropped = self.dropped.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect();
        context.usage = usage;
        context.extracted_at = self.now;
        context
    }
}
