//! What the domain says, in the words of the contract.

use jiff::Timestamp;
use proto::context::v1 as pb;

use crate::domain::model::{
    Basis, Cause, ContextOutcome, Conversation, ConversationId, Due, DuePrecision, Evidence, Extraction, Horizon, Item,
    ItemChanges, ItemKind, ItemStatus, JobState, Message, Opinion, Outcome, Progress, Reviser, Revision, Role,
    SessionContext, Ticket, Usage,
};

pub(super) fn duration(length: std::time::Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(length).ok()
}

pub(super) fn time(at: Timestamp) -> prost_types::Timestamp {
    // In the contract nanoseconds count forward, also before 1970.
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    let (seconds, nanos) = if nanos < 0 { (seconds - 1, nanos + 1_000_000_000) } else { (seconds, nanos) };
    prost_types::Timestamp { seconds, nanos }
}

pub(super) fn message(conversation_id: &ConversationId, message: Message) -> pb::Message {
    pb::Message {
        conversation_id: conversation_id.to_string(),
        seq: message.seq,
        client_id: message.client_id.into(),
        role: role(message.role).into(),
        text: message.text,
        name: message.name,
        at: Some(time(message.at)),
    }
}

/// A conversation of an account in `account_zone`.
pub(super) fn conversation(conversation: Conversation, account_zone: Option<&str>) -> pb::Conversation {
    pb::Conversation {
        id: conversation.id.into(),
        session_id: conversation.session_id.into(),
        time_zone: conversation.time_zone.or(account_zone.map(str::to_owned)).unwrap_or_default(),
        last_seq: conversation.last_seq,
        last_at: Some(time(conversation.last_at)),
        created_at: Some(time(conversation.created_at)),
        extracted_seq: conversation.extracted_seq,
        title: conversation.title,
    }
}

pub(super) fn ticket(ticket: Ticket) -> pb::Ticket {
    pb::Ticket {
        conversation_id: ticket.conversation_id.into(),
        outcome: outcome(ticket.outcome).into(),
        watermark: ticket.watermark.as_i64(),
    }
}

pub(super) fn session_context(context: SessionContext) -> pb::SessionContext {
    pb::SessionContext {
        conversation_id: context.conversation_id.into(),
        title: context.title,
        summary: context.summary,
        language: context.language,
        items: context.items.into_iter().map(item).collect(),
        provider: context.provider,
        model: context.model,
        prompt_version: context.prompt_version,
        extracted_seq: context.extracted_seq,
        outcome: context_outcome(context.outcome).into(),
        extracted_at: Some(time(context.extracted_at)),
        usage: Some(usage(context.usage)),
        changes: Some(changes(context.changes)),
    }
}

pub(super) fn item(item: Item) -> pb::Item {
    pb::Item {
        id: item.id,
        conversation_id: item.conversation_id.into(),
        kind: kind(item.kind).into(),
        text: item.text,
        status: item.status.map_or(pb::item::Status::Unspecified, status).into(),
        due: item.due.map(due),
        speaker: role(item.speaker).into(),
        evidence: item.evidence.into_iter().map(evidence).collect(),
        basis: basis(item.basis).into(),
        said_at: Some(time(item.said_at)),
        supersedes: item.supersedes.unwrap_or_default(),
        superseded_by: item.superseded_by.unwrap_or_default(),
        progress: item.progress.into_iter().map(progress).collect(),
        last_mentioned_at: item.last_mentioned_at.map(time),
        horizon: item.horizon.map_or(pb::item::Horizon::Unspecified, horizon).into(),
        verdict: item.verdict.map_or(pb::item::Verdict::Unspecified, verdict).into(),
        revisions: item.revisions.into_iter().map(revision).collect(),
    }
}

/// An extraction as an operator sees it.
pub(super) fn operated(mut shown: Extraction) -> pb::Extraction {
    let answer = shown.raw_answer.take();
    pb::Extraction {
        raw_answer: answer.map(|answer| answer.as_str().to_owned()).unwrap_or_default(),
        ..extraction(shown)
    }
}

