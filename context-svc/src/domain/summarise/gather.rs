//! Takes session contexts into a summary, as they are.

use std::collections::HashMap;

use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{
    Horizon, Item, ItemKind, ItemStatus, Part, SessionContext, Standing, Summary, Talk, Unsummarised,
};
use crate::domain::recall::rank::still_holds;

/// In how many conversations a statement is kept; of more, the last said.
const SAID_MAX: usize = 4;

/// How many statements and parts of the text are kept. The contexts themselves stay, so that these can be found all the same.
const STANDING_MAX: usize = 1000;
const PARTS_MAX: usize = 200;

/// Lays each context over what the summary has of its conversation, and statements over the same ones of other conversations.
pub(super) fn take_in(summary: &mut Summary, contexts: &[Unsummarised]) {
    summary.forget_talks(&contexts.iter().map(|each| &each.context.conversation_id).collect());
    for Unsummarised { context, last_at, .. } in contexts {
        if !context.title.is_empty() || !context.summary.is_empty() {
            summary.parts.push(Part::of(Talk::of(context, *last_at)));
        }
    }
    take_in_items(summary, contexts.iter().map(|each| &each.context));
    summary.sort_parts();
}

/// The same for the statements alone.
pub(super) fn take_in_items<'a>(summary: &mut Summary, contexts: impl IntoIterator<Item = &'a SessionContext>) {
    let contexts: Vec<&SessionContext> = contexts.into_iter().collect();
    contexts.iter().for_each(|context| renew(summary, context));
    let mut places: HashMap<(ItemKind, String), usize> = HashMap::new();
    let mut ids: HashMap<String, usize> = HashMap::new();
    for (place, standing) in summary.standing.iter().enumerate() {
        for item in &standing.said {
            places.insert((item.kind, fingerprint(&item.text)), place);
            ids.insert(item.id.clone(), place);
        }
    }
    for item in contexts.iter().flat_map(|context| &context.items).filter(|item| !item.evidence.is_empty()) {
        if ids.contains_key(&item.id) {
            continue;
        }
        let end = summary.standing.len();
        let place = *places.entry((item.kind, fingerprint(&item.text))).or_insert(end);
        ids.insert(item.id.clone(), place);
        match summary.standing.get_mut(place) {
            Some(standing) => join(standing, vec![item.clone()]),
            None => summary.standing.push(Standing { said: vec![item.clone()] }),
        }
    }
    summary.tidy();
}

/// What a conversation stated before becomes what it states now, where it stands.
fn renew(summary: &mut Summary, context: &SessionContext) {
    let now: HashMap<&str, &Item> = context.items.iter().map(|item| (item.id.as_str(), item)).collect();
    for standing in &mut summary.standing {
        let before = standing.said.len();
        let is_renewed = |item: &Item| item.conversation_id == context.conversation_id;
        standing.said.retain(|item| !is_renewed(item) || now.contains_key(item.id.as_str()));
        let mut is_changed = standing.said.len() != before;
        for item in standing.said.iter_mut().filter(|item| is_renewed(item)) {
            if let Some(renewed) = now.get(item.id.as_str()) {
                *item = (*renewed).clone();
                is_changed = true;
            }
        }
        if is_changed {
            standing.sort();
        }
    }
}

/// Adds what others say to a statement.
pub(super) fn join(standing: &mut Standing, said: Vec<Item>) {
    standing.said.extend(said);
    standing.sort();
    standing.said.truncate(SAID_MAX);
}

/// Keeps the summary within bounds: what no longer holds goes first, then what matters least, the longest unsaid first.
pub(super) fn bound(summary: &mut Summary) {
    summary.parts.truncate(PARTS_MAX);
    if summary.standing.len() <= STANDING_MAX {
        return;
    }
    let items = summary.items();
    let worth = |item: &Item| {
        let matters = match (item.kind, item.status, item.horizon) {
            (ItemKind::Goal, Some(ItemStatus::Done), _) => 1,
            (ItemKind::Insight, _, Some(Horizon::Situational)) => 1,
            (ItemKind::Goal | ItemKind::Decision | ItemKind::Insight, _, _) => 2,
        };
        (if still_holds(item) { matters } else { 0 }, item.last_said())
    };
    let mut kept: Vec<_> = items.iter().map(worth).zip(std::mem::take(&mut summary.standing)).collect();
    kept.sort_by_key(|(worth, _)| std::cmp::Reverse(*worth));
    kept.truncate(STANDING_MAX);
    summary.standing = kept.into_iter().map(|(_, standing)| standing).collect();
    summary.tidy();
}
