//! Goals, decisions and insights, each with the words it rests on.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ConversationId, Opinion, Role, spelled};

/// How many changes of one item are remembered.
const REVISIONS_MAX: usize = 20;

/// How many reports on one goal are remembered.
const PROGRESS_MAX: usize = 50;

/// One goal, decision or insight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The same for the same statement after a re-extraction. Opaque, safe in a URL path, and contains its conversation.
    pub id: String,
    /// The conversation it was extracted from.
    pub conversation_id: ConversationId,
    /// What sort of thing it is.
    pub kind: ItemKind,
    /// One sentence that can be understood by itself, in the language of the conversation.
    pub text: String,
    /// How it stands; an insight has no status.
    pub status: Option<ItemStatus>,
    /// When it is to happen, if anything was said about that.
    pub due: Option<Due>,
    /// Whose words the evidence quotes.
    pub speaker: Role,
    /// The words it rests on; at least one.
    pub evidence: Vec<Evidence>,
    /// How directly the user said it.
    pub basis: Basis,
    /// When it was said (not: when it was extracted).
    pub said_at: Timestamp,
    /// Id of the earlier item that this one replaces.
    pub supersedes: Option<String>,
    /// Id of the later item that replaces this one.
    pub superseded_by: Option<String>,
    /// Reports on a goal, oldest first.
    pub progress: Vec<Progress>,
    /// When a goal or a decision was last spoken of.
    pub last_mentioned_at: Option<Timestamp>,
    /// How long an insight matters; goals and decisions have none.
    pub horizon: Option<Horizon>,
    /// How it read before each of its changes, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
    /// What the user said about it. Known only where verdicts are laid over it, and never stored with it.
    #[serde(skip)]
    pub verdict: Option<Opinion>,
}

impl Item {
    /// When it was last spoken of.
    pub fn last_said(&self) -> Timestamp {
        self.last_mentioned_at.unwrap_or(self.said_at).max(self.said_at)
    }

    /// Whether what it replaces was said in another conversation.
    pub fn replaces_elsewhere(&self) -> bool {
        let conversation = self.supersedes.as_ref().and_then(|id| id.rsplit_once('.'));
        conversation.is_some_and(|(conversation, _)| conversation != self.conversation_id.as_str())
    }
}

/// How an item read until it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Who changed it.
    pub by: Reviser,
    /// When it was changed.
    pub at: Timestamp,
    /// Its text until then.
    pub text: String,
    /// How it stood until then.
    pub status: Option<ItemStatus>,
    /// When it was to happen until then.
    pub due: Option<Due>,
}

impl Revision {
    /// Adds it to the `earlier` ones, of which the oldest gives way if there are too many.
    pub fn follows(self, earlier: &mut Vec<Self>) {
        earlier.push(self);
        let too_many = earlier.len().saturating_sub(REVISIONS_MAX);
        earlier.drain(..too_many);
    }
}

/// The words an item rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The conversation they were said in.
    pub conversation_id: ConversationId,
    /// The message's place in that conversation.
    pub seq: i64,
    /// The words, as found in the message.
    pub quote: String,
}

/// When something is to happen, resolved from the words said, the time they were said and the user's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The words said.
    pub phrase: String,
    /// The day in the user's time zone; `None` if the words could not be resolved.
    pub local_date: Option<Date>,
    /// The moment: with a time of day that, otherwise the end of `local_date`.
    pub instant: Option<Timestamp>,
    /// How exact the words were; `None` if they could not be resolved.
    pub precision: Option<DuePrecision>,
}

/// One report of how a goal is going.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The number reported.
    pub value: Option<f64>,
    /// Its unit; empty if none.
    pub unit: String,
    /// The number aimed at.
    pub target: Option<f64>,
    /// The report in one sentence.
    pub note: String,
    /// When it was said.
    pub said_at: Timestamp,
    /// The words it rests on.
    pub evidence: Vec<Evidence>,
}

impl Progress {
    /// Adds `more` reports to those `known`, oldest first; the same report of the same message is there once. If there are too
    /// many, the oldest give way.
    pub fn add(known: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for report in more {
            if !known.iter().any(|other| other.is_same(&report)) {
                known.push(report);
            }
        }
        known.sort_by_key(|report| report.said_at);
        let too_many = known.len().saturating_sub(PROGRESS_MAX);
        known.drain(..too_many);
    }

    /// Whether both tell the same number out of the same words, however much of them each quotes.
    fn is_same(&self, other: &Self) -> bool {
        let same_words = |a: &Evidence, b: &Evidence| {
            (&a.conversation_id, a.seq) == (&b.conversation_id, b.seq)
                && (a.quote.contains(&b.quote) || b.quote.contains(&a.quote))
        };
        let same_number = self.value.is_none() || other.value.is_none() || self.value == other.value;
        same_number && self.evidence.iter().any(|own| other.evidence.iter().any(|others| same_words(own, others)))
    }
}

/// Who changes an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reviser {
    /// The user whose memory it is.
    User,
    /// An extraction that read more messages, or the same ones again.
    Extraction,
    /// A roll-up into the summary.
    Summary,
}

spelled!(Reviser { User => "USER", Extraction => "EXTRACTION", Summary => "SUMMARY" });

/// What sort of thing is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemKind {
    /// Something the user wants to reach or do.
    Goal,
    /// Something the user has settled.
    Decision,
    /// Something learned about the user.
    Insight,
}

spelled!(ItemKind { Goal => "GOAL", Decision => "DECISION", Insight => "INSIGHT" });

/// How a goal or a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemStatus {
    /// Goal: being pursued.
    Active,
    /// Goal: reached.
    Done,
    /// Goal: given up.
    Dropped,
    /// Decision: holds.
    Taken,
    /// Decision: taken back.
    Reversed,
}

spelled!(ItemStatus {
    Active => "ACTIVE",
    Done => "DONE",
    Dropped => "DROPPED",
    Taken => "TAKEN",
    Reversed => "REVERSED",
});

/// How directly the user said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Basis {
    /// The user said it.
    Stated,
    /// Somebody else said it and the user agreed.
    Accepted,
    /// It follows from what the user said. Insights only.
    Inferred,
}

spelled!(Basis { Stated => "STATED", Accepted => "ACCEPTED", Inferred => "INFERRED" });

/// How long an insight matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Horizon {
    /// Always part of the context.
    Standing,
    /// Part of the context when it fits the query or is recent.
    Situational,
}

spelled!(Horizon { Standing => "STANDING", Situational => "SITUATIONAL" });

/// How exact the words for a time were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DuePrecision {
    /// A time of day.
    Minute,
    /// A day.
    Day,
    /// A week: the date is its last day.
    Week,
    /// A month: the date is its last day.
    Month,
    /// A quarter: the date is its last day.
    Quarter,
    /// A year: the date is its last day.
    Year,
}

spelled!(DuePrecision {
    Minute => "MINUTE",
    Day => "DAY",
    Week => "WEEK",
    Month => "MONTH",
    Quarter => "QUARTER",
    Year => "YEAR",
});
