//! Brings an index up to date with the store, reading only what is new.

use std::sync::Arc;

use kit::id::UserId;

use super::index::{Index, digest};
use super::words::Terms;
use crate::domain::model::{Stretch, Summary};
use crate::domain::verdicts::Overlay;
use crate::store::{Store, StoreError};

/// How many messages, and how many session contexts, are read at once: what is read must not fill the memory.
const MESSAGES_MAX: i64 = 4000;
const CONTEXTS_MAX: usize = 100;

/// An index that is true by now.
pub(super) struct Looked {
    pub(super) index: Arc<Index>,
    /// What the user has said about items by now.
    pub(super) overlay: Arc<Overlay>,
    pub(super) found: Freshness,
}

/// How an index was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As it should be.
    Fresh,
    /// Something was new.
    Outdated,
    /// There was none.
    Missing,
}

impl Freshness {
    /// Every value there is.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Outdated, Self::Missing];

    /// The word it is counted as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "FRESH",
            Self::Outdated => "OUTDATED",
            Self::Missing => "MISSING",
        }
    }
}

/// Looks whether anything is new to `before`, and takes it in.
pub(super) async fn look(store: &dyn Store, user: &UserId, before: &Arc<Index>) -> Result<Looked, StoreError> {
    let stand = store.memory_stand(user).await?;
    // Afterwards: what the user has rejected by now is not found any more.
    let said = store.list_verdicts(user).await?;
    let overlay = Arc::new(Overlay::of(user, &said));
    let mut index = Index::clone(before);
    let wanted = index.look(&stand, digest(&said));
    if wanted.is_nothing() && index.is_as_large_as(before) {
        return Ok(Looked { index: before.clone(), overlay, found: Freshness::Fresh });
    }
    let found = if before.is_empty() { Freshness::Missing } else { Freshness::Outdated };
    let mut terms = Terms::default();
    for stretches in portions(wanted.stretches) {
        let said = store.list_stretches(user, &stretches).await?;
        (index, terms) = apart(move || {
            index.hear(&stretches, &said, &mut terms);
            (index, terms)
        })
        .await;
    }
    for conversations in wanted.contexts.chunks(CONTEXTS_MAX) {
        let contexts = store.list_contexts_of(user, conversations).await?;
        let (conversations, overlay) = (conversations.to_vec(), overlay.clone());
        (index, terms) = apart(move || {
            index.remember(&conversations, contexts, &overlay, &mut terms);
            (index, terms)
        })
        .await;
    }
    if wanted.summary {
        let summary = store.find_summary(user).await?.unwrap_or_else(Summary::empty);
        let overlay = overlay.clone();
        index = apart(move || {
            index.roll_up(summary, &overlay);
            index
        })
        .await;
    }
    Ok(Looked { index: Arc::new(index), overlay, found })
}

/// Does `work` where nobody else waits for it: the threads of the runtime have others to serve.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let working = tokio::task::spawn_blocking(work);
    working.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// The same stretches, cut and put together so that none of the portions holds too much.
fn portions(stretches: Vec<Stretch>) -> Vec<Vec<Stretch>> {
    let mut portions = Vec::new();
    let mut portion = Vec::new();
    let mut room = MESSAGES_MAX;
    for mut stretch in stretches {
        while stretch.after_seq < stretch.upto_seq {
            let upto_seq = stretch.upto_seq.min(stretch.after_seq + room);
            room -= upto_seq - stretch.after_seq;
            portion.push(Stretch { upto_seq, ..stretch.clone() });
            stretch.after_seq = upto_seq;
            if room == 0 {
                portions.push(std::mem::take(&mut portion));
                room = MESSAGES_MAX;
            }
        }
    }
    if !portion.is_empty() {
        portions.push(portion);
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::{ConversationId, Incarnation};

    fn stretch(id: &str, after_seq: i64, upto_seq: i64) -> Stretch {
        let conversation_id = ConversationId::parse(id).unwrap();
        Stretch { conversation_id, incarnation: Incarnation::parse("life").unwrap(), after_seq, upto_seq }
    }

    #[test]
    fn much_is_read_in_portions_that_leave_nothing_out() {
        assert_eq!(portions(vec![]), [[]; 0]);
        assert_eq!(portions(vec![stretch("a", 0, 5), stretch("b", 2, 3)]).len(), 1);

        let much = portions(vec![stretch("a", 0, 3000), stretch("b", 10, 6010), stretch("c", 0, 1)]);

        assert_eq!(
            much,
            [
                vec![stretch("a", 0, 3000), stretch("b", 10, 1010)],
                vec![stretch("b", 1010, 5010)],
                vec![stretch("b", 5010, 6010), stretch("c", 0, 1)],
            ]
        );
    }
}
