//! What a user states by now: what a roll-up would make of it if it were made at once, and no model asked.

use super::gather;
use crate::domain::model::{Item, SessionContext, Summary};
use crate::domain::verdicts::Overlay;

/// Each statement once, as last said, with what all conversations say of it: those that `summary` covers, and `contexts`, which
/// it does not cover; as their user wants it to read. What no longer holds is among them and says so.
///
/// The `summary` is left with all of this in its items, and with its text as its user wants it to read.
pub(in crate::domain) fn statements<'a>(
    summary: &mut Summary,
    contexts: impl IntoIterator<Item = &'a SessionContext>,
    overlay: &Overlay,
) -> Vec<Item> {
    gather::take_in_items(summary, contexts);
    overlay.lay_over_summary(summary);
    let mut items = summary.items();
    items.retain(|item| !overlay.is_reworded(item));
    items
}
