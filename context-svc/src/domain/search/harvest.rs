//! From what an index holds to what is given back: read from the store, so that whatever is gone by now is not found.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kit::id::UserId;

use super::index::Index;
use super::passage::Finder;
use super::rank::{Found, What};
use super::talk::Talk;
use super::{Hit, Quest, Scope, Subject};
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{ConversationId, Evidence, Item, ItemKind, Message, StandingContext, Stretch, TailMessage};
use crate::domain::verdicts::{Overlay, is_rejected};
use crate::store::{Store, StoreError};

/// Quotes that a statement made in several conversations is shown with.
const EVIDENCE_MAX: usize = 8;

/// How many candidates are looked at beyond those that are needed.
const SPARE: usize = 16;

/// Something that fits, by its name.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    talk: Arc<Talk>,
    name: Name,
    score: f64,
}

#[derive(Debug, Clone)]
enum Name {
    Item(Box<str>),
    Message(i64),
}

impl Candidate {
    pub(super) fn of(found: &Found<'_>) -> Self {
        let name = match found.what {
            What::Item(item) => Name::Item(item.id.clone()),
            What::Message(said) => Name::Message(said.seq),
        };
        Self { talk: found.talk.clone(), name, score: found.score }
    }

    /// The message that it is, as a stretch of one.
    fn message(&self) -> Option<Stretch> {
        let Name::Message(seq) = self.name else { return None };
        let (conversation_id, incarnation) = (self.talk.id.clone(), self.talk.incarnation.clone());
        Some(Stretch { conversation_id, incarnation, after_seq: seq - 1, upto_seq: seq })
    }
}

/// What has been found so far.
pub(super) struct Harvest {
    store: Arc<dyn Store>,
    user: UserId,
    index: Arc<Index>,
    overlay: Arc<Overlay>,
    scope: Scope,
    limit: usize,
    hits: Vec<Hit>,
    /// Where the hit is that says the same.
    statements: HashMap<(ItemKind, String), usize>,
}

impl Harvest {
    pub(super) fn new(
        store: Arc<dyn Store>,
        user: UserId,
        index: Arc<Index>,
        overlay: Arc<Overlay>,
        quest: &Quest,
    ) -> Self {
        let (scope, limit) = (quest.scope.clone(), quest.limit);
        Self { store, user, index, overlay, scope, limit, hits: Vec::new(), statements: HashMap::new() }
    }

    pub(super) fn is_enough(&self) -> bool {
        self.hits.len() >= self.limit
    }

    /// How many more are worth looking at: a few will be gone, or say what another says.
    pub(super) fn wanted(&self) -> usize {
        self.limit - self.hits.len() + SPARE
    }

    /// What was found, each message with the passage that `finder` finds in it.
    pub(super) fn hits(mut self, mut finder: Finder<'_>) -> Vec<Hit> {
        for hit in &mut self.hits {
            if let Subject::Message(TailMessage { conversation_id, message }) = &hit.subject {
                let quote = finder.passage(&message.text).to_owned();
                let conversation_id = conversation_id.clone();
                hit.evidence = vec![Evidence { conversation_id, seq: message.seq, quote }];
            }
        }
        self.hits
    }

    /// Reads the next candidates and keeps what is there: when there is enough, what says the same as a hit.
    pub(super) async fn gather(&mut self, candidates: &[Candidate]) -> Result<(), StoreError> {
        let mut messages = self.messages(candidates).await?;
        let contexts = self.contexts(candidates).await?;
        for (place, Candidate { talk, name, score }) in candidates.iter().enumerate() {
            match name {
                Name::Message(_) if self.is_enough() => {}
                Name::Message(_) => {
                    let of = |message| TailMessage { conversation_id: talk.id.clone(), message };
                    let said = messages.remove(&place).map(|message| Subject::Message(of(message)));
                    self.hits.extend(said.map(|subject| Hit { subject, score: *score, evidence: Vec::new() }));
                }
                Name::Item(id) => {
                    let context = contexts.get(&talk.id).filter(|found| found.incarnation == talk.incarnation);
                    let item = context.and_then(|found| found.context.items.iter().find(|item| *item.id == **id));
                    if let Some(item) = item {
                        self.keep_item(item.clone(), *score);
                    }
                }
            }
        }
        Ok(())
    }

    /// The messages that candidates are, by the places of these.
    async fn messages(&self, candidates: &[Candidate]) -> Result<HashMap<usize, Message>, StoreError> {
        let wanted = candidates.iter().enumerate().filter_map(|(place, each)| Some((place, each.message()?)));
        let (places, stretches): (Vec<usize>, Vec<Stretch>) = wanted.unzip();
        let said = self.store.list_stretches(&self.user, &stretches).await?;
        Ok(places.into_iter().zip(said).filter_map(|(place, said)| Some((place, said.into_iter().next()?))).collect())
    }

    /// The session contexts that the items among them are in, as the user has them read.
    async fn contexts(&self, candidates: &[Candidate]) -> Result<HashMap<ConversationId, StandingContext>, StoreError> {
        let items = candidates.iter().filter(|candidate| matches!(candidate.name, Name::Item(_)));
        let wanted: HashSet<&ConversationId> = items.map(|candidate| &candidate.talk.id).collect();
        let wanted: Vec<ConversationId> = wanted.into_iter().cloned().collect();
        let found = self.store.list_contexts_of(&self.user, &wanted).await?;
        let found = wanted.into_iter().zip(found).filter_map(|(id, found)| Some((id, found?)));
        let laid = found.map(|(id, mut found)| {
            self.overlay.lay_over(&mut found.context.items);
            (id, found)
        });
        Ok(laid.collect())
    }

    /// Keeps an item that holds. What was said in several conversations is one hit, as it was said last, with the quotes of all:
    /// candidates that say the same come together, that one first.
    fn keep_item(&mut self, item: Item, score: f64) {
        let is_replaced = item.superseded_by.is_some() || self.index.replacements().of(&item).is_some();
        if is_replaced || is_rejected(&item) || self.overlay.is_reworded(&item) || !self.scope.has(item.kind) {
            return;
        }
        let statement = (item.kind, fingerprint(&item.text));
        if let Some(same) = self.statements.get(&statement).and_then(|place| self.hits.get_mut(*place)) {
            let room = EVIDENCE_MAX.saturating_sub(same.evidence.len());
            same.evidence.extend(item.evidence.into_iter().take(room));
            return;
        }
        if self.is_enough() {
            return;
        }
        self.statements.insert(statement, self.hits.len());
        let evidence = item.evidence.clone();
        self.hits.push(Hit { subject: Subject::Item(Box::new(item)), score, evidence });
    }
}
