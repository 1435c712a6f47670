//! How much of what is unsummarised goes into one summary, and into one prompt.

use crate::domain::extract::chunk::approximate_tokens;
use crate::domain::model::Unsummarised;
use crate::llm::{Statement, Told};

/// What goes into one summary.
pub(super) struct Batch {
    /// How many of the oldest contexts, all of each.
    pub(super) count: usize,
    /// One prompt's worth each.
    pub(super) pieces: Vec<Vec<Told>>,
}

/// As many of `oldest` as fit into `pieces_max` prompts of `tokens_max`, at least one. What is left of all `open` is either nothing or
/// `enough` to make a job due again, where that is possible: a part of an import must not wait for talks to come.
pub(super) fn of(oldest: &[Unsummarised], tokens_max: usize, pieces_max: usize, open: usize, enough: usize) -> Batch {
    let fitting = cut(oldest, tokens_max).1.iter().take_while(|pieces| **pieces <= pieces_max).count();
    let mut count = fitting.max(1).min(oldest.len());
    let left = open.saturating_sub(count);
    if left > 0 && left < enough && open > enough {
        count = count.min(open - enough);
    }
    Batch { count, pieces: cut(&oldest[..count], tokens_max).0 }
}

/// Pieces of at most `tokens_max`, unless a single statement has more; and for each context how many it takes to its end.
fn cut(contexts: &[Unsummarised], tokens_max: usize) -> (Vec<Vec<Told>>, Vec<usize>) {
    let mut pieces = Pieces { done: Vec::new(), current: Vec::new(), tokens: 0, tokens_max };
    let mut ends = Vec::with_capacity(contexts.len());
    for Unsummarised { context, .. } in contexts {
        let opening = Told {
            conversation_id: context.conversation_id.clone(),
            title: context.title.clone(),
            summary: context.summary.clone(),
            statements: Vec::new(),
        };
        pieces.make_room(approximate_tokens(&context.title) + approximate_tokens(&context.summary));
        pieces.current.push(opening);
        for item in &context.items {
            if pieces.make_room(approximate_tokens(&item.text)) {
                let conversation_id = context.conversation_id.clone();
                let (title, summary) = (String::new(), String::new());
                pieces.current.push(Told { conversation_id, title, summary, statements: Vec::new() });
            }
            if let Some(told) = pieces.current.last_mut() {
                told.statements.push(Statement::of(item));
            }
        }
        ends.push(pieces.done.len() + 1);
    }
    pieces.make_room(usize::MAX);
    (pieces.done, ends)
}

struct Pieces {
    done: Vec<Vec<Told>>,
    current: Vec<Told>,
    tokens: usize,
    tokens_max: usize,
}

impl Pieces {
    /// Begins a new piece if `tokens` more do not fit into this one. Whether it did.
    fn make_room(&mut self, tokens: usize) -> bool {
        let is_full = self.tokens.saturating_add(tokens) > self.tokens_max && !self.current.is_empty();
        if is_full {
            self.done.push(std::mem::take(&mut self.current));
            self.tokens = 0;
        }
        self.tokens = self.tokens.saturating_add(tokens);
        is_full
    }
}
