//! What is remembered across the conversations of one user.
//!
//! Nothing in it is without its source: every word names the conversation it came from, so that what one conversation
//! contributed can be taken out again. See docs/adr/0007-summaries-keep-their-sources.md.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ConversationId, Item, ItemKind, Opinion, Progress, SessionContext, Usage};

/// Quotes that a statement made in several conversations is shown with.
const EVIDENCE_MAX: usize = 8;

/// The roll-up of a user's session contexts. Each epoch replaces the one before as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of the roll-up: 1, 2, 3 …
    pub epoch: i64,
    /// The text, the part about the latest conversation first.
    pub parts: Vec<Part>,
    /// What holds, or held, each statement once.
    pub standing: Vec<Standing>,
    /// Which statement of one conversation replaces which of another.
    pub superseded: Vec<Supersession>,
    /// The provider that rolled up last.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// Version of the prompt, or of the rules.
    pub prompt_version: String,
    /// What this roll-up consumed.
    pub usage: Usage,
    /// When it was made.
    pub made_at: Timestamp,
}

/// A part of the text: one or more conversations that are told together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How a roll-up puts it. `None`: as its conversation does itself.
    pub wording: Option<String>,
    /// What it is made of, the latest first. What is left of it when one of them is deleted speaks for itself again.
    pub talks: Vec<Talk>,
}

/// One conversation in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Its title.
    pub title: String,
    /// What it was about.
    pub summary: String,
    /// The `seq` up to which its messages are covered.
    pub extracted_seq: i64,
    /// When its last message was said.
    pub last_at: Timestamp,
}

/// One statement, as each conversation that makes it puts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Items of different conversations, the one said last first; never empty.
    pub said: Vec<Item>,
}

/// A statement that another took the place of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Supersession {
    /// Id of the item that no longer holds.
    pub earlier: String,
    /// Id of the item that holds instead.
    pub later: String,
}

impl Summary {
    /// Of nothing: what the first roll-up starts from.
    pub fn empty() -> Self {
        Self {
            epoch: 0,
            parts: Vec::new(),
            standing: Vec::new(),
            superseded: Vec::new(),
            provider: String::new(),
            model: String::new(),
            prompt_version: String::new(),
            usage: Usage::default(),
            made_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Takes out everything that came from `conversation`. What another conversation said too stays, in that one's words.
    pub fn forget(&mut self, conversation: &ConversationId) {
        self.forget_all(&HashSet::from([conversation]));
    }

    /// The same for several conversations.
    pub fn forget_all(&mut self, conversations: &HashSet<&ConversationId>) {
        for standing in &mut self.standing {
            standing.said.retain(|item| !conversations.contains(&item.conversation_id));
        }
        self.forget_talks(conversations);
        self.tidy();
    }

    /// Takes out what the text says of these conversations.
    pub fn forget_talks(&mut self, conversations: &HashSet<&ConversationId>) {
        let is_gone = |talk: &Talk| conversations.contains(&talk.conversation_id);
        let (touched, mut parts): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.parts).into_iter().partition(|part| part.talks.iter().any(is_gone));
        let others = touched.into_iter().flat_map(|part| part.talks).filter(|talk| !is_gone(talk));
        parts.extend(others.map(Part::of));
        self.parts = parts;
        self.sort_parts();
    }

    /// Puts the part about the latest conversation first.
    pub fn sort_parts(&mut self) {
        self.parts.sort_by_key(|part| std::cmp::Reverse(part.last_at()));
    }

    /// Drops statements that nobody makes any more, and what refers to them.
    pub fn tidy(&mut self) {
        self.standing.retain(|standing| !standing.said.is_empty());
        let ids: HashSet<&str> = self.said().map(|item| item.id.as_str()).collect();
        let known = |pair: &Supersession| ids.contains(pair.earlier.as_str()) && ids.contains(pair.later.as_str());
        let superseded = self.superseded.iter().filter(|pair| known(pair)).cloned().collect();
        self.superseded = superseded;
    }

    /// Every item, as its conversation puts it.
    pub fn said(&self) -> impl Iterator<Item = &Item> {
        self.standing.iter().flat_map(|standing| &standing.said)
    }

    /// Every conversation that the text tells of.
    pub fn talks(&self) -> impl Iterator<Item = &Talk> {
        self.parts.iter().flat_map(|part| &part.talks)
    }

    /// Each statement as one item: in the words said last, with the evidence of all conversations. What replaces it, or what it
    /// replaces, is named by the id under which that is shown here.
    pub fn items(&self) -> Vec<Item> {
        let replacements = self.replacements();
        let shown = self.standing.iter().filter_map(|standing| Some((standing, standing.said.first()?)));
        let shown = shown.flat_map(|(standing, first)| standing.said.iter().map(|item| (&item.id, &first.id)));
        let shown: HashMap<&String, &String> = shown.collect();
        let mut items: Vec<Item> = self.standing.iter().filter_map(Standing::as_one).collect();
        for (item, standing) in items.iter_mut().zip(&self.standing) {
            let last_said = item.last_said();
            let replacement = standing.said.iter().find_map(|each| replacements.since(&each.id, last_said));
            item.superseded_by = item.superseded_by.take().or(replacement);
            for link in [&mut item.superseded_by, &mut item.supersedes] {
                let id = link.take().map(|id| shown.get(&id).map_or(id, |shown| (*shown).clone()));
                // What is said again in another conversation does not replace itself.
                *link = id.filter(|id| *id != item.id);
            }
        }
        items
    }

    /// What replaces what across conversations.
    pub fn replacements(&self) -> Replacements {
        let last_said: HashMap<&str, Timestamp> =
            self.said().map(|item| (item.id.as_str(), item.last_said())).collect();
        let later = |pair: &Supersession| Some((pair.later.clone(), *last_said.get(pair.later.as_str())?));
        let pairs = self.superseded.iter().filter_map(|pair| Some((pair.earlier.clone(), later(pair)?)));
        Replacements { by_earlier: pairs.collect() }.and(self.said())
    }
}

/// Which items of one conversation an item of another has replaced.
#[derive(Debug, Clone, Default)]
pub struct Replacements {
    by_earlier: HashMap<String, (String, Timestamp)>,
}

impl Replacements {
    /// These, and what `items` say that they replace of other conversations than their own. Of several, the one said last does.
    pub fn and<'a>(mut self, items: impl IntoIterator<Item = &'a Item>) -> Self {
        for item in items {
            let Some(earlier) = item.supersedes.as_ref().filter(|_| item.replaces_elsewhere()) else { continue };
            let said_at = item.last_said();
            let known = self.by_earlier.entry(earlier.clone()).or_insert_with(|| (item.id.clone(), said_at));
            if said_at > known.1 {
                *known = (item.id.clone(), said_at);
            }
        }
        self
    }

