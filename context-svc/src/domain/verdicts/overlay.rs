//! Lays what a user said about items over what was extracted. Whatever gives items back does it by this.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use kit::id::UserId;
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{
    ConversationId, Due, Edit, EditedDue, Item, ItemStatus, Opinion, SessionContext, Summary, Verdict, Verdicts,
};
use crate::domain::recall::rank::{stem, terms};
use crate::store::{StoreError, VerdictStore};

/// What one user said about items, ready to be laid over them.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    user: String,
    of_item: HashMap<String, Verdict>,
    /// By the mark of a statement: what was said of it last, and when.
    of_statement: HashMap<String, (Timestamp, Opinion)>,
    /// By the mark of a statement: when it was last put otherwise.
    reworded: HashMap<String, Timestamp>,
    /// The words of statements that are not true of a conversation.
    untrue: HashMap<ConversationId, Vec<HashSet<String>>>,
    /// Rejected statements, the latest first.
    rejected: Vec<String>,
}

impl Overlay {
    /// What `user` has said by now.
    pub async fn read(store: &dyn VerdictStore, user: &UserId) -> Result<Self, StoreError> {
        Ok(Self::of(user, &store.list_verdicts(user).await?))
    }

    /// What `user` said.
    pub fn of(user: &UserId, said: &Verdicts) -> Self {
        let mut overlay = Self { user: user.as_str().to_owned(), ..Self::default() };
        let forgotten = said.forgotten.iter().map(|each| (&each.mark, each.at, Opinion::Rejected));
        let given = said.verdicts.iter();
        let marked = given.flat_map(|verdict| verdict.marks.iter().map(|mark| (mark, verdict.at, verdict.opinion)));
        for (mark, at, opinion) in forgotten.chain(marked) {
            let last = overlay.of_statement.entry(mark.clone()).or_insert((at, opinion));
            if at > last.0 {
                *last = (at, opinion);
            }
        }
        for verdict in &said.verdicts {
            overlay.take(verdict);
        }
        overlay
    }

    fn take(&mut self, verdict: &Verdict) {
        let Verdict { statement, edit, .. } = verdict;
        let reads = edit.text.as_ref().unwrap_or(statement);
        let is_rejected = verdict.opinion == Opinion::Rejected && self.rejects(reads);
        if is_rejected || edit.text.is_some() {
            let also = edit.text.as_ref().filter(|_| is_rejected);
            let untrue = [statement].into_iter().chain(also).map(|text| stems(text));
            self.untrue.entry(verdict.conversation_id.clone()).or_default().extend(untrue);
        }
        if is_rejected {
            let statements = edit.text.iter().chain([statement]);
            self.rejected.extend(statements.filter(|text| self.rejects(text)).cloned().collect::<Vec<_>>());
        } else if edit.text.is_some() {
            let at = edit.at.unwrap_or(verdict.at);
            let last = self.reworded.entry(self.mark(statement)).or_insert(at);
            *last = at.max(*last);
        }
        self.of_item.insert(verdict.item_id.clone(), verdict.clone());
    }

    /// Whether the user has rejected this statement, in whatever conversation.
    pub fn rejects(&self, statement: &str) -> bool {
        let said = || self.of_statement.get(&self.mark(statement));
        !self.of_statement.is_empty() && said().is_some_and(|(_, opinion)| *opinion == Opinion::Rejected)
    }

    /// The statements that the user has rejected, the latest first; none of a conversation that is deleted.
    pub fn rejected(&self) -> &[String] {
        &self.rejected
    }

    /// Lays what was said over items of one conversation. Those rejected stay among them, and replace nothing any more.
    pub fn lay_over(&self, items: &mut [Item]) {
        if self.is_empty() {
            return;
        }
        items.iter_mut().for_each(|item| self.lay_over_one(item));
        let gone = items.iter().filter(|item| is_rejected(item));
        let gone: HashMap<String, Option<String>> =
            gone.map(|item| (item.id.clone(), item.superseded_by.clone())).collect();
        for item in items.iter_mut().filter(|item| !is_rejected(item)) {
            pass_over(item, &gone);
        }
    }

