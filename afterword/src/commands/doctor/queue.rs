//! How the extraction queue of a running context-svc is doing.

use std::time::Duration;

use kit::authn::InternalToken;
use kit::clock::SharedClock;
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;

use super::finding::{Area, Finding};
use crate::commands::jobs::desk::{Desk, DeskError};

/// How long an answer is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Which context-svc is asked, and how.
pub(super) struct Asked<'a> {
    /// Where it listens, a URI.
    pub(super) endpoint: &'a str,
    /// Whether somebody said that it runs there.
    pub(super) is_named: bool,
    /// Proves that an operator asks. `None`: nobody has one.
    pub(super) token: Option<Result<InternalToken, Failure>>,
}

/// Asks context-svc, if it runs, how its queue is.
pub(super) async fn examine(asked: Asked<'_>, clock: &SharedClock) -> Vec<Finding> {
    let endpoint = asked.endpoint;
    let (token, has_token) = match asked.token {
        // Whether anybody is there can be asked with any token.
        None => (InternalToken::parse(kit::id::Secret::new("-".repeat(32))).map_err(Failure::from), false),
        Some(token) => (token, true),
    };
    let desk = match (kit::serve::channel(endpoint), token) {
        (Ok(channel), Ok(token)) => Desk::new(channel, token),
        (Err(error), _) => {
            let wrong = format!("{endpoint} is no address of a service: {error}");
            return vec![Area::Queue.is_broken("ENDPOINT_INVALID", wrong).so("write it as http://HOST:PORT")];
        }
        (_, Err(error)) => {
            return vec![Area::Queue.is_broken("INTERNAL_TOKEN_UNUSABLE", format!("the internal token: {error}"))];
        }
    };
    let answer = tokio::select! {
        biased;
        answer = desk.status() => answer,
        () = clock.sleep(ANSWER_MAX) => {
            let silent = format!("context-svc at {endpoint} has not answered for {} s", ANSWER_MAX.as_secs());
            return vec![Area::Queue.is_broken("CONTEXT_SVC_SILENT", silent).so("look at its log and its /readyz")];
        }
    };
    match answer {
        Ok(status) => judge(endpoint, &status),
        Err(error) => vec![no_answer(endpoint, asked.is_named, has_token, &error)],
    }
}

fn no_answer(endpoint: &str, is_named: bool, has_token: bool, error: &DeskError) -> Finding {
    match error {
        DeskError::Unreachable(_) if !is_named => {
            Area::Queue.is_left_out("NOT_RUNNING", format!("no context-svc runs at {endpoint}"))
        }
        DeskError::Unreachable(why) => Area::Queue
            .is_broken("CONTEXT_SVC_UNREACHABLE", format!("context-svc cannot be reached at {endpoint}: {why}"))
            .so("start it, or give its address"),
        DeskError::Refused { .. } if !has_token => Area::Queue
            .is_left_out(
                "NO_INTERNAL_TOKEN",
                format!("context-svc runs at {endpoint}; without its internal token it does not say more"),
            )
            .so("give --internal-token-file, or the settings of the service"),
        DeskError::Refused { reason, .. } if reason == "INTERNAL_TOKEN_REQUIRED" => Area::Queue
            .is_broken("INTERNAL_TOKEN_REFUSED", format!("context-svc at {endpoint} does not know this internal token"))
            .so("give the one with which it was started"),
        DeskError::Refused { reason, message, .. } => Area::Queue
            .is_broken("CONTEXT_SVC_REFUSES", format!("context-svc at {endpoint} answers {reason}: {message}"))
            .so("look at its log and its /readyz"),
        DeskError::Strange(_) | DeskError::NotFound => Area::Queue
            .is_broken("NOT_CONTEXT_SVC", format!("what answers at {endpoint} is no context-svc"))
            .so("give its address with --endpoint, the one of gRPC"),
    }
}

fn judge(endpoint: &str, status: &pb::GetQueueStatusResponse) -> Vec<Finding> {
    let dead = status.by_state.get(State::Dead.as_str_name()).copied().unwrap_or_default();
    let (depth, limit) = (status.depth, status.limit);
    let found = format!("context-svc at {endpoint}: depth {depth} of {limit}, {} running, {dead} dead", status.running);
    let mut findings = vec![Area::Queue.is_well(found)];
    if depth >= limit {
        let full = "the queue is full: new conversations are not taken for extraction";
        findings.push(Area::Queue.is_broken("QUEUE_FULL", full).so(
            "see what is slow in the lines about the model; then raise `context.queue.slots` or `context.schedule.depth`",
        ));
    }
    findings.extend(status.degraded.iter().map(|reason| degraded(reason, status, dead)));
    findings
}

/// The reasons for which context-svc calls itself degraded, each with what to do.
fn degraded(reason: &str, status: &pb::GetQueueStatusResponse, dead: i64) -> Finding {
    let waits = status.oldest_ready_age.as_ref().map_or(0, |age| age.seconds);
    match reason {
        "DEAD_LETTERS" => Area::Queue
            .is_doubtful("DEAD_LETTERS", format!("{dead} extractions have given up"))
            .so("see why with `afterword jobs list --state dead`, mend the cause, then `afterword jobs redrive`"),
        "OLD_JOBS" => Area::Queue
            .is_doubtful("OLD_JOBS", format!("an extraction that is due has been waiting for {waits} s"))
            .so("see whether the model is slow, and raise `context.queue.slots` if it can do more at once"),
        "NO_MODEL" => Area::Queue
            .is_broken("NO_MODEL", "context-svc has no model to ask: extractions wait")
            .so("set `context.model.provider`"),
        "MODEL_DOWN" => Area::Queue
            .is_broken("MODEL_DOWN", "the last calls of the model by context-svc failed")
            .so("see the lines about the model above; what waits goes on by itself"),
        reason => Area::Queue
            .is_doubtful("DEGRADED", format!("context-svc calls itself degraded: {reason}"))
            .so("see its /readyz"),
    }
}

#[cfg(test)]
mod tests;
