//! Answers as tables, for people.

use comfy_table::{Table, presets};
use context_svc::domain::model::Watermark;
use jiff::{Timestamp, Unit};
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;

/// A line a job.
pub(super) fn list(found: &pb::ListExtractionsResponse) -> String {
    if found.extractions.is_empty() {
        return "no jobs\n".to_owned();
    }
    let mut table = plain();
    table.set_header(["USER", "CONVERSATION", "STATE", "EXTRACTED", "ATTEMPTS", "CAUSES", "CHANGED", "LAST ERROR"]);
    for job in &found.extractions {
        table.add_row([
            job.user_id.clone(),
            job.conversation_id.clone(),
            job.state().as_str_name().to_owned(),
            extracted(job),
            job.attempts.to_string(),
            causes(job),
            time(job.updated_at),
            job.last_error.as_ref().map(|error| error.reason.clone()).unwrap_or_default(),
        ]);
    }
    let more = if found.next_page_token.is_empty() { "" } else { "and more: raise --limit\n" };
    format!("{}\n{more}", table.trim_fmt())
}

/// A line a field; those that say nothing are left out.
pub(super) fn extraction(job: &pb::Extraction) -> String {
    let error =
        job.last_error.as_ref().map(|error| format!("{} at {}: {}", error.reason, time(error.at), error.message));
    let outcome = if job.outcome == 0 { String::new() } else { job.outcome().as_str_name().to_owned() };
    let mut dropped: Vec<_> = job.items_dropped.iter().map(|(reason, items)| format!("{items} {reason}")).collect();
    dropped.sort();
    let is_running = job.state() == State::Running;
    let raw = if job.raw_answer.is_empty() {
        String::new()
    } else {
        format!("\nraw answer:\n{}\n", harmless(&job.raw_answer))
    };
    let fields = fields([
        ("user", job.user_id.clone()),
        ("conversation", job.conversation_id.clone()),
        ("state", job.state().as_str_name().to_owned()),
        ("messages extracted", extracted(job)),
        ("causes", causes(job)),
        ("due", time(job.run_at)),
        ("not before", time(job.not_before)),
        ("first asked for", time(job.first_at)),
        ("attempts", job.attempts.to_string()),
        ("deliveries", job.deliveries.to_string()),
        ("snoozes", job.snoozes.to_string()),
        ("merged triggers", job.merges.to_string()),
        ("fence", job.fence.to_string()),
        ("worker", job.owner.clone()),
        ("leased until", if is_running { time(job.lease_until) } else { String::new() }),
        ("last error", error.unwrap_or_default()),
        ("last outcome", outcome),
        ("items dropped", dropped.join(", ")),
        ("created", time(job.created_at)),
        ("changed", time(job.updated_at)),
    ]);
    fields + &raw
}

/// A model may write what a terminal would obey.
fn harmless(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\t' => letter.to_string(),
        _ if letter.is_control() => letter.escape_default().to_string(),
        _ => letter.to_string(),
    };
    text.chars().map(shown).collect()
}

/// One state of one job, on one line: when it came about first, and what is wrong last.
pub(super) fn extraction_line(job: &pb::Extraction) -> String {
    let mut line = format!("{}  {:<9}  extracted {}", time(job.updated_at), job.state().as_str_name(), extracted(job));
    line += &format!("  attempts {}  causes {}", job.attempts, causes(job));
    if job.state() == State::Pending && job.not_before.is_some() {
        line += &format!("  not before {}", time(job.not_before));
    }
    if let Some(error) = &job.last_error {
        line += &format!("  {}: {}", error.reason, error.message);
    }
    line + "\n"
}

/// The queue at one moment, on one line.
pub(super) fn status_line(status: &pb::GetQueueStatusResponse, now: Timestamp) -> String {
    let count = |state: State| status.by_state.get(state.as_str_name()).copied().unwrap_or_default();
    let now = now.round(Unit::Second).unwrap_or(now);
    let mut line = format!("{now}  depth {}/{}  running {}", status.depth, status.limit, status.running);
    for (name, state) in [("done", State::Done), ("dead", State::Dead), ("cancelled", State::Cancelled)] {
        line += &format!("  {name} {}", count(state));
    }
    if let Some(age) = &status.oldest_ready_age {
        line += &format!("  oldest due {} s", age.seconds);
    }
    if !status.degraded.is_empty() {
        line += &format!("  degraded {}", status.degraded.join(","));
    }
    line + "\n"
}

/// A line a number.
pub(super) fn status(status: &pb::GetQueueStatusResponse) -> String {
    let mut by_state: Vec<_> = status.by_state.iter().map(|(state, jobs)| format!("{jobs} {state}")).collect();
    by_state.sort_by(|one, other| one.split(' ').next_back().cmp(&other.split(' ').next_back()));
    let oldest = status.oldest_ready_age.as_ref().map_or("none is due".to_owned(), |age| format!("{} s", age.seconds));
    let degraded = if status.degraded.is_empty() { "no".to_owned() } else { status.degraded.join(", ") };
    fields([
        ("depth", format!("{} of {}", status.depth, status.limit)),
        ("running", format!("{} ({} slots in the process that answers)", status.running, status.slots)),
        ("oldest due job waits", oldest),
        ("jobs", by_state.join(", ")),
        ("degraded", degraded),
    ])
}

fn fields<const N: usize>(fields: [(&str, String); N]) -> String {
    let mut table = plain();
    for (name, value) in fields {
        if !value.is_empty() {
            table.add_row([name.to_owned(), value]);
        }
    }
    format!("{}\n", table.trim_fmt())
}

/// Columns and nothing around them: pleasant to read, and to cut with other tools.
fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// Up to which message it is extracted, of how many that are asked for.
fn extracted(job: &pb::Extraction) -> String {
    let [done, want] = [job.done, job.want].map(|mark| Watermark::from_i64(mark).seq());
    format!("{done}/{want}")
}

fn causes(job: &pb::Extraction) -> String {
    job.causes().map(|cause| cause.as_str_name()).collect::<Vec<_>>().join(",")
}

fn time(at: Option<prost_types::Timestamp>) -> String {
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    at.and_then(|at| at.round(Unit::Second).ok()).map(|at| at.to_string()).unwrap_or_default()
}
