//! Judges what a model proposes for a summary: it may join, replace and rephrase what it was given, and nothing else.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::gather;
use crate::domain::extract::merge;
use crate::domain::model::{ConversationId, Item, ItemKind, Part, Summary, Supersession, Talk};
use crate::domain::recall::rank::terms;
use crate::llm::{Phrase, RollUp, RolledUp, Statement};

/// Applies what holds of `answer`. How many proposals did not.
pub(super) fn apply(summary: &mut Summary, roll_up: &RollUp, answer: &RolledUp) -> usize {
    let given = Given::of(summary, roll_up);
    let mut dropped = 0;
    for ids in &answer.same {
        dropped += usize::from(!join(summary, &given, ids));
    }
    for (earlier, later) in &answer.superseded {
        dropped += usize::from(!supersede(summary, &given, earlier, later));
    }
    for phrase in &answer.phrases {
        dropped += usize::from(!rephrase(summary, &given, phrase));
    }
    summary.tidy();
    dropped
}

/// What the model was given, and so may speak of.
struct Given {
    statements: HashMap<String, (ItemKind, Timestamp)>,
    /// The words of each conversation; of those that may be rephrased and of those that only statements are known of.
    words: HashMap<ConversationId, HashSet<String>>,
    phrasable: HashSet<ConversationId>,
    /// Those that are told together so far. A wording that takes over only some of them may carry words of the others.
    together: Vec<HashSet<ConversationId>>,
}

impl Given {
    fn of(summary: &Summary, roll_up: &RollUp) -> Self {
        let told = roll_up.told.iter().flat_map(|told| &told.statements);
        let known = roll_up.known.iter().chain(told);
        let statements = known.map(|Statement { id, kind, said_at, .. }| (id.clone(), (*kind, *said_at))).collect();
        let together = roll_up.earlier.iter().map(|phrase| phrase.conversations.iter().cloned().collect()).collect();
        let mut given = Self { statements, words: HashMap::new(), phrasable: HashSet::new(), together };
        for item in summary.said().filter(|item| given.statements.contains_key(&item.id)) {
            given.words.entry(item.conversation_id.clone()).or_default().extend(terms(&item.text));
        }
        for told in &roll_up.told {
            given.shows(&told.conversation_id, &format!("{} {}", told.title, told.summary));
        }
        for phrase in &roll_up.earlier {
            phrase.conversations.iter().for_each(|conversation| given.shows(conversation, &phrase.text));
        }
        given
    }

    fn shows(&mut self, conversation: &ConversationId, text: &str) {
        self.phrasable.insert(conversation.clone());
        self.words.entry(conversation.clone()).or_default().extend(terms(text));
    }

    /// Whether `named` takes over some of what is told together and not all of it.
    fn splits(&self, named: &[ConversationId]) -> bool {
        let named: HashSet<_> = named.iter().cloned().collect();
        self.together.iter().any(|together| !together.is_disjoint(&named) && !together.is_subset(&named))
    }

    /// Whether `text` may speak of a conversation that `named` does not: it has a word of another that none of them has. When
    /// that other one is deleted, nobody would know that its words are here.
    fn leaks(&self, text: &str, named: &[ConversationId]) -> bool {
        let (own, others): (Vec<_>, Vec<_>) =
            self.words.iter().partition(|(conversation, _)| named.contains(conversation));
        let has = |all: &[(&ConversationId, &HashSet<String>)], term: &String| {
            all.iter().any(|(_, words)| words.contains(term))
        };
        terms(text).iter().any(|term| has(&others, term) && !has(&own, term))
    }
}

/// Makes statements that were given, are of one kind and say the same into one.
fn join(summary: &mut Summary, given: &Given, ids: &[String]) -> bool {
    let kinds: HashSet<_> = ids.iter().map(|id| given.statements.get(id).map(|(kind, _)| *kind)).collect();
    if ids.len() < 2 || kinds.len() != 1 || kinds.contains(&None) {
        return false;
    }
    let says = |ids: &[String], said: &[Item]| said.iter().any(|item| ids.contains(&item.id));
    let Some(first) = summary.standing.iter().position(|standing| says(ids, &standing.said)) else { return false };
    let mut joined = Vec::new();
    for standing in summary.standing.iter_mut().skip(first + 1).filter(|standing| says(ids, &standing.said)) {
        joined.append(&mut standing.said);
    }
    gather::join(&mut summary.standing[first], joined);
    summary.standing.retain(|standing| !standing.said.is_empty());
    true
}

/// Lets a statement take the place of one of its kind that was said before it.
fn supersede(summary: &mut Summary, given: &Given, earlier: &str, later: &str) -> bool {
    let (Some((kind, said_before)), Some((later_kind, said_at))) =
        (given.statements.get(earlier), given.statements.get(later))
    else {
        return false;
    };
    // Strictly: so no statement can ever replace itself, however long the way round.
    if kind != later_kind || said_at <= said_before {
        return false;
    }
    let pair = Supersession { earlier: earlier.to_owned(), later: later.to_owned() };
    if !summary.superseded.contains(&pair) {
        summary.superseded.push(pair);
    }
    true
}

/// Tells conversations that were given in the words of `phrase`.
fn rephrase(summary: &mut Summary, given: &Given, phrase: &Phrase) -> bool {
    let text = merge::summary(&phrase.text, "");
    let is_unknown = phrase.conversations.iter().any(|conversation| !given.phrasable.contains(conversation));
    if text.is_empty() || is_unknown || given.splits(&phrase.conversations) || given.leaks(&text, &phrase.conversations)
    {
        return false;
    }
    let is_named = |talk: &&Talk| phrase.conversations.contains(&talk.conversation_id);
    let mut talks: Vec<Talk> = summary.talks().filter(is_named).cloned().collect();
    if talks.is_empty() {
        return false;
    }
    talks.sort_by_key(|talk| std::cmp::Reverse(talk.last_at));
    summary.forget_talks(&phrase.conversations.iter().collect());
    summary.parts.push(Part { wording: Some(text), talks });
    summary.sort_parts();
    true
}
