//! What a caller would wait who stays until the extraction is done, as a handler that awaits it makes everybody do.
//!
//! Seen by polling: no handler of the product has such a variant.

use std::time::Duration;

use afterword::client::Login;
use e2e::Processes;
use kit::clock::monotonic;
use kit::process::Failure;

/// The median time in milliseconds from asking to log out until the conversation is extracted, one user after the other.
/// Each is an access token, one that outlives it, and a conversation.
pub(super) async fn measure(world: &Processes, users: &[(String, String, String)]) -> Result<f64, Failure> {
    let client = world.client();
    let mut times = Vec::with_capacity(users.len());
    for (token, watcher, conversation) in users {
        let (leaving, watching) = (Login::with_token(&client, token), Login::with_token(&client, watcher));
        let start = monotonic();
        leaving.logout().await?;
        while watching.extraction(conversation).await?["state"] != "DONE" {
            if start.elapsed() > crate::PATIENCE {
                return Err(format!("{conversation} was not extracted").into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1000.0)
}