    /// Lays what was said over a session context, and takes out what was rejected.
    pub fn lay_over_context(&self, context: &mut SessionContext) {
        if self.is_empty() {
            return;
        }
        self.lay_over(&mut context.items);
        context.items.retain(|item| !is_rejected(item));
        let about = [&context.conversation_id];
        context.summary = self.true_of(&about, &context.summary);
        context.title = self.true_of(&about, &context.title);
    }

    /// Lays what was said over a summary, and takes out what was rejected.
    pub fn lay_over_summary(&self, summary: &mut Summary) {
        if self.is_empty() {
            return;
        }
        let next: HashMap<String, String> =
            summary.superseded.iter().map(|pair| (pair.earlier.clone(), pair.later.clone())).collect();
        let mut gone = HashMap::new();
        for standing in &mut summary.standing {
            standing.said.iter_mut().for_each(|item| self.lay_over_one(item));
            for item in standing.said.extract_if(.., |item| is_rejected(item)) {
                let later = item.superseded_by.or_else(|| next.get(&item.id).cloned());
                gone.insert(item.id, later);
            }
            // What the user put right counts as said then.
            standing.said.sort_by_key(|item| std::cmp::Reverse(self.last_said(item)));
        }
        for item in summary.standing.iter_mut().flat_map(|standing| &mut standing.said) {
            pass_over(item, &gone);
        }
        summary.superseded.retain_mut(|pair| {
            let later = heir(Some(pair.later.clone()), &gone);
            later.map(|later| pair.later = later).is_some()
        });
        for part in &mut summary.parts {
            let about: Vec<ConversationId> = part.talks.iter().map(|talk| talk.conversation_id.clone()).collect();
            let about: Vec<&ConversationId> = about.iter().collect();
            part.wording = part.wording.take().map(|wording| self.true_of(&about, &wording));
            for talk in &mut part.talks {
                talk.summary = self.true_of(&[&talk.conversation_id], &talk.summary);
                talk.title = self.true_of(&[&talk.conversation_id], &talk.title);
            }
        }
        summary.tidy();
    }

    /// Whether the user calls this item, as it was extracted, wrong.
    pub fn hides(&self, item: &Item) -> bool {
        let edited = self.of_item.get(&item.id).and_then(|verdict| verdict.edit.text.as_ref());
        self.opinion(&item.id, edited.unwrap_or(&item.text)) == Some(Opinion::Rejected)
    }

    /// Whether the user has put the statement of `item` otherwise since, where it was made in another conversation.
    pub fn is_reworded(&self, item: &Item) -> bool {
        let has_own_words = self.of_item.get(&item.id).is_some_and(|verdict| verdict.edit.text.is_some());
        let reworded = || self.reworded.get(&self.mark(&item.text));
        !self.reworded.is_empty() && !has_own_words && reworded().is_some_and(|at| item.last_said() <= *at)
    }

    fn is_empty(&self) -> bool {
        self.of_item.is_empty() && self.of_statement.is_empty()
    }

    fn lay_over_one(&self, item: &mut Item) {
        let own = self.of_item.get(&item.id);
        if let Some(Verdict { edit, revisions, .. }) = own {
            // What an extraction changed since has never been seen without the edit.
            for revision in item.revisions.iter_mut().filter(|revision| edit.at.is_some_and(|at| revision.at >= at)) {
                let laid = lay(edit, &revision.text, revision.status, revision.due.as_ref());
                (revision.text, revision.status, revision.due) = laid;
            }
            item.revisions.extend(revisions.iter().cloned());
            item.revisions.sort_by_key(|revision| revision.at);
            (item.text, item.status, item.due) = lay(edit, &item.text, item.status, item.due.as_ref());
        }
        item.verdict = self.opinion(&item.id, &item.text);
    }

