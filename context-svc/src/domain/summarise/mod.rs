//! From session contexts to the summary of a user: one pass of one summary job.
//!
//! Code takes every statement in; a model only proposes what is the same, what replaces what, and how to tell it briefly. So
//! nothing is remembered that no conversation said, and what a model leaves out stays. Has no effect of its own.

mod batch;
mod gather;
mod judge;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kit::clock::SharedClock;
use kit::id::UserId;

use super::extract::{Cut, failure_of, sum};
use super::model::{Failure, Pick, Summarised, Summariser, Summary, Usage};
use super::recall::rank;
use crate::domain::extract::chunk::approximate_tokens;
use crate::llm::{Asker, Model, Phrase, RollUp, Statement, Told};

/// Rolls up what summary jobs pick.
pub struct RollUps {
    model: Arc<dyn Model>,
    clock: SharedClock,
    cut: Cut,
    enough: usize,
}

impl RollUps {
    /// Has `model` roll up, in pieces as `cut` says; `enough` unsummarised contexts make a job due.
    pub fn new(model: Arc<dyn Model>, clock: SharedClock, cut: Cut, enough: usize) -> Self {
        Self { model, clock, cut, enough }
    }
}

#[async_trait]
impl Summariser for RollUps {
    fn is_ready(&self) -> bool {
        self.model.is_ready()
    }

    async fn summarise(&self, pick: &Pick) -> Result<Summarised, Failure> {
        // A half for what is new, a half for what it may repeat or replace.
        let half = (self.cut.tokens_max / 2).max(1);
        let batch = batch::of(&pick.oldest, half, self.cut.pieces_max, pick.open.len(), self.enough);
        let covered: BTreeSet<_> = batch.contexts.iter().map(|context| context.covered.clone()).collect();
        let (mut summary, contexts) = (pick.summary.clone(), batch.contexts.to_vec());
        summary.usage = Usage::default();
        summary = blocking(move || {
            gather::take_in(&mut summary, &contexts);
            summary
        })
        .await?;
        for told in batch.pieces {
            summary = self.roll_up(pick.user_id.clone(), summary, told, half).await?;
        }
        gather::bound(&mut summary);
        summary.epoch += 1;
        summary.made_at = self.clock.now();
        Ok(Summarised { summary, covered })
    }
}

impl RollUps {
    async fn roll_up(&self, user: UserId, summary: Summary, told: Vec<Told>, half: usize) -> Result<Summary, Failure> {
        let now = self.clock.now();
        let prepare = move || (prompt(user, &summary, told, half, now), summary);
        let (roll_up, mut summary) = blocking(prepare).await?;
        let answer = self.model.summarise(&roll_up).await.map_err(failure_of)?;
        blocking(move || {
            summary.provider.clone_from(&answer.provider);
            summary.model.clone_from(&answer.model);
            summary.prompt_version.clone_from(&answer.prompt_version);
            summary.usage = sum(summary.usage, answer.usage);
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
