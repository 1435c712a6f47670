//! `afterword jobs reextract`: has conversations read again by the prompt and model of now, however many they are.

use kit::clock::SharedClock;
use kit::process::Failure;
use proto::context::v1 as pb;

use super::desk::{Desk, DeskError};
use super::json;
use crate::commands::say_aside;

/// The most that one call may ask for.
const LIMIT_MAX: u32 = 10_000;

/// How many one call asks for, so that each is answered soon.
const PIECE: u32 = 1000;

/// What to read again.
#[derive(Debug, clap::Args)]
pub(super) struct Reextract {
    /// Only conversations of this user.
    #[arg(long, value_name = "USER_ID")]
    user: Option<String>,

    /// Only this one of them.
    #[arg(long, requires = "user", value_name = "CONVERSATION_ID")]
    conversation: Option<String>,

    /// Only what was read with this prompt version; without it, with any but that of now.
    #[arg(long, value_name = "VERSION")]
    prompt_version: Option<String>,

    /// How many at most; without it, all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Only count them.
    #[arg(long)]
    dry_run: bool,
}

impl Reextract {
    /// Asks again and again until there are no more. Waits while the queue has no room; what has been asked for by then is on
    /// record, also if this is interrupted.
    pub(super) async fn run(&self, desk: &Desk, clock: &SharedClock, is_json: bool) -> Result<String, Failure> {
        let began_at = clock.now();
        let mut request = pb::ReextractConversationsRequest {
            user_id: self.user.clone().unwrap_or_default(),
            conversation_id: self.conversation.clone().unwrap_or_default(),
            prompt_version: self.prompt_version.clone().unwrap_or_default(),
            limit: 0,
            dry_run: self.dry_run,
            extracted_before: Some(prost_types::Timestamp { seconds: began_at.as_second(), nanos: 0 }),
        };
        let limit = self.limit.unwrap_or(u32::MAX);
        let mut told = pb::ReextractConversationsResponse::default();
        let mut is_waiting = false;
        loop {
            let left = limit.saturating_sub(told.matched.unsigned_abs());
            request.limit = left.min(if self.dry_run { LIMIT_MAX } else { PIECE }).cast_signed();
            match desk.reextract(request.clone()).await {
                Ok(answer) => {
                    told.matched = told.matched.saturating_add(answer.matched);
                    told.queued = told.queued.saturating_add(answer.queued);
                    told.more = answer.more;
                    is_waiting = false;
                }
                Err(DeskError::Refused { reason, retry_after: Some(delay), .. }) if reason == "QUEUE_FULL" => {
                    if !is_waiting {
                        say_aside(&format!("{} asked for; waiting until the queue has room for more.\n", told.queued));
                    }
                    is_waiting = true;
                    clock.sleep(delay).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            if self.dry_run || !told.more || told.matched.unsigned_abs() >= limit {
                break;
            }
        }
        if is_json { json::reextraction(&told) } else { Ok(self.in_words(&told)) }
    }

    fn in_words(&self, told: &pb::ReextractConversationsResponse) -> String {
        let more = if told.more { ", and there may be more" } else { "" };
        if self.dry_run {
            format!("{} would be read again{more}\n", conversations(told.matched))
        } else {
            format!("{} will be read again{more}\n", conversations(told.queued))
        }
    }
}

fn conversations(number: i32) -> String {
    if number == 1 { "1 conversation".to_owned() } else { format!("{number} conversations") }
}

#[cfg(test)]
mod tests;