    /// What was said last of an item that reads like this, or of its statement in another conversation.
    fn opinion(&self, item_id: &str, reads: &str) -> Option<Opinion> {
        let own = self.of_item.get(item_id).map(|own| (own.at, own.opinion));
        let marked = (!self.of_statement.is_empty()).then(|| self.mark(reads));
        let same = marked.and_then(|mark| self.of_statement.get(&mark)).copied();
        match (own, same) {
            (Some((at, _)), Some((later, opinion))) if later > at => Some(opinion),
            (own, same) => own.or(same).map(|(_, opinion)| opinion),
        }
    }

    fn last_said(&self, item: &Item) -> Timestamp {
        let edited = self.of_item.get(&item.id).and_then(|verdict| verdict.edit.at);
        item.last_said().max(edited.unwrap_or(Timestamp::MIN))
    }

    /// What is left of a text without the sentences that say what was rejected, or put otherwise, in the conversations it is about.
    fn true_of(&self, about: &[&ConversationId], text: &str) -> String {
        let untrue: Vec<&HashSet<String>> = about.iter().filter_map(|id| self.untrue.get(*id)).flatten().collect();
        let says_untrue = |sentence: &str| {
            let said = stems(sentence);
            untrue.iter().any(|words| !words.is_empty() && words.is_subset(&said))
        };
        let is_false = |sentence: &str| self.rejects(sentence) || (!untrue.is_empty() && says_untrue(sentence));
        let sentences: Vec<(&str, bool)> = text.unicode_sentences().map(|each| (each, is_false(each))).collect();
        if sentences.iter().all(|(_, is_false)| !is_false) {
            return text.to_owned();
        }
        let left = sentences.into_iter().filter(|(_, is_false)| !is_false).map(|(sentence, _)| sentence);
        left.collect::<String>().trim().to_owned()
    }

    fn mark(&self, statement: &str) -> String {
        mark_of(&self.user, statement)
    }
}

/// Whether the user calls it wrong.
pub(in crate::domain) fn is_rejected(item: &Item) -> bool {
    item.verdict == Some(Opinion::Rejected)
}

/// The text, status and due time that an edit makes of these.
pub(super) fn lay(
    edit: &Edit,
    text: &str,
    status: Option<ItemStatus>,
    due: Option<&Due>,
) -> (String, Option<ItemStatus>, Option<Due>) {
    let due = match &edit.due {
        None => due.cloned(),
        Some(EditedDue::Cleared) => None,
        Some(EditedDue::Set(due)) => Some(due.clone()),
    };
    (edit.text.clone().unwrap_or_else(|| text.to_owned()), edit.status.or(status), due)
}

/// What tells a statement from all others of its user, however it is written, and says nothing itself.
pub(in crate::domain) fn mark(user: &UserId, statement: &str) -> String {
    mark_of(user.as_str(), statement)
}

fn mark_of(user: &str, statement: &str) -> String {
    let digest = Sha256::digest(format!("{user}\n{}", fingerprint(statement)));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Takes items that are gone out of the links of one that stays.
fn pass_over(item: &mut Item, gone: &HashMap<String, Option<String>>) {
    item.superseded_by = heir(item.superseded_by.take(), gone);
    item.supersedes = item.supersedes.take().filter(|earlier| !gone.contains_key(earlier));
}

/// The first of those that replace each other that is not gone.
fn heir(mut id: Option<String>, gone: &HashMap<String, Option<String>>) -> Option<String> {
    for _ in 0..=gone.len() {
        let Some(next) = id.as_ref().and_then(|id| gone.get(id)) else { return id };
        id.clone_from(next);
    }
    None
}

/// Words by how they begin, so that those of one stem are the same: "smoking", "smoke".
fn stems(text: &str) -> HashSet<String> {
    terms(text).iter().map(|term| stem(term)).collect()
}
