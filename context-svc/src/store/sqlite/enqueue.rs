//! Asking for an extraction.

use kit::id::{SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::columns::{
    causes, causes_text, conversation_id, micros, optional_time, parsed, traces, traces_text, watermark,
};
use crate::domain::model::{
    Backlog, Cause, ConversationId, ConversationKey, Enqueued, JobState, Outcome, Ticket, Traces, Trigger, Watermark,
};
use crate::store::SessionEnqueued;
use crate::store::decision::Standing;

/// What a login session left dirty.
pub(super) const LEFT_DIRTY: &str = "
    SELECT conversation_id FROM living_conversation
    WHERE user_id = ?1 AND session_id = ?2 AND dirty = 1 ORDER BY session_id, conversation_id";

/// What no session context covers, in messages, and in characters and bytes of the first of them.
pub(super) const BACKLOG: &str = "
    WITH c AS (
        SELECT incarnation, sized_at, last_seq, extracted_to & ((1 << 40) - 1) AS covered
        FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2)
    SELECT c.last_seq - c.covered AS messages, c.sized_at, coalesce(sum(length(said.text)), 0) AS chars,
           coalesce(sum(octet_length(said.text)), 0) AS bytes
    FROM c LEFT JOIN message said
      ON said.user_id = ?1 AND said.conversation_id = ?2 AND said.incarnation = c.incarnation
     AND said.seq > c.covered AND said.seq <= c.covered + ?3
    GROUP BY c.incarnation";

/// What an enqueue reads of a conversation.
struct Seen {
    standing: Standing,
    causes: Vec<Cause>,
    traces: Traces,
    first_at: Option<jiff::Timestamp>,
}

/// Asks for one conversation. See [`crate::store::JobStore::enqueue`].
pub(super) fn enqueue(db: &Connection, key: &ConversationKey, trigger: &Trigger) -> rusqlite::Result<Enqueued> {
    let Some(seen) = see(db, key)? else {
        return Ok(ticket(key, Outcome::Unknown, Watermark::ZERO));
    };
    let last = seen.standing.last();
    let outcome = seen.standing.outcome();
    if outcome == Outcome::Queued && depth(db)? >= trigger.depth_limit {
        return Ok(Enqueued::Full);
    }
    match outcome {
        Outcome::Queued => queue(db, key, trigger, last)?,
        Outcome::Merged | Outcome::Rearmed | Outcome::AlreadyRunning => merge(db, key, trigger, &seen, last)?,
        Outcome::AlreadyExtracted | Outcome::Empty => clean(db, key)?,
        Outcome::DeadLettered | Outcome::Cancelled | Outcome::Unknown => {}
    }
    if outcome != Outcome::Queued {
        add_cause(db, key, seen.causes, trigger.cause)?;
    }
    if trigger.cause == Cause::Size {
        db.prepare_cached("UPDATE conversation SET sized_at = ?3 WHERE user_id = ?1 AND conversation_id = ?2")?
            .execute(params![key.user_id.as_str(), key.conversation_id.as_str(), micros(trigger.at)])?;
    }
    Ok(ticket(key, outcome, last))
}

/// Asks for everything of one conversation once more. `None`: that needs a new job, and there is no room. See
/// [`crate::store::RereadingStore::reread`].
pub(super) fn reread(db: &Connection, key: &ConversationKey, trigger: &Trigger) -> rusqlite::Result<Option<Outcome>> {
    let Some(seen) = see(db, key)? else { return Ok(Some(Outcome::Unknown)) };
    let (last, outcome) = (seen.standing.last_again(), seen.standing.outcome_again());
    if outcome != Outcome::Queued {
        merge(db, key, trigger, &seen, last)?;
        add_cause(db, key, seen.causes, trigger.cause)?;
    } else if depth(db)? < trigger.depth_limit {
        queue(db, key, trigger, last)?;
    } else {
        return Ok(None);
    }
    Ok(Some(outcome))
}

/// Asks for what a login session left dirty. See [`crate::store::JobStore::enqueue_session`].
pub(super) fn enqueue_session(
    db: &Connection,
    user: &UserId,
    session: &SessionId,
    trigger: &Trigger,
) -> rusqlite::Result<SessionEnqueued> {
    let dirty: Vec<ConversationId> = db
        .prepare_cached(LEFT_DIRTY)?
        .query_map(params![user.as_str(), session.as_str()], conversation_id)?
        .collect::<rusqlite::Result<_>>()?;
    let mut enqueued = SessionEnqueued { tickets: Vec::with_capacity(dirty.len()), refused: 0 };
    for conversation in dirty {
        match enqueue(db, &ConversationKey::new(user.clone(), conversation), trigger)? {
            Enqueued::Accepted(ticket) => enqueued.tickets.push(ticket),
            Enqueued::Full => enqueued.refused += 1,
        }
    }
    Ok(enqueued)
}

/// How much of a conversation waits. See [`crate::store::JobStore::backlog`].
pub(super) fn backlog(db: &Connection, key: &ConversationKey, measured: u64) -> rusqlite::Result<Option<Backlog>> {
    db.prepare_cached(BACKLOG)?
        .query_row(
            params![key.user_id.as_str(), key.conversation_id.as_str(), i64::try_from(measured).unwrap_or(1 << 40)],
            |row| {
                let number = |column| row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0));
                Ok(Backlog {
                    messages: number("messages")?,
                    chars: number("chars")?,
                    bytes: number("bytes")?,
                    sized_at: optional_time(row, "sized_at")?,
                })
            },
        )
        .optional()
}

