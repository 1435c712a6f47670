//! `afterword erase`: removes everything that is held of one user.

use std::sync::Arc;
use std::time::Duration;

use kit::clock::{SharedClock, SystemClock};
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::erasure::State;
use serde_json::json;

use super::admin::{Access, Office};
use super::{say, say_aside};
use crate::config::Config;

/// How often to look whether it is done.
const EVERY: Duration = Duration::from_secs(1);

/// Erases everything that context-svc holds of a user. It cannot be undone, and nothing is asked back.
///
/// On return nothing of it can be read any more. Removing it from the files goes on, for some minutes at least: `--wait` waits until a
/// read has found nothing of it. The account itself stays, and what its user says later is a new memory.
#[derive(Debug, clap::Args)]
pub struct Erase {
    /// The user.
    #[arg(long, value_name = "USER_ID")]
    user: String,

    /// A name for this erasure, `[A-Za-z0-9._-]{1,64}`: a repetition under it does not erase what was said since. Without it, one is
    /// made up.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,

    /// The account is gone for good: nothing is ever accepted for this user again.
    #[arg(long)]
    account_deleted: bool,

    /// Wait until everything is removed, verified by a read.
    #[arg(long)]
    wait: bool,

    /// Print JSON: `{"requestId", "state", "conversations", …}`.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    access: Access,
}

impl Erase {
    /// Asks context-svc and tells what there was.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let office = self.access.office(config)?;
        say(&self.answer(&office, &(Arc::new(SystemClock) as SharedClock)).await?);
        Ok(())
    }

    pub(super) async fn answer(&self, office: &Office, clock: &SharedClock) -> Result<String, Failure> {
        let request = pb::EraseUserRequest {
            user_id: self.user.clone(),
            request_id: self.request_id.clone().unwrap_or_else(kit::id::random),
            account_deleted: self.account_deleted,
        };
        let mut erasure = office.erase(request.clone()).await?;
        if self.wait && erasure.state() != State::Done {
            say_aside(&format!("erasure {} has begun; waiting until it is verified\n", request.request_id));
        }
        while self.wait && erasure.state() != State::Done {
            clock.sleep(EVERY).await;
            erasure = office.erase(request.clone()).await?;
        }
        Ok(if self.json { in_json(&request, &erasure) } else { in_words(&request, &erasure) })
    }
}

fn in_json(request: &pb::EraseUserRequest, erasure: &pb::Erasure) -> String {
    let told = json!({
        "requestId": request.request_id,
        "state": erasure.state().as_str_name(),
        "conversations": erasure.conversations,
        "messages": erasure.messages,
        "sessionContexts": erasure.session_contexts,
        "items": erasure.items,
        "verdicts": erasure.verdicts,
        "summaries": erasure.summaries,
        "jobsCancelled": erasure.jobs_cancelled,
    });
    format!("{told:#}\n")
}

fn in_words(request: &pb::EraseUserRequest, erasure: &pb::Erasure) -> String {
    let state = match erasure.state() {
        State::Done => "done, and verified by a read",
        State::Running | State::Unspecified => "begun: nothing can be read any more, removing it goes on",
    };
    format!(
        "erasure {}: {state}\n{} conversations, {} messages, {} session contexts, {} items, {} verdicts, {} summaries; {} jobs \
         cancelled\n",
        request.request_id,
        erasure.conversations,
        erasure.messages,
        erasure.session_contexts,
        erasure.items,
        erasure.verdicts,
        erasure.summaries,
        erasure.jobs_cancelled
    )
}