/// An extraction as its user may see it, too: without the raw answer.
pub(super) fn extraction(extraction: Extraction) -> pb::Extraction {
    let failure = |error: crate::domain::model::LastError| pb::extraction::Failure {
        reason: error.reason,
        message: error.message,
        at: Some(time(error.at)),
    };
    let outcome = extraction.outcome.map_or(pb::session_context::Outcome::Unspecified, context_outcome);
    pb::Extraction {
        user_id: extraction.key.user_id.into(),
        conversation_id: extraction.key.conversation_id.into(),
        state: state(extraction.state).into(),
        want: extraction.want.as_i64(),
        done: extraction.done.as_i64(),
        run_at: extraction.run_at.map(time),
        not_before: extraction.not_before.map(time),
        first_at: extraction.first_at.map(time),
        attempts: count(extraction.attempts),
        deliveries: count(extraction.deliveries),
        snoozes: count(extraction.snoozes),
        merges: count(extraction.merges),
        fence: extraction.fence,
        owner: extraction.owner.map(String::from).unwrap_or_default(),
        lease_until: extraction.lease_until.map(time),
        causes: extraction.causes.into_iter().map(|each| cause(each).into()).collect(),
        last_error: extraction.last_error.map(failure),
        outcome: outcome.into(),
        items_dropped: extraction.items_dropped,
        created_at: extraction.created_at.map(time),
        updated_at: extraction.updated_at.map(time),
        raw_answer: String::new(),
    }
}

pub(super) fn evidence(evidence: Evidence) -> pb::Evidence {
    pb::Evidence { conversation_id: evidence.conversation_id.into(), seq: evidence.seq, quote: evidence.quote }
}

fn due(due: Due) -> pb::Due {
    pb::Due {
        phrase: due.phrase,
        local_date: due.local_date.map(|date| date.to_string()).unwrap_or_default(),
        instant: due.instant.map(time),
        precision: due.precision.map_or(pb::due::Precision::Unspecified, precision).into(),
    }
}

fn progress(progress: Progress) -> pb::Progress {
    pb::Progress {
        value: progress.value,
        unit: progress.unit,
        target: progress.target,
        note: progress.note,
        said_at: Some(time(progress.said_at)),
        evidence: progress.evidence.into_iter().map(evidence).collect(),
    }
}

fn changes(changes: ItemChanges) -> pb::session_context::Changes {
    let ItemChanges { added, updated, superseded, dropped } = changes;
    pb::session_context::Changes { added, updated, superseded, dropped }
}

fn revision(revision: Revision) -> pb::Revision {
    pb::Revision {
        by: reviser(revision.by).into(),
        at: Some(time(revision.at)),
        text: revision.text,
        status: revision.status.map_or(pb::item::Status::Unspecified, status).into(),
        due: revision.due.map(due),
    }
}

pub(super) fn usage(usage: Usage) -> pb::Usage {
    pb::Usage {
        calls: usage.calls,
        input_tokens: usage.input_tokens,
        cached_input_tokens: usage.cached_input_tokens,
        output_tokens: usage.output_tokens,
        cost_micro_usd: usage.cost_micro_usd,
    }
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Declares how the values of a domain enum are called in the contract. No wildcard: a new one must be placed by hand.
macro_rules! called {
    ($vis:vis fn $name:ident($from:ident) -> $into:ty { $($variant:ident),+ $(,)? }) => {
        $vis fn $name(value: $from) -> $into {
            match value { $($from::$variant => <$into>::$variant),+ }
        }
    };
}

called!(fn role(Role) -> pb::message::Role { User, Assistant, System, Tool });
called!(fn kind(ItemKind) -> pb::item::Kind { Goal, Decision, Insight });
called!(fn status(ItemStatus) -> pb::item::Status { Active, Done, Dropped, Taken, Reversed });
called!(fn verdict(Opinion) -> pb::item::Verdict { Confirmed, Edited, Rejected });
called!(fn basis(Basis) -> pb::item::Basis { Stated, Accepted, Inferred });
called!(fn horizon(Horizon) -> pb::item::Horizon { Standing, Situational });
called!(fn precision(DuePrecision) -> pb::due::Precision { Minute, Day, Week, Month, Quarter, Year });
called!(fn reviser(Reviser) -> pb::revision::By { User, Extraction, Summary });
called!(fn cause(Cause) -> pb::trigger::Cause { Logout, Disconnect, Idle, Size, Manual });
called!(fn context_outcome(ContextOutcome) -> pb::session_context::Outcome { Extracted, NothingSaid, Empty });
called!(fn state(JobState) -> pb::extraction::State { Idle, Pending, Running, Done, Dead, Cancelled });
called!(pub(super) fn outcome(Outcome) -> pb::ticket::Outcome {
    Queued,
    Merged,
    Rearmed,
    AlreadyRunning,
    AlreadyExtracted,
    DeadLettered,
    Cancelled,
    Empty,
    Unknown,
});