/// The number of live jobs.
pub(super) fn depth(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT live FROM queue_depth")?.query_row([], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn ticket(key: &ConversationKey, outcome: Outcome, watermark: Watermark) -> Enqueued {
    Enqueued::Accepted(Ticket { conversation_id: key.conversation_id.clone(), outcome, watermark })
}

fn see(db: &Connection, key: &ConversationKey) -> rusqlite::Result<Option<Seen>> {
    db.prepare_cached(
        "SELECT job_state, job_want, job_done, job_bound, job_first_at, job_causes, job_traces, last_seq, last_user_seq
         FROM living_conversation WHERE user_id = ?1 AND conversation_id = ?2",
    )?
    .query_row(params![key.user_id.as_str(), key.conversation_id.as_str()], seen)
    .optional()
}

fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    Ok(Seen {
        standing: Standing {
            state: parsed(row, "job_state", |word: String| JobState::parse(&word))?,
            want: watermark(row, "job_want")?,
            done: watermark(row, "job_done")?,
            bound: watermark(row, "job_bound")?,
            last_seq: row.get("last_seq")?,
            last_user_seq: row.get("last_user_seq")?,
        },
        causes: causes(row)?,
        traces: traces(row)?,
        first_at: optional_time(row, "job_first_at")?,
    })
}

fn queue(db: &Connection, key: &ConversationKey, trigger: &Trigger, last: Watermark) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE conversation
         SET job_state = 'PENDING', job_want = max(job_want, :last), job_run_at = :due, job_not_before = NULL,
             job_first_at = :now, job_attempts = 0, job_deliveries = 0, job_snoozes = 0, job_merges = 0,
             job_causes = :cause, job_traces = :traces, job_error_reason = NULL, job_error_message = NULL,
             job_error_at = NULL, job_died_of_outage = 0,
             job_created_at = coalesce(job_created_at, :now), job_updated_at = :now
         WHERE user_id = :user AND conversation_id = :conversation",
    )?
    .execute(named_params! {
        ":last": last.as_i64(),
        ":due": micros(trigger.due(trigger.at)),
        ":now": micros(trigger.at),
        ":cause": trigger.cause.as_str(),
        ":traces": traces_text(&Traces::from(trigger.trace)),
        ":user": key.user_id.as_str(),
        ":conversation": key.conversation_id.as_str(),
    })?;
    Ok(())
}

fn merge(
    db: &Connection,
    key: &ConversationKey,
    trigger: &Trigger,
    seen: &Seen,
    last: Watermark,
) -> rusqlite::Result<()> {
    let Standing { state, want, bound, .. } = seen.standing;
    // The first trigger that a running job does not cover starts the next pass's wait; until then `run_at` is the past.
    let starts_next_pass = state == JobState::Running && want <= bound && last > bound;
    let first_at = seen.first_at.filter(|_| !starts_next_pass).unwrap_or(trigger.at);
    let mut traces = seen.traces.clone();
    traces.add(trigger.trace);
    db.prepare_cached(
        "UPDATE conversation
         SET job_want = max(job_want, :last), job_merges = job_merges + 1, job_first_at = :first,
             job_run_at = CASE WHEN :fresh THEN :due ELSE min(job_run_at, :due) END, job_traces = :traces,
             job_updated_at = :now
         WHERE user_id = :user AND conversation_id = :conversation",
    )?
    .execute(named_params! {
        ":last": last.as_i64(),
        ":first": micros(first_at),
        ":fresh": starts_next_pass,
        ":due": micros(trigger.due(first_at)),
        ":traces": traces_text(&traces),
        ":now": micros(trigger.at),
        ":user": key.user_id.as_str(),
        ":conversation": key.conversation_id.as_str(),
    })?;
    Ok(())
}

/// Adds `cause` to `causes`, if it is not one of them.
fn add_cause(db: &Connection, key: &ConversationKey, mut causes: Vec<Cause>, cause: Cause) -> rusqlite::Result<()> {
    if causes.contains(&cause) {
        return Ok(());
    }
    causes.push(cause);
    db.prepare_cached("UPDATE conversation SET job_causes = ?3 WHERE user_id = ?1 AND conversation_id = ?2")?
        .execute(params![key.user_id.as_str(), key.conversation_id.as_str(), causes_text(&causes)])?;
    Ok(())
}

fn clean(db: &Connection, key: &ConversationKey) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE conversation SET dirty = 0 WHERE user_id = ?1 AND conversation_id = ?2")?
        .execute(params![key.user_id.as_str(), key.conversation_id.as_str()])?;
    Ok(())
}
