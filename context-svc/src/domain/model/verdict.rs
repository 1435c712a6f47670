//! What a user says about an item, kept apart from what was extracted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ConversationId, Due, ItemStatus, Revision, spelled};

/// What a user said about one item last, and how they want it to read.
///
/// Laid over the item when it is read: an extraction neither sees nor changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The item, which may be gone by now and come back.
    pub item_id: String,
    /// The conversation it was extracted from.
    pub conversation_id: ConversationId,
    /// The opinion given last.
    pub opinion: Opinion,
    /// The text as it was extracted when the opinion was given.
    pub statement: String,
    /// What the user has changed, whatever the opinion is now.
    pub edit: Edit,
    /// How the item read before each of these changes, oldest first.
    pub revisions: Vec<Revision>,
    /// What tells the statements that the opinion is about from all others of the user, without a word of them.
    pub marks: Vec<String>,
    /// When the opinion was given.
    pub at: Timestamp,
    /// 1, 2, 3 …: each verdict on an item takes the place of the one before.
    pub revision: i64,
}

/// What a user thinks of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Opinion {
    /// It is right.
    Confirmed,
    /// It should read or stand as the user has changed it.
    Edited,
    /// It is wrong, and never to be given back again.
    Rejected,
}

spelled!(Opinion { Confirmed => "CONFIRMED", Edited => "EDITED", Rejected => "REJECTED" });

/// What a user has changed of an item; what is `None` stays as it is extracted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The text.
    pub text: Option<String>,
    /// How it stands.
    pub status: Option<ItemStatus>,
    /// When it is to happen.
    pub due: Option<EditedDue>,
    /// When the last of these changes was made.
    pub at: Option<Timestamp>,
}

/// A due time as a user wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EditedDue {
    /// None.
    Cleared,
    /// This one.
    Set(Due),
}

/// Everything a user has said about items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// The last verdict on each item, the latest first.
    pub verdicts: Vec<Verdict>,
    /// What is left of rejections whose conversation is deleted.
    pub forgotten: Vec<ForgottenRejection>,
}

/// A statement that stays rejected although the words are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgottenRejection {
    /// One of the [`Verdict::marks`] there were.
    pub mark: String,
    /// When it was rejected.
    pub at: Timestamp,
}

/// What became of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictSaved {
    /// It holds.
    Saved,
    /// Another was given meanwhile: look again.
    Overtaken,
    /// The item is not there any more.
    NoSuchItem,
}