    /// Id of the item that took the place of `item`; `None` if it still holds, also because it was said again since.
    pub fn of(&self, item: &Item) -> Option<String> {
        self.since(&item.id, item.last_said())
    }

    fn since(&self, id: &str, last_said: Timestamp) -> Option<String> {
        let (later, said_at) = self.by_earlier.get(id)?;
        (last_said <= *said_at).then(|| later.clone())
    }
}

impl Part {
    /// A part that lets a conversation speak for itself.
    pub fn of(talk: Talk) -> Self {
        Self { wording: None, talks: vec![talk] }
    }

    /// When the last message of what it tells of was said.
    pub fn last_at(&self) -> Timestamp {
        self.talks.iter().map(|talk| talk.last_at).max().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// What it says.
    pub fn text(&self) -> String {
        let own = || self.talks.iter().map(Talk::text).collect::<Vec<_>>().join(" ");
        self.wording.clone().unwrap_or_else(own)
    }
}

impl Talk {
    /// What the conversation's own context says of it.
    pub fn of(context: &SessionContext, last_at: Timestamp) -> Self {
        Self {
            conversation_id: context.conversation_id.clone(),
            title: context.title.clone(),
            summary: context.summary.clone(),
            extracted_seq: context.extracted_seq,
            last_at,
        }
    }

    fn text(&self) -> String {
        match (self.title.is_empty(), self.summary.is_empty()) {
            (false, false) => format!("{}: {}", self.title, self.summary),
            (true, _) => self.summary.clone(),
            (false, true) => self.title.clone(),
        }
    }
}

impl Standing {
    /// The statement as one item; `None` if nobody makes it.
    pub fn as_one(&self) -> Option<Item> {
        let (last, before) = self.said.split_first()?;
        let mut item = last.clone();
        for earlier in before {
            let room = EVIDENCE_MAX.saturating_sub(item.evidence.len());
            item.evidence.extend(earlier.evidence.iter().take(room).cloned());
            Progress::add(&mut item.progress, earlier.progress.iter().cloned());
            if item.kind == ItemKind::Goal {
                item.last_mentioned_at = item.last_mentioned_at.max(Some(earlier.last_said()));
            }
            // Said again without a time it is still due when it was, unless its user wants it to read otherwise.
            if item.due.is_none() && item.verdict != Some(Opinion::Edited) {
                item.due.clone_from(&earlier.due);
            }
        }
        Some(item)
    }

    /// Puts the item said last first.
    pub fn sort(&mut self) {
        self.said.sort_by(|a, b| b.last_said().cmp(&a.last_said()).then_with(|| a.id.cmp(&b.id)));
    }
}

#[cfg(test)]
mod tests;
