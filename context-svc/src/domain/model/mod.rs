//! The things this service is about, as plain data shared by store, queue, domain and transport.
//!
//! No behaviour beyond what follows from the data itself.

mod call;
mod context;
mod conversation;
mod erasure;
mod held;
mod identity;
mod item;
mod job;
mod operation;
mod processing;
mod raw_answer;
mod reply;
mod rereading;
mod spent;
mod stand;
mod summary;
mod summary_job;
mod traces;
mod trigger;
mod verdict;
mod watermark;

pub use call::{CallOperation, CallRecord};
pub use context::{ContextOutcome, ItemChanges, SessionContext, Usage};
pub use conversation::{
    Addition, Appended, AppendedMessage, Conversation, ConversationCursor, Message, NewMessage, Role, TailMessage,
    Zone, zone_of,
};
pub use erasure::{Erasure, ErasureCounts, ErasureEnd, ErasureLease, ErasureRequest, ErasureState};
pub use held::Held;
pub use identity::{ClientId, ConversationId, ConversationKey, Incarnation, Life, RequestId, WorkerId};
pub use item::{Basis, Due, DuePrecision, Evidence, Horizon, Item, ItemKind, ItemStatus, Progress, Reviser, Revision};
pub use job::{Committed, Extraction, Fate, Job, JobState, LastError, Lease};
pub use operation::{ExtractionCursor, ExtractionFilter, Moved, QueueCounts};
pub use processing::{Failure, Processor, Summariser, WhatNext};
pub use raw_answer::RawAnswer;
pub use reply::{TalkSoFar, answered_by, replies_to, reply_id, spare_reply_id};
pub use rereading::{Outdated, ReadWith, Reread};
pub use spent::{DayUsage, Spent, day_of};
pub use stand::{ConversationStand, MemoryStand, StandingContext, Stretch, SummaryStand};
pub use summary::{Part, Replacements, Standing, Summary, Supersession, Talk};
pub use summary_job::{
    Covered, Marking, Pick, Stand, Summarised, SummaryAsked, SummaryJob, SummaryLease, SummaryStanding, Unsummarised,
    Written,
};
pub use traces::Traces;
pub use trigger::{Backlog, Cause, Enqueued, Occasion, Outcome, Ticket, Trigger};
pub use verdict::{Edit, EditedDue, ForgottenRejection, Opinion, Verdict, VerdictSaved, Verdicts};
pub use watermark::Watermark;

/// Declares the one spelling under which each variant of an enum is stored, and reads it back.
macro_rules! spelled {
    ($name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word it is stored and shown as.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value that `word` stands for.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
use spelled;
