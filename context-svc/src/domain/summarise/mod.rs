//! From session contexts to the summary of a user: one pass of one summary job.
//!
//! Code takes every statement in; a model only proposes what is the same, what replaces what, and how to tell it briefly. So
//! nothing is remembered that no conversation said, and what a model leaves out stays. Has no effect of its own.

mod batch;
mod gather;
mod judge;
mod standing;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit::clock::SharedClock;
use kit::id::UserId;

use super::extract::{Cut, failure_of};
use super::model::{Failure, Pick, Summarised, Summariser, Summary, Usage};
use super::recall::rank;
use super::verdicts::Overlay;
use crate::domain::extract::chunk::approximate_tokens;
use crate::llm::{Asker, Phrase, Readers, RollUp, Statement, Told};

pub(super) use standing::statements;

/// Rolls up what summary jobs pick.
pub struct RollUps {
    readers: Readers,
    clock: SharedClock,
    cut: Cut,
    enough: usize,
    enough_after: Duration,
}

impl RollUps {
    /// Has `readers` roll up, in pieces as `cut` says; `enough` unsummarised contexts make a job due. No further piece is begun
    /// after `enough_after`.
    pub fn new(
        readers: impl Into<Readers>,
        clock: SharedClock,
        cut: Cut,
        enough: usize,
        enough_after: Duration,
    ) -> Self {
        Self { readers: readers.into(), clock, cut, enough, enough_after }
    }
}

#[async_trait]
impl Summariser for RollUps {
    fn is_ready(&self) -> bool {
        self.readers.are_ready()
    }

    async fn summarise(&self, pick: &Pick) -> Result<Summarised, Failure> {
        // A half for what is new, a half for what it may repeat or replace.
        let half = (self.cut.tokens_max / 2).max(1);
        let overlay = Arc::new(Overlay::of(&pick.user_id, &pick.said));
        let mut shown = pick.oldest.clone();
        shown.iter_mut().for_each(|each| overlay.lay_over_context(&mut each.context));
        let batch = batch::of(&shown, half, self.cut.pieces_max, pick.open.len(), self.enough);
        // What is stored is what was extracted: a verdict may be taken back.
        let contexts = pick.oldest[..batch.count].to_vec();
        let covered: BTreeSet<_> = contexts.iter().map(|context| context.covered.clone()).collect();
        let mut summary = pick.summary.clone();
        summary.usage = Usage::default();
        summary = blocking(move || {
            gather::take_in(&mut summary, &contexts);
            summary
        })
        .await?;
        let enough_at = self.clock.uptime() + self.enough_after;
        for (place, told) in batch.pieces.into_iter().enumerate() {
            if place > 0 && self.clock.uptime() >= enough_at {
                break;
            }
            match self.roll_up(pick.user_id.clone(), summary.clone(), told, overlay.clone(), half).await {
                Ok(rolled_up) => summary = rolled_up,
                // Every statement is taken in already; what a model leaves out stays as it is.
                Err(failure) if place > 0 => {
                    tracing::warn!(reason = failure.reason, "a roll-up ends early");
                    break;
                }
                Err(failure) => return Err(failure),
            }
        }
        gather::bound(&mut summary);
        summary.epoch += 1;
        summary.made_at = self.clock.now();
        Ok(Summarised { summary, covered })
    }
}

impl RollUps {
    async fn roll_up(
        &self,
        user: UserId,
        summary: Summary,
        told: Vec<Told>,
        overlay: Arc<Overlay>,
        half: usize,
    ) -> Result<Summary, Failure> {
        let now = self.clock.now();
        let prepare = move || {
            let mut shown = summary.clone();
            overlay.lay_over_summary(&mut shown);
            (prompt(user, &shown, told, half, now), summary)
        };
        let (roll_up, mut summary) = blocking(prepare).await?;
        let answer = self.readers.summarise(&roll_up).await.map_err(failure_of)?;
        blocking(move || {
            summary.provider.clone_from(&answer.provider);
            summary.model.clone_from(&answer.model);
            summary.prompt_version.clone_from(&answer.prompt_version);
            summary.usage = summary.usage + answer.usage;
            let dropped = judge::apply(&mut summary, &roll_up, &answer);
            if dropped > 0 {
                tracing::info!(dropped, "proposals of a roll-up do not hold");
            }
            summary
        })
        .await
    }
}

/// The piece `told`, with as much of what stands already as fits: what it speaks of first, then the latest.
fn prompt(user: UserId, summary: &Summary, told: Vec<Told>, budget: usize, now: jiff::Timestamp) -> RollUp {
    let is_told: BTreeSet<_> = told.iter().map(|told| &told.conversation_id).collect();
    let statements = told.iter().flat_map(|told| told.statements.iter().map(|statement| statement.text.as_str()));
    let spoken_of = statements.collect::<Vec<_>>().join("\n");
    let others = summary.items().into_iter().filter(|item| !is_told.contains(&item.conversation_id));
    let ranked = rank::rank(others, &spoken_of, now);
    let known = within(budget * 3 / 4, ranked.iter().map(Statement::of), |statement| &statement.text);
    let parts =
        summary.parts.iter().filter(|part| !part.talks.iter().any(|talk| is_told.contains(&talk.conversation_id)));
    let phrases = parts.map(|part| Phrase {
        text: part.text(),
        conversations: part.talks.iter().map(|talk| talk.conversation_id.clone()).collect(),
    });
    let earlier = within(budget / 4, phrases, |phrase| &phrase.text);
    RollUp { asker: Asker { user_id: user, conversation_id: None }, known, earlier, told }
}

/// The first of `all` that together have at most `budget` tokens.
fn within<T>(budget: usize, all: impl Iterator<Item = T>, text: impl Fn(&T) -> &str) -> Vec<T> {
    let mut left = budget;
    let fits = |each: &T| match left.checked_sub(approximate_tokens(text(each))) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    all.take_while(fits).collect()
}

/// Comparing statements takes a while, and the threads of the runtime have others to serve.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::retry("PANIC", "the roll-up panicked"))
}
