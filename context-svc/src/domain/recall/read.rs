//! From what could be read of a user's memory to what a context can be made of.

use std::collections::{HashMap, HashSet};

use kit::error::Classify;
use unicode_segmentation::UnicodeSegmentation;

use super::compose::{self, Candidates};
use super::{Ask, Context, Section, Session, rank};
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{ConversationId, Part, SessionContext, Summary, TailMessage, Unsummarised};
use crate::domain::summarise::statements;
use crate::domain::verdicts::Overlay;
use crate::store::StoreError;

/// Each source of a context, or why it could not be read.
pub(super) struct Sources {
    pub(super) recent: Result<Vec<TailMessage>, StoreError>,
    pub(super) contexts: Result<Vec<Unsummarised>, StoreError>,
    pub(super) summary: Result<Option<Summary>, StoreError>,
    pub(super) overlay: Result<Overlay, StoreError>,
}

impl Sources {
    /// What there is, and which parts of a context lack something. An error if there is nothing.
    pub(super) fn read(self) -> Result<Read, StoreError> {
        let mut missing = Missing::default();
        let recent = missing.unless(self.recent, &[Section::Recent]);
        // Without knowing what the user has rejected, nothing that was extracted may be given back.
        let overlay = missing.unless(self.overlay, &[Section::Items, Section::Sessions, Section::Summary]);
        let contexts = missing.unless(self.contexts, &[Section::Items, Section::Sessions]);
        let summary = missing.unless(self.summary, &[Section::Items, Section::Summary]);
        let has_extracted = overlay.is_some() && (contexts.is_some() || summary.is_some());
        let is_empty = recent.is_none() && !has_extracted;
        if let Some(error) = missing.first.filter(|_| is_empty) {
            return Err(error);
        }
        let (contexts, summary) = if has_extracted { (contexts, summary.flatten()) } else { (None, None) };
        missing.sections.sort();
        missing.sections.dedup();
        Ok(Read {
            recent: recent.unwrap_or_default(),
            contexts: contexts.unwrap_or_default(),
            summary: summary.unwrap_or_else(Summary::empty),
            overlay: overlay.unwrap_or_default(),
            degraded: missing.sections,
        })
    }
}

/// What could not be read.
#[derive(Default)]
struct Missing {
    sections: Vec<Section>,
    first: Option<StoreError>,
}

impl Missing {
    /// What was read; `None`, and `sections` are missing, if it was not.
    fn unless<T>(&mut self, read: Result<T, StoreError>, sections: &[Section]) -> Option<T> {
        let error = match read {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let reason = error.reason();
        tracing::warn!(error = &error as &dyn std::error::Error, reason, ?sections, "a context lacks something");
        self.first.get_or_insert(error);
        self.sections.extend(sections);
        None
    }
}

/// What was read of a user's memory.
pub(super) struct Read {
    pub(super) recent: Vec<TailMessage>,
    /// Those that no summary covered when they were read.
    pub(super) contexts: Vec<Unsummarised>,
    pub(super) summary: Summary,
    pub(super) overlay: Overlay,
    pub(super) degraded: Vec<Section>,
}

impl Read {
    /// The best context that can be made of it.
    pub(super) fn best(mut self, ask: &Ask) -> Context {
        self.drop_what_is_extracted();
        let fresh = self.contexts.iter().map(|each| &each.context);
        let stated = statements(&mut self.summary, fresh, &self.overlay);
        // What was replaced must not come back in the words of its conversation.
        let replaced = stated.iter().filter(|item| item.superseded_by.is_some());
        let mut told: HashSet<String> = replaced.map(|item| fingerprint(&item.text)).collect();
        let items = rank::rank(stated, &ask.query, ask.now);
        told.extend(items.iter().map(|item| fingerprint(&item.text)));
        self.contexts.iter_mut().for_each(|each| self.overlay.lay_over_context(&mut each.context));
        // A context that is not rolled up yet is all there is to say of its conversation.
        self.summary.forget_talks(&self.contexts.iter().map(|each| &each.context.conversation_id).collect());
        let mut summary = self.summary.parts;
        rank::by_query(&mut summary, ask, Part::last_at, Part::text);
        let mut sessions: Vec<Session> = self.contexts.into_iter().filter_map(|each| session(each, &told)).collect();
        rank::by_query(&mut sessions, ask, |session| session.last_at, |session| session.summary.clone());
        let mut recent = self.recent;
        recent.reverse();
        let candidates = Candidates { items, sessions, summary, told, recent, now: ask.now };
        Context { degraded: self.degraded, ..compose::compose(candidates, ask.budget_tokens) }
    }

    fn drop_what_is_extracted(&mut self) {
        let rolled_up = self.summary.talks().map(|talk| (&talk.conversation_id, talk.extracted_seq));
        let fresh = self.contexts.iter().map(|each| (&each.context.conversation_id, each.context.extracted_seq));
        let covered: HashMap<&ConversationId, i64> = rolled_up.chain(fresh).collect();
        self.recent.retain(|tail| covered.get(&tail.conversation_id).is_none_or(|seq| tail.message.seq > *seq));
    }
}

/// The sentences of `text` that no item says, nor one that was replaced.
pub(super) fn untold(text: &str, told: &HashSet<String>) -> String {
    let untold = text.unicode_sentences().filter(|sentence| !told.contains(&fingerprint(sentence)));
    untold.collect::<String>().trim().to_owned()
}

/// What a conversation's summary says beyond its items; `None` if it says nothing more.
pub(super) fn session(fresh: Unsummarised, told: &HashSet<String>) -> Option<Session> {
    let Unsummarised { context: SessionContext { conversation_id, title, summary, .. }, last_at, .. } = fresh;
    let summary = untold(&summary, told);
    (!summary.is_empty()).then_some(Session { conversation_id, title, summary, last_at })
}
