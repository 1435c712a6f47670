//! What a model is given to roll up, and what it answers: statements by their ids, so that it cannot make one up.

use jiff::Timestamp;

use super::Asker;
use crate::domain::model::{ConversationId, Item, ItemKind, ItemStatus, Usage};

/// One prompt's worth of a roll-up.
#[derive(Debug, Clone, PartialEq)]
pub struct RollUp {
    /// On whose behalf.
    pub asker: Asker,
    /// Standing statements that the new ones may repeat or replace; the most likely first.
    pub known: Vec<Statement>,
    /// How earlier conversations are told by now, the latest first.
    pub earlier: Vec<Phrase>,
    /// The conversations to roll up, in the order they were last spoken in. One with very much to say may come in several, each
    /// with other statements.
    pub told: Vec<Told>,
}

impl RollUp {
    /// Nothing to roll up yet.
    pub fn of(asker: Asker) -> Self {
        Self { asker, known: Vec::new(), earlier: Vec::new(), told: Vec::new() }
    }
}

/// A conversation to roll up.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Which.
    pub conversation_id: ConversationId,
    /// Its title.
    pub title: String,
    /// What it was about.
    pub summary: String,
    /// What its user stated.
    pub statements: Vec<Statement>,
}

/// A goal, decision or insight, without its evidence: the domain has that, under its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The id of the item.
    pub id: String,
    /// What sort of thing it is.
    pub kind: ItemKind,
    /// One self-contained sentence.
    pub text: String,
    /// How it stands; an insight has no status.
    pub status: Option<ItemStatus>,
    /// When it was last said.
    pub said_at: Timestamp,
}

/// How one or more conversations are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// A sentence or two.
    pub text: String,
    /// Every conversation that they speak of.
    pub conversations: Vec<ConversationId>,
}

/// What a model made of a roll-up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RolledUp {
    /// Ids of statements that say the same, group by group.
    pub same: Vec<Vec<String>>,
    /// Ids of an earlier statement and the later one that replaces it.
    pub superseded: Vec<(String, String)>,
    /// How conversations can be told more briefly. One that takes up an earlier phrase names all conversations of it. Those that
    /// none speaks of are told in their own words.
    pub phrases: Vec<Phrase>,
    /// The provider that rolled up.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// Version of the prompt, or of the rules.
    pub prompt_version: String,
    /// What the call consumed.
    pub usage: Usage,
}

impl Statement {
    /// What `item` states.
    pub fn of(item: &Item) -> Self {
        Self {
            id: item.id.clone(),
            kind: item.kind,
            text: item.text.clone(),
            status: item.status,
            said_at: item.last_said(),
        }
    }
}
