//! What a search of one user's memory looks through, and how it is brought up to date.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::sync::Arc;

use super::language::{Language, Languages};
use super::talk::Talk;
use super::words::Terms;
use crate::domain::model::{
    ConversationId, Item, MemoryStand, Message, Replacements, StandingContext, Stretch, Summary, SummaryStand, Verdicts,
};
use crate::domain::verdicts::{Overlay, is_rejected};

/// Everything that can be found. Cheap to clone: what does not change is shared.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    talks: BTreeMap<ConversationId, Arc<Talk>>,
    /// Of which summary the replacements are.
    summary: SummaryStand,
    of_summary: Arc<Replacements>,
    /// By conversation: its items that take the place of some of other conversations, whether rolled up or not.
    replacing: BTreeMap<ConversationId, Vec<Item>>,
    /// All of these together.
    replacements: Arc<Replacements>,
    /// Which verdicts were laid over the items.
    verdicts: u64,
}

/// What has to be read to bring an index up to date.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) stretches: Vec<Stretch>,
    pub(super) contexts: Vec<ConversationId>,
    pub(super) summary: bool,
}

impl Wanted {
    pub(super) fn is_nothing(&self) -> bool {
        self.stretches.is_empty() && self.contexts.is_empty() && !self.summary
    }
}

impl Index {
    /// Drops what has ended, begins what is new, and tells what is missing. The index is not true before that is taken in.
    pub(super) fn look(&mut self, stand: &MemoryStand, verdicts: u64) -> Wanted {
        let mut before = std::mem::take(&mut self.talks);
        let mut wanted = Wanted { summary: self.summary != stand.summary, ..Wanted::default() };
        for stand in &stand.conversations {
            let known = before.remove(&stand.conversation_id).filter(|talk| talk.incarnation == stand.incarnation);
            let talk = known.unwrap_or_else(|| Arc::new(Talk::of(stand)));
            wanted.stretches.extend(talk.missing(stand));
            let are_other_items = talk.extract_fence != stand.extract_fence;
            if are_other_items || (self.verdicts != verdicts && stand.extract_fence > 0) {
                wanted.contexts.push(stand.conversation_id.clone());
            }
            self.talks.insert(stand.conversation_id.clone(), talk);
        }
        self.replacing.retain(|id, _| self.talks.contains_key(id));
        self.link();
        // What a rejected item had replaced holds again.
        wanted.summary |= self.verdicts != verdicts && stand.summary.epoch > 0;
        self.summary = stand.summary;
        self.verdicts = verdicts;
        wanted
    }

    /// Takes in what was said.
    pub(super) fn hear(&mut self, stretches: &[Stretch], said: &[Vec<Message>], terms: &mut Terms) {
        for (stretch, messages) in stretches.iter().zip(said) {
            if let Some(talk) = self.talks.get_mut(&stretch.conversation_id) {
                Arc::make_mut(talk).hear(messages, terms);
            }
        }
    }

    /// Takes in what was extracted, as `overlay` has it read.
    pub(super) fn remember(
        &mut self,
        conversations: &[ConversationId],
        contexts: Vec<Option<StandingContext>>,
        overlay: &Overlay,
        terms: &mut Terms,
    ) {
        for (id, found) in conversations.iter().zip(contexts) {
            let Some(talk) = self.talks.get_mut(id).map(Arc::make_mut) else { continue };
            self.replacing.remove(id);
            match found.filter(|found| found.incarnation == talk.incarnation) {
                Some(StandingContext { extract_fence, mut context, .. }) => {
                    overlay.lay_over(&mut context.items);
                    let replacing = context.items.iter().filter(|item| item.replaces_elsewhere() && !is_rejected(item));
                    let replacing: Vec<Item> = replacing.cloned().collect();
                    if !replacing.is_empty() {
                        self.replacing.insert(id.clone(), replacing);
                    }
                    context.items.retain(|item| !is_rejected(item) && item.superseded_by.is_none());
                    talk.remember(&context.items, Language::of_tag(&context.language), extract_fence, terms);
                }
                None => talk.remember(&[], None, 0, terms),
            }
        }
        self.link();
    }

    /// Takes in what the summary says has been replaced.
    pub(super) fn roll_up(&mut self, mut summary: Summary, overlay: &Overlay) {
        overlay.lay_over_summary(&mut summary);
        self.of_summary = Arc::new(summary.replacements());
        self.link();
    }

    fn link(&mut self) {
        self.replacements = if self.replacing.is_empty() {
            self.of_summary.clone()
        } else {
            Arc::new((*self.of_summary).clone().and(self.replacing.values().flatten()))
        };
    }

    /// Whether it knows as many conversations: one that only lost some has nothing to read.
    pub(super) fn is_as_large_as(&self, other: &Self) -> bool {
        self.talks.len() == other.talks.len()
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.talks.is_empty()
    }

    /// All conversations, in the order of their ids.
    pub(super) fn talks(&self) -> impl Iterator<Item = &Arc<Talk>> {
        self.talks.values()
    }

    /// What replaces what across conversations.
    pub(super) fn replacements(&self) -> &Replacements {
        &self.replacements
    }

    /// In which languages anything was said.
    pub(super) fn languages(&self) -> Languages {
        self.talks().fold(Languages::default(), |all, talk| all.union(talk.languages()))
    }

    /// How much memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let entry = size_of::<ConversationId>() + size_of::<Arc<Talk>>() + 16;
        size_of::<Self>() + self.talks().map(|talk| entry + talk.id.as_str().len() + talk.bytes()).sum::<usize>()
    }
}

/// Equal if nothing was said of items in between.
pub(super) fn digest(said: &Verdicts) -> u64 {
    let mut hasher = DefaultHasher::new();
    for verdict in &said.verdicts {
        (&verdict.item_id, verdict.revision, verdict.at).hash(&mut hasher);
    }
    for forgotten in &said.forgotten {
        (&forgotten.mark, forgotten.at).hash(&mut hasher);
    }
    hasher.finish()
}
